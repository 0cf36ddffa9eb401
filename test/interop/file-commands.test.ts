import { copyFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { type AmfObject, type AmfValue, decodeAmf0 } from "@millrace/core/amf";
import { metadataOf, parseData } from "@millrace/core/flv";
import {
	closeAllPrograms,
	comparePackets,
	MediaLibrary,
	type MediaName,
	type MediaPacket,
	mediaEncoders,
	needEncoders,
	probePackets,
	removeTempDirs,
	runProgram,
	TempDir,
} from "@millrace/testkit";
import { afterAll, describe, expect, test } from "vitest";
import { runProgram as runMillrace } from "../../packages/server/src/cli/program.ts";
import { createTestContext } from "../../packages/server/src/cli/test-context.ts";
import type { MediaReport } from "../../packages/server/src/library/index.ts";
import { expectSame, ofKind } from "./same-packets.ts";

// The commands that work on files, as other programs read what they write.

const library = new MediaLibrary();
const dir = new TempDir("file-commands");

afterAll(async () => {
	await closeAllPrograms();
	removeTempDirs();
});

async function millrace(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
	const context = createTestContext();
	return { code: await runMillrace(argv, context), ...context.written };
}

/** The command must succeed. */
async function must(...argv: string[]): Promise<string> {
	const { code, out, err } = await millrace(...argv);
	expect([argv[0], code, code === 0 ? "" : err]).toEqual([argv[0], 0, ""]);
	return out;
}

type Probed = {
	readonly format: { readonly duration: string; readonly tags?: Record<string, string> };
	readonly streams: readonly (Record<string, string | number> & { readonly tags?: Record<string, string> })[];
};

/** What ffprobe says of a file, which must not make it complain. */
async function probeCleanly(path: string): Promise<Probed> {
	const { stdout, stderr } = await runProgram("ffprobe", [
		...["-v", "warning", "-show_format", "-show_streams", "-count_packets", "-of", "json", path],
	]);
	expect(stderr).toBe("");
	return JSON.parse(stdout) as Probed;
}

async function ffmpeg(...args: readonly string[]): Promise<void> {
	await runProgram("ffmpeg", ["-v", "error", "-nostdin", "-y", ...args]);
}

/** Where the packets that are read end, in milliseconds; the last of each stream lasts as long as the one before it. */
function endOf(packets: readonly MediaPacket[]): number {
	const ends = (["video", "audio"] as const).map(kind => {
		const times = ofKind(packets, kind).map(packet => packet.dts);
		return times.length < 2 ? 0 : 2 * times.at(-1)! - times.at(-2)!;
	});
	return Math.max(...ends);
}

describe("an FLV becomes an MP4 and an FLV again", () => {
	const names: readonly MediaName[] = ["h264-bframes-aac", "h264-aac", "video-only", "audio-only", "mp3"];
	test.for(names)("with the same packets and times: %s", async (name, context) => {
		await needEncoders(context, ...mediaEncoders(name));
		const source = await library.file(name);
		const [mp4, back] = [dir.file(`${name}.mp4`), dir.file(`${name}-back.flv`)];
		await must("convert", source, mp4);
		await must("convert", mp4, back);
		const sent = await probePackets(source);
		expectSame(await probePackets(mp4), sent);
		expectSame(await probePackets(back), sent);
		for (const path of [mp4, back]) {
			const { format, streams } = await probeCleanly(path);
			expect(Math.abs(Number(format.duration) * 1000 - endOf(sent))).toBeLessThan(100);
			expect(streams.length).toBe(new Set(sent.map(packet => packet.kind)).size);
			expect((JSON.parse(await must("info", "--json", path)) as MediaReport).faults).toEqual([]);
		}
		if (sent.some(packet => packet.kind === "video")) expectIndex(back);
	});

	test("and what MP4 cannot carry is said, and leaves nothing behind", async context => {
		await needEncoders(context, ...mediaEncoders("h263-mp3"));
		const target = dir.file("h263.mp4");
		const { code, err } = await millrace("convert", await library.file("h263-mp3"), target);
		expect([code, err]).toEqual([2, expect.stringContaining("MP4 cannot carry Sorenson H.263.")]);
		expect(existsSync(target)).toBe(false);
	});

	test("also where the sound begins much later, and needs no configuration", async context => {
		await needEncoders(context, "libx264", "libmp3lame");
		const source = dir.file("late.flv");
		await ffmpeg(
			...["-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=6", "-itsoffset", "3", "-f", "lavfi", "-i", "sine=d=3"],
			...["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "libmp3lame", source],
		);
		const mp4 = dir.file("late.mp4");
		await must("convert", source, mp4);
		comparePackets(await probePackets(source), await probePackets(mp4));
		await probeCleanly(mp4);
	});
});

const drawn = [
	...["-f", "lavfi", "-i", "testsrc2=s=160x120:r=30000/1001:d=4"],
	...["-f", "lavfi", "-i", "sine=f=440:d=4:r=44100,aformat=channel_layouts=stereo"],
];
const h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p", "-g", "30"];

describe("an MP4 becomes an FLV", () => {
	const recipes: Record<string, readonly string[]> = {
		"with an edit list": ["mp4", ...h264, "-c:a", "aac"],
		fragmented: ["mp4", ...h264, "-c:a", "aac", "-movflags", "frag_keyframe+delay_moov"],
		"as QuickTime with MP3": ["mov", ...h264, "-c:a", "libmp3lame"],
		"of sound alone": ["m4a", "-vn", "-c:a", "aac"],
	};
	test.for(Object.keys(recipes))("%s", async (name, context) => {
		await needEncoders(context, "libx264", "aac", "libmp3lame");
		const [ending, ...options] = recipes[name]!;
		const source = dir.file(`${name.replaceAll(" ", "-")}.${ending}`);
		await ffmpeg(...drawn, ...options, "-metadata", "title=A film", source);
		const target = dir.file(`${name.replaceAll(" ", "-")}.flv`);
		await must("convert", source, target);
		const sent = await probePackets(source);
		// FLV has whole milliseconds, and no time before zero.
		const streams = comparePackets(sent, await probePackets(target), { toleranceMillis: 1, skewMillis: 1 });
		expect(streams.reduce((sum, { packets }) => sum + packets, 0)).toBe(sent.length);
		const { format } = await probeCleanly(target);
		const { format: told } = await probeCleanly(source);
		expect(Math.abs(Number(format.duration) - Number(told.duration))).toBeLessThan(0.15);
		expect(format.tags?.["title"]).toBe("A film");
		if (ending !== "m4a") expectIndex(target);
	});

	test("with the sound track that is asked for, and the others are named", async context => {
		await needEncoders(context, "libx264", "aac");
		const source = dir.file("two-sounds.mp4");
		const maps = ["-map", "0:v", "-map", "1:a", "-map", "1:a", "-ar:a:1", "32000"];
		await ffmpeg(...drawn, ...maps, ...h264, "-c:a", "aac", "-metadata:s:a:1", "language=deu", source);
		const target = dir.file("two-sounds.flv");
		const { code, err } = await millrace("convert", source, target, "--audio-track", "2");
		expect([code, err]).toEqual([0, expect.stringMatching(/^Track 2 \(audio, mp4a, und\) is left out/)]);
		const { streams } = await probeCleanly(target);
		expect(streams.find(stream => stream["codec_type"] === "audio")?.["sample_rate"]).toBe("32000");
		const report = JSON.parse(await must("info", "--json", source)) as MediaReport;
		expect(report.tracks.map(track => track.language)).toEqual(["und", "und", "deu"]);
	});

	test("of HEVC and AC-3, and comes back as it was", async context => {
		await needEncoders(context, "libx265", "ac3");
		const source = dir.file("hevc.mp4");
		await ffmpeg(...drawn, "-c:v", "libx265", "-x265-params", "log-level=none:keyint=30", "-c:a", "ac3", source);
		const [flv, back] = [dir.file("hevc.flv"), dir.file("hevc-back.mp4")];
		await must("convert", source, flv);
		await must("convert", flv, back);
		const options = { toleranceMillis: 1, skewMillis: 1 };
		comparePackets(await probePackets(source), await probePackets(back), options);
		await probeCleanly(back);
	});
});

describe("a file that was cut off at random is repaired", () => {
	test("FLV", async context => {
		await needEncoders(context, ...mediaEncoders("h264-bframes-aac"));
		const source = await library.file("h264-bframes-aac");
		const sent = await probePackets(source);
		const size = statSync(source).size;
		for (const length of randomCuts(size, 20_000, 10)) {
			const path = dir.file(`cut-${length}.flv`);
			copyFileSync(source, path);
			truncateSync(path, length);
			await must("repair", path);
			expect(statSync(`${path}.bak`).size).toBe(length);
			const packets = await probePackets(path);
			comparePackets(sent, packets, { missingAtEnd: sent.length, minimumPackets: 5 });
			// Of the bytes that were there, no more than one frame is lost.
			expect(statSync(path).size).toBeGreaterThan(length - 16_000);
			const { format } = await probeCleanly(path);
			expect(Math.abs(Number(format.duration) * 1000 - endOf(packets))).toBeLessThan(2);
			expectIndex(path);
			expect((JSON.parse(await must("info", "--json", path)) as MediaReport).faults).toEqual([]);
			expect((await millrace("repair", path)).err).toContain("nothing is to be mended");
		}
	});

	test("MP4 of fragments", async context => {
		await needEncoders(context, ...mediaEncoders("h264-bframes-aac"));
		const source = await library.file("h264-bframes-aac");
		const whole = dir.file("whole.mp4");
		await must("convert", source, whole);
		const sent = await probePackets(source);
		for (const length of randomCuts(statSync(whole).size, 80_000, 10)) {
			const path = dir.file(`cut-${length}.mp4`);
			copyFileSync(whole, path);
			truncateSync(path, length);
			// A writer that was killed has told no length as yet.
			writeFileSync(path, withoutDurations(readFileSync(path)));
			await must("repair", path);
			const packets = await probePackets(path);
			comparePackets(sent, packets, { missingAtEnd: sent.length, minimumPackets: 5 });
			const { format } = await probeCleanly(path);
			expect(Math.abs(Number(format.duration) * 1000 - endOf(packets))).toBeLessThan(100);
			expect((JSON.parse(await must("info", "--json", path)) as MediaReport).faults).toEqual([]);
			expect(readFileSync(path).includes("mfra")).toBe(true);
		}
	});

	test("MP4 of fragments that ffmpeg wrote", async context => {
		await needEncoders(context, "libx264", "aac");
		const path = dir.file("ffmpeg-fragments.mp4");
		await ffmpeg(...drawn, ...h264, "-c:a", "aac", "-movflags", "frag_keyframe+delay_moov", path);
		const sent = await probePackets(path);
		truncateSync(path, Math.floor(statSync(path).size * 0.8));
		await must("repair", path);
		const packets = await probePackets(path);
		comparePackets(sent, packets, { missingAtEnd: sent.length, minimumPackets: 5 });
		await probeCleanly(path);
		expect((JSON.parse(await must("info", "--json", path)) as MediaReport).faults).toEqual([]);
	});

	test("FLV that is damaged in the middle, too", async context => {
		await needEncoders(context, ...mediaEncoders("h264-aac"));
		const bytes = readFileSync(await library.file("h264-aac"));
		const tags = tagsOf(bytes);
		bytes.fill(0xff, tags[200], tags[206]);
		const path = dir.file("damaged.flv");
		writeFileSync(path, bytes);
		const report = JSON.parse(await must("info", "--json", path)) as MediaReport;
		const damage = report.faults.find(fault => fault.kind === "damaged");
		expect([damage?.count, damage?.offset]).toEqual([1, tags[200]]);
		await must("repair", path);
		await probeCleanly(path);
		expect((JSON.parse(await must("info", "--json", path)) as MediaReport).faults).toEqual([]);
	});
});

describe("info says what ffprobe says", () => {
	test.for(["flv", "mp4"] as const)("of %s", async (ending, context) => {
		await needEncoders(context, "libx264", "aac");
		const path = dir.file(`info.${ending}`);
		await ffmpeg(...drawn, ...h264, "-c:a", "aac", path);
		const report = JSON.parse(await must("info", "--json", path)) as MediaReport;
		const { format, streams } = await probeCleanly(path);
		const packets = await probePackets(path);
		const video = report.tracks.find(track => track.kind === "video")!;
		const audio = report.tracks.find(track => track.kind === "audio")!;
		const [probedVideo, probedAudio] = streams as [Probed["streams"][0], Probed["streams"][0]];
		expect([video.width, video.height]).toEqual([probedVideo["width"], probedVideo["height"]]);
		expect(video.framerate).toBeCloseTo(30_000 / 1001, 1);
		expect([audio.sampleRate, audio.channels]).toEqual([Number(probedAudio["sample_rate"]), probedAudio["channels"]]);
		expect([video.codec, audio.codec, audio.codecString]).toEqual(["H.264", "AAC", "mp4a.40.2"]);
		for (const [kind, track] of [["video", video] as const, ["audio", audio] as const]) {
			expect(track.frames).toBe(ofKind(packets, kind).length);
			const bytes = ofKind(packets, kind).reduce((sum, packet) => sum + packet.size, 0);
			// The heads of FLV's messages count.
			expect(track.bytes - bytes).toBe(ending === "mp4" ? 0 : track.frames * (kind === "video" ? 5 : 2));
		}
		const keys = ofKind(packets, "video").flatMap(packet => (packet.isKey ? [packet.dts] : []));
		expect(video.keyframes?.count).toBe(keys.length);
		const longest = Math.max(...keys.slice(1).map((time, at) => time - keys[at]!));
		expect(Math.abs(video.keyframes!.longestDistance! * 1000 - longest)).toBeLessThanOrEqual(1);
		expect(Math.abs(report.seconds - Number(format.duration))).toBeLessThan(0.1);
		expect(report.faults.filter(fault => fault.severity === "fault")).toEqual([]);
	});
});

/** Lengths from `least` to `size`, the same in each run. */
function randomCuts(size: number, least: number, count: number): number[] {
	let state = 20_090;
	return Array.from({ length: count }, () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return least + (state % (size - least));
	});
}

/** As our writer leaves the head of a file before its end. */
function withoutDurations(file: Buffer): Buffer {
	const [mvhd, mehd] = [file.indexOf("mvhd"), file.indexOf("mehd")];
	file.writeUInt32BE(0, mvhd + 4 + 16);
	file.writeBigUInt64BE(0n, mehd + 4 + 4);
	return file;
}

/** The keyframe index of an FLV names exactly the tags of keyframes, and at first the configuration. */
function expectIndex(path: string): void {
	const file = readFileSync(path);
	const body = file.subarray(13 + 11, 13 + 11 + file.readUIntBE(14, 3));
	expect(decodeAmf0(body)[0]).toBe("onMetaData");
	const keyframes = metadataOf(parseData(body, 18))!["keyframes"] as AmfObject;
	const numbers = (value: AmfValue) => value as readonly number[];
	const positions = numbers(keyframes["filepositions"]);
	const times = numbers(keyframes["times"]);
	const found: number[] = [];
	for (const at of tagsOf(file)) {
		if (file[at] !== 9 || (file[at + 11]! & 0x70) >> 4 !== 1) continue;
		found.push(at);
		const index = positions.indexOf(at);
		expect(times[index]).toBe((file[at + 7]! * 0x100_0000 + file.readUIntBE(at + 4, 3)) / 1000);
	}
	expect(positions).toEqual(found);
}

/** Where the tags of an FLV file begin. */
function tagsOf(file: Buffer): number[] {
	const tags: number[] = [];
	for (let at = 13; at + 11 <= file.length; at += 15 + file.readUIntBE(at + 1, 3)) tags.push(at);
	return tags;
}
