import { describe, expect, test } from "vitest";
import {
	AmfTypedObject,
	type AmfValue,
	decodeRemoting,
	FLEX_COMMAND,
	flexFault,
	flexResult,
	RemotingWriter,
	readFlexMessage,
} from "./index.ts";

const STAMP = { messageId: "answer-1", timestamp: 1_700_000_000_000 };

function message(name: string, members: { [key: string]: AmfValue }): AmfTypedObject {
	return new AmfTypedObject(name.includes("DS") ? name : `flex.messaging.messages.${name}`, members);
}

/** What a gateway gets of it: a call of `null` in AMF3. */
function received(value: AmfValue): AmfValue {
	const writer = new RemotingWriter(3);
	writer.call("null", "/1", [value]);
	return decodeRemoting(writer.finish()).messages[0]!.value;
}

const CALL = message("RemotingMessage", {
	destination: "demo",
	operation: "echo",
	body: [1, "a"],
	messageId: "m1",
	clientId: null,
});

describe("a message of Flex", () => {
	test("a call names its service, its method and its arguments", () => {
		expect(readFlexMessage(received(CALL))).toEqual({
			kind: "call",
			destination: "demo",
			operation: "echo",
			args: [1, "a"],
			messageId: "m1",
			clientId: null,
		});
	});

	test.each([
		["null stands for none", null, []],
		["a single value is one", 7, [7]],
		["an array is them", [[1]], [[1]]],
	])("of arguments, %s", (_what, body, args) => {
		expect(readFlexMessage([message("RemotingMessage", { operation: "a", body })])).toMatchObject({ args });
	});

	test.each(["CommandMessage", "DSC"])("%s is a command", name => {
		const command = message(name, { operation: FLEX_COMMAND.ping, messageId: "m2" });
		expect(readFlexMessage(received(command))).toMatchObject({ kind: "command", operation: 5, messageId: "m2" });
	});

	test("a small message carries its identifiers as bytes", () => {
		const bytes = (first: number) => Uint8Array.from({ length: 16 }, (_, index) => first + index);
		const command = message("DSC", { clientIdBytes: bytes(0xf0), messageIdBytes: bytes(1), operation: 5 });
		expect(readFlexMessage(received(command))).toMatchObject({
			messageId: "01020304-0506-0708-090A-0B0C0D0E0F10",
			clientId: "F0F1F2F3-F4F5-F6F7-F8F9-FAFBFCFDFEFF",
		});
		const short = message("DSC", { messageId: "m3", messageIdBytes: Uint8Array.of(1), operation: 5 });
		expect(readFlexMessage(received(short))).toMatchObject({ messageId: "m3", clientId: undefined });
	});

	test.each([
		["AsyncMessage", {}],
		["DSA", {}],
		["RemotingMessage", {}],
		["CommandMessage", { operation: "5" }],
	])("%s is of another kind, with %j", (name, members) => {
		expect(readFlexMessage(received(message(name, { ...members, messageId: "m4" })))).toMatchObject({
			kind: "other",
			messageId: "m4",
			className: expect.stringContaining(name),
		});
	});

	test.each([
		["nothing", undefined],
		["no object", [1]],
		["an object without a class", [{ operation: "a" }]],
		["another class", [new AmfTypedObject("Foo", { operation: "a" })]],
	] as [string, AmfValue][])("%s is none", (_what, value) => {
		expect(readFlexMessage(value)).toBeUndefined();
	});

	test("results and faults name what they answer, and can be sent", () => {
		const call = readFlexMessage([CALL])!;
		const result = received(flexResult(call, { sum: 3 }, STAMP)) as AmfTypedObject[];
		expect(result[0]!.className).toBe("flex.messaging.messages.AcknowledgeMessage");
		expect(result[0]!.members).toMatchObject({
			...{ body: { sum: 3 }, correlationId: "m1", messageId: "answer-1", clientId: "answer-1" },
			timestamp: STAMP.timestamp,
		});
		const fault = { code: "A.B", text: "No.", detail: "demo.echo", data: 5 };
		const failed = received(flexFault(call, fault, STAMP)) as AmfTypedObject[];
		expect(failed[0]!.className).toBe("flex.messaging.messages.ErrorMessage");
		expect(failed[0]!.members).toMatchObject({
			...{ faultCode: "A.B", faultString: "No.", faultDetail: "demo.echo", extendedData: 5, rootCause: null },
			...{ correlationId: "m1", body: null },
		});
	});
});
