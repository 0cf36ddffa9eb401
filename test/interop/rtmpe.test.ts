import {
	closeAllPrograms,
	comparePackets,
	MediaLibrary,
	needEncoders,
	needPrograms,
	Program,
	probePackets,
	removeTempDirs,
	type ServerProcess,
} from "@millrace/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runLiveSession } from "./live-session.ts";
import { type Player, programPlaying } from "./player.ts";
import { ffmpegPublisher } from "./publisher.ts";
import { needMillrace, programPath, startServer } from "./suite-server.ts";

/** rtmpdump, which speaks type 6 and verifies the server's digest and signature. */
function encryptedPlayer(scheme: "rtmpe", name: string, ...more: string[]): Player {
	return {
		name,
		protocol: "rtmp",
		need: test => needPrograms(test, "rtmpdump"),
		start: (server, path, file) => {
			const url = server.rtmpUrl(path).replace(/^rtmp:/, `${scheme}:`);
			return programPlaying(new Program(programPath("rtmpdump"), ["--live", "-r", url, "-o", file, ...more]), file);
		},
	};
}

const library = new MediaLibrary();
let server: ServerProcess | undefined;

beforeAll(async () => {
	server = await startServer();
});

afterAll(async () => {
	await server?.stop();
	await closeAllPrograms();
	removeTempDirs();
});

test("a live stream reaches rtmpdump over RTMPE packet for packet, and several at once", async context => {
	needMillrace(context, "RTMPE");
	await needEncoders(context, "libx264", "aac");
	await needPrograms(context, "ffmpeg", "rtmpdump");
	const media = await library.file("h264-bframes-aac");
	// Two of a kind: blocks are shared between them, and each has its own encryption.
	const players = [encryptedPlayer("rtmpe", "one"), encryptedPlayer("rtmpe", "other")];
	const path = "live/encrypted";
	const session = await runLiveSession({ server: server!, path, publisher: ffmpegPublisher, media, players });
	try {
		for (const player of players) {
			const compared = comparePackets(await probePackets(media), await probePackets(session.file(player)));
			expect(compared.map(stream => stream.kind)).toEqual(["video", "audio"]);
		}
	} finally {
		session.remove();
	}
});
