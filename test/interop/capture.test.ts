import { connect } from "node:net";
import {
	closeAllPrograms,
	MediaLibrary,
	needEncoders,
	removeTempDirs,
	type ServerProcess,
	TempDir,
} from "@millrace/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runLiveSession } from "./live-session.ts";
import { PacketCapture } from "./packet-capture.ts";
import { ffmpegPlayer, millracePlayer, mpvPlayer, type Player, rtmp2srcPlayer, rtmpdumpPlayer } from "./player.ts";
import { ffmpegPublisher, gstPublisher, millracePublisher, type Publisher } from "./publisher.ts";
import { startServer } from "./suite-server.ts";

const library = new MediaLibrary();
const dir = new TempDir("capture");
let server: ServerProcess;

beforeAll(async () => {
	server = await startServer();
});

afterAll(async () => {
	await server?.stop();
	await closeAllPrograms();
	removeTempDirs();
});

const sessions: readonly (readonly [Publisher, readonly Player[]])[] = [
	[ffmpegPublisher, [ffmpegPlayer, rtmpdumpPlayer]],
	[gstPublisher("rtmp2sink"), [rtmp2srcPlayer, mpvPlayer]],
	[gstPublisher("rtmpsink"), [rtmpdumpPlayer]],
	[millracePublisher, [millracePlayer]],
];

test.for(sessions.map(([publisher, players]) => [publisher.name, publisher, players] as const))(
	"tshark finds nothing malformed in what %s and its players exchange with the server",
	async ([name, publisher, players], context) => {
		await needEncoders(context, "libx264", "aac");
		await publisher.need(context);
		for (const player of players) await player.need(context);
		const stream = `capture-${name.replaceAll(" ", "-")}`;
		const media = await library.file("h264-aac-2");
		const file = dir.file(`${stream}.pcapng`);
		const capture = await PacketCapture.start(context, file, server.place.rtmpPort);
		const session = await runLiveSession({ server, path: `live/${stream}`, publisher, media, players });
		const report = await capture.finish();
		for (const player of players) session.file(player);
		session.remove();

		expect(report.lostSegments, "segments that the capture itself lost").toBe(0);
		expect(report.malformed).toEqual([]);
		const times = (pattern: RegExp) => report.messages.filter(message => pattern.test(message)).length;
		const clients = players.length + 1;
		expect(times(/Handshake C0\+C1/)).toBe(clients);
		expect(times(/Handshake S0\+S1/)).toBe(clients);
		expect(times(/^ ?connect\('live'\)/)).toBe(clients);
		expect(times(/^ ?createStream\(\)/)).toBe(clients);
		expect(times(/^ ?publish\('capture-/)).toBe(1);
		expect(times(/^ ?play\('capture-/)).toBe(players.length);
		expect(times(/onStatus\('NetStream.Publish.Start'\)/)).toBe(1);
		expect(times(/onStatus\('NetStream.Play.Start'\)/)).toBe(players.length);
		expect(times(/Video Data/)).toBeGreaterThan(90 * clients);
		expect(times(/Audio Data/)).toBeGreaterThan(150 * clients);
	},
);

test("the dissector is awake: a message that breaks off inside a value is reported", async context => {
	const capture = await PacketCapture.start(context, dir.file("broken.pcapng"), server.place.rtmpPort);
	await sendBrokenCommand(server.place.host, server.place.rtmpPort);
	expect((await capture.finish()).malformed.length).toBeGreaterThan(0);
});

/** A handshake, then a command message whose number ends after three of its eight bytes. */
async function sendBrokenCommand(host: string, port: number): Promise<void> {
	const socket = connect(port, host);
	await new Promise((resolve, reject) => {
		socket.once("connect", resolve);
		socket.once("error", reject);
	});
	socket.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(1536)]));
	let received = 0;
	await new Promise<void>(resolve => {
		socket.on("data", bytes => {
			received += bytes.length;
			if (received >= 3073) resolve();
		});
	});
	const body = Buffer.from([2, 0, 7, ...Buffer.from("connect"), 0, 0x3f, 0xf0, 0]);
	const head = Buffer.from([3, 0, 0, 0, 0, 0, body.length, 20, 0, 0, 0, 0]);
	socket.write(Buffer.concat([Buffer.alloc(1536), head, body]));
	await new Promise(resolve => setTimeout(resolve, 300));
	socket.destroy();
}
