import { createHash } from "node:crypto";
import { type FileHandle, open, readFile, writeFile } from "node:fs/promises";
import { type MediaMessage, parseAudioTag, parseVideoTag } from "@millrace/core/flv";
import { type ByteSource, openMovie } from "@millrace/core/mp4";
import {
	closeAllPrograms,
	comparePackets,
	type MediaPacket,
	needEncoders,
	probePackets,
	removeTempDirs,
	runProgram,
	TempDir,
} from "@millrace/testkit";
import { afterAll, describe, expect, test } from "vitest";

/** A file that ffmpeg makes. */
type Recipe = {
	readonly encoders: readonly string[];
	/** The file that is copied from; without it, pictures and sound are made anew. */
	readonly from?: string;
	/** Options in front of the input. */
	readonly input?: readonly string[];
	readonly output: readonly string[];
	/** Without the dot; default `mp4`. */
	readonly ending?: string;
};

const h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "2"];
const reordered = [...h264, "-x264-params", "b-adapt=0:keyint=25:scenecut=0:log-level=none"];
const copied = (from: string, ...output: readonly string[]): Recipe => ({
	encoders: ["libx264", "aac"],
	from,
	output: ["-map", "0:v?", "-map", "0:a?", "-c", "copy", ...output],
});

const recipes: Readonly<Record<string, Recipe>> = {
	"H.264 with B-frames and AAC": { encoders: ["libx264", "aac"], output: [...reordered, "-c:a", "aac"] },
	"H.264 with open GOPs and MP3": {
		encoders: ["libx264", "libmp3lame"],
		output: [...h264, "-x264-params", "open-gop=1:keyint=20:log-level=none", "-c:a", "libmp3lame"],
	},
	"HEVC and AC-3": {
		encoders: ["libx265", "ac3"],
		output: ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=25", "-c:a", "ac3"],
	},
	"AV1 and Opus": {
		encoders: ["libaom-av1", "libopus"],
		output: ["-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-g", "25", "-c:a", "libopus"],
	},
	"VP9 and FLAC": {
		encoders: ["libvpx-vp9", "flac"],
		output: ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "flac", "-strict", "-2"],
	},
	"E-AC-3 alone": { encoders: ["eac3"], output: ["-vn", "-c:a", "eac3"] },
	"two sounds": {
		encoders: ["libx264", "aac"],
		output: ["-map", "0", "-map", "1", "-map", "1", ...reordered, "-c:a", "aac", "-ar:a:1", "32000"],
	},
	"audio only": { encoders: ["aac"], output: ["-vn", "-c:a", "aac"], ending: "m4a" },
	QuickTime: { ...copied("H.264 with B-frames and AAC"), ending: "mov" },
	"QuickTime with MP3": { ...copied("H.264 with open GOPs and MP3"), ending: "mov" },
	"QuickTime with AC-3": { ...copied("HEVC and AC-3"), ending: "mov" },
	F4V: { ...copied("H.264 with B-frames and AAC"), ending: "f4v" },
	"3GPP": { ...copied("H.264 with B-frames and AAC"), ending: "3gp" },
	faststart: copied("H.264 with B-frames and AAC", "-movflags", "+faststart"),
	"hint tracks": copied("H.264 with B-frames and AAC", "-movflags", "+rtphint"),
	"a time scale of 90000": copied("H.264 with B-frames and AAC", "-video_track_timescale", "90000"),
	"no edit lists": copied("H.264 with B-frames and AAC", "-use_editlist", "0"),
	"negative composition offsets": copied("H.264 with B-frames and AAC", "-movflags", "negative_cts_offsets"),
	"a cut between keyframes": { ...copied("H.264 with B-frames and AAC"), input: ["-ss", "1.03"] },
	"a cut of sound": { ...copied("audio only"), input: ["-ss", "1.234"], ending: "m4a" },
	fragmented: copied("H.264 with B-frames and AAC", "-movflags", "frag_keyframe+empty_moov"),
	"fragmented with edit lists": copied("H.264 with B-frames and AAC", "-movflags", "frag_keyframe+delay_moov"),
	"fragmented, bases at the moof": copied(
		"H.264 with B-frames and AAC",
		...["-frag_duration", "300000", "-movflags", "empty_moov+default_base_moof"],
	),
	"fragmented, a moof for each track": copied(
		"H.264 with B-frames and AAC",
		...["-movflags", "frag_keyframe+separate_moof+omit_tfhd_offset+delay_moov"],
	),
	DASH: copied("H.264 with B-frames and AAC", "-movflags", "dash"),
	CMAF: copied("H.264 with B-frames and AAC", "-movflags", "cmaf"),
	"fragmented HEVC": copied("HEVC and AC-3", "-movflags", "frag_keyframe+delay_moov"),
};

/** What ffmpeg 5 writes into FLV, and so can be asked how it lays sound beside pictures. */
const legacy = Object.keys(recipes).filter(name => !/HEVC|AV1|VP9|AC-3/.test(name));

const dir = new TempDir("mp4-reader");
const made = new Map<string, Promise<string>>();

afterAll(async () => {
	await closeAllPrograms();
	removeTempDirs();
});

describe("every packet of a file, with its times, as ffprobe sees it", () => {
	test.for(Object.keys(recipes))("%s", async (name, context) => {
		await needEncoders(context, ...recipes[name]!.encoders);
		const path = await make(name);
		const played = await play(path);
		expect(played.length).toBeGreaterThan(40);
		mustEqual(await probe(path), played);
	});

	test("the second sound, where it is asked for", async context => {
		await needEncoders(context, "libx264", "aac");
		const path = await make("two sounds");
		mustEqual(await probe(path), await play(path, 2), 2);
	});

	const edits: readonly (readonly [
		string,
		readonly [number, number] | undefined,
		readonly [number, number] | undefined,
	])[] = [
		["sound primed as Apple's encoder does it", undefined, [2900, 2112]],
		["an end before that of the samples", [1500, 1024], [1500, 1024]],
		["a start between pictures and between keyframes", [1200, 1024 + 12_800 + 700], [1200, 44_100 + 500]],
		["an edit list that keeps the delay of reordering", [3000, 0], [3000, 0]],
	];
	test.for(edits)("%s", async ([name, video, audio], context) => {
		await needEncoders(context, "libx264", "aac");
		const path = dir.file(`${name.replaceAll(" ", "-")}.mp4`);
		const bytes = await readFile(await make("H.264 with B-frames and AAC"));
		writeEdit(bytes, 0, video);
		writeEdit(bytes, 1, audio);
		await writeFile(path, bytes);
		mustEqual(await probe(path), await play(path));
	});
});

describe("sound beside pictures where ffmpeg puts them in FLV", () => {
	const delays: readonly (readonly [string, readonly string[]])[] = [
		["late sound", ["0:v", "1:a"]],
		["late pictures", ["1:v", "0:a"]],
	];
	test.for(delays)("%s", async ([name, [video, audio]], context) => {
		await needEncoders(context, "libx264", "aac");
		for (const movflags of ["faststart", "frag_keyframe+delay_moov"]) {
			const source = await make("H.264 with B-frames and AAC");
			const path = dir.file(`${name.replaceAll(" ", "-")}-${movflags}.mp4`);
			const inputs = ["-i", source, "-itsoffset", "0.7", "-i", source];
			await ffmpeg(...inputs, "-map", video!, "-map", audio!, "-c", "copy", "-movflags", movflags, path);
			await mustEqualFlv(path);
		}
	});

	test.for(legacy)("%s", async (name, context) => {
		await needEncoders(context, ...recipes[name]!.encoders);
		await mustEqualFlv(await make(name));
	});
});

/** Makes a file once, and what it is copied from. */
function make(name: string): Promise<string> {
	let making = made.get(name);
	if (making === undefined) {
		making = makeNow(name);
		made.set(name, making);
	}
	return making;
}

async function makeNow(name: string): Promise<string> {
	const { from, input = [], output, ending = "mp4" } = recipes[name]!;
	const path = dir.file(`${name.replaceAll(/\W+/g, "-")}.${ending}`);
	const inputs =
		from === undefined
			? [
					...["-f", "lavfi", "-i", "testsrc2=s=160x120:r=30000/1001:d=3"],
					...["-f", "lavfi", "-i", "sine=f=440:d=3:r=44100,aformat=channel_layouts=stereo"],
				]
			: [...input, "-i", await make(from)];
	await ffmpeg(...inputs, ...output, path);
	return path;
}

async function ffmpeg(...args: readonly string[]): Promise<void> {
	await runProgram("ffmpeg", ["-v", "error", "-y", "-threads", "2", ...args]);
}

/** Overwrites the only entry of a track's edit list: its duration in milliseconds, and where it begins in the track. */
function writeEdit(file: Buffer, track: number, edit: readonly [number, number] | undefined): void {
	let at = -1;
	for (let list = 0; list <= track; list++) at = file.indexOf("elst", at + 1);
	expect(file.readUInt32BE(at + 8)).toBe(1);
	if (edit === undefined) return;
	file.writeUInt32BE(edit[0], at + 12);
	file.writeInt32BE(edit[1], at + 16);
}

/** Everything that a cursor gives of a file, as packets. */
async function play(path: string, audioTrack?: number): Promise<MediaPacket[]> {
	const handle = await open(path);
	try {
		const source = await fileSource(handle);
		const movie = await openMovie(source, audioTrack === undefined ? {} : { audioTrack });
		const cursor = movie.cursor();
		const packets: MediaPacket[] = [];
		for (;;) {
			const messages = await cursor.read(30_000);
			if (messages.length === 0) return packets;
			packets.push(...messages.filter(message => !message.isConfiguration).map(packetOf));
		}
	} finally {
		await handle.close();
	}
}

async function fileSource(handle: FileHandle): Promise<ByteSource> {
	const { size } = await handle.stat();
	return {
		size,
		async read(offset, length) {
			const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, offset);
			return buffer.subarray(0, bytesRead);
		},
	};
}

function packetOf(message: MediaMessage): MediaPacket {
	const tag = message.isVideo ? parseVideoTag(message.payload) : parseAudioTag(message.payload);
	const { body, compositionTime } = tag!.tracks[0]!;
	return {
		kind: message.isVideo ? "video" : "audio",
		dts: message.timestamp,
		pts: message.timestamp + compositionTime,
		isKey: message.isVideo ? message.isKeyframe : true,
		size: body.length,
		hash: createHash("sha256").update(body).digest("hex"),
	};
}

/** A packet as ffprobe sees it. */
type ProbedPacket = MediaPacket & {
	readonly stream: number;
	/** It is decoded, but not shown: it lies outside of the edit. */
	readonly isDiscarded: boolean;
};

/** The first video stream and all sound, with times rounded from ffprobe's exact ones. */
async function probe(path: string): Promise<ProbedPacket[]> {
	const args = ["-v", "error", "-show_packets", "-show_streams", "-show_data_hash", "sha256", "-of", "json", path];
	const { stdout } = await runProgram("ffprobe", args, { keepBytes: 64_000_000 });
	const { streams, packets } = JSON.parse(stdout) as {
		streams: { time_base: string }[];
		packets: {
			codec_type: string;
			stream_index: number;
			pts: number;
			dts: number;
			flags: string;
			size: string;
			data_hash: string;
		}[];
	};
	const millis = (ticks: number, stream: number) => {
		const [numerator = 0, denominator = 1] = streams[stream]!.time_base.split("/").map(Number);
		// Halves go away from zero, as in ffmpeg's own conversions.
		const exact = (Math.abs(ticks) * 1000 * numerator) / denominator;
		return Math.sign(ticks) * Math.floor(exact + 0.5);
	};
	return packets
		.filter(packet => packet.codec_type === "video" || packet.codec_type === "audio")
		.map(packet => ({
			kind: packet.codec_type as "video" | "audio",
			stream: packet.stream_index,
			dts: millis(packet.dts, packet.stream_index),
			pts: millis(packet.pts, packet.stream_index),
			isKey: packet.flags.includes("K"),
			isDiscarded: packet.flags.includes("D"),
			size: Number(packet.size),
			hash: packet.data_hash.replace(/^SHA256:/i, ""),
		}));
}

/**
 * Asserts that the packets are those of ffprobe with the same times, at one distance for pictures and sound. Only
 * packets that ffprobe would not show may be missing, in front and at the end. `sound` is the number of the sound.
 */
function mustEqual(reference: readonly ProbedPacket[], played: readonly MediaPacket[], sound = 1): void {
	const offsets = new Set<number>();
	for (const kind of ["video", "audio"] as const) {
		const ours = played.filter(packet => packet.kind === kind);
		const streams = new Set(reference.filter(packet => packet.kind === kind).map(packet => packet.stream));
		const stream = [...streams].sort((a, b) => a - b)[kind === "audio" ? sound - 1 : 0];
		const theirs = reference.filter(packet => packet.stream === stream);
		expect(ours.length > 0, kind).toBe(theirs.length > 0);
		if (ours.length === 0) continue;
		const skipped = theirs.findIndex(packet => packet.hash === ours[0]!.hash);
		expect(skipped, `the first of ${kind}`).toBeGreaterThanOrEqual(0);
		const offset = ours[0]!.dts - theirs[skipped]!.dts;
		offsets.add(offset);
		const missing = [...theirs.slice(0, skipped), ...theirs.slice(skipped + ours.length)];
		expect(missing.filter(packet => !packet.isDiscarded)).toEqual([]);
		const expected = theirs.slice(skipped, skipped + ours.length).map(packet => ({
			kind,
			dts: packet.dts + offset,
			pts: packet.pts + offset,
			isKey: packet.isKey,
			size: packet.size,
			hash: packet.hash,
		}));
		expect(ours).toEqual(expected);
	}
	expect(offsets.size, "sound and pictures are at the same distance").toBe(1);
	expect(played[0]!.dts).toBe(0);
}

/** ffmpeg takes the file's start away before it rounds, and we after: that is a millisecond at most. */
async function mustEqualFlv(path: string): Promise<void> {
	const flv = `${path}.flv`;
	await ffmpeg("-i", path, "-c", "copy", flv);
	const played = await play(path);
	for (const { offsetMillis } of comparePackets(await probePackets(flv), played, {
		toleranceMillis: 1,
		skewMillis: 1,
	})) {
		expect(Math.abs(offsetMillis)).toBeLessThanOrEqual(1);
	}
}
