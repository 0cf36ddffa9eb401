import { deflateSync, inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type SwfDecompressors, swfIdentity } from "./swf-file.ts";
import {
	decodeSwfAnswer,
	encodeSwfAnswer,
	encodeSwfRequest,
	isKnownSwfRequest,
	provesSwf,
} from "./swf-verification.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");

const decompressors: SwfDecompressors = {
	inflate: (data, limit) => inflateSync(data, { maxOutputLength: limit }),
	lzma: data => {
		expect(hex(data.subarray(0, 5))).toBe("5d00000100");
		return plain.subarray(8);
	},
};
const identityOf = (file: Uint8Array, limit = 1_000_000) => swfIdentity(file, decompressors, limit);

// Computed by an independent program.
const plain = bytes("4657530a1f0000007800055f00000fa000000c010044110800000040000000");
const HASH = "804d54ba319ca26acb21cf3e0b53cf37e81fb4b4594011d42a45f0cbb87643ef";
const KEY = bytes("6b7885929facb9c6d3e0edfa0714212e3b4855626f7c8996a3b0bdcad7e4f1fe");
const ANSWER = "001b01010000001f0000001ff33eb2e76127862f935a3bee93301b28538353dc71aa9679f977bbd66e2f40ba";

/** The same file, compressed. */
function compressed(signature: string, body: Uint8Array): Uint8Array {
	return Uint8Array.from([...Buffer.from(signature, "latin1"), ...plain.subarray(3, 8), ...body]);
}

describe("the identity of a SWF file", () => {
	const zlib = compressed("CWS", deflateSync(plain.subarray(8)));
	const lzma = compressed("ZWS", bytes(`100000005d00000100${"00".repeat(16)}`));

	test.each([
		["plain", plain],
		["with zlib", zlib],
		["with LZMA", lzma],
	])("is the same %s", (_name, file) => {
		const { hash, size } = identityOf(file);
		expect([hex(hash), size]).toEqual([HASH, 31]);
	});

	test("counts the bytes that are there, as librtmp does, whatever the header says", () => {
		const longer = Uint8Array.from([...plain, 1, 2, 3]);
		expect(identityOf(longer).size).toBe(34);
		expect(hex(identityOf(longer).hash)).not.toBe(HASH);
	});

	test("does not exist for anything else, and for broken or huge files", () => {
		for (let length = 0; length < 8; length++) {
			expect(() => identityOf(plain.subarray(0, length))).toThrow(expect.objectContaining({ code: "FILE_INVALID" }));
		}
		expect(() => identityOf(bytes(`474946${"00".repeat(20)}`))).toThrow(
			expect.objectContaining({ code: "FILE_INVALID" }),
		);
		for (let length = 8; length < zlib.length; length++) {
			expect(() => identityOf(zlib.subarray(0, length))).toThrow(expect.objectContaining({ code: "FILE_INVALID" }));
		}
		expect(() => identityOf(plain, 30)).toThrow(expect.objectContaining({ code: "FILE_TOO_COMPLEX" }));
		const bomb = compressed("CWS", deflateSync(new Uint8Array(2_000_000)));
		expect(() => identityOf(bomb)).toThrow(expect.objectContaining({ code: "FILE_INVALID" }));
	});
});

describe("SWF verification", () => {
	const swf = { hash: bytes(HASH), size: 31 };

	test("is asked for in version 1", () => {
		expect(hex(encodeSwfRequest())).toBe("001a01");
		expect([encodeSwfRequest(), bytes("001a"), bytes("001a02")].map(isKnownSwfRequest)).toEqual([true, true, false]);
	});

	test("is answered with the published bytes, which prove the file", () => {
		const payload = encodeSwfAnswer(swf, KEY);
		expect(hex(payload)).toBe(ANSWER);
		const answer = decodeSwfAnswer(payload)!;
		expect([answer.size, answer.hashedBytes]).toEqual([31, 31]);
		expect(provesSwf(answer, swf, KEY)).toBe(true);
	});

	test("proves nothing with another size, token, file or connection", () => {
		const answer = decodeSwfAnswer(bytes(ANSWER))!;
		expect(provesSwf({ ...answer, size: 32 }, swf, KEY)).toBe(false);
		expect(provesSwf({ ...answer, token: KEY }, swf, KEY)).toBe(false);
		expect(provesSwf(answer, { ...swf, hash: KEY }, KEY)).toBe(false);
		expect(provesSwf(answer, swf, swf.hash)).toBe(false);
	});

	test("takes no answer that is cut, longer or of another version", () => {
		const payload = bytes(ANSWER);
		for (let length = 0; length < payload.length; length++) {
			expect(decodeSwfAnswer(payload.subarray(0, length))).toBeUndefined();
		}
		expect(decodeSwfAnswer(bytes(`${ANSWER}00`))).toBeUndefined();
		expect(decodeSwfAnswer(bytes(ANSWER.replace("001b01", "001b02")))).toBeUndefined();
		expect(decodeSwfAnswer(bytes(ANSWER.replace("001b", "001c")))).toBeUndefined();
	});
});
