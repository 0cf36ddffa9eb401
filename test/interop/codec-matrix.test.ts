import {
	closeAllPrograms,
	comparePackets,
	MediaLibrary,
	type MediaName,
	mediaEncoders,
	mediaNames,
	needEncoders,
	probePackets,
	removeTempDirs,
	type ServerProcess,
} from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readFlvTags } from "./flv-tag-reader.ts";
import { type LiveSessionResult, runLiveSession } from "./live-session.ts";
import { ffmpegPlayer, httpFlvPlayer, type Player, rtmpdumpPlayer } from "./player.ts";
import { ffmpegPublisher, gstPublisher, librtmpTagPublisher, type Publisher } from "./publisher.ts";
import { isStandIn, startServer } from "./suite-server.ts";

/** What ffmpeg 5.1 cannot take out of an FLV file, or cannot send without decoding it. */
const onlyTags: readonly MediaName[] = ["vp6", "hevc", "av1"];
/** What GStreamer's FLV elements write again as they read it; of VP6 they lose the adjustment byte. */
const gstMedia: readonly (readonly [MediaName, "video" | "audio"])[] = [
	...([
		["video-only", "video"],
		["screen", "video"],
		["audio-only", "audio"],
	] as const),
	...([
		["speex", "audio"],
		["adpcm", "audio"],
		["nellymoser-22k", "audio"],
		["alaw", "audio"],
	] as const),
	["mulaw", "audio"],
];
const media = mediaNames().filter(name => !name.startsWith("h264"));

const library = new MediaLibrary();
let server: ServerProcess;
let sessions = 0;

beforeAll(async () => {
	server = await startServer();
});

afterAll(async () => {
	await server?.stop();
	await closeAllPrograms();
	removeTempDirs();
});

async function play(name: MediaName, publisher: Publisher, players: readonly Player[]): Promise<LiveSessionResult> {
	const path = `live/${name}-${sessions++}`;
	return runLiveSession({ server, path, publisher, media: await library.file(name), players });
}

describe.concurrent("a stream sent tag by tag arrives tag by tag", () => {
	test.for(media)("%s", async (name, context) => {
		await needEncoders(context, ...mediaEncoders(name));
		const players = isStandIn ? [rtmpdumpPlayer] : [rtmpdumpPlayer, httpFlvPlayer];
		for (const one of [librtmpTagPublisher, ...players]) await one.need(context);
		const session = await play(name, librtmpTagPublisher, players);
		const sent = readFlvTags(await library.file(name));
		for (const player of players) {
			const received = readFlvTags(session.file(player));
			comparePackets(sent.frames, received.frames);
			expect(new Set(received.configurations.video)).toEqual(new Set(sent.configurations.video));
			expect(new Set(received.configurations.audio)).toEqual(new Set(sent.configurations.audio));
		}
		session.remove();
	});
});

describe.concurrent("what ffmpeg sends, ffmpeg and rtmpdump receive packet for packet", () => {
	test.for(media.filter(name => !onlyTags.includes(name)))("%s", async (name, context) => {
		await needEncoders(context, ...mediaEncoders(name));
		const players = [ffmpegPlayer, rtmpdumpPlayer];
		for (const one of [ffmpegPublisher, ...players]) await one.need(context);
		const session = await play(name, ffmpegPublisher, players);
		const sent = await probePackets(await library.file(name));
		for (const player of players) comparePackets(sent, await probePackets(session.file(player)));
		session.remove();
	});
});

describe.concurrent("what GStreamer's muxer and rtmp2sink send, rtmpdump receives frame for frame", () => {
	test.for(gstMedia)("%s", async ([name, kind], context) => {
		await needEncoders(context, ...mediaEncoders(name));
		const publisher = gstPublisher("rtmp2sink", [kind]);
		for (const one of [publisher, rtmpdumpPlayer]) await one.need(context);
		const session = await play(name, publisher, [rtmpdumpPlayer]);
		const received = await probePackets(session.file(rtmpdumpPlayer));
		comparePackets(await probePackets(await library.file(name)), received, { toleranceMillis: 1 });
		session.remove();
	});
});
