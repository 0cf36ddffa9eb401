import type { SharedObjectType } from "./shared-object-codec.ts";
import type { SharedObjectMessage } from "./shared-object-message.ts";

/** A message and its bytes. The table drives the tests of both directions and of truncation, and seeds the fuzzer. */
export type SharedObjectCase = {
	readonly name: string;
	readonly type: SharedObjectType;
	/** In hexadecimal, blanks for the eye. */
	readonly bytes: string;
	readonly message: SharedObjectMessage;
	/** Only read: we write it in another form. */
	readonly decodeOnly?: true;
};

/** `chat` at version 0, volatile. */
const HEAD = "0004 63686174 00000000 00000000 00000000";
const head = { name: "chat", version: 0, flags: 0 };

export const SHARED_OBJECT_CASES: readonly SharedObjectCase[] = [
	{
		name: "a subscription",
		type: 19,
		bytes: `${HEAD} 01 00000000`,
		message: { ...head, events: [{ kind: "use" }] },
	},
	{
		name: "the answer to it for an empty volatile object",
		type: 19,
		bytes: "0004 63686174 00000001 00000000 00000000 0B 00000000 08 00000000",
		message: { ...head, version: 1, events: [{ kind: "use-success" }, { kind: "clear" }] },
	},
	{
		name: "a request to set a slot",
		type: 19,
		bytes: `${HEAD} 03 0000000B 0003 666F6F 02 0003 626172`,
		message: { ...head, events: [{ kind: "request-change", name: "foo", value: "bar" }] },
	},
	{
		name: "its success",
		type: 19,
		bytes: `${HEAD} 05 00000005 0003 666F6F`,
		message: { ...head, events: [{ kind: "success", name: "foo" }] },
	},
	{
		name: "a removal",
		type: 19,
		bytes: `${HEAD} 09 00000005 0003 666F6F`,
		message: { ...head, events: [{ kind: "remove", name: "foo" }] },
	},
	{
		name: "a refusal to read",
		type: 19,
		bytes: `${HEAD} 07 00000022 0019 5368617265644F626A6563742E4E6F52656164416363657373 0005 6572726F72`,
		message: { ...head, events: [{ kind: "status", code: "SharedObject.NoReadAccess", level: "error" }] },
	},
	{
		name: "a subscription to a persistent object whose version is known",
		type: 19,
		bytes: "0001 61 0000002A 00000002 00000000 01 00000000",
		message: { name: "a", version: 42, flags: 2, events: [{ kind: "use" }] },
	},
	{
		name: "a call",
		type: 19,
		bytes: `${HEAD} 06 0000000B 02 0003 736179 02 0002 6869`,
		message: { ...head, events: [{ kind: "send", handler: "say", args: ["hi"] }] },
	},
	{
		name: "several events at once",
		type: 19,
		bytes: `${HEAD} 02 00000000 0A 00000003 0001 61 04 00000004 0001 61 05 08 00000000`,
		message: {
			...head,
			events: [
				{ kind: "release" },
				{ kind: "request-remove", name: "a" },
				{ kind: "change", name: "a", value: null },
				{ kind: "clear" },
			],
		},
	},
	{
		name: "what servers tell each other",
		type: 19,
		bytes: `${HEAD} 0C 00000007 0001 61 00000001 0D 00000005 0001 61 01 01 0E 00000000`,
		message: {
			...head,
			events: [
				{ kind: "slot-version", name: "a", version: 1 },
				{ kind: "change-echo", name: "a", value: true },
				{ kind: "request-clear" },
			],
		},
	},
	{
		name: "several slots in one change",
		type: 19,
		bytes: `${HEAD} 04 00000010 0001 61 01 01 0001 62 02 0001 78 0001 63 06`,
		decodeOnly: true,
		message: {
			...head,
			events: [
				{ kind: "change", name: "a", value: true },
				{ kind: "change", name: "b", value: "x" },
				{ kind: "change", name: "c", value: undefined },
			],
		},
	},
	{
		name: "several names in one success",
		type: 19,
		bytes: `${HEAD} 05 00000006 0001 61 0001 62`,
		decodeOnly: true,
		message: {
			...head,
			events: [
				{ kind: "success", name: "a" },
				{ kind: "success", name: "b" },
			],
		},
	},
	{
		name: "changes without values, which are removals",
		type: 19,
		bytes: `${HEAD} 03 00000003 0001 61 04 00000003 0001 62 0D 00000003 0001 63`,
		decodeOnly: true,
		message: {
			...head,
			events: [
				{ kind: "request-remove", name: "a" },
				{ kind: "remove", name: "b" },
				{ kind: "success", name: "c" },
			],
		},
	},
	{
		name: "an event of unknown type between others",
		type: 19,
		bytes: `${HEAD} 63 00000003 010203 01 00000000`,
		decodeOnly: true,
		message: { ...head, events: [{ kind: "use" }] },
	},
	{
		name: "bytes behind the values and behind the last event",
		type: 19,
		bytes: `${HEAD} 01 00000002 FFFF 03 00000006 0001 61 01 01 FF 09 0000`,
		decodeOnly: true,
		message: { ...head, events: [{ kind: "use" }, { kind: "request-change", name: "a", value: true }] },
	},
	{
		name: "a status without a level",
		type: 19,
		bytes: `${HEAD} 07 00000003 0001 78`,
		decodeOnly: true,
		message: { ...head, events: [{ kind: "status", code: "x", level: "error" }] },
	},
	{
		name: "no event",
		type: 19,
		bytes: HEAD,
		message: { ...head, events: [] },
	},
	{
		name: "AMF3: an object behind the switch, a number without",
		type: 16,
		bytes: `00 ${HEAD} 03 0000000C 0001 61 11 0A0B01 0361 0401 01 04 0000000C 0001 62 00 3FF0000000000000`,
		message: {
			...head,
			events: [
				{ kind: "request-change", name: "a", value: Object.assign(Object.create(null), { a: 1 }) },
				{ kind: "change", name: "b", value: 1 },
			],
		},
	},
	{
		name: "AMF3: bytes",
		type: 16,
		bytes: `00 ${HEAD} 04 00000007 0001 61 11 0C0301`,
		decodeOnly: true,
		message: { ...head, events: [{ kind: "change", name: "a", value: Uint8Array.of(1) }] },
	},
	{
		name: "AMF3 inside AMF0, though it was not agreed on",
		type: 19,
		bytes: `${HEAD} 04 00000007 0001 61 11 0C0301 00`,
		decodeOnly: true,
		message: { ...head, events: [{ kind: "change", name: "a", value: Uint8Array.of(1) }] },
	},
	{
		name: "AMF3: a call with a list",
		type: 16,
		bytes: `00 ${HEAD} 06 0000000B 02 0001 66 05 11 09 03 01 0405`,
		message: { ...head, events: [{ kind: "send", handler: "f", args: [null, [5]] }] },
	},
];
