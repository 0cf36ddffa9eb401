import type { AbuseCase } from "../abuse-case.ts";
import { sleep } from "../abuse-server.ts";
import { PLAIN_HANDSHAKE } from "../raw-client.ts";

const HTTP_2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const PROXY = "PROXY TCP4 192.0.2.1 192.0.2.2 1 1935\r\n\x03";
const TLS_HELLO = [0x16, 3, 1, 0, 0xf8, 1, 0, 0, 0xf4, 3, 3];

/** Offenders of the first seconds: rows 1 to 4. */
export const handshakeCases: readonly AbuseCase[] = [
	{
		row: 1,
		behaviour: "a connection that says nothing is closed after the handshake's time-out",
		stage: "accepted",
		attack: () => undefined,
		outcome: "HANDSHAKE_TIMEOUT",
	},
	{
		row: 1,
		behaviour: "a peer that is silent after the handshake is closed for want of connect",
		stage: "shaken",
		attack: () => undefined,
		outcome: "CONNECT_TIMEOUT",
	},
	{
		row: 2,
		behaviour: "a handshake that drips in byte by byte is closed at the total deadline",
		stage: "accepted",
		async attack(client) {
			const startedAt = Date.now();
			for (let i = 0; !client.isClosed && Date.now() - startedAt < 5000; i++) {
				client.send(PLAIN_HANDSHAKE.subarray(i, i + 1));
				await sleep(100);
			}
			return undefined;
		},
		outcome: "HANDSHAKE_TIMEOUT",
	},
	{
		row: 2,
		behaviour: "a connect command that drips in byte by byte is closed at the deadline",
		stage: "shaken",
		async attack(client) {
			const startedAt = Date.now();
			const connect = client.command("connect", 1, { app: "live", flashVer: "x".repeat(100) });
			for (let i = 0; !client.isClosed && Date.now() - startedAt < 5000; i++) {
				client.send(connect.subarray(i, i + 1));
				await sleep(100);
			}
			return undefined;
		},
		outcome: "CONNECT_TIMEOUT",
	},
	{
		row: 4,
		behaviour: "the beginning of HTTP/2, which is not spoken, is closed as what it is",
		stage: "accepted",
		attack: () => new TextEncoder().encode(HTTP_2),
		outcome: "HANDSHAKE_NOT_RTMP",
	},
	{
		row: 9,
		behaviour: "a PROXY header from an address that is not trusted is no header",
		stage: "accepted",
		attack: () => new TextEncoder().encode(PROXY),
		outcome: "HANDSHAKE_NOT_RTMP",
	},
	{
		row: 4,
		behaviour: "a TLS hello on a port without a certificate is closed as what it is",
		stage: "accepted",
		attack: () => Uint8Array.from(TLS_HELLO),
		outcome: "HANDSHAKE_NOT_RTMP",
	},
	{
		row: 4,
		behaviour: "an SSH banner on the RTMP port is closed as what it is",
		stage: "accepted",
		attack: () => new TextEncoder().encode("SSH-2.0-OpenSSH_9.9\r\n"),
		outcome: "HANDSHAKE_NOT_RTMP",
	},
];
