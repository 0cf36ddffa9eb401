import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PeerError } from "../fault/index.ts";
import { type AudioTag, parseAudioTag, parseChannelPlan } from "./audio-tag.ts";
import {
	FLAG_EMPTY,
	FLAG_ENHANCED,
	FLAG_KEYFRAME,
	MEDIA_AUDIO,
	MEDIA_DATA,
	MEDIA_VIDEO,
	MediaMessage,
	type MediaType,
	mediaFlags,
} from "./media-message.ts";
import { audioTagCases, type MediaTagCase, videoTagCases } from "./media-tag-case.ts";
import { parseVideoTag, type VideoTag } from "./video-tag.ts";

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hexOf = (body: Uint8Array) => Buffer.from(body).toString("hex");

const tables: {
	kind: "video" | "audio";
	type: MediaType;
	parse: (payload: Uint8Array) => VideoTag | AudioTag | undefined;
	cases: (MediaTagCase<VideoTag> | MediaTagCase<AudioTag>)[];
}[] = [
	{ kind: "video", type: MEDIA_VIDEO, parse: parseVideoTag, cases: videoTagCases },
	{ kind: "audio", type: MEDIA_AUDIO, parse: parseAudioTag, cases: audioTagCases },
];

describe.each(tables)("the head of a message of $kind", ({ kind, type, parse, cases }) => {
	test.each(cases)("is read: $name", ({ hex, tag, tracks, flags }) => {
		const payload = bytes(hex);
		const found = parse(payload)!;
		expect(found).toMatchObject(tag);
		expect(found.isEnhanced).toBe((flags & FLAG_ENHANCED) !== 0);
		const foundTracks = found.tracks.map(track => [
			track.trackId,
			track.codec,
			track.compositionTime,
			hexOf(track.body),
		]);
		expect(foundTracks).toEqual(tracks);
		// The message's flags are read by a quicker way and must say the same.
		expect(new MediaMessage(type, 0, payload).flags).toBe(flags);
	});

	test.each(cases)("is refused when it is cut: $name", ({ hex, needs, tracks }) => {
		const whole = bytes(hex);
		for (let length = 1; length < needs; length++) {
			// A cut between two tracks leaves a message of fewer tracks, which is whole.
			const cut = whole.subarray(0, length);
			let found: VideoTag | AudioTag | undefined;
			try {
				found = parse(cut);
			} catch (fault) {
				expect(fault).toBeInstanceOf(PeerError);
				continue;
			}
			expect([length, found!.tracks.length < tracks.length]).toEqual([length, true]);
		}
		expect(parse(whole.subarray(0, needs))).toBeDefined();
	});

	test("is nothing where the message is empty, which is no fault", () => {
		expect(parse(new Uint8Array(0))).toBeUndefined();
		expect(mediaFlags(type, new Uint8Array(0))).toBe(FLAG_EMPTY);
	});

	test("is refused when tracks are longer than the message or too many", () => {
		const many = kind === "video" ? "96 13 61766331" : "95 11 6d703461";
		expect(() => parse(bytes(`${many} 00 000005 deadbeef`))).toThrow(PeerError);
		expect(parse(bytes(many + "00000000".repeat(256)))!.tracks).toHaveLength(256);
		expect(() => parse(bytes(many + "00000000".repeat(257)))).toThrow("256 tracks");
	});

	test("never throws anything but a fault of the peer, whatever the bytes are", () => {
		const first = kind === "video" ? fc.integer({ min: 0x80, max: 0xff }) : fc.integer({ min: 0x90, max: 0x9f });
		fc.assert(
			fc.property(fc.option(first), fc.uint8Array({ maxLength: 60 }), (head, tail) => {
				const payload = head === null ? tail : new Uint8Array([head, ...tail]);
				mediaFlags(type, payload);
				try {
					parse(payload);
				} catch (fault) {
					if (!(fault instanceof PeerError)) throw fault;
					expect(fault.code).toBe("MESSAGE_MALFORMED");
				}
			}),
			{ numRuns: 500 },
		);
	});
});

describe("a message", () => {
	test("tells its kind and keeps its payload and flags at another time", () => {
		const key = new MediaMessage(MEDIA_VIDEO, 40, bytes("17 01 000000"));
		expect([key.isVideo, key.isAudio, key.isKeyframe, key.isConfiguration]).toEqual([true, false, true, false]);
		const later = key.at(80);
		expect(later.payload).toBe(key.payload);
		expect([later.type, later.timestamp, later.flags]).toEqual([MEDIA_VIDEO, 80, FLAG_KEYFRAME]);
		const sound = new MediaMessage(MEDIA_AUDIO, 0, bytes("af 00 1210"));
		expect([sound.isVideo, sound.isAudio, sound.isKeyframe, sound.isConfiguration]).toEqual([false, true, false, true]);
		expect(new MediaMessage(MEDIA_DATA, 0, bytes("02 00")).flags).toBe(0);
	});
});

describe("the plan of the channels", () => {
	test.each([
		["01 06 0000003f", { order: "native", channels: 6, mask: 0x3f, places: undefined }],
		["02 02 00ff", { order: "custom", channels: 2, mask: undefined, places: bytes("00ff") }],
		["00 03", { order: "unspecified", channels: 3, mask: undefined, places: undefined }],
	])("is read: %s", (hex, plan) => {
		expect(parseChannelPlan(bytes(hex))).toEqual(plan);
		for (let length = 0; length < bytes(hex).length; length++) {
			expect(() => parseChannelPlan(bytes(hex).subarray(0, length))).toThrow(PeerError);
		}
	});
});
