import { describe, expect, test } from "vitest";
import {
	type DigestScheme,
	digestOffset,
	findDigest,
	PLAYER_KEY,
	PLAYER_SIGNING_KEY,
	SERVER_KEY,
	SERVER_SIGNING_KEY,
	verifySignature,
	writeDigest,
	writeSignature,
} from "./handshake-digest.ts";
import { HANDSHAKE_PACKET_BYTES } from "./handshake-plain.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Byte i is (step · i + start) mod 256; then zero time and the version, where one is given. */
function pattern(step: number, start: number, version?: string): Uint8Array {
	const packet = Uint8Array.from({ length: HANDSHAKE_PACKET_BYTES }, (_, index) => step * index + start);
	if (version !== undefined) packet.set(Buffer.from(`00000000${version}`, "hex"));
	return packet;
}

const c1 = () => pattern(7, 11, "80000702");
const s1 = () => pattern(13, 11, "04050101");

// Computed by an independent program.
const vectors: { scheme: DigestScheme; c1At: number; c1: string; s2: string; s1At: number; s1: string; c2: string }[] =
	[
		{
			scheme: "D8",
			c1At: 322,
			c1: "cfb5a54c460fd3af022b754c85e75f2568f8b2be2a7159ccdee4d00c6f61b454",
			s2: "575699eee98e716d91b26093b07aea16228297d89ad1f06f8fb9a8b40287e26a",
			s1At: 550,
			s1: "e1e991132a46bf394f41acb01a724635f585cc26317e8f59137fedeb2183ecb0",
			c2: "836ca31a0a006ebc0cda76cbd2432aaa3e3d9787efdbe2147fc312447040e200",
		},
		{
			scheme: "D772",
			c1At: 974,
			c1: "dcda57ad0c3fc2121a91a5d8470a0a68d6c75ebb7391c6efe941c34e69821a4b",
			s2: "de8b61d9c4bbb6bd0f25f6cdfaee161b8499100d03e6bbaf393797a2483e1464",
			s1At: 1106,
			s1: "f9edda03e3603eb5ee35760bf58ebfaa940a71683d15ad0f71dda00efa262ae4",
			c2: "844c7fb975280e61deadb4e3d051114356dfdf6b34dad2c74f971b10f7b0bc4e",
		},
	];

describe.each(vectors)("the digest handshake in layout $scheme", vector => {
	const { scheme } = vector;

	test("finds the place of the digest", () => {
		expect(digestOffset(c1(), scheme)).toBe(vector.c1At);
		expect(digestOffset(s1(), scheme)).toBe(vector.s1At);
	});

	test("writes the published digests and signatures", () => {
		const hello = c1();
		const c1Digest = writeDigest(hello, scheme, PLAYER_KEY);
		expect(hex(c1Digest)).toBe(vector.c1);
		expect(hex(hello.subarray(vector.c1At, vector.c1At + 32))).toBe(vector.c1);
		const s1Digest = writeDigest(s1(), scheme, SERVER_KEY);
		expect(hex(s1Digest)).toBe(vector.s1);
		const s2 = pattern(5, 1);
		writeSignature(s2, SERVER_SIGNING_KEY, c1Digest);
		expect(hex(s2.subarray(1504))).toBe(vector.s2);
		const c2 = pattern(3, 2);
		writeSignature(c2, PLAYER_SIGNING_KEY, s1Digest);
		expect(hex(c2.subarray(1504))).toBe(vector.c2);
	});

	test("recognises its own digest and tells the layout", () => {
		const hello = c1();
		const digest = writeDigest(hello, scheme, PLAYER_KEY);
		expect(findDigest(hello, PLAYER_KEY)).toEqual({ scheme, digest });
		expect(findDigest(hello, SERVER_KEY)).toBeUndefined();
	});

	test("stays inside the packet whatever the pointer bytes are", () => {
		for (const value of [0, 1, 127, 181, 182, 255]) {
			const packet = new Uint8Array(HANDSHAKE_PACKET_BYTES).fill(value);
			writeDigest(packet, scheme, PLAYER_KEY);
			expect(findDigest(packet, PLAYER_KEY)?.scheme).toBe(scheme);
			expect(packet.length).toBe(HANDSHAKE_PACKET_BYTES);
		}
	});

	test("refuses a packet with one bit changed, in the digest or beside it", () => {
		const hello = c1();
		writeDigest(hello, scheme, PLAYER_KEY);
		const pointer = scheme === "D8" ? 8 : 772;
		for (const at of [0, 4, pointer, vector.c1At, vector.c1At + 31, vector.c1At + 32, 1535]) {
			const changed = hello.slice();
			changed[at]! ^= 1;
			expect(findDigest(changed, PLAYER_KEY)).toBeUndefined();
		}
	});

	test("refuses a signature with one bit changed, in the message, the signature or the digest", () => {
		const digest = writeDigest(c1(), scheme, PLAYER_KEY);
		const s2 = pattern(5, 1);
		writeSignature(s2, SERVER_SIGNING_KEY, digest);
		expect(verifySignature(s2, SERVER_SIGNING_KEY, digest)).toBe(true);
		for (const at of [0, 1503, 1504, 1535]) {
			const changed = s2.slice();
			changed[at]! ^= 0x80;
			expect(verifySignature(changed, SERVER_SIGNING_KEY, digest)).toBe(false);
		}
		expect(verifySignature(s2, PLAYER_SIGNING_KEY, digest)).toBe(false);
		digest[31]! ^= 1;
		expect(verifySignature(s2, SERVER_SIGNING_KEY, digest)).toBe(false);
	});
});
