import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf } from "../amf/amf-case.ts";
import type { AmfValue } from "../amf/index.ts";
import { LimitError, PeerError, UsageError } from "../fault/index.ts";
import {
	decodeSharedObjectMessage,
	encodeSharedObjectMessage,
	SHARED_OBJECT_REQUEST_LIMITS,
	type SharedObjectEvent,
	SlotValue,
	sharedObjectEncoding,
	sharedObjectType,
} from "./index.ts";
import { SHARED_OBJECT_CASES } from "./shared-object-case.ts";

const titled = SHARED_OBJECT_CASES.map(each => [each.name, each] as const);

describe("a shared object message", () => {
	test.each(titled)("%s: is read", (_name, each) => {
		expect(decodeSharedObjectMessage(each.type, bytesOf(each.bytes))).toStrictEqual(each.message);
	});

	test.each(titled.filter(([, each]) => !each.decodeOnly))("%s: is written", (_name, each) => {
		expect(encodeSharedObjectMessage(each.message, sharedObjectEncoding(each.type))).toEqual(bytesOf(each.bytes));
	});

	test.each(titled)("%s: cut short, it is refused, or read up to a whole event", (_name, each) => {
		const bytes = bytesOf(each.bytes);
		for (let length = 0; length < bytes.length; length++) {
			try {
				const { events } = decodeSharedObjectMessage(each.type, bytes.subarray(0, length));
				expect(events.length).toBeLessThanOrEqual(each.message.events.length);
			} catch (error) {
				expect(error).toBeInstanceOf(PeerError);
			}
		}
	});

	test.each(titled)("%s: with any byte replaced, nothing but a PeerError is thrown", (_name, each) => {
		const bytes = bytesOf(each.bytes);
		for (let index = 0; index < bytes.length; index++) {
			for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
				try {
					decodeSharedObjectMessage(each.type, bytes.with(index, byte));
				} catch (error) {
					expect(error).toBeInstanceOf(PeerError);
				}
			}
		}
	});

	test("of any events and values is written and read to the same, in both encodings", () => {
		const name = fc.string({ maxLength: 20, unit: "binary" });
		const record = <T>(members: { [key in keyof T]: fc.Arbitrary<T[key]> }): fc.Arbitrary<T> =>
			fc.record(members, { noNullPrototype: true }) as fc.Arbitrary<T>;
		const leaf: fc.Arbitrary<AmfValue> = fc.oneof(
			fc.constantFrom(undefined, null, true, false),
			fc.double(),
			fc.string(),
			fc.date().map(date => date as AmfValue),
		);
		const value = fc.oneof(
			leaf,
			fc.array(leaf, { maxLength: 4 }),
			fc
				.dictionary(fc.string(), leaf, { maxKeys: 4 })
				.map(members => Object.assign(Object.create(null), members) as AmfValue),
		);
		const bare = fc.constantFrom("use", "release", "clear", "use-success", "request-clear");
		const named = fc.constantFrom("success", "remove", "request-remove");
		const valued = fc.constantFrom("request-change", "change", "change-echo");
		const event = fc.oneof(
			record({ kind: bare }),
			record({ kind: named, name }),
			record({ kind: valued, name, value }),
			record({ kind: fc.constant("send"), handler: name, args: fc.array(value, { maxLength: 3 }) }),
			record({ kind: fc.constant("status"), code: name, level: name }),
			record({ kind: fc.constant("slot-version"), name, version: fc.nat() }),
		) as fc.Arbitrary<SharedObjectEvent>;
		const message = record({ name, version: fc.nat(), flags: fc.nat(), events: fc.array(event, { maxLength: 6 }) });
		fc.assert(
			fc.property(message, fc.constantFrom(0 as const, 3 as const), (each, encoding) => {
				const body = encodeSharedObjectMessage(each, encoding);
				expect(decodeSharedObjectMessage(sharedObjectType(encoding), body)).toStrictEqual(each);
			}),
			{ numRuns: 60 },
		);
	});

	test.each([
		["nothing", 19, ""],
		["half a head", 19, "0001 61 00000000 00000000 000000"],
		["a name past the end", 19, "0005 61"],
		["another selector", 16, "03 0001 61 00000000 00000000 00000000"],
		["an event past the end", 19, "0001 61 00000000 00000000 00000000 01 00000001"],
		["a slot's name past its event", 19, "0001 61 00000000 00000000 00000000 05 00000002 0001 61"],
		["a value past its event", 19, "0001 61 00000000 00000000 00000000 03 00000004 0001 61 01 01"],
		["a call without a handler", 19, "0001 61 00000000 00000000 00000000 06 00000001 05"],
		["a slot's version that is missing", 19, "0001 61 00000000 00000000 00000000 0C 00000003 0001 61"],
	] as const)("with %s is refused", (_what, type, hex) => {
		expect(() => decodeSharedObjectMessage(type, bytesOf(hex))).toThrow(
			expect.objectContaining({ code: "MESSAGE_MALFORMED" }),
		);
	});

	test("has limits for events, also unknown ones, names, values and depth", () => {
		const head = "0001 61 00000000 00000000 00000000";
		const limits = { events: 2, nameBytes: 3, amf: { depth: 1, values: 3, keyBytes: 10 } };
		const read = (events: string) => () => decodeSharedObjectMessage(19, bytesOf(`${head} ${events}`), limits);
		const use = "01 00000000 ";
		expect(read(use.repeat(2))().events).toHaveLength(2);
		expect(read(use.repeat(3))).toThrow(LimitError);
		expect(read("63 00000000 ".repeat(3))).toThrow(LimitError);
		expect(read("05 00000006 0004 61626364")).toThrow(LimitError);
		expect(read("06 00000007 02 0004 61626364")).toThrow(LimitError);
		// Two events of two values each: the budget is that of the message.
		const change = "03 0000000A 0001 61 0A 00000001 05 ".replace("0A 0001", "09 0001");
		expect(read(change)().events).toHaveLength(1);
		expect(read(change.repeat(2))).toThrow(expect.objectContaining({ code: "AMF_TOO_MANY_VALUES" }));
		expect(read("03 0000000D 0001 61 0A 00000001 0A 00000000")).toThrow(
			expect.objectContaining({ code: "AMF_TOO_DEEP" }),
		);
		expect(SHARED_OBJECT_REQUEST_LIMITS.events).toBe(10_000);
	});

	test("whose names are too long to be written is the caller's fault", () => {
		const message = { name: "x".repeat(65_536), version: 0, flags: 0, events: [] };
		expect(() => encodeSharedObjectMessage(message, 0)).toThrow(UsageError);
	});

	test("with what AMF0 has not is the caller's fault, where it brings no forms of its own", () => {
		const value = Uint8Array.of(1);
		const event = { kind: "change", name: "a", value } as const;
		const message = { name: "x", version: 0, flags: 0, events: [event] };
		expect(() => encodeSharedObjectMessage(message, 0)).toThrow(UsageError);
		const withForms = { ...message, events: [{ ...event, forms: new SlotValue(value) }] };
		const read = (encoding: 0 | 3) =>
			decodeSharedObjectMessage(sharedObjectType(encoding), encodeSharedObjectMessage(withForms, encoding)).events;
		expect(read(0)).toEqual([{ kind: "change", name: "a", value: undefined }]);
		expect(read(3)).toEqual([event]);
	});

	test("refers to nothing outside a value, so that slots stand alone", () => {
		const shared = { a: 1 };
		const value: AmfValue = [shared, shared];
		const events = ["a", "b"].map(name => ({ kind: "change", name, value }) as const);
		for (const encoding of [0, 3] as const) {
			const body = encodeSharedObjectMessage({ name: "x", version: 0, flags: 0, events }, encoding);
			const read = decodeSharedObjectMessage(sharedObjectType(encoding), body).events;
			for (const event of read) {
				const [one, other] = (event as { value: AmfValue[] }).value;
				expect(one).toEqual(shared);
				expect(other).toBe(one);
			}
		}
	});
});

describe("the forms of a slot's value", () => {
	test("are made once for each encoding", () => {
		const value = new SlotValue({ a: [1, 2] });
		expect(value.form(0)).toBe(value.form(0));
		expect(value.form(3)).toBe(value.form(3));
		expect(value.byteLength).toBe(value.form(3).length);
	});

	test("in AMF0 leave out what it has not, and keep the rest with its identity", () => {
		const list: AmfValue[] = [1];
		const value: AmfValue = { bytes: Uint8Array.of(1), one: list, other: list, numbers: Int32Array.of(1, -1) };
		value["self"] = value;
		value["map"] = new Map<AmfValue, AmfValue>([[1, 2]]);
		const body = new SlotValue(value).form(0);
		const message = { name: "x", version: 0, flags: 0 };
		const event = { kind: "change", name: "a", value: null, forms: new SlotValue(value) } as const;
		const encoded = encodeSharedObjectMessage({ ...message, events: [event] }, 0);
		expect(encoded.subarray(-body.length)).toEqual(body);
		const [read] = decodeSharedObjectMessage(19, encoded).events;
		const { value: found } = read as { value: { [key: string]: AmfValue } };
		expect(found["bytes"]).toBe(undefined);
		expect(found["map"]).toBe(undefined);
		expect(found["numbers"]).toEqual([1, -1]);
		expect(found["one"]).toBe(found["other"]);
		expect(found["self"]).toBe(found);
	});

	test("in AMF3 hold an array of AMF0 whose member has an empty name", () => {
		const call = bytesOf("0001 61 00000000 00000000 00000000 06 00000012 020001 66 08 00000001 0000 020001 76 000009");
		const event = decodeSharedObjectMessage(19, call).events[0]!;
		const [array] = (event as Extract<typeof event, { kind: "send" }>).args;
		const again = decodeSharedObjectMessage(
			16,
			encodeSharedObjectMessage({ name: "a", version: 0, flags: 0, events: [event] }, 3),
		);
		expect(again.events).toMatchObject([{ kind: "send", handler: "f", args: [{ "": "v" }] }]);
		expect(new SlotValue(array).form(3).length).toBeGreaterThan(0);
	});

	test("refuse what cannot be sent at all", () => {
		expect(() => new SlotValue(new Set() as unknown as AmfValue)).toThrow(UsageError);
		expect(() => new SlotValue("x".repeat(9_000_000))).toThrow(UsageError);
	});
});
