import { createHash } from "node:crypto";
import type { MediaMessage } from "@millrace/core/flv";
import { type MediaPacket, needEncoders, probePackets, TempDir } from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FileClient, publishFile } from "./file-client.ts";
import { FileServer } from "./file-server.ts";
import { twoQualities } from "./replay-media.ts";
import { sleep } from "./suite-server.ts";

// From one quality to the other by `play2`, at a keyframe that both have.

const dir = new TempDir("play2");
let server: FileServer;

beforeAll(async () => {
	server = await FileServer.start(dir.file("applications"));
});

afterAll(async () => {
	await server?.stop();
	dir.remove();
});

type Quality = "large" | "small";

/** The two files, in FLV or MP4, with their pictures by hash: which quality, and which picture of it. */
async function qualities(format: "flv" | "mp4") {
	const path = (quality: Quality) => dir.file(`${quality}.${format}`);
	await twoQualities(path("large"), path("small"));
	const pictures = new Map<string, { readonly quality: Quality; readonly number: number }>();
	let sound: MediaPacket[] = [];
	for (const quality of ["large", "small"] as const) {
		server.offer(path(quality), `${quality}.${format}`);
		const packets = await probePackets(path(quality));
		const video = packets.filter(({ kind }) => kind === "video");
		for (const [number, { hash }] of video.entries()) pictures.set(hash, { quality, number });
		sound = packets.filter(({ kind }) => kind === "audio");
	}
	return { path, pictures, sound: sound.map(({ hash }) => hash) };
}

const hashOf = (payload: Uint8Array) => createHash("sha256").update(payload).digest("hex");
const isRising = (messages: readonly MediaMessage[]) =>
	messages.every(({ timestamp }, at) => at === 0 || timestamp >= messages[at - 1]!.timestamp);

/** Runs of one quality, each with its first and last picture, from what a client was sent. */
function runsOf(frames: readonly MediaMessage[], pictures: Awaited<ReturnType<typeof qualities>>["pictures"]) {
	const runs: { quality: Quality; from: number; to: number; contiguous: boolean }[] = [];
	for (const { payload } of frames.filter(({ isVideo }) => isVideo)) {
		const picture = pictures.get(hashOf(payload.subarray(5)));
		if (picture === undefined) continue;
		const { quality, number } = picture;
		const last = runs.at(-1);
		if (last?.quality !== quality) runs.push({ quality, from: number, to: number, contiguous: true });
		else {
			last.contiguous &&= number === last.to + 1;
			last.to = number;
		}
	}
	return runs;
}

describe.each(["flv", "mp4"] as const)("between files in %s", format => {
	test("a switch there and back loses and repeats neither picture nor sound", async context => {
		await needEncoders(context, "libx264", "aac");
		const { pictures, sound } = await qualities(format);
		const name = (quality: Quality) => (format === "mp4" ? `mp4:${quality}` : quality);
		await using client = await FileClient.connect(server.process.rtmpUrl("vod"));
		client.stream.bufferTime = 3;
		await client.stream.playAsync(name("large"), 0);
		for (const quality of ["small", "large"] as const) {
			await sleep(1500);
			const from = client.events.length;
			await client.stream.play2Async({ streamName: name(quality), transition: "switch" });
			await client.waitForCode("NetStream.Play.TransitionComplete", from);
		}
		// What is left comes at once.
		client.stream.bufferTime = 3600;
		await client.waitForCode("NetStream.Play.Stop");
		const frames = client.frames();
		const runs = runsOf(frames, pictures);
		expect(runs.map(({ quality }) => quality)).toEqual(["large", "small", "large"]);
		expect(runs.every(({ contiguous }) => contiguous)).toBe(true);
		expect([runs[0]!.from, runs[1]!.from, runs[2]!.from, runs[2]!.to]).toEqual([
			...[0, runs[0]!.to + 1, runs[1]!.to + 1, 499],
		]);
		expect(frames.filter(({ isAudio }) => isAudio).map(({ payload }) => hashOf(payload.subarray(2)))).toEqual(sound);
		expect(isRising(frames.filter(({ isVideo }) => isVideo))).toBe(true);
		expect(isRising(frames.filter(({ isAudio }) => isAudio))).toBe(true);
	});
});

test("between live streams a switch goes on at a keyframe, with times that rise", async context => {
	await needEncoders(context, "libx264", "aac");
	const { path, pictures } = await qualities("flv");
	const app = server.process.rtmpUrl("live");
	const publishers = await Promise.all(
		(["large", "small"] as const).map(quality => publishFile(app, quality, path(quality))),
	);
	await using client = await FileClient.connect(app);
	await client.stream.playAsync("large");
	for (const quality of ["small", "large"] as const) {
		await sleep(2500);
		const from = client.events.length;
		await client.stream.play2Async({ streamName: quality, transition: "switch" });
		await client.waitForCode("NetStream.Play.TransitionComplete", from);
	}
	await sleep(1500);
	const frames = client.frames();
	await Promise.all(publishers.map(publisher => publisher.stop()));
	const runs = runsOf(frames, pictures);
	console.log(`live: ${runs.map(({ quality, from, to }) => `${quality} ${from} to ${to}`).join(", ")}`);
	expect(runs.map(({ quality }) => quality)).toEqual(["large", "small", "large"]);
	expect(runs.every(({ contiguous }) => contiguous)).toBe(true);
	for (const [at, { from }] of runs.entries()) {
		if (at === 0) continue;
		expect(from % 25, "it begins with a keyframe").toBe(0);
		// Two encoders' connections are some milliseconds apart, and no clock is common to them.
		expect(Math.abs(from - (runs[at - 1]!.to + 1)), "pictures lost or repeated").toBeLessThanOrEqual(3);
	}
	expect(isRising(frames.filter(({ isVideo }) => isVideo))).toBe(true);
	expect(isRising(frames.filter(({ isAudio }) => isAudio))).toBe(true);
});
