import { describe, expect, test } from "vitest";
import { LimitError } from "../fault/index.ts";
import { flvHeader } from "./flv-header.ts";
import { flvTag, writeFlvTags } from "./flv-muxer.ts";
import { MEDIA_AUDIO, MEDIA_VIDEO, MediaMessage } from "./media-message.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

describe("writing FLV", () => {
	test("begins with the header of thirteen bytes", () => {
		expect(hex(flvHeader(true, true))).toBe("464c5601050000000900000000");
		expect(hex(flvHeader(true, false))).toBe("464c5601040000000900000000");
		expect(hex(flvHeader(false, true))).toBe("464c5601010000000900000000");
	});

	test("writes the tags of the format's examples", () => {
		expect(hex(flvTag(new MediaMessage(MEDIA_AUDIO, 1000, bytes("af0121"))))).toBe(
			"080000030003e800000000af01210000000e",
		);
		expect(hex(flvTag(new MediaMessage(MEDIA_VIDEO, 0x01020304, bytes("1702000000"))))).toBe(
			"0900000502030401000000170200000000000010",
		);
	});

	test("cuts times to 31 bits, which Flash reads as signed", () => {
		const timeOf = (timestamp: number) =>
			hex(flvTag(new MediaMessage(MEDIA_AUDIO, timestamp, bytes("af")))).slice(8, 16);
		expect(timeOf(0x7fff_ffff)).toBe("ffffff7f");
		expect(timeOf(0x8000_0001)).toBe("00000100");
		expect(timeOf(2 ** 32 + 5)).toBe("00000500");
	});

	test("joins a range of messages into one array of exactly its size", () => {
		const messages = [1, 2, 3, 4].map(size => new MediaMessage(MEDIA_AUDIO, size, new Uint8Array(size).fill(size)));
		const joined = writeFlvTags(messages, 1, 3);
		expect(hex(joined)).toBe(hex(flvTag(messages[1]!)) + hex(flvTag(messages[2]!)));
		expect(joined.buffer.byteLength).toBe(joined.length);
		expect(writeFlvTags([])).toHaveLength(0);
	});

	test("leaves out silence, which has no payload", () => {
		const silence = new MediaMessage(MEDIA_AUDIO, 5, new Uint8Array(0));
		const sound = new MediaMessage(MEDIA_AUDIO, 6, bytes("af01"));
		expect(flvTag(silence)).toHaveLength(0);
		expect(hex(writeFlvTags([silence, sound, silence]))).toBe(hex(flvTag(sound)));
	});

	test("refuses a payload whose size has more than 24 bits", () => {
		const flags = 0;
		expect(() => flvTag(new MediaMessage(MEDIA_VIDEO, 0, new Uint8Array(0x100_0000), flags))).toThrow(LimitError);
		expect(flvTag(new MediaMessage(MEDIA_VIDEO, 0, new Uint8Array(0xff_ffff), flags))).toHaveLength(0xff_ffff + 15);
	});
});
