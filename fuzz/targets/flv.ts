import { MillraceError } from "@millrace/core/fault";
import {
	codecFacts,
	FLAG_COMMAND,
	FLAG_CONFIGURATION,
	FLAG_EMPTY,
	FLAG_ENHANCED,
	FLAG_KEYFRAME,
	FLAG_METADATA,
	FLAG_SEQUENCE_END,
	FlvDemuxer,
	flvHeader,
	MEDIA_AUDIO,
	MEDIA_DATA,
	MEDIA_VIDEO,
	MediaMessage,
	type MediaType,
	parseAudioTag,
	parseData,
	parseVideoTag,
	recordedData,
	writeFlvTags,
} from "@millrace/core/flv";
import { audioTagCases, videoTagCases } from "../../packages/core/src/flv/media-tag-case.ts";

/**
 * FLV as a whole: however the input is cut, the same messages come out; they come back from muxing; and what reads
 * their heads and facts throws nothing but faults of the peer, and says the same as the messages' flags.
 */
export const target = {
	name: "flv",

	seeds(): Uint8Array[] {
		const video = videoTagCases.map(each => new MediaMessage(MEDIA_VIDEO, 40, bytesOf(each.hex)));
		const audio = audioTagCases.map(each => new MediaMessage(MEDIA_AUDIO, 23, bytesOf(each.hex)));
		const data = DATA.map(hex => new MediaMessage(MEDIA_DATA, 0, bytesOf(hex)));
		const configured = CONFIGURATIONS.map(([type, hex]) => new MediaMessage(type, 0, bytesOf(hex)));
		const all = [...data, ...video, ...audio, ...configured];
		const single = all.map(message => join(flvHeader(true, true), writeFlvTags([message])));
		return [...single, join(flvHeader(true, true), writeFlvTags(all)), flvHeader(false, false)];
	},

	run(input: Uint8Array): void {
		const isFlv = input[0] === 0x46 && input[1] === 0x4c && input[2] === 0x56;
		const file = isFlv ? input : join(flvHeader(true, true), input);
		for (const resync of [false, true]) {
			const whole = demux(file, file.length, resync);
			mustEqual(whole, demux(file, 1, resync), "byte by byte");
			mustEqual(whole, demux(file, 13, resync), "in pieces");
			if (resync) continue;
			mustEqual(whole, demux(join(flvHeader(true, true), writeFlvTags(whole)), 64, false), "after muxing");
			for (const message of whole) check(message);
			codecFacts(whole);
		}
	},
};

const DATA = [
	"02000d40736574446174614672616d6502000a6f6e4d65746144617461080000000100057769647468004074000000000000000009",
	"02000f40636c6561724461746146 72616d6502000a6f6e4d65746144617461",
	"0002000a6f6e4d65746144617461030000 09",
];
const CONFIGURATIONS: [MediaType, string][] = [
	[MEDIA_VIDEO, "170000000001640028ffe1001b67640028acd940780227e5c044000003000400000300f03c60c65801000668ebe3cb22c0"],
	[
		MEDIA_VIDEO,
		"90687663310102200000009000000000005df000fcfdfafa00000f0121000100294201010220000003009000000300000300" +
			"5da00280802d1365959a4932bc05a02000007d20000ea601",
	],
	[MEDIA_VIDEO, "906176303181010c000a0b0000000cc50b6936be4010"],
	[MEDIA_VIDEO, "907670303900 0b820202020000"],
	[MEDIA_AUDIO, "af00120856e500"],
	[MEDIA_AUDIO, "904f7075734f707573486561640102380180bb0000000000"],
];

function demux(file: Uint8Array, pieceBytes: number, resync: boolean): MediaMessage[] {
	const messages: MediaMessage[] = [];
	const demuxer = new FlvDemuxer({ onTag: message => messages.push(message) }, { resync, maxTagBytes: 1 << 20 });
	try {
		for (let at = 0; at < file.length; at += pieceBytes) demuxer.push(file.subarray(at, at + pieceBytes));
	} catch (error) {
		if (!(error instanceof MillraceError)) throw error;
	}
	if (demuxer.completeBytes > file.length) throw new Error("The demuxer took more bytes for whole than there are.");
	return messages;
}

function check(message: MediaMessage): void {
	recordedData(message);
	try {
		if (message.type === MEDIA_VIDEO) checkVideo(message);
		else if (message.type === MEDIA_AUDIO) parseAudioTag(message.payload);
		else parseData(message.payload, message.type);
	} catch (error) {
		if (!(error instanceof MillraceError)) throw error;
	}
}

/** The quick look and the whole parser agree wherever the head is whole. */
function checkVideo({ payload, flags }: MediaMessage): void {
	const tag = parseVideoTag(payload);
	if (tag === undefined || tag.packet === "reserved") return;
	const isKey = tag.packet === "frame" && (tag.frameType === 1 || tag.frameType === 4);
	const expected = (tag.isEnhanced ? FLAG_ENHANCED : 0) | (isKey ? FLAG_KEYFRAME : FLAG_OF_PACKET[tag.packet]);
	if ((flags & COMPARED) !== expected) throw new Error(`The flags are ${flags}, the tag says ${expected}.`);
}

const FLAG_OF_PACKET = {
	configuration: FLAG_CONFIGURATION,
	"mpeg2ts-configuration": FLAG_CONFIGURATION,
	frame: 0,
	end: FLAG_SEQUENCE_END,
	metadata: FLAG_METADATA,
	command: FLAG_COMMAND,
};
const COMPARED =
	FLAG_KEYFRAME | FLAG_CONFIGURATION | FLAG_METADATA | FLAG_SEQUENCE_END | FLAG_COMMAND | FLAG_ENHANCED | FLAG_EMPTY;

function mustEqual(expected: readonly MediaMessage[], actual: readonly MediaMessage[], how: string): void {
	const isEqual =
		expected.length === actual.length &&
		expected.every((message, index) => {
			const other = actual[index]!;
			if (message.type !== other.type || message.timestamp !== other.timestamp) return false;
			return (
				message.payload.length === other.payload.length &&
				message.payload.every((byte, at) => byte === other.payload[at])
			);
		});
	if (!isEqual) throw new Error(`${expected.length} messages became ${actual.length} others ${how}.`);
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
	const joined = new Uint8Array(a.length + b.length);
	joined.set(a);
	joined.set(b, a.length);
	return joined;
}

function bytesOf(hex: string): Uint8Array {
	const digits = hex.replaceAll(" ", "");
	return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
		Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16),
	);
}
