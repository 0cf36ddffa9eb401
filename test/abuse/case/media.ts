import { encodeValues } from "@millrace/core/amf";
import { MEDIA_AUDIO, MEDIA_DATA, MEDIA_VIDEO, type MediaType } from "@millrace/core/flv";
import type { AbuseCase } from "../abuse-case.ts";
import { join, u16, u32 } from "../bytes.ts";
import type { RawClient } from "../raw-client.ts";

/** Messages that a publisher sends; each with its time in milliseconds. */
type Sent = readonly [type: MediaType, timestamp: number, payload: Uint8Array];

/** A publisher of such messages, which are passed on as they are: content is the players' business. */
function passedOn(row: number, behaviour: string, messages: () => readonly Sent[]): AbuseCase {
	return {
		row,
		behaviour,
		stage: "publishing",
		outcome: "served",
		attack: client => Buffer.concat(messages().map(message => framed(client, message))),
	};
}

function framed(client: RawClient, [type, timestamp, payload]: Sent): Uint8Array {
	return client.message(type, payload, 1, timestamp, 4 + (type & 3));
}

const AVC_KEY = join(0x17, 1, [0, 0, 0], u32(4), [0x65, 1, 2, 3]);
const AVC_INTER = join(0x27, 1, [0, 0, 0], u32(4), [0x41, 1, 2, 3]);

/** An AVC configuration with one SPS and one PPS. */
export function avcConfiguration(sps: Uint8Array): Uint8Array {
	return join(0x17, 0, [0, 0, 0], 1, sps.subarray(1, 4), 0xff, 0xe1, u16(sps.length), sps, 1, u16(2), [0x68, 0xce]);
}

/** An SPS (baseline) of a picture of 65,536 by 65,536: 4,096 macroblocks each way, in Exp-Golomb code. */
const HUGE_SPS = spsOf(4096, 4096);
const SMALL_SPS = spsOf(40, 30);

const fourCC = (text: string): Uint8Array => join(text);
/** An Enhanced RTMP video head: packet type and FourCC. */
const enhanced = (packetType: number, code: string, ...rest: readonly (number | Uint8Array | number[])[]): Uint8Array =>
	join(0x90 | packetType, fourCC(code), ...rest);

/** Offenders among publishers: rows 48 and 49, and those of 50 and 51 that need no other client. */
export const mediaCases: readonly AbuseCase[] = [
	passedOn(48, "frames before any configuration are passed on", () => [
		[MEDIA_VIDEO, 0, AVC_KEY],
		[MEDIA_AUDIO, 0, join(0xaf, 1, [1, 2, 3])],
		[MEDIA_VIDEO, 40, AVC_INTER],
	]),
	passedOn(48, "a configuration that changes its size with every keyframe is passed on", () =>
		Array.from({ length: 40 }, (_, i): Sent[] => [
			[MEDIA_VIDEO, i * 20, avcConfiguration(i % 2 === 0 ? SMALL_SPS : HUGE_SPS)],
			[MEDIA_VIDEO, i * 20, AVC_KEY],
			[MEDIA_VIDEO, i * 20 + 10, AVC_INTER],
		]).flat(),
	),
	passedOn(48, "configurations whose counts go beyond their data, and empty ones, are passed on", () => [
		[MEDIA_VIDEO, 0, join(0x17, 0, [0, 0, 0], [1, 0x42, 0, 30, 0xff, 0xff])],
		[MEDIA_VIDEO, 0, join(0x17, 0, [0, 0, 0], [1, 0x42, 0, 30, 0xff, 0xe1, 0xff, 0xff, 0x67])],
		[MEDIA_VIDEO, 0, enhanced(0, "hvc1", new Uint8Array(22).fill(0xff), 0xff, [0xff, 0xff, 0xff])],
		[MEDIA_VIDEO, 0, enhanced(0, "av01", [0x81, 0xff, 0xff, 0xff, 0x0a, 0xff, 0xff, 0xff, 0xff])],
		[MEDIA_VIDEO, 0, enhanced(0, "vp09")],
		[MEDIA_AUDIO, 0, join(0xaf, 0)],
		[MEDIA_AUDIO, 0, join(0xaf, 0, [0xff, 0xff, 0xff, 0xff])],
		[MEDIA_AUDIO, 0, new Uint8Array(0)],
		[MEDIA_VIDEO, 0, new Uint8Array(0)],
		...Array.from({ length: 14 }, (_, i): Sent => [MEDIA_VIDEO, i, i % 2 ? AVC_INTER : AVC_KEY]),
	]),
	passedOn(49, "unknown FourCCs and packet types are passed on", () => [
		...Array.from({ length: 16 }, (_, type): Sent => [MEDIA_VIDEO, type, enhanced(type, "zzzz", [1, 2, 3])]),
		...Array.from({ length: 16 }, (_, type): Sent => [MEDIA_AUDIO, type, join(0x90 | type, "zzzz", [1, 2, 3])]),
		...Array.from({ length: 128 }, (_, head): Sent => [MEDIA_VIDEO, 20, Uint8Array.of(head, 1)]),
		...Array.from({ length: 256 }, (_, head): Sent => [MEDIA_AUDIO, 20, Uint8Array.of(head)]),
	]),
	passedOn(49, "256 tracks and their configurations are passed on", () =>
		Array.from({ length: 256 }, (_, track): Sent[] => [
			[MEDIA_VIDEO, 0, join(0x96, 0x00, "avc1", track, avcConfiguration(SMALL_SPS).subarray(5))],
			[MEDIA_VIDEO, track, join(0x96, 0x01, "avc1", track, [0, 0, 0, 0, 0, 0, 1, 0x65])],
			[MEDIA_VIDEO, track, join(0x96, 0x11, "avc1", track, [0xff, 0xff, 0xff, 1], track)],
		]).flat(),
	),
	passedOn(49, "chains of ModEx that never end, and command frames, are passed on", () => [
		[MEDIA_VIDEO, 0, new Uint8Array(3000).fill(0x97)],
		[MEDIA_VIDEO, 0, join(0x97, Array.from({ length: 1000 }, () => [0, 0, 7]).flat())],
		[MEDIA_AUDIO, 0, join(0x97, Array.from({ length: 1000 }, () => [0, 0, 7]).flat())],
		[MEDIA_VIDEO, 0, join(0x97, 0xff, u16(0xffff), 1)],
		[MEDIA_VIDEO, 0, join(0xd0, "avc1", 0)],
		[MEDIA_VIDEO, 0, Uint8Array.of(0x57, 0)],
		[MEDIA_VIDEO, 0, Uint8Array.of(0x97)],
	]),
	passedOn(51, "10 MB of onMetaData are passed on and not kept", () => [
		[MEDIA_DATA, 0, encodeValues(["@setDataFrame", "onMetaData", { a: "x".repeat(10_000_000) }], 0)],
	]),
	passedOn(51, "data messages that are no AMF are passed on", () => [
		[MEDIA_DATA, 0, new Uint8Array(1000).fill(0xff)],
		[MEDIA_DATA, 0, new Uint8Array(0)],
		[MEDIA_DATA, 0, join(2, u16(0xffff), "short")],
		[MEDIA_DATA, 0, join(2, u16(13), "@setDataFrame")],
		[MEDIA_DATA, 0, join(2, u16(15), "@clearDataFrame", 5)],
		[15, 0, join(0, 2, u16(13), "@setDataFrame", 2, u16(1), "x", 0x11, [9, 0xff, 0xff])],
	]),
];

/** A baseline SPS of a picture of so many macroblocks. */
function spsOf(width: number, height: number): Uint8Array {
	let bits = "";
	const ue = (value: number): void => {
		const code = (value + 1).toString(2);
		bits += "0".repeat(code.length - 1) + code;
	};
	for (const value of [0, 0, 0, 0, 1]) ue(value);
	bits += "0";
	ue(width - 1);
	ue(height - 1);
	bits += "11001";
	while (bits.length % 8 !== 0) bits += "0";
	const bytes = Array.from({ length: bits.length / 8 }, (_, i) => Number.parseInt(bits.slice(i * 8, i * 8 + 8), 2));
	return join(0x67, 0x42, 0xc0, 30, bytes);
}
