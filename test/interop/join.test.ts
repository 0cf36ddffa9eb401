import { closeAllPrograms, MediaLibrary, needEncoders, type ServerProcess, TempDir } from "@millrace/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readFlvTags } from "./flv-tag-reader.ts";
import { httpFlvPlayer } from "./player.ts";
import { ffmpegPublisher } from "./publisher.ts";
import { needMillrace, sleep, startServer, waitUntilLive } from "./suite-server.ts";

const library = new MediaLibrary();
const dir = new TempDir("join");
let server: ServerProcess;

beforeAll(async () => {
	server = await startServer();
});

afterAll(async () => {
	await closeAllPrograms();
	await server?.stop();
	dir.remove();
});

// A publisher's configurations, its first frame and the server's first flush fall into these moments.
test("whoever joins in the first moments of a stream gets its configurations and its first keyframe", async context => {
	needMillrace(context, "HTTP-FLV");
	await needEncoders(context, "libx264", "aac");
	const media = await library.file("h264-aac");
	const sent = readFlvTags(media);
	const path = "live/first-moments";
	const publisher = ffmpegPublisher.start(media, server.rtmpUrl(path));
	await waitUntilLive(server, path);
	const viewers = [];
	for (let i = 0; i < 30; i++) {
		const file = dir.file(`${i}.flv`);
		viewers.push({ file, playing: await httpFlvPlayer.start(server, path, file) });
		await sleep(4);
	}
	await sleep(1000);
	await publisher.stop("SIGKILL");
	await Promise.all(viewers.map(viewer => viewer.playing.finish()));
	const starts = viewers.map(({ file }) => {
		const received = readFlvTags(file);
		return {
			video: received.configurations.video[0],
			audio: received.configurations.audio[0],
			firstFrame: received.frames.find(frame => frame.kind === "video")?.hash,
		};
	});
	const expected = {
		video: sent.configurations.video[0],
		audio: sent.configurations.audio[0],
		firstFrame: sent.frames.find(frame => frame.kind === "video")?.hash,
	};
	expect(starts).toEqual(viewers.map(() => expected));
});
