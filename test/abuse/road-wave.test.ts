import { getDiffieHellman } from "node:crypto";
import { frame, HttpOffender, post, tlsHello, tlsOver, UPGRADE } from "./http-offender.ts";
import { PLAIN_HANDSHAKE, type RawClient } from "./raw-client.ts";
import { DEGENERATE_KEYS, encryptedHello, packet } from "./rtmpe-hello.ts";
import { section } from "./section.ts";
import { declareWaves, type Wave } from "./wave-row.ts";

const SETTINGS = [
	"limits.connections=1200",
	"tls.selfSigned=true",
	"log.level=debug",
	// Long enough for all to be there at once.
	...["rtmp.handshakeTimeoutMillis=3s", "rtmp.handshakeDeadlineMillis=4s", "rtmp.connectTimeoutMillis=3s"],
	"rtmpt.sessionTimeoutMillis=2s",
	"rtmpt.gapTimeoutMillis=2s",
	"rtmpt.bodyBytes=64KiB",
];
const SOUND_KEY = getDiffieHellman("modp2").generateKeys();
const HELLO = await tlsHello();
const LARGE = "x".repeat(66_000);

async function upgraded(client: RawClient): Promise<void> {
	const http = new HttpOffender(client);
	http.send(UPGRADE);
	await http.waitFor(/^HTTP\/1\.1 101 /);
}

async function unfinishedMessage(client: RawClient, handshake: boolean): Promise<void> {
	await upgraded(client);
	if (handshake) client.send(frame(2, PLAIN_HANDSHAKE));
	for (let i = 0; i < 10; i++) client.send(frame(i === 0 ? 2 : 0, new Uint8Array(20_000), false));
}

async function tunnelled(client: RawClient, requests: (id: string) => string): Promise<void> {
	const http = new HttpOffender(client);
	http.send(requests(await http.openTunnel()));
}

const WAVES: readonly Wave[] = [
	{
		name: "TLS: hellos that stop, drip, break, and handshakes with nothing behind them (rows 2, 10)",
		kinds: [
			client => void client.send(HELLO.subarray(0, 5)),
			client => void client.send(HELLO.subarray(0, HELLO.length - 1)),
			client => void client.send(Uint8Array.of(0x16, 3, 1, 0xff, 0xff, 1)),
			async client => void (await tlsOver(client)),
			async client => void (await tlsOver(client)).write(PLAIN_HANDSHAKE.subarray(0, 1000)),
		],
		reasons: ["HANDSHAKE_TIMEOUT"],
		refused: 400,
		stayMillis: 8000,
	},
	{
		name: "RTMPE: keys that are none, digests that are wrong, answers that are missing or not signed (rows 5, 6)",
		kinds: [
			...DEGENERATE_KEYS.map(
				([, key]) =>
					(client: RawClient) =>
						void client.send(encryptedHello(6, key)),
			),
			client => void client.send(Uint8Array.of(6, ...packet())),
			client => void client.send(encryptedHello(8, SOUND_KEY)),
			client => void client.send(Buffer.concat([encryptedHello(9, SOUND_KEY), packet()])),
		],
		reasons: ["HANDSHAKE_BAD_KEY", "HANDSHAKE_BAD_SIGNATURE", "HANDSHAKE_TIMEOUT"],
		stayMillis: 5000,
	},
	{
		name: "tunnels that are opened and not used, ten by each (row 56)",
		kinds: [client => void new HttpOffender(client).send(post("/open/1", "\0").repeat(10))],
		reasons: [],
		refused: 5000,
	},
	{
		name: "tunnels whose requests never end, are too long, or wait for one that does not come (row 56)",
		kinds: [
			client => tunnelled(client, id => post(`/send/${id}/0`, "\x03", 1537)),
			client => tunnelled(client, id => post(`/idle/${id}/0`, LARGE, 1_000_000_000)),
			client =>
				tunnelled(
					client,
					id => post(`/idle/${id}/0`, "\0") + post(`/send/${id}/2`, LARGE) + post(`/send/${id}/3`, LARGE),
				),
			client => tunnelled(client, id => post(`/send/${id}/0`, "\x03").repeat(20)),
		],
		reasons: ["HANDSHAKE_TIMEOUT", "TUNNEL_BODY_TOO_LARGE"],
		stayMillis: 5000,
	},
	{
		name: "tunnels whose requests all wait for one that does not come (row 56)",
		// Just below what one may keep, so that all of it is kept.
		kinds: [
			client => tunnelled(client, id => post(`/idle/${id}/0`, "\0") + post(`/send/${id}/2`, LARGE.slice(0, 60_000))),
		],
		reasons: ["SHARED_BYTES_SPENT"],
		stayMillis: 5000,
	},
	{
		name: "requests that are none, or never end (row 57)",
		kinds: [
			client => void new HttpOffender(client).send(`GET / HTTP/1.1\r\nX: ${"x".repeat(15_000)}`),
			client => void new HttpOffender(client).send("GET / HTTP/1.1\nHost: a\n\n"),
			client => void new HttpOffender(client).send(`GET / HTTP/1.1\r\nHost: a\r\nX: ${LARGE}`),
			client => void new HttpOffender(client).send(post("/nothing", LARGE, 1_000_000_000)),
		],
		reasons: [],
		refused: 500,
		stayMillis: 5000,
	},
	{
		name: "WebSockets that say nothing, or what is no frame (row 58)",
		kinds: [
			upgraded,
			async client => {
				await upgraded(client);
				client.send(frame(2, new Uint8Array(4), true, 2 ** 32));
			},
			async client => {
				await upgraded(client);
				for (let i = 0; i < 2000; i++) client.send(frame(i === 0 ? 2 : 0, new Uint8Array(0), false));
			},
		],
		reasons: ["HANDSHAKE_TIMEOUT", "WEB_SOCKET_BAD_FRAME"],
		stayMillis: 5000,
	},
	{
		name: "WebSockets with 200 kB of a message that never ends (row 58)",
		kinds: [client => unfinishedMessage(client, false), client => unfinishedMessage(client, true)],
		reasons: ["SHARED_BYTES_SPENT"],
	},
];

section("a thousand at once, by other roads", [], (_, row) => declareWaves(row, WAVES, 130), SETTINGS);
