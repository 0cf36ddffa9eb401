import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UsageError } from "../fault/index.ts";
import { equalBytes, HmacSha256, hmacSha256 } from "./hmac.ts";

const ascii = (text: string) => new TextEncoder().encode(text);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

// RFC 4231 §4; case 5 is published truncated to 128 bits.
const vectors: [string, Uint8Array, Uint8Array, string][] = [
	[
		"4.2",
		new Uint8Array(20).fill(0x0b),
		ascii("Hi There"),
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
	],
	[
		"4.3",
		ascii("Jefe"),
		ascii("what do ya want for nothing?"),
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	],
	[
		"4.4",
		new Uint8Array(20).fill(0xaa),
		new Uint8Array(50).fill(0xdd),
		"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
	],
	[
		"4.5",
		Uint8Array.from({ length: 25 }, (_, index) => index + 1),
		new Uint8Array(50).fill(0xcd),
		"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
	],
	["4.6", new Uint8Array(20).fill(0x0c), ascii("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b"],
	[
		"4.7",
		new Uint8Array(131).fill(0xaa),
		ascii("Test Using Larger Than Block-Size Key - Hash Key First"),
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
	],
	[
		"4.8",
		new Uint8Array(131).fill(0xaa),
		ascii(
			"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
		),
		"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
	],
];

describe("hmacSha256", () => {
	test.each(vectors)("gives the code of RFC 4231 §%s", (_section, key, message, expected) => {
		expect(hex(hmacSha256(key, message)).slice(0, expected.length)).toBe(expected);
	});

	test("agrees with the platform for keys and messages of any length, in any pieces", () => {
		fc.assert(
			fc.property(
				fc.uint8Array({ maxLength: 150 }),
				fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }),
				(key, pieces) => {
					const hmac = new HmacSha256(key);
					for (const piece of pieces) hmac.update(piece);
					expect(hex(hmac.digest())).toBe(createHmac("sha256", key).update(Buffer.concat(pieces)).digest("hex"));
				},
			),
		);
	});

	test("leaves the key as it was", () => {
		const key = ascii("key");
		hmacSha256(key, ascii("message"));
		expect(key).toEqual(ascii("key"));
	});

	test("refuses to go on after the code", () => {
		const hmac = new HmacSha256(ascii("key"));
		hmac.digest();
		expect(() => hmac.update(ascii("more"))).toThrow(UsageError);
		expect(() => hmac.digest()).toThrow(UsageError);
	});
});

describe("equalBytes", () => {
	test("tells equal bytes from a difference in any bit or in length", () => {
		const bytes = ascii("digest");
		expect(equalBytes(bytes, ascii("digest"))).toBe(true);
		expect(equalBytes(bytes, bytes.subarray(1))).toBe(false);
		for (let bit = 0; bit < bytes.length * 8; bit++) {
			const other = bytes.slice();
			other[bit >> 3]! ^= 1 << (bit & 7);
			expect(equalBytes(bytes, other)).toBe(false);
		}
	});
});
