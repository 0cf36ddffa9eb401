import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { MediaPacket } from "@millrace/testkit";

/** A file's tags as packets: type, timestamp and hash of the body, for codecs that ffprobe cannot read. */
export type FlvTags = {
	/** Coded frames, in the order of the file. */
	readonly frames: MediaPacket[];
	/** The hashes of the codec configurations ("sequence headers"), in the order of the file. */
	readonly configurations: { readonly video: string[]; readonly audio: string[] };
};

export type FlvTagOptions = {
	/**
	 * Frames are hashed without the head of their tags, as ffprobe does, and presented at their composition times: for
	 * HEVC and AV1 in extended headers, and AAC. Default false: the whole body counts, and no composition time.
	 */
	readonly codedData?: boolean;
};

/** Reads an FLV file by its definition alone (Adobe FLV 10.1, Annex E); it shares nothing with the server's reader. */
export function readFlvTags(path: string, { codedData = false }: FlvTagOptions = {}): FlvTags {
	const file = readFileSync(path);
	if (file.toString("latin1", 0, 3) !== "FLV") throw new Error(`${path} is not an FLV file (${file.length} bytes)`);
	const frames: MediaPacket[] = [];
	const configurations = { video: [] as string[], audio: [] as string[] };
	for (let at = file.readUInt32BE(5) + 4; at + 11 <= file.length; ) {
		const type = file[at]! & 31;
		const size = file.readUIntBE(at + 1, 3);
		const timestamp = file[at + 7]! * 0x1000000 + file.readUIntBE(at + 4, 3);
		const body = file.subarray(at + 11, at + 11 + size);
		at += 11 + size + 4;
		if ((type !== 8 && type !== 9) || body.length < size || size === 0) continue;
		const kind = type === 9 ? "video" : "audio";
		const { data, shift } = codedData ? coded(kind, body) : { data: body, shift: 0 };
		const hash = createHash("sha256").update(data).digest("hex");
		const what = type === 9 ? videoTag(body) : audioTag(body);
		if (what === "configuration") configurations[kind].push(hash);
		else if (what !== "end") {
			frames.push({ kind, dts: timestamp, pts: timestamp + shift, isKey: what === "key", size: data.length, hash });
		}
	}
	return { frames, configurations };
}

function videoTag(body: Buffer): "configuration" | "key" | "inter" | "end" {
	const head = body[0]!;
	const isEnhanced = (head & 0x80) !== 0;
	const packetType = isEnhanced ? head & 15 : (head & 15) === 7 ? body[1] : undefined;
	if (packetType === 0) return "configuration";
	if (packetType === 2) return "end";
	return ((head >> 4) & 7) === 1 ? "key" : "inter";
}

function audioTag(body: Buffer): "configuration" | "key" {
	return body[0]! >> 4 === 10 && body[1] === 0 ? "configuration" : "key";
}

/** What a frame's tag carries, and its composition time in milliseconds (Enhanced RTMP v1, "Enhanced Video"). */
function coded(kind: "video" | "audio", body: Buffer): { readonly data: Buffer; readonly shift: number } {
	if (kind === "audio") return { data: body.subarray(2), shift: 0 };
	const hasShift = (body[0]! & 15) === 1 && body.toString("latin1", 1, 5) === "hvc1";
	if (!hasShift) return { data: body.subarray(5), shift: 0 };
	return { data: body.subarray(8), shift: body.readIntBE(5, 3) };
}
