import { describe, expect, test } from "vitest";
import { LimitError, PeerError, UsageError } from "../fault/index.ts";
import { bytesOf } from "./amf-case.ts";
import { equalAmf } from "./amf-equality.ts";
import { type AmfValue, decodeRemoting, inspectAmf, parseAnswerTarget, RemotingWriter } from "./index.ts";
import type { RemotingPacket } from "./remoting.ts";
import { REMOTING_CASES } from "./remoting-case.ts";

const titled = REMOTING_CASES.map(each => [each.name, each] as const);

/** A packet as one value, which can be compared as AMF compares. */
function asValue({ version, headers, messages }: RemotingPacket): AmfValue {
	return [version, ...headers.map(each => ({ ...each })), ...messages.map(each => ({ ...each }))];
}

describe("a packet of Flash Remoting", () => {
	test.each(titled)("%s: is read", (_name, { bytes, packet }) => {
		const read = asValue(decodeRemoting(bytesOf(bytes)));
		expect(equalAmf(read, asValue(packet)), inspectAmf(read)).toBe(true);
	});

	test.each(titled)("%s: is written", (_name, { bytes, packet, write }) => {
		const encoding = packet.version === 3 ? 3 : 0;
		const writer = new RemotingWriter(write?.encoding ?? encoding);
		if (write !== undefined) {
			write.with(writer);
			expect(writer.finish()).toEqual(bytesOf(bytes));
			return;
		}
		// In another form: what it says must be the same.
		for (const header of packet.headers) writer.header(header);
		for (const message of packet.messages) writer.message(message);
		const again = decodeRemoting(writer.finish());
		expect(equalAmf(asValue({ ...again, version: packet.version }), asValue(packet))).toBe(true);
	});

	test.each(titled)("%s: cut short anywhere, it is refused", (_name, { bytes }) => {
		const whole = bytesOf(bytes);
		for (let length = 0; length < whole.length; length++) {
			expect(() => decodeRemoting(whole.subarray(0, length)), String(length)).toThrow(PeerError);
		}
	});

	test.each(titled)("%s: with any byte replaced, nothing but a PeerError is thrown", (_name, { bytes }) => {
		const whole = bytesOf(bytes);
		for (let index = 0; index < whole.length; index++) {
			for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
				try {
					decodeRemoting(whole.with(index, byte));
				} catch (error) {
					expect(error).toBeInstanceOf(PeerError);
				}
			}
		}
	});

	test("what it counts is held against the limits and the bytes that there are", () => {
		const many = bytesOf("0000 0003 0001 61 00 00000001 05 0001 61 00 00000001 05 0001 61 00 00000001 05 0000");
		expect(decodeRemoting(many).headers).toHaveLength(3);
		expect(() => decodeRemoting(many, { maxHeaders: 2 })).toThrow(
			expect.objectContaining({ code: "REMOTING_TOO_LARGE" }),
		);
		const messages = bytesOf("0000 0000 ffff 0001 61 0001 62 00000001 05");
		expect(() => decodeRemoting(messages, { maxMessages: 100 })).toThrow(LimitError);
		expect(() => decodeRemoting(messages, { maxMessages: 70_000 })).toThrow(
			expect.objectContaining({ code: "AMF_COUNT_TOO_LARGE" }),
		);
	});

	test("another version is refused by name", () => {
		for (const version of ["0002", "0004", "3c68"]) {
			expect(() => decodeRemoting(bytesOf(`${version} 0000 0000`))).toThrow(
				expect.objectContaining({ code: "REMOTING_INVALID" }),
			);
		}
	});

	test("all values of a packet draw on the same limits", () => {
		const limits = { depth: 8, values: 10, keyBytes: 100 };
		const writer = new RemotingWriter(0);
		writer.call("a", "/1", [1, 2, 3, 4]);
		expect(decodeRemoting(writer.finish(), { limits }).messages).toHaveLength(1);
		writer.call("a", "/2", [1, 2, 3, 4]);
		writer.call("a", "/3", [1, 2, 3, 4]);
		expect(() => decodeRemoting(writer.finish(), { limits })).toThrow(
			expect.objectContaining({ code: "AMF_TOO_MANY_VALUES" }),
		);
	});

	test("what cannot be written leaves the packet as it was", () => {
		const writer = new RemotingWriter(0, { maxBytes: 200 });
		writer.answer("/1", "result", 1);
		expect(() => writer.answer("/2", "result", Uint8Array.of(1))).toThrow(UsageError);
		expect(() => writer.answer("/2", "result", "x".repeat(200))).toThrow(UsageError);
		expect(() => writer.call("x".repeat(70_000), "/2", [])).toThrow(UsageError);
		writer.answer("/2", "status", "instead");
		expect(writer.messageCount).toBe(2);
		expect(decodeRemoting(writer.finish()).messages.map(each => [each.target, each.value])).toEqual([
			["/1/onResult", 1],
			["/2/onStatus", "instead"],
		]);
	});

	test("a target says what kind of answer it is, and to which call", () => {
		expect(parseAnswerTarget("/1/onResult")).toEqual({ response: "/1", kind: "result" });
		expect(parseAnswerTarget("/12/onStatus")).toEqual({ response: "/12", kind: "status" });
		expect(parseAnswerTarget("/1/onDebugEvents")).toEqual({ response: "/1", kind: "debug" });
		expect(parseAnswerTarget("Svc.echo")).toBeUndefined();
	});
});
