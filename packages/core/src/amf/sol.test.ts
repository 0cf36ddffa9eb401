import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PeerError, UsageError } from "../fault/index.ts";
import { bytesOf } from "./amf-case.ts";
import { equalAmf } from "./amf-equality.ts";
import { type AmfObject, type AmfValue, inspectAmf, readSol, type SolFile, writeSol } from "./index.ts";
import { SOL_CASES } from "./sol-case.ts";

const titled = SOL_CASES.map(each => [each.name, each] as const);

function mustEqual(actual: SolFile, expected: SolFile): void {
	expect([actual.name, actual.objectEncoding]).toEqual([expected.name, expected.objectEncoding]);
	const bare: AmfObject = Object.assign(Object.create(null), expected.data);
	expect(equalAmf(actual.data, bare), inspectAmf(actual.data)).toBe(true);
}

describe("a local shared object file", () => {
	test.each(titled)("%s: is read", (_name, each) => {
		mustEqual(readSol(bytesOf(each.bytes)), each.file);
	});

	test.each(titled.filter(([, each]) => !each.decodeOnly))("%s: is written", (_name, each) => {
		expect(writeSol(each.file)).toEqual(bytesOf(each.bytes));
	});

	test.each(titled)("%s: cut short, it is refused, or read up to a member's end", (_name, each) => {
		const bytes = bytesOf(each.bytes);
		const keys = Object.keys(each.file.data);
		let whole = 0;
		for (let length = 0; length < bytes.length; length++) {
			try {
				const { data } = readSol(bytes.subarray(0, length));
				expect(Object.keys(data)).toEqual(keys.slice(0, whole));
				whole++;
			} catch (error) {
				expect(error).toBeInstanceOf(PeerError);
			}
		}
		expect(whole).toBe(keys.length);
	});

	test.each(titled)("%s: with any byte replaced, nothing but a PeerError is thrown", (_name, each) => {
		const bytes = bytesOf(each.bytes);
		for (let index = 0; index < bytes.length; index++) {
			for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
				try {
					readSol(bytes.with(index, byte));
				} catch (error) {
					expect(error).toBeInstanceOf(PeerError);
				}
			}
		}
	});

	test.each([
		["another file", "464c5601 05000000 09"],
		["another signature", "00bf 00000014 5443534e 000400000000 0000 000000 00"],
		["an unknown version of AMF", "00bf 00000014 5443534f 000400000000 0000 000000 01"],
	])("%s is refused by name", (_what, hex) => {
		expect(() => readSol(bytesOf(hex))).toThrow(expect.objectContaining({ code: "SOL_INVALID" }));
	});

	test("what AMF0 cannot hold is the caller's fault, in AMF3 it is written", () => {
		const data = { bytes: Uint8Array.of(1, 2) };
		expect(() => writeSol({ name: "a", objectEncoding: 0, data })).toThrow(UsageError);
		expect(readSol(writeSol({ name: "a", objectEncoding: 3, data })).data["bytes"]).toEqual(data.bytes);
	});

	test("members that are functions are left out, getters that throw are the caller's fault", () => {
		const data = { f: () => 1, a: 1 } as unknown as AmfObject;
		expect(Object.keys(readSol(writeSol({ name: "a", objectEncoding: 3, data })).data)).toEqual(["a"]);
		const broken = Object.defineProperty({}, "a", {
			enumerable: true,
			get() {
				throw new Error("mine");
			},
		}) as AmfObject;
		for (const objectEncoding of [0, 3] as const) {
			expect(() => writeSol({ name: "a", objectEncoding, data: broken })).toThrow(UsageError);
		}
		expect(() => writeSol({ name: "x".repeat(70_000), objectEncoding: 0, data: {} })).toThrow(UsageError);
	});

	test("whatever JSON can say comes back from both encodings", () => {
		fc.assert(
			fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(0, 3), (data, objectEncoding) => {
				const file: SolFile = { name: "any", objectEncoding, data: data as AmfObject };
				const back = readSol(writeSol(file)).data;
				expect(Object.keys(back)).toEqual(Object.keys(data));
				expect(JSON.parse(JSON.stringify(back))).toEqual(JSON.parse(JSON.stringify(data as AmfValue)));
			}),
			{ numRuns: 200 },
		);
	});
});
