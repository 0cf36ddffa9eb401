import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UsageError } from "../fault/index.ts";
import { Sha256, sha256 } from "./sha256.ts";

const ascii = (text: string) => new TextEncoder().encode(text);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const oracle = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

// The examples of FIPS 180-2 appendix B, which FIPS 180-4 points at, and NIST's extra ones.
const vectors: [string, Uint8Array, string][] = [
	["the empty message", ascii(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
	["one block", ascii("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
	[
		"two blocks",
		ascii("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
	],
	[
		"a million letters",
		new Uint8Array(1_000_000).fill(0x61),
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
	],
	["the byte bd", new Uint8Array([0xbd]), "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"],
	["55 zeros", new Uint8Array(55), "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"],
	["56 zeros", new Uint8Array(56), "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"],
	["64 zeros", new Uint8Array(64), "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"],
];

describe("sha256", () => {
	test.each(vectors)("gives the published digest of %s", (_name, message, expected) => {
		expect(hex(sha256(message))).toBe(expected);
	});

	test("agrees with the platform at every length around the block borders", () => {
		for (let length = 0; length <= 260; length++) {
			const message = Uint8Array.from({ length }, (_, index) => index * 31 + length);
			expect(hex(sha256(message))).toBe(oracle(message));
		}
	});

	test("gives the same digest however the message is cut", () => {
		fc.assert(
			fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), pieces => {
				const hash = new Sha256();
				for (const piece of pieces) hash.update(piece);
				expect(hex(hash.digest())).toBe(oracle(Buffer.concat(pieces)));
			}),
		);
	});

	test("reads a view that begins inside its buffer", () => {
		const whole = Uint8Array.from({ length: 300 }, (_, index) => index);
		expect(hex(sha256(whole.subarray(7, 201)))).toBe(oracle(whole.slice(7, 201)));
	});

	test("refuses to go on after the digest", () => {
		const hash = new Sha256();
		hash.digest();
		expect(() => hash.update(ascii("more"))).toThrow(UsageError);
		expect(() => hash.digest()).toThrow(UsageError);
	});
});
