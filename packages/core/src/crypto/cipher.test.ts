import { describe, expect, test } from "vitest";
import { Blowfish } from "./blowfish.ts";
import { Rc4 } from "./rc4.ts";
import { xteaEncrypt } from "./xtea.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");
const ascii = (text: string) => Uint8Array.from(Buffer.from(text, "latin1"));

describe("RC4", () => {
	test.each([
		["Key", "Plaintext", "bbf316e8d940af0ad3"],
		["Wiki", "pedia", "1021bf0420"],
		["Secret", "Attack at dawn", "45a01f645fc35b383552544b9bf5"],
	])("encrypts with key %s as published, and back", (key, plain, cipher) => {
		const output = new Uint8Array(plain.length);
		new Rc4(ascii(key)).apply(ascii(plain), output);
		expect(hex(output)).toBe(cipher);
		new Rc4(ascii(key)).apply(output, output);
		expect(output).toEqual(ascii(plain));
	});

	// RFC 6229: the key stream of the key 0102…10 at offsets 0 and 1536.
	test("has the key stream of RFC 6229, also after a skip", () => {
		const key = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
		const stream = new Uint8Array(16);
		new Rc4(key).apply(stream, stream);
		expect(hex(stream)).toBe("9ac7cc9a609d1ef7b2932899cde41b97");
		const later = new Rc4(key);
		later.skip(1536);
		const zeros = new Uint8Array(16);
		later.apply(zeros, zeros);
		expect(hex(zeros)).toBe("ffa0b514647ec04f6306b892ae661181");
	});

	test("goes on where it stopped, whatever the pieces are", () => {
		const input = Uint8Array.from({ length: 1000 }, (_, i) => i);
		const whole = new Uint8Array(1000);
		new Rc4(ascii("pieces")).apply(input, whole);
		const cipher = new Rc4(ascii("pieces"));
		const joined = new Uint8Array(1000);
		for (let at = 0, size = 0; at < 1000; at += size, size++) {
			cipher.apply(input.subarray(at, at + size), joined.subarray(at));
		}
		expect(joined).toEqual(whole);
	});
});

describe("XTEA", () => {
	test("encrypts with the lowest byte first, as the signatures of RTMPE need it", () => {
		const block = bytes("ff0001020304050607ff");
		xteaEncrypt(bytes("b234f0bf1f08d91195b7dfcc32e78d74"), block, 1);
		expect(hex(block)).toBe("ffc7c82aca95daa419ff");
	});

	// Published vectors have the highest byte first: words are turned round on both sides.
	test.each([
		["000102030405060708090a0b0c0d0e0f", "4142434445464748", "497df3d072612cb5"],
		["000102030405060708090a0b0c0d0e0f", "4141414141414141", "e78f2d13744341d8"],
		["00000000000000000000000000000000", "4142434445464748", "a0390589f8b8efa5"],
	])("encrypts with key %s the block %s as published", (key, plain, cipher) => {
		const block = turned(bytes(plain));
		xteaEncrypt(turned(bytes(key)), block, 0);
		expect(hex(turned(block))).toBe(cipher);
	});
});

describe("Blowfish", () => {
	// Eric Young's vectors.
	test.each([
		["0000000000000000", "0000000000000000", "4ef997456198dd78"],
		["ffffffffffffffff", "ffffffffffffffff", "51866fd5b85ecb8a"],
		["0123456789abcdef", "1111111111111111", "61f9c3802281b096"],
		["fedcba9876543210", "0123456789abcdef", "0aceab0fc6a0a28d"],
		["7ca110454a1a6e57", "01a1d6d039776742", "59c68245eb05282b"],
	])("encrypts with key %s the block %s as published", (key, plain, cipher) => {
		const block = bytes(plain);
		new Blowfish(bytes(key)).encrypt(block, 0);
		expect(hex(block)).toBe(cipher);
	});

	test("encrypts with the lowest byte first, as the signatures of RTMPE need it", () => {
		const block = bytes("ff0001020304050607ff");
		new Blowfish(bytes("7934774c67d1383adfb356be8b7bd02438e07358415d6967")).encrypt(block, 1, true);
		expect(hex(block)).toBe("ffa031fb6d807be57dff");
	});
});

function turned(data: Uint8Array): Uint8Array {
	const copy = data.slice();
	for (let at = 0; at < copy.length; at += 4) copy.subarray(at, at + 4).reverse();
	return copy;
}
