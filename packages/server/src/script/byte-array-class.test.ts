import { encodeAmf0, encodeAmf3 } from "@millrace/core/amf";
import { beforeEach, describe, expect, it } from "vitest";
import { defineByteArray } from "./byte-array-class.ts";
import { MAX_BYTE_ARRAY_BYTES } from "./byte-buffer.ts";
import { realmFixture } from "./realm-fixture.ts";
import type { ScriptRealm } from "./script-realm.ts";
import { defineSha256 } from "./sha256-class.ts";

let realm: ScriptRealm;
beforeEach(() => {
	({ realm } = realmFixture());
	defineByteArray(realm);
	defineSha256(realm);
});

/** What a script gives, as plain data. */
const run = (source: string) => realm.fromScript(realm.run(source, "main.asc"));
const bytes = (...values: number[]) => Uint8Array.from(values);
/** What `b` holds after a script. */
const written = (source: string) => run(`var b = new ByteArray(); ${source}; b`);

describe("ByteArray of old scripts", () => {
	it.each([
		["writeByte(-1)", "readByte()", [0xff], -1],
		["writeByte(300)", "readUnsignedByte()", [44], 44],
		["writeBoolean('x')", "readBoolean()", [1], true],
		["writeShort(-2)", "readShort()", [0xff, 0xfe], -2],
		["writeShort(0xfffe)", "readUnsignedShort()", [0xff, 0xfe], 0xfffe],
		["writeInt(-2)", "readInt()", [0xff, 0xff, 0xff, 0xfe], -2],
		["writeUnsignedInt(0xdeadbeef)", "readUnsignedInt()", [0xde, 0xad, 0xbe, 0xef], 0xdeadbeef],
		["writeFloat(1.5)", "readFloat()", [0x3f, 0xc0, 0, 0], 1.5],
		["writeDouble(-2)", "readDouble()", [0xc0, 0, 0, 0, 0, 0, 0, 0], -2],
		["writeUTF('ü')", "readUTF()", [0, 2, 0xc3, 0xbc], "ü"],
		["writeUTFBytes('ü')", "readUTFBytes(2)", [0xc3, 0xbc], "ü"],
		["writeMultiByte('ü', 'iso-8859-1')", "readMultiByte(1, 'iso-8859-1')", [0xfc], "ü"],
		["writeMultiByte('ü', 'us-ascii')", "readMultiByte(1, 'us-ascii')", [0x3f], "?"],
		["writeMultiByte('€', 'windows-1252')", "readMultiByte(1, 'windows-1252')", [0x80], "€"],
		["writeMultiByte('łд', 'iso-8859-2')", "readMultiByte(2, 'iso-8859-2')", [0xb3, 0x3f], "ł?"],
		["writeMultiByte('日a', 'shift_jis')", "readMultiByte(3, 'shift_jis')", [0x93, 0xfa, 0x61], "日a"],
		["writeMultiByte('é', 'unheard-of')", "readMultiByte(2, 'unheard-of')", [0xc3, 0xa9], "é"],
		["writeMultiByte('ü', 'utf-8')", "readMultiByte(2, 'utf-8')", [0xc3, 0xbc], "ü"],
		["writeObject({a: [1, null]})", "readObject()", [...encodeAmf3({ a: [1, null] })], { a: [1, null] }],
	])("writes with %s what %s reads, and fails at every shorter length", (write, read, expected, value) => {
		expect(written(`b.${write}`)).toEqual(Uint8Array.from(expected));
		expect(run(`b.position = 0; b.toSource = undefined; b.${read}`)).toEqual(value);
		expect(run("b.bytesAvailable")).toBe(0);
		for (let length = 0; length < expected.length; length++) {
			expect(
				run(`b.length = ${expected.length}; b.length = ${length}; b.position = 0; var e = 0;
				try { b.${read}; } catch (x) { e = x instanceof Error; } e`),
			).toBe(true);
			written(`b.${write}`);
		}
	});

	it("turns numbers round where endian says so", () => {
		expect(written(`b.endian = "littleEndian"; b.writeShort(1); b.writeInt(2); b.writeUTF("a")`)).toEqual(
			bytes(1, 0, 2, 0, 0, 0, 1, 0, 0x61),
		);
		expect(run(`b.position = 0; [b.endian, b.readUnsignedShort(), b.readInt(), b.readUTF()]`)).toEqual([
			"littleEndian",
			1,
			2,
			"a",
		]);
		expect(
			run(`var e; try { b.endian = "x" } catch (x) { e = x instanceof TypeError } [e, new ByteArray().endian]`),
		).toEqual([true, "bigEndian"]);
	});

	it("is read and written by index, and is an object like others beside", () => {
		expect(written(`b[0] = 1; b[3] = 260; b.label = "x"`)).toEqual(bytes(1, 0, 0, 4));
		expect(run(`[b[3], b[4], b.label, b.length, b.position, typeof b.none, String(new ByteArray())]`)).toEqual([
			...[4, undefined, "x", 4, 0, "undefined", ""],
		]);
	});

	it("copies parts of one array into another", () => {
		expect(written(`var a = new ByteArray(); a.writeUTFBytes("abcdef"); b.writeBytes(a, 2, 3)`)).toEqual(
			bytes(0x63, 0x64, 0x65),
		);
		expect(run(`a.position = 4; a.readBytes(b, 1); String(b) + a.position + b.position`)).toBe("cef63");
		expect(run(`var e; try { b.writeBytes(a, 4, 3) } catch (x) { e = x instanceof RangeError } e`)).toBe(true);
	});

	it("packs and unpacks itself, and fails on what is no packed data", () => {
		expect(
			run(`
			var b = new ByteArray();
			for (var i = 0; i < 1000; i++) b.writeUTFBytes("again ");
			b.compress(); var small = b.length; b.uncompress();
			var log = [small < 100, b.length, b.position, b.readUTFBytes(6)];
			b.compress("deflate"); b.uncompress("deflate"); log.push(b.length);
			try { b.uncompress() } catch (e) { log.push(e instanceof RangeError) }
			try { b.compress("lzma") } catch (e) { log.push(e instanceof TypeError) }
			b.clear(); log.concat(b.length, typeof b.inflate);
		`),
		).toEqual([true, 6000, 0, "again ", 6000, true, true, 0, "undefined"]);
	});

	it("keeps cuts, gaps and positions as Flash does", () => {
		expect(written(`b.position = 2; b.writeByte(7); b.length = 5; b.position = 9`)).toEqual(bytes(0, 0, 7, 0, 0));
		expect(run(`[b.position, b.bytesAvailable, (b.length = 1, b.position)]`)).toEqual([9, 0, 1]);
		expect(run(`b.length = 3; b`)).toEqual(bytes(0, 0, 0));
	});

	it("does not grow past its limit", () => {
		expect(
			run(
				`var b = new ByteArray(), e; try { b.length = ${MAX_BYTE_ARRAY_BYTES + 1} } catch (x) { e = x instanceof RangeError } e`,
			),
		).toBe(true);
		expect(run(`try { b[4294967290] = 1 } catch (x) { e = String(x) } b.length + e`)).toMatch(/^0RangeError/);
	});

	it("writes objects as AMF0 where it is told to, itself or for all", () => {
		expect(written(`b.objectEncoding = 0; b.writeObject("x")`)).toEqual(encodeAmf0("x"));
		expect(run(`ByteArray.defaultObjectEncoding = 0; b = new ByteArray(); b.writeObject({n: 1}); b`)).toEqual(
			encodeAmf0({ n: 1 }),
		);
		expect(run(`b.position = 0; b.readObject().n`)).toBe(1);
	});

	it("travels as AMF's byte array, both ways", () => {
		Reflect.set(realm.global, "received", realm.toScript(bytes(1, 2)));
		expect(run(`[received instanceof ByteArray, received.readShort(), received.length]`)).toEqual([true, 258, 2]);
	});

	it("is what SHA256 digests", () => {
		expect(run(`var b = new ByteArray(); b.writeUTFBytes("abc"); SHA256.computeDigest(b)`)).toBe(
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		);
		expect(run(`var e = 0; try { SHA256.computeDigest("abc") } catch (x) { e = x instanceof Error } e`)).toBe(true);
	});
});
