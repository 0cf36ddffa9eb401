import { readFileSync } from "node:fs";
import { type BuiltTag, buildFlvFile, metadataBody } from "./flv-file-builder.ts";
import { runProgram } from "./program.ts";

/**
 * Makes an FLV file with Enhanced RTMP video tags (v1, §"Enhanced Video") from an MP4 file with HEVC (`hvc1`) or AV1
 * and, at choice, AAC-LC: samples and configuration records are taken out of the MP4 as they are, the tags are written
 * here, so that the file owes nothing to the code under test. Sound becomes ordinary AAC tags. Throws when the MP4 has
 * no configuration record.
 */
export async function buildEnhancedFlv(mp4Path: string, codec: "hevc" | "av1"): Promise<Buffer> {
	const mp4 = readFileSync(mp4Path);
	const fourCc = codec === "hevc" ? "hvc1" : "av01";
	const samples = await probeSamples(mp4Path);
	const first = Math.min(...samples.map(sample => sample.dtsMillis));
	const tags: BuiltTag[] = [
		{
			type: 18,
			timestamp: 0,
			body: metadataBody({ width: 320, height: 240, videocodecid: Buffer.from(fourCc).readUInt32BE() }),
		},
		{ type: 9, timestamp: 0, body: videoBody(0, true, fourCc, boxBody(mp4, codec === "hevc" ? "hvcC" : "av1C")) },
	];
	if (samples.some(sample => sample.kind === "audio")) {
		tags.push({ type: 8, timestamp: 0, body: Buffer.from([0xaf, 0, ...AAC_LC_44100_MONO]) });
	}
	for (const sample of samples.toSorted((a, b) => a.dtsMillis - b.dtsMillis)) {
		const data = mp4.subarray(sample.position, sample.position + sample.size);
		const timestamp = sample.dtsMillis - first;
		if (sample.kind === "audio") {
			tags.push({ type: 8, timestamp, body: Buffer.concat([Buffer.from([0xaf, 1]), data]) });
			continue;
		}
		// CodedFramesX (3) has no composition time; AV1's CodedFrames (1) has none either.
		const shift = sample.ptsMillis - sample.dtsMillis;
		const packetType = codec === "hevc" && shift === 0 ? 3 : 1;
		const composition = codec === "hevc" && packetType === 1 ? int24(shift) : Buffer.alloc(0);
		tags.push({
			type: 9,
			timestamp,
			body: videoBody(packetType, sample.isKey, fourCc, Buffer.concat([composition, data])),
		});
	}
	return buildFlvFile(tags);
}

/** AudioSpecificConfig: object type 2, 44,100 Hz, one channel. */
const AAC_LC_44100_MONO = [0x12, 0x08];

type Sample = {
	readonly kind: "video" | "audio";
	readonly dtsMillis: number;
	readonly ptsMillis: number;
	readonly isKey: boolean;
	readonly position: number;
	readonly size: number;
};

async function probeSamples(path: string): Promise<Sample[]> {
	const entries = "packet=codec_type,pts_time,dts_time,flags,size,pos";
	const { stdout } = await runProgram("ffprobe", ["-v", "error", "-show_entries", entries, "-of", "json", path], {
		keepBytes: 64_000_000,
	});
	const { packets } = JSON.parse(stdout) as { packets: Record<string, string>[] };
	return packets.map(packet => ({
		kind: packet["codec_type"] === "audio" ? "audio" : "video",
		dtsMillis: Math.round(Number(packet["dts_time"]) * 1000),
		ptsMillis: Math.round(Number(packet["pts_time"]) * 1000),
		isKey: packet["flags"]!.includes("K"),
		position: Number(packet["pos"]),
		size: Number(packet["size"]),
	}));
}

/** Extended header: bit 7, frame type, packet type, FourCC. */
function videoBody(packetType: number, isKey: boolean, fourCc: string, data: Buffer): Buffer {
	return Buffer.concat([Buffer.from([0x80 | ((isKey ? 1 : 2) << 4) | packetType]), Buffer.from(fourCc), data]);
}

/** The content of the first box of this type: its name is looked for, and the size before it is believed if it fits. */
function boxBody(mp4: Buffer, type: string): Buffer {
	for (let at = mp4.indexOf(type); at >= 4; at = mp4.indexOf(type, at + 1)) {
		const size = mp4.readUInt32BE(at - 4);
		// Configuration records of both codecs begin with version 1 (AV1: with a marker bit before it).
		const version = mp4[at + 4];
		if (size > 12 && at - 4 + size <= mp4.length && (version === 1 || version === 0x81)) {
			return mp4.subarray(at + 4, at - 4 + size);
		}
	}
	throw new Error(`the MP4 file has no ${type} box`);
}

function int24(value: number): Buffer {
	const bytes = Buffer.alloc(3);
	bytes.writeIntBE(value, 0, 3);
	return bytes;
}
