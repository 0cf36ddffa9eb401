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
import { ffmpegPlayer, type Player, rtmpdumpPlayer } from "./player.ts";
import { ffmpegPublisher, type Publisher } from "./publisher.ts";
import { needMillrace, programPath, startServer } from "./suite-server.ts";

const library = new MediaLibrary();
let server: ServerProcess;

beforeAll(async () => {
	// ffmpeg does not say that it stops: without waiting for it to come back, players end with the stream.
	server = await startServer(["publish.graceMillis=100ms"]);
});

afterAll(async () => {
	await closeAllPrograms();
	await server?.stop();
	removeTempDirs();
});

/** The same address, tunnelled. */
function tunnelUrl(path: string): string {
	return server.httpUrl(path).replace(/^http:/, "rtmpt:");
}

/** ffmpeg, publishing through the tunnel; it posts after each so many packets. */
function tunnelPublisher(flushInterval: number): Publisher {
	return {
		name: `ffmpeg by RTMPT, posting each ${flushInterval} packets`,
		need: ffmpegPublisher.need,
		start: (file, url) =>
			new Program(programPath("ffmpeg"), [
				...["-hide_banner", "-nostdin", "-nostats", "-v", "warning", "-re", "-i", file, "-c", "copy", "-f", "flv"],
				...["-rtmp_flush_interval", String(flushInterval), url],
			]),
	};
}

/** A player that is sent through the tunnel. */
function tunnelled(player: Player): Player {
	return {
		...player,
		name: `${player.name} by RTMPT`,
		start: ({ httpUrl, wsUrl }, path, file) => player.start({ rtmpUrl: tunnelUrl, httpUrl, wsUrl }, path, file),
	};
}

const players = [tunnelled(rtmpdumpPlayer), tunnelled(ffmpegPlayer), rtmpdumpPlayer];

test("rtmpdump and ffmpeg play through the tunnel what was published by RTMP, packet for packet", async context => {
	needMillrace(context, "RTMPT");
	needPrograms(context, "rtmpdump", "ffmpeg");
	await needEncoders(context, "libx264", "aac");
	const media = await library.file("h264-bframes-aac");
	const session = await runLiveSession({ server, path: "live/down", publisher: ffmpegPublisher, media, players });
	for (const player of players) {
		const compared = comparePackets(await probePackets(media), await probePackets(session.file(player)));
		expect(compared.map(stream => stream.kind)).toEqual(["video", "audio"]);
	}
	session.remove();
});

// At its end ffmpeg throws away what it gathered since its last post, and what its multiplexer held. And it sends
// a post's head and body apart, where Nagle's algorithm holds the body for 40 ms: with a post for each packet it takes
// several times as long as the stream lasts, so that stream has only video.
test.for([1, 10, 100])(
	"what ffmpeg publishes through the tunnel, posting each %i packets, arrives packet for packet",
	{
		timeout: 180_000,
	},
	async (flushInterval, context) => {
		needMillrace(context, "RTMPT");
		needPrograms(context, "rtmpdump", "ffmpeg");
		await needEncoders(context, "libx264", "aac");
		const media = await library.file(flushInterval === 1 ? "video-only" : "h264-bframes-aac");
		const publisher: Publisher = {
			...tunnelPublisher(flushInterval),
			start: (file, url) => tunnelPublisher(flushInterval).start(file, tunnelUrl(new URL(url).pathname.slice(1))),
		};
		const path = `live/up-${flushInterval}`;
		const session = await runLiveSession({ server, path, publisher, media, players });
		for (const player of players) {
			const compared = comparePackets(await probePackets(media), await probePackets(session.file(player)), {
				missingAtEnd: flushInterval + 10,
			});
			expect(compared.map(stream => stream.kind)).toContain("video");
		}
		session.remove();
	},
);
