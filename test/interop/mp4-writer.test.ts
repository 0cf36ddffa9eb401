import { readFileSync, writeFileSync } from "node:fs";
import { FlvDemuxer, MEDIA_AUDIO, MEDIA_VIDEO, MediaMessage } from "@millrace/core/flv";
import {
	type FileEnd,
	type Fragment,
	FragmentWriter,
	type InitSegment,
	type LeftOut,
	scanFragments,
} from "@millrace/core/mp4";
import {
	closeAllPrograms,
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
import { expectSame, ofKind } from "./same-packets.ts";

// The fragmented MP4 that our writer makes of FLV tags, as ffprobe reads it, against what ffprobe reads in the source.

const library = new MediaLibrary();
const dir = new TempDir("mp4-writer");

afterAll(async () => {
	await closeAllPrograms();
	removeTempDirs();
});

type Written = {
	readonly file: Buffer;
	readonly inits: InitSegment[];
	/** Where the init segment and each fragment end. */
	readonly ends: number[];
	readonly leftOut: LeftOut[];
};

function writeMp4(messages: readonly MediaMessage[]): Written {
	const parts: Uint8Array[] = [];
	const ends: number[] = [];
	const inits: InitSegment[] = [];
	const leftOut: LeftOut[] = [];
	let fileEnd: FileEnd | undefined;
	let length = 0;
	const add = (bytes: Uint8Array) => {
		parts.push(bytes);
		length += bytes.length;
		ends.push(length);
	};
	const writer = new FragmentWriter({
		onInit: init => {
			inits.push(init);
			add(init.bytes);
		},
		onFragment: (fragment: Fragment) => add(fragment.bytes),
		onFileEnd: end => {
			fileEnd = end;
			parts.push(end.index);
		},
		onLeftOut: track => leftOut.push(track),
	});
	for (const message of messages) writer.write(message);
	writer.end();
	const file = Buffer.concat(parts);
	for (const { offset, bytes } of fileEnd?.patches ?? []) file.set(bytes, offset);
	return { file, inits, ends, leftOut };
}

function readFlv(path: string): MediaMessage[] {
	const messages: MediaMessage[] = [];
	const demuxer = new FlvDemuxer({ onTag: message => messages.push(message) });
	demuxer.push(readFileSync(path));
	expect(demuxer.end()).toBeUndefined();
	return messages;
}

/** Reads the whole file and decodes it; neither may have anything to say. */
async function expectClean(path: string): Promise<void> {
	const probe = await runProgram("ffprobe", ["-v", "warning", "-show_format", "-show_streams", path]);
	expect(probe.stderr).toBe("");
	const decode = await runProgram("ffmpeg", ["-v", "warning", "-nostdin", "-i", path, "-f", "null", "-"]);
	expect(decode.stderr).toBe("");
}

const keptWhole: readonly MediaName[] = ["h264-bframes-aac", "h264-aac", "video-only", "audio-only", "mp3"];

describe("an FLV file becomes a fragmented MP4 with the same packets at the same times", () => {
	test.for(keptWhole)("%s", async (name, context) => {
		await needEncoders(context, ...mediaEncoders(name));
		const source = await library.file(name);
		const { file, inits, leftOut } = writeMp4(readFlv(source));
		const path = dir.file(`${name}.mp4`);
		writeFileSync(path, file);
		const sent = await probePackets(source);
		expect(sent.length).toBeGreaterThan(90);
		expectSame(await probePackets(path), sent);
		expect([inits.length, leftOut]).toEqual([1, []]);
		expect(file.length).toBeLessThan(readFileSync(source).length);
		await expectClean(path);
	});

	test("H.264 with MP3 at 48 kHz, which the FLV header cannot name", async context => {
		await needEncoders(context, "libx264", "libmp3lame");
		const source = dir.file("h264-mp3.flv");
		await encode(["-c:v", "libx264", "-bf", "2", "-g", "25", "-c:a", "libmp3lame", "-ar", "48000"], source);
		const { file, inits } = writeMp4(readFlv(source));
		expect(inits[0]!.tracks.map(track => track.timescale)).toEqual([90_000, 48_000]);
		const path = dir.file("h264-mp3.mp4");
		writeFileSync(path, file);
		expectSame(await probePackets(path), await probePackets(source));
		await expectClean(path);
	});

	test("what MP4 cannot carry is reported once, and the sound beside it is kept", async context => {
		await needEncoders(context, ...mediaEncoders("h263-mp3"));
		const source = await library.file("h263-mp3");
		const { file, leftOut } = writeMp4(readFlv(source));
		expect(leftOut.map(track => [track.kind, track.codec, track.reason])).toEqual([
			["video", "Sorenson H.263", "unsupported"],
		]);
		const path = dir.file("h263-mp3.mp4");
		writeFileSync(path, file);
		expectSame(await probePackets(path), ofKind(await probePackets(source), "audio"));
		await expectClean(path);
	});
});

type EnhancedCase = {
	readonly name: string;
	readonly kind: "video" | "audio";
	readonly fourCc: string;
	readonly encoders: readonly string[];
	readonly args: readonly string[];
	/** Where the samples come from and how many bytes a container has in front of each; default: MP4, none. */
	readonly source?: { readonly extension: string; readonly headBytes: number };
	/** The sequence header out of the source's boxes; `undefined`: the codec has none. */
	readonly configuration: ((mp4: Buffer) => Buffer) | undefined;
};

const enhancedCases: readonly EnhancedCase[] = [
	{
		name: "H.264",
		kind: "video",
		fourCc: "avc1",
		encoders: ["libx264"],
		args: ["-c:v", "libx264", "-bf", "2", "-g", "25"],
		configuration: mp4 => boxBody(mp4, "avcC"),
	},
	{
		name: "HEVC",
		kind: "video",
		fourCc: "hvc1",
		encoders: ["libx265"],
		args: ["-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", "keyint=25:log-level=error"],
		configuration: mp4 => boxBody(mp4, "hvcC"),
	},
	{
		name: "AV1",
		kind: "video",
		fourCc: "av01",
		encoders: ["libaom-av1"],
		args: ["-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-g", "25", "-lag-in-frames", "0"],
		configuration: mp4 => boxBody(mp4, "av1C"),
	},
	{
		name: "VP8",
		kind: "video",
		fourCc: "vp08",
		encoders: ["libvpx"],
		args: ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "25"],
		// ffmpeg writes no VP8 into MP4, but reads it. Profile 0, level 1, eight bits, 4:2:0.
		source: { extension: "ivf", headBytes: 12 },
		configuration: () => Buffer.from("000a820202020000", "hex"),
	},
	{
		name: "VP9",
		kind: "video",
		fourCc: "vp09",
		encoders: ["libvpx-vp9"],
		args: ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "25"],
		configuration: mp4 => boxBody(mp4, "vpcC").subarray(4),
	},
	{
		name: "Opus",
		kind: "audio",
		fourCc: "Opus",
		encoders: ["libopus"],
		args: ["-c:a", "libopus", "-ac", "2"],
		// The fields of `dOps` in the byte order of RFC 7845 §5.1.
		configuration: mp4 => {
			const record = boxBody(mp4, "dOps");
			const head = Buffer.concat([Buffer.from("OpusHead"), record]);
			head[8] = 1;
			head.writeUInt16LE(record.readUInt16BE(2), 10);
			head.writeUInt32LE(record.readUInt32BE(4), 12);
			head.writeInt16LE(record.readInt16BE(8), 16);
			return head;
		},
	},
	{
		name: "FLAC",
		kind: "audio",
		fourCc: "fLaC",
		encoders: ["flac"],
		args: ["-c:a", "flac", "-strict", "-2", "-ac", "2"],
		configuration: mp4 => Buffer.concat([Buffer.from("fLaC"), boxBody(mp4, "dfLa").subarray(4)]),
	},
	{
		name: "AAC",
		kind: "audio",
		fourCc: "mp4a",
		encoders: ["aac"],
		args: ["-c:a", "aac", "-ac", "1", "-ar", "44100"],
		configuration: () => Buffer.from("1208", "hex"),
	},
	{
		name: "MP3",
		kind: "audio",
		fourCc: ".mp3",
		encoders: ["libmp3lame"],
		args: ["-c:a", "libmp3lame", "-ar", "22050"],
		configuration: undefined,
	},
	{
		name: "AC-3",
		kind: "audio",
		fourCc: "ac-3",
		encoders: ["ac3"],
		args: ["-c:a", "ac3", "-ac", "2", "-ar", "44100"],
		configuration: undefined,
	},
	{
		name: "E-AC-3",
		kind: "audio",
		fourCc: "ec-3",
		encoders: ["eac3"],
		args: ["-c:a", "eac3", "-ac", "6", "-ar", "48000"],
		configuration: undefined,
	},
];

describe("messages in the extended form become the samples that they were made of", () => {
	test.for(enhancedCases)("$name", async (one, context) => {
		const { name, kind, fourCc, encoders, args, configuration, source: place } = one;
		await needEncoders(context, ...encoders);
		const source = dir.file(`${name}-source.${place?.extension ?? "mp4"}`);
		await encode([...args, kind === "video" ? "-an" : "-vn"], source);
		const mp4 = readFileSync(source);
		const packets = await placedPackets(source, place?.headBytes ?? 0);
		const first = packets[0]!.dts;
		const type = kind === "video" ? MEDIA_VIDEO : MEDIA_AUDIO;
		const header = (packetType: number, isKey: boolean) =>
			Buffer.from([(kind === "audio" ? 0x90 : isKey ? 0x90 : 0xa0) | packetType, ...Buffer.from(fourCc)]);
		const messages: MediaMessage[] = [];
		if (configuration) {
			messages.push(new MediaMessage(type, 0, Buffer.concat([header(0, true), configuration(mp4)])));
		}
		for (const { dts, pts, isKey, position, size } of packets) {
			const shift = Buffer.alloc(fourCc === "avc1" || fourCc === "hvc1" ? 3 : 0);
			if (shift.length > 0) shift.writeIntBE(pts - dts, 0, 3);
			const body = Buffer.concat([header(1, isKey), shift, mp4.subarray(position, position + size)]);
			messages.push(new MediaMessage(type, dts - first, body));
		}
		const { file, inits, leftOut } = writeMp4(messages);
		expect([inits.length, leftOut]).toEqual([1, []]);
		const path = dir.file(`${name}.mp4`);
		writeFileSync(path, file);
		const sent = packets.map(({ position: _, ...packet }) => ({
			...packet,
			dts: packet.dts - first,
			pts: packet.pts - first,
		}));
		expect(sent.length).toBeGreaterThan(40);
		expectSame(await probePackets(path), sent);
		await expectClean(path);
		const codecOf = async (one: string) =>
			(await runProgram("ffprobe", ["-v", "error", "-show_entries", `stream=${STREAM_FACTS}`, "-of", "csv", one]))
				.stdout;
		expect(await codecOf(path)).toBe(await codecOf(source));
	});
});

describe("a file that is torn", () => {
	test("at 200 random places opens in ffprobe with every whole fragment", { timeout: 300_000 }, async context => {
		await needEncoders(context, ...mediaEncoders("h264-bframes-aac"));
		const source = await library.file("h264-bframes-aac");
		const { file, ends } = writeMp4(readFlv(source));
		const sent = await probePackets(source);
		/** As a recorder leaves it: while a fragment is written, its first box is called `free`, for ffmpeg's sake. */
		const cutAt = async (length: number, unfinished = length) => {
			const bytes = Buffer.from(file.subarray(0, length));
			Buffer.from("free").copy(bytes, unfinished + 4);
			const path = dir.file("torn.mp4");
			writeFileSync(path, bytes);
			return path;
		};
		/** By the number of whole fragments, what they hold; each is looked at cut exactly behind it. */
		const whole: MediaPacket[][] = [[]];
		for (const end of ends.slice(1)) {
			const path = await cutAt(end);
			const packets = await probePackets(path);
			for (const kind of ["video", "audio"] as const) {
				const found = ofKind(packets, kind);
				expect(found).toEqual(ofKind(sent, kind).slice(0, found.length));
			}
			expect(packets.length).toBeGreaterThan(whole.at(-1)!.length);
			await expectClean(path);
			whole.push(packets);
		}
		expect(whole.at(-1)).toHaveLength(sent.length);
		let seed = 7;
		for (let round = 0; round < 200; round++) {
			seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
			const length = ends[1]! + (seed % (file.length - ends[1]!));
			const fragments = ends.filter(end => end <= length).length - 1;
			const torn = await cutAt(length, ends[fragments]!);
			const packets = await probePackets(torn);
			for (const kind of ["video", "audio"] as const) {
				const expected = ofKind(whole[fragments]!, kind);
				expect(ofKind(packets, kind).slice(0, expected.length)).toEqual(expected);
			}
			const bytes = file.subarray(0, length);
			const scan = await scanFragments({ size: length, read: async (at, count) => bytes.subarray(at, at + count) });
			expect(scan).toMatchObject({ completeBytes: ends[fragments], fragments, hasInit: true });
		}
	});
});

test("the index at the end of the file leads to its fragments", async context => {
	await needEncoders(context, ...mediaEncoders("h264-bframes-aac"));
	const source = await library.file("h264-bframes-aac");
	const path = dir.file("indexed.mp4");
	writeFileSync(path, writeMp4(readFlv(source)).file);
	// With this option ffmpeg takes the presentation times of keyframes from the index, by the fragments' places.
	const args = ["-v", "warning", "-use_mfra_for", "pts", "-select_streams", "v", "-show_entries", "packet=pts,flags"];
	const { stdout, stderr } = await runProgram("ffprobe", [...args, "-of", "csv=p=0", path]);
	const keys = (text: string) => text.split("\n").filter(line => line.includes("K"));
	const sent = await probePackets(source);
	const expected = ofKind(sent, "video").filter(packet => packet.isKey);
	expect([keys(stdout), stderr]).toEqual([expected.map(packet => `${packet.pts * 90},K_`), ""]);
	const seek = ["-v", "warning", "-read_intervals", "3.5%+#1", "-select_streams", "v", "-show_entries", "packet=dts"];
	const found = await runProgram("ffprobe", [...seek, "-of", "csv=p=0", path]);
	expect(found.stdout.trim()).toBe(String(3 * 90_000));
	const facts = await runProgram("ffprobe", ["-v", "error", "-show_entries", "format=duration", "-of", "csv", path]);
	const duration = Number(facts.stdout.split(",")[1]);
	const last = Math.max(...sent.map(packet => packet.dts));
	expect(duration).toBeGreaterThan(last / 1000);
	expect(duration).toBeLessThan(last / 1000 + 0.05);
});

const STREAM_FACTS = "codec_name,profile,width,height,pix_fmt,sample_rate,channels";

async function encode(args: readonly string[], path: string): Promise<void> {
	const inputs = [
		...["-f", "lavfi", "-i", "testsrc2=size=176x144:rate=25:duration=4"],
		...["-f", "lavfi", "-i", "anoisesrc=duration=4:sample_rate=48000:amplitude=0.2:seed=9"],
	];
	await runProgram("ffmpeg", ["-v", "error", "-nostdin", "-y", ...inputs, "-pix_fmt", "yuv420p", ...args, path], {
		timeoutMillis: 120_000,
	});
}

type PlacedPacket = MediaPacket & { readonly position: number };

async function placedPackets(path: string, headBytes: number): Promise<PlacedPacket[]> {
	const packets = await probePackets(path);
	const args = ["-v", "error", "-show_entries", "packet=pos", "-of", "json", path];
	const { stdout } = await runProgram("ffprobe", args);
	const positions = (JSON.parse(stdout) as { packets: { pos: string }[] }).packets.map(packet => Number(packet.pos));
	expect(positions).toHaveLength(packets.length);
	return packets.map((packet, index) => ({ ...packet, position: positions[index]! + headBytes }));
}

/** The content of the first box of this type whose size fits. */
function boxBody(mp4: Buffer, type: string): Buffer {
	for (let at = mp4.indexOf(type); at >= 4; at = mp4.indexOf(type, at + 1)) {
		const size = mp4.readUInt32BE(at - 4);
		if (size >= 12 && size < 4096 && at - 4 + size <= mp4.length) return mp4.subarray(at + 4, at - 4 + size);
	}
	throw new Error(`the MP4 file has no ${type} box`);
}
