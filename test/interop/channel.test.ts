import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
	closeAllPrograms,
	comparePackets,
	MediaLibrary,
	type MediaPacket,
	mediaEncoders,
	needEncoders,
	needPrograms,
	probePackets,
	runProgram,
	TempDir,
} from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChannelServer } from "./channel-server.ts";
import { ffmpegPlayer } from "./player.ts";
import { ffmpegPublisher } from "./publisher.ts";
import { sleep } from "./suite-server.ts";

// Streams that an application makes of files and of other streams, as ffmpeg plays them.

const dir = new TempDir("channel");
const media = dir.file(join("channel", "media"));
const server = new ChannelServer(dir.path);

beforeAll(async () => {
	await mkdir(media, { recursive: true });
	await server.start();
});

afterAll(async () => {
	await closeAllPrograms();
	await server.stop();
	dir.remove();
});

/** The packets without those of data, which players keep or not. */
const ofMedia = (packets: readonly MediaPacket[]) => packets.filter(packet => packet.kind !== "data");
const ofKind = (packets: readonly MediaPacket[], kind: MediaPacket["kind"]) =>
	packets.filter(packet => packet.kind === kind);

/** Three seconds of H.264 with reordered pictures and AAC, each file of its own colours and noise, all coded alike. */
async function programme(name: string, seed: number): Promise<MediaPacket[]> {
	const path = join(media, name);
	const picture = ["-f", "lavfi", "-i", `testsrc2=size=320x240:rate=25:duration=3,hue=h=${seed * 40}`];
	const sound = ["-f", "lavfi", "-i", `anoisesrc=duration=3:sample_rate=44100:amplitude=0.2:seed=${seed}`];
	const video = [
		"-c:v",
		"libx264",
		"-preset",
		"veryfast",
		"-pix_fmt",
		"yuv420p",
		"-g",
		"25",
		"-bf",
		"2",
		"-threads",
		"1",
	];
	const audio = ["-c:a", "aac", "-ac", "1", "-b:a", "64k"];
	await runProgram("ffmpeg", ["-v", "error", "-nostdin", "-y", ...picture, ...sound, ...video, ...audio, path]);
	return ofMedia(await probePackets(path));
}

/** Times rise in each medium, and no step between two packets is longer than a frame. */
function expectOneClock(packets: readonly MediaPacket[]): void {
	for (const kind of ["video", "audio"] as const) {
		const times = ofKind(packets, kind).map(({ dts }) => dts);
		const steps = times.slice(1).map((time, i) => time - times[i]!);
		expect(Math.min(...steps), kind).toBeGreaterThan(0);
		// The sound of these files is longer than their pictures: it goes on without a gap.
		expect(Math.max(...steps), kind).toBeLessThanOrEqual(kind === "audio" ? 25 : 100);
	}
	const times = packets.map(({ dts }) => dts).toSorted((a, b) => a - b);
	expect(Math.max(...times.slice(1).map((time, i) => time - times[i]!))).toBeLessThanOrEqual(42);
}

/** All packets of these programmes came, one programme after the other, each with its own times. */
function expectProgrammes(programmes: readonly (readonly MediaPacket[])[], received: readonly MediaPacket[]): void {
	expectOneClock(received);
	const rest = { video: ofKind(received, "video"), audio: ofKind(received, "audio") };
	for (const wanted of programmes) {
		const part = (["video", "audio"] as const).flatMap(kind => rest[kind].splice(0, ofKind(wanted, kind).length));
		// An MP4 file counts in samples, tags in milliseconds.
		comparePackets(wanted, part, { toleranceMillis: 1, skewMillis: 1 });
	}
	expect([rest.video.length, rest.audio.length]).toEqual([0, 0]);
}

describe("a channel", () => {
	test("of two FLV files and an MP4 is one stream without a gap to a player, and in its recording", async context => {
		needPrograms(context, "ffmpeg", "ffprobe");
		await needEncoders(context, "libx264", "aac");
		const programmes = [await programme("a.flv", 1), await programme("b.flv", 2), await programme("c.mp4", 3)];
		const stream = server.streams.get("one")!;
		const file = dir.file("played.flv");
		const playing = await ffmpegPlayer.start({ ...UNUSED, rtmpUrl: path => server.rtmpUrl(path) }, "one", file);
		while (server.viewers("one") === 0) await sleep(20);
		stream.record({ mode: "record" });
		await server.waitForStatus("one Record.Start");
		// The last one is asked for when the first two have been sent, as an application would that goes on for ever.
		server.onStatus = (name, code) => {
			if (name === "one" && code === "Play.Switch") server.onStatus = undefined;
			if (name === "one" && code === "Play.Switch") stream.play({ name: "mp4:c.mp4", reset: false });
		};
		const startedAt = Date.now();
		stream.play({ name: "a" });
		stream.play({ name: "b", reset: false });
		await server.waitForStatus("one Play.Complete");
		// Nine seconds, of which two are sent ahead.
		expect(Date.now() - startedAt).toBeGreaterThan(6500);
		stream.stop();
		await playing.finish();
		await server.waitForStatus("one Record.Stop");
		expect(server.statuses.filter(status => status.startsWith("one Play."))).toEqual([
			...["one Play.Reset", "one Play.Start", "one Play.Switch", "one Play.Start", "one Play.Switch", "one Play.Start"],
			...["one Play.Complete", "one Play.Stop"],
		]);
		expectProgrammes(programmes, ofMedia(await probePackets(file)));
		const recorded = dir.file(join("channel", "streams", "_definst_", "one.flv"));
		expectProgrammes(programmes, ofMedia(await probePackets(recorded)));
		expect([await server.streams.length("one"), await server.streams.length("mp4:c.mp4")]).toEqual([
			expect.closeTo(9.1, 0),
			expect.closeTo(3, 0),
		]);
	});

	test("that relays what ffmpeg publishes is recorded as that was sent", async context => {
		needPrograms(context, "ffmpeg", "ffprobe");
		await needEncoders(context, ...mediaEncoders("h264-bframes-aac"));
		const source = await new MediaLibrary().file("h264-bframes-aac");
		const sent = ofMedia(await probePackets(source));
		const stream = server.streams.get("relay")!;
		stream.record({ mode: "record" });
		stream.play({ name: "cam", start: -1 });
		await server.waitForStatus("relay Play.Start");
		const file = dir.file("relayed.flv");
		const playing = await ffmpegPlayer.start({ ...UNUSED, rtmpUrl: path => server.rtmpUrl(path) }, "relay", file);
		while (server.viewers("relay") === 0) await sleep(20);
		const publisher = ffmpegPublisher.start(source, server.rtmpUrl("cam"));
		expect((await publisher.waitForExit(60_000)).code, publisher.stderr).toBe(0);
		await server.waitForStatus("relay Record.Stop");
		await playing.finish();
		for (const path of [file, dir.file(join("channel", "streams", "_definst_", "relay.flv"))]) {
			const packets = ofMedia(await probePackets(path));
			comparePackets(sent, packets);
			expect(packets.length).toBe(sent.length);
		}
		expect(server.statuses.filter(status => status.startsWith("relay P") || status.startsWith("relay U"))).toEqual([
			...["relay Play.Reset", "relay Play.Start", "relay Play.PublishNotify", "relay Publish.Start"],
			...["relay Play.UnpublishNotify", "relay Unpublish.Success"],
		]);
		stream.stop();
	});
});

/** Ways that are not played through here. */
const UNUSED = { httpUrl: () => "", wsUrl: () => "" };
