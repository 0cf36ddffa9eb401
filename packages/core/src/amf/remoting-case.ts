import type { ObjectEncoding } from "./amf-message.ts";
import { AmfEcmaArray, AmfTypedObject, type AmfValue } from "./amf-types.ts";
import type { RemotingPacket, RemotingWriter } from "./remoting.ts";

/** A packet and its bytes. The table drives the tests of both directions and of truncation, and seeds the fuzzer. */
export type RemotingCase = {
	readonly name: string;
	/** In hexadecimal, blanks for the eye. */
	readonly bytes: string;
	readonly packet: RemotingPacket;
	/** Writes it. Absent: it is only read, for we write it in another form. */
	readonly write?: { readonly encoding: ObjectEncoding; readonly with: (writer: RemotingWriter) => void };
};

const TARGET = "0008 5376632e6563686f";
const ITEM: AmfValue = { a: 1 };

export const REMOTING_CASES: readonly RemotingCase[] = [
	{
		name: "a call in AMF0",
		bytes: `0000 0000 0001 ${TARGET} 0002 2f31 00000009 0a00000001 02000178`,
		packet: { version: 0, headers: [], messages: [{ target: "Svc.echo", response: "/1", value: ["x"] }] },
		write: { encoding: 0, with: writer => writer.call("Svc.echo", "/1", ["x"]) },
	},
	{
		name: "its answer",
		bytes: "0000 0000 0001 000b 2f312f6f6e526573756c74 0004 6e756c6c 00000004 02000178",
		packet: { version: 0, headers: [], messages: [{ target: "/1/onResult", response: "null", value: "x" }] },
		write: { encoding: 0, with: writer => writer.answer("/1", "result", "x") },
	},
	{
		name: "a fault",
		bytes: `0000 0000 0001 000b 2f312f6f6e537461747573 0004 6e756c6c 00000010
			03 0004 636f6465 02 0003 466f6f 000009`,
		packet: {
			version: 0,
			headers: [],
			messages: [{ target: "/1/onStatus", response: "null", value: { code: "Foo" } }],
		},
		write: { encoding: 0, with: writer => writer.answer("/1", "status", { code: "Foo" }) },
	},
	{
		name: "a call in AMF3: each argument behind its own switch, with one set of tables",
		bytes: `0003 0000 0001 ${TARGET} 0002 2f31 00000013 0a00000002 11 060578 79 11 0a0b01 0361 0401 01`,
		packet: {
			version: 3,
			headers: [],
			messages: [{ target: "Svc.echo", response: "/1", value: ["xy", ITEM] }],
		},
		write: { encoding: 3, with: writer => writer.call("Svc.echo", "/1", ["xy", ITEM]) },
	},
	{
		name: "a call in AMF3 whose arguments are one AMF3 array",
		bytes: `0003 0000 0001 ${TARGET} 0002 2f31 ffffffff 11 09 03 01 0405`,
		packet: { version: 3, headers: [], messages: [{ target: "Svc.echo", response: "/1", value: [5] }] },
	},
	{
		name: "an answer in AMF3: an object behind the switch, a number without",
		bytes: `0003 0000 0002 000b 2f312f6f6e526573756c74 0004 6e756c6c 00000009 11 0a0b01 0361 0401 01
			000b 2f322f6f6e526573756c74 0004 6e756c6c 00000009 00 3ff8000000000000`,
		packet: {
			version: 3,
			headers: [],
			messages: [
				{ target: "/1/onResult", response: "null", value: ITEM },
				{ target: "/2/onResult", response: "null", value: 1.5 },
			],
		},
		write: {
			encoding: 3,
			with: writer => {
				writer.answer("/1", "result", ITEM);
				writer.answer("/2", "result", 1.5);
			},
		},
	},
	{
		name: "headers, one of which must be understood, and no message",
		bytes: `0000 0002 0001 61 01 00000002 0101 0001 62 00 00000001 05 0000`,
		packet: {
			version: 0,
			headers: [
				{ name: "a", mustUnderstand: true, value: true },
				{ name: "b", mustUnderstand: false, value: null },
			],
			messages: [],
		},
		write: {
			encoding: 0,
			with: writer => {
				writer.header({ name: "a", mustUnderstand: true, value: true });
				writer.header({ name: "b", mustUnderstand: false, value: null });
			},
		},
	},
	{
		name: "unknown lengths",
		bytes: `0000 0001 0001 61 00 ffffffff 05 0001 ${TARGET} 0002 2f31 ffffffff 0a00000000`,
		packet: {
			version: 0,
			headers: [{ name: "a", mustUnderstand: false, value: null }],
			messages: [{ target: "Svc.echo", response: "/1", value: [] }],
		},
	},
	{
		name: "wrong lengths, which Flash Player is known to send",
		bytes: `0000 0001 0001 61 00 00000000 05 0001 ${TARGET} 0002 2f31 00000001 0a00000000`,
		packet: {
			version: 0,
			headers: [{ name: "a", mustUnderstand: false, value: null }],
			messages: [{ target: "Svc.echo", response: "/1", value: [] }],
		},
	},
	{
		name: "the version of Flash Communication Server",
		bytes: `0001 0000 0001 ${TARGET} 0002 2f31 00000005 0a00000000`,
		packet: { version: 1, headers: [], messages: [{ target: "Svc.echo", response: "/1", value: [] }] },
	},
	{
		name: "references that begin anew with each message",
		bytes: `0000 0000 0002 0001 61 0002 2f31 00000010 0a00000002 03 0001 61 05 000009 07 0001
			0001 61 0002 2f32 00000010 0a00000002 03 0001 62 05 000009 07 0001`,
		packet: {
			version: 0,
			headers: [],
			messages: [
				{ target: "a", response: "/1", value: twice({ a: null }) },
				{ target: "a", response: "/2", value: twice({ b: null }) },
			],
		},
		write: {
			encoding: 0,
			with: writer => {
				writer.call("a", "/1", twice({ a: null }));
				writer.call("a", "/2", twice({ b: null }));
			},
		},
	},
	{
		name: "a message of Flex",
		bytes: `0003 0000 0001 0004 6e756c6c 0002 2f31 0000003b 0a00000001 11 0a 13
			4d 666c65782e6d6573736167696e672e6d657373616765732e436f6d6d616e644d657373616765
			13 6f7065726174696f6e 0405`,
		packet: {
			version: 3,
			headers: [],
			messages: [
				{
					target: "null",
					response: "/1",
					value: [new AmfTypedObject("flex.messaging.messages.CommandMessage", { operation: 5 })],
				},
			],
		},
		write: {
			encoding: 3,
			with: writer =>
				writer.call("null", "/1", [new AmfTypedObject("flex.messaging.messages.CommandMessage", { operation: 5 })]),
		},
	},
	{
		name: "PyAMF 0.9.1: a call in AMF3, whose length says nothing",
		bytes: `0003 0000 0001 000b 64656d6f2e6d6972726f72 0002 2f31 00000000 0a00000002
			11 0a0b1b 6578616d706c652e506f696e74 0378 0401 0379 0402 01 11 0609 7a776569`,
		packet: {
			version: 3,
			headers: [],
			messages: [
				{
					target: "demo.mirror",
					response: "/1",
					value: [new AmfTypedObject("example.Point", { x: 1, y: 2 }, 0), "zwei"],
				},
			],
		},
	},
	{
		name: "PyAMF 0.9.1: an answer in AMF3",
		bytes: `0003 0000 0001 000b 2f312f6f6e526573756c74 0004 6e756c6c 00000000
			11 0905 01 0401 0a0b01 0361 0603 62 01`,
		packet: {
			version: 3,
			headers: [],
			messages: [{ target: "/1/onResult", response: "null", value: [1, { a: "b" }] }],
		},
	},
	{
		name: "Ruffle 0.6.0: two calls with credentials",
		bytes: `0000 0001 000b 43726564656e7469616c73 00 00000020
			03 0008 70617373776f7264 02000178 0006 757365726964 020003616e6e 000009
			0002 0009 64656d6f2e6563686f 0002 2f31 0000004a 0a00000002
			03 0001 62 08 00000003 0001 30 003ff0000000000000 0001 31 004000000000000000 0001 32 0200057468726565 000009
			0001 61 003ff0000000000000 000009 02000474657874
			000c 64656d6f2e6e6f7468696e67 0002 2f32 00000005 0a00000000`,
		packet: {
			version: 0,
			headers: [{ name: "Credentials", mustUnderstand: false, value: { password: "x", userid: "ann" } }],
			messages: [
				{
					target: "demo.echo",
					response: "/1",
					value: [
						{
							b: new AmfEcmaArray([
								["0", 1],
								["1", 2],
								["2", "three"],
							]),
							a: 1,
						},
						"text",
					],
				},
				{ target: "demo.nothing", response: "/2", value: [] },
			],
		},
	},
];

function twice(object: AmfValue): AmfValue[] {
	return [object, object];
}
