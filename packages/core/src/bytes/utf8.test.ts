import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeUtf8, encodeUtf8, utf8ByteLength } from "./utf8.ts";

const hex = (text: string) => Uint8Array.from(text.split(" "), digits => Number.parseInt(digits, 16));

/** Texts short enough for the path in JavaScript, and the same made long enough for the platform's. */
const TEXTS = [
	"",
	"live",
	"aé€😀",
	"\0\u007f\u0080\u07ff\u0800\uffff",
	"\ufeffmark",
	"\ufffd",
	"a\ud800b",
	"\udc00",
	"\udc00\ud800",
];

test.each([...TEXTS, ...TEXTS.map(text => "x".repeat(100) + text)])("%j survives encoding and decoding", text => {
	const bytes = encodeUtf8(text);
	expect(bytes.length).toBe(utf8ByteLength(text));
	expect(decodeUtf8(bytes)).toBe(text);
});

test.each([
	["ed a0 80", "\ud800"],
	["ed bf bf", "\udfff"],
	// A pair of three-byte surrogates (CESU-8) is the character that it means.
	["ed a0 bd ed b8 80", "😀"],
	["ff", "\ufffd"],
	["80 80", "\ufffd\ufffd"],
	["c0 80", "\ufffd\ufffd"],
	["c1 bf 41", "\ufffd\ufffdA"],
	["e0 80 80", "\ufffd\ufffd\ufffd"],
	["f0 80 80 80", "\ufffd\ufffd\ufffd\ufffd"],
	["f4 90 80 80", "\ufffd\ufffd\ufffd\ufffd"],
	["f5 80", "\ufffd\ufffd"],
	["e2 82", "\ufffd"],
	["f0 9f 98 41", "\ufffdA"],
	["c3", "\ufffd"],
	["ed a0", "\ufffd"],
])("the bytes %s become %j", (bytes, text) => {
	expect(decodeUtf8(hex(bytes))).toBe(text);
	const long = "x".repeat(100);
	expect(decodeUtf8(Uint8Array.of(...encodeUtf8(long), ...hex(bytes)))).toBe(long + text);
});

test("any string of code units survives, and valid ones give the platform's bytes", () => {
	const platform = new TextEncoder();
	fc.assert(
		fc.property(
			fc.array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7f0, max: 0xe010 })), { maxLength: 120 }),
			units => {
				const text = String.fromCharCode(...units);
				const bytes = encodeUtf8(text);
				expect(bytes.length).toBe(utf8ByteLength(text));
				expect(decodeUtf8(bytes)).toBe(text);
				if (text.isWellFormed()) expect(bytes).toEqual(platform.encode(text));
			},
		),
	);
});

test("any bytes decode as the platform decodes them, but for surrogates", () => {
	const platform = new TextDecoder("utf-8", { ignoreBOM: true });
	const byte = fc.oneof(fc.nat(255), fc.constantFrom(0x80, 0xbf, 0xc2, 0xe0, 0xe2, 0xee, 0xf0, 0xf4));
	fc.assert(
		fc.property(
			fc.array(
				byte.filter(value => value !== 0xed),
				{ maxLength: 100 },
			),
			values => {
				const bytes = Uint8Array.from(values);
				expect(decodeUtf8(bytes)).toBe(platform.decode(bytes));
			},
		),
	);
});

test("a long text of many blocks keeps every character", () => {
	const text = `${"😀é".repeat(5000)}\ud800`;
	expect(decodeUtf8(encodeUtf8(text))).toBe(text);
});

test("only the bytes between start and end are read", () => {
	expect(decodeUtf8(hex("41 42 c3 a9 43"), 1, 4)).toBe("Bé");
	expect(decodeUtf8(hex("e2 82 ac"), 0, 2)).toBe("\ufffd");
});
