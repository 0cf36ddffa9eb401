import { AmfEcmaArray } from "./amf-types.ts";
import type { SolFile } from "./sol.ts";

/** A file and its bytes. The table drives the tests of both directions and of truncation, and seeds the fuzzer. */
export type SolCase = {
	readonly name: string;
	/** In hexadecimal, blanks for the eye. */
	readonly bytes: string;
	readonly file: SolFile;
	/** Only read: we write it in another form. */
	readonly decodeOnly?: true;
};

const HEAD = "5443534f 000400000000 0004 64656d6f 000000";
const shared = { a: 1 };

export const SOL_CASES: readonly SolCase[] = [
	{
		name: "AMF0: a number and a string",
		bytes: `00bf 00000032 ${HEAD} 00 000573636f7265 004045000000000000 00 00046e616d65 020003626f62 00`,
		file: { name: "demo", objectEncoding: 0, data: { score: 42, name: "bob" } },
	},
	{
		name: "AMF3: an integer",
		bytes: `00bf 0000001d ${HEAD} 03 0b 73636f7265 042a 00`,
		file: { name: "demo", objectEncoding: 3, data: { score: 42 } },
	},
	{
		name: "AMF0: no members",
		bytes: `00bf 00000014 ${HEAD} 00`,
		file: { name: "demo", objectEncoding: 0, data: {} },
	},
	{
		name: "AMF3: no members",
		bytes: `00bf 00000014 ${HEAD} 03`,
		file: { name: "demo", objectEncoding: 3, data: {} },
	},
	{
		name: "AMF3: names and strings that refer to each other over the whole file",
		bytes: `00bf 00000025 ${HEAD} 03 03 61 0603 62 00 02 0600 00 07 636463 0602 00`,
		file: { name: "demo", objectEncoding: 3, data: { a: "b", b: "a", cdc: "b" } },
	},
	{
		name: "AMF3: one object under two names",
		bytes: `00bf 00000024 ${HEAD} 03 03 78 0a0b01 0361 0401 01 00 03 79 0a00 00`,
		file: { name: "demo", objectEncoding: 3, data: { x: shared, y: shared } },
	},
	{
		name: "AMF0: values of every short kind, and an empty name",
		bytes: `00bf 00000023 ${HEAD} 00 0000 05 00 0001 61 0101 00 0001 62 06 00`,
		file: { name: "demo", objectEncoding: 0, data: { "": null, a: true, b: undefined } },
	},
	{
		name: "AMF0: an array with names",
		bytes: `00bf 00000025 ${HEAD} 00 0001 61 08 00000001 0001 6b 0100 000009 00`,
		file: { name: "demo", objectEncoding: 0, data: { a: new AmfEcmaArray([["k", false]]) } },
	},
	{
		name: "a length of zero",
		bytes: `00bf 00000000 ${HEAD} 03 03 61 03 00`,
		file: { name: "demo", objectEncoding: 3, data: { a: true } },
		decodeOnly: true,
	},
	{
		name: "an empty name of the object",
		bytes: "00bf 00000010 5443534f 000400000000 0000 000000 03",
		file: { name: "", objectEncoding: 3, data: {} },
	},
	{
		name: "names of Object.prototype",
		bytes: `00bf 00000025 ${HEAD} 03 13 5f5f70726f746f5f5f 0401 00 03 61 02 00`,
		file: { name: "demo", objectEncoding: 3, data: JSON.parse('{"__proto__":1,"a":false}') },
	},
];
