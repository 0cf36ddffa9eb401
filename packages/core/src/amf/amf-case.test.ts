import { describe, expect, test } from "vitest";
import { PeerError } from "../fault/index.ts";
import { AMF_CASES, AMF0_MESSAGES, type AmfCase, bytesOf } from "./amf-case.ts";
import { equalAmf } from "./amf-equality.ts";
import type { AmfValue } from "./amf-types.ts";
import { decodeAmf0, decodeAmf3, encodeAmf0, encodeAmf3, inspectAmf } from "./index.ts";

const decode = (each: AmfCase, bytes: Uint8Array): AmfValue[] =>
	each.encoding === 0 ? decodeAmf0(bytes) : decodeAmf3(bytes);
const encode = (each: AmfCase): Uint8Array => (each.encoding === 0 ? encodeAmf0(each.value) : encodeAmf3(each.value));
const titled = (cases: readonly AmfCase[]) => cases.map(each => [`AMF${each.encoding} ${each.name}`, each] as const);

describe("every kind of value", () => {
	test.each(titled(AMF_CASES))("%s is decoded from its bytes", (_title, each) => {
		const values = decode(each, bytesOf(each.bytes));
		expect(values.length).toBe(1);
		expect(equalAmf(values[0], each.value), inspectAmf(values[0])).toBe(true);
	});

	test.each(titled(AMF_CASES.filter(each => !each.decodeOnly)))("%s is encoded to its bytes", (_title, each) => {
		expect(encode(each)).toEqual(bytesOf(each.bytes));
	});

	test.each(titled(AMF_CASES))("%s cut short is refused, or read as far as it goes", (_title, each) => {
		const bytes = bytesOf(each.bytes);
		for (let length = 1; length < bytes.length; length++) {
			const error = errorOf(() => decode(each, bytes.subarray(0, length)));
			if (error !== undefined) expect(error).toBeInstanceOf(PeerError);
		}
	});

	test.each(titled(AMF_CASES))("%s with any byte replaced throws nothing but a PeerError", (_title, each) => {
		const bytes = bytesOf(each.bytes);
		for (let index = 0; index < bytes.length; index++) {
			for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
				const error = errorOf(() => decode(each, bytes.with(index, byte)));
				if (error !== undefined) expect(error).toBeInstanceOf(PeerError);
			}
		}
	});
});

test("a connect command is decoded and encoded again to the same bytes", () => {
	const bytes = bytesOf(AMF0_MESSAGES.connect);
	const values = decodeAmf0(bytes);
	expect(values.slice(0, 2)).toEqual(["connect", 1]);
	expect(values[2]).toMatchObject({ app: "live", type: "nonprivate", tcUrl: "rtmp://127.0.0.1/live" });
	expect(encodeAmf0(...values)).toEqual(bytes);
});

test("decoded objects have no prototype, so that no name reaches code", () => {
	for (const each of AMF_CASES.filter(({ name }) => name.includes("Object.prototype"))) {
		const [value] = decode(each, bytesOf(each.bytes));
		expect(Object.getPrototypeOf(value)).toBe(null);
		expect(Object.keys(value as object)).toEqual(["__proto__", "constructor"]);
	}
});

test("a decoded byte array is a copy that may be written to", () => {
	const message = bytesOf("0c 05 0102");
	const [bytes] = decodeAmf3(message);
	(bytes as Uint8Array)[0] = 9;
	expect(message[2]).toBe(1);
});

function errorOf(action: () => unknown): unknown {
	try {
		action();
		return undefined;
	} catch (error) {
		return error;
	}
}
