import type { FaultCode } from "@millrace/core/fault";
import { expect } from "vitest";
import type { AbuseCase } from "../abuse-case.ts";
import { amfNumber, amfText, join, repeat, u16, u32 } from "../bytes.ts";
import type { RawClient } from "../raw-client.ts";

const COMMAND = 20;
const ANSWERED = 77;

/** A call of `abuse` whose arguments are given in bytes. */
function call(client: RawClient, ...args: readonly (number | Uint8Array | readonly number[])[]): Uint8Array {
	return client.message(COMMAND, join(amfText("abuse"), amfNumber(ANSWERED), 5, ...args));
}

async function isAnswered(client: RawClient): Promise<void> {
	await client.waitForCommand("_error", ANSWERED);
	expect(await client.call("createStream")).toBeTypeOf("number");
}

type Arguments = readonly (number | Uint8Array | readonly number[])[];

/** Arguments that end the connection. */
function closed(row: number, behaviour: string, outcome: FaultCode, args: () => Arguments): AbuseCase {
	return { row, behaviour, stage: "connected", outcome, attack: client => call(client, ...args()) };
}

/** Arguments that are odd but can be read; the call is answered, here with the word that no such method exists. */
function taken(row: number, behaviour: string, args: () => Arguments): AbuseCase {
	return {
		row,
		behaviour,
		stage: "connected",
		outcome: "served",
		attack: client => call(client, ...args()),
		confirm: isAnswered,
	};
}

/** Members of an AMF0 object, up to and with its end. */
function members(...keys: readonly string[]): Uint8Array {
	return join(...keys.flatMap(key => [u16(key.length), key, amfText("value")]), [0, 0, 9]);
}

const DEEP = 10_000;
const INHERITED = ["__proto__", "constructor", "prototype", "toString", "valueOf", "__defineGetter__", "4294967294"];

/** Offenders of the AMF layer: rows 27 to 38. */
export const amfCases: readonly AbuseCase[] = [
	closed(27, "AMF0 nested 10,000 deep is closed", "AMF_TOO_DEEP", () => [repeat(join(3, u16(1), "a"), DEEP)]),
	closed(27, "AMF3 nested 10,000 deep is closed", "AMF_TOO_DEEP", () => [0x11, repeat(join(9, 3, 1), DEEP)]),
	{
		row: 27,
		behaviour: "AMF nested 33 deep before connect is closed",
		stage: "shaken",
		attack: client =>
			client.message(COMMAND, join(amfText("connect"), amfNumber(1), repeat(join(3, u16(1), "a"), 33), 5)),
		outcome: "AMF_TOO_DEEP",
	},
	closed(28, "a strict array of 2^32 - 1 elements without one is closed", "AMF_COUNT_TOO_LARGE", () => [
		...[10, u32(0xffffffff)],
	]),
	closed(28, "an inner ECMA array of 2^32 - 1 members without one is closed", "AMF_TRUNCATED", () => [
		...[10, u32(1), 8, u32(0xffffffff)],
	]),
	taken(28, "the count of an ECMA array is not believed", () => [8, u32(0xffffffff), [0, 0, 9]]),
	closed(29, "an AMF3 byte array near 2^28 bytes is closed", "AMF_TRUNCATED", () => [0x11, 0x0c, u32(0xffffffff)]),
	...[0x0d, 0x0e, 0x0f, 0x10].map(marker =>
		closed(29, `an AMF3 vector (0x${marker.toString(16)}) near 2^28 elements is closed`, "AMF_COUNT_TOO_LARGE", () => [
			...[0x11, marker, u32(0xffffffff), 0, 1],
		]),
	),
	closed(29, "an AMF3 dictionary near 2^28 entries is closed", "AMF_COUNT_TOO_LARGE", () => [
		...[0x11, 0x11, u32(0xffffffff), 0],
	]),
	closed(29, "an AMF3 array near 2^28 elements is closed", "AMF_COUNT_TOO_LARGE", () => [0x11, 9, u32(0xffffffff), 1]),
	closed(30, "an AMF0 reference to what was not sent is closed", "AMF_BAD_REFERENCE", () => [7, u16(9)]),
	closed(30, "an AMF3 reference to what was not sent is closed", "AMF_BAD_REFERENCE", () => [0x11, 10, 8]),
	closed(30, "an AMF3 string reference to what was not sent is closed", "AMF_BAD_REFERENCE", () => [0x11, 6, 8]),
	taken(30, "an object that holds itself is taken", () => [10, u32(2), 7, u16(0), 7, u16(0)]),
	taken(30, "a reference bomb costs what its bytes cost", () => {
		// Each array holds the one before twice: written out it would be 2^60 values.
		const levels = Array.from({ length: 60 }, (_, i) => join(0x09, 5, 1, 0x09, u29(i * 2), 0x09, u29(i * 2)));
		return [0x11, join(9, 1, 1), ...levels.map(level => join(0x11, level))];
	}),
	closed(31, "a long string of 4 GiB is closed", "AMF_TRUNCATED", () => [0x0c, u32(0xffffffff), [1, 2, 3]]),
	taken(31, "invalid UTF-8 and lone surrogates are taken", () => [
		...[2, u16(6), [0xff, 0xfe, 0xc0, 0x80, 0xf8, 0x80]],
		...[2, u16(3), [0xed, 0xa0, 0x80], 2, u16(1), [0xe2]],
	]),
	taken(32, "members named as inherited ones are taken", () => [
		...[3, members(...INHERITED), 8, u32(9), members(...INHERITED)],
		...[0x11, join(9, 1, ...INHERITED.flatMap(key => [(key.length << 1) | 1, key, 3]), 1)],
	]),
	{
		row: 32,
		behaviour: "a connect object with members named as inherited ones is accepted as any other",
		stage: "shaken",
		attack: client =>
			client.message(
				COMMAND,
				join(
					...[amfText("connect"), amfNumber(1), 3, u16(3), "app", amfText("live")],
					...[u16(9), "__proto__", 3, u16(3), "app", amfText("other"), [0, 0, 9], members(...INHERITED)],
				),
			),
		outcome: "served",
		async confirm(client) {
			await client.waitForCommand("_result", 1);
		},
	},
	taken(33, "typed objects of unknown and famous classes are taken", () => [
		...["Object", "Array", "flash.net.FileReference", "__proto__", "x".repeat(1000)].map(name =>
			join(0x10, u16(name.length), name, [0, 0, 9]),
		),
	]),
	closed(33, "an externalizable object of an unknown class is closed", "AMF_UNKNOWN_EXTERNALIZABLE", () => [
		...[0x11, 0x0a, 0x07, 5, join("no")],
	]),
	taken(34, "XML with entities is taken as text", () => {
		const xml = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c SYSTEM "file:///etc/passwd">]><a>&b;&c;</a>';
		return [
			0x0f,
			u32(xml.length),
			join(xml),
			0x11,
			0x0b,
			(xml.length << 1) | 1 ? u29((xml.length << 1) | 1) : 0,
			join(xml),
		];
	}),
	taken(35, "dates that are no times are taken", () =>
		[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300].flatMap(value => [
			...[0x0b, amfNumber(value).subarray(1), u16(0), 0x11, 0x08, 1, amfNumber(value).subarray(1)],
		]),
	),
	taken(36, "overlong AMF3 numbers are taken", () => [
		0x11,
		0x04,
		[0x80, 0x80, 0x80, 0x05],
		0x11,
		0x06,
		[0x80, 0x80, 1],
	]),
	taken(37, "garbage behind a call is left out", () => [5, [0xff, 0xfe]]),
	closed(37, "garbage within a call is closed", "AMF_BAD_MARKER", () => [10, u32(1), 0xff]),
	closed(37, "a switch to AMF3 within AMF3 is closed", "AMF_COUNT_TOO_LARGE", () => [0x11, 0x11, 0x11]),
	taken(37, "a switch to AMF3 within an AMF0 container is taken", () => [10, u32(2), 0x11, 6, 3, join("x"), 0x11, 1]),
	closed(38, "more than 100,000 values in a message are closed", "AMF_TOO_MANY_VALUES", () => [
		repeat(Uint8Array.of(5), 100_001),
	]),
	taken(38, "as many values as are allowed are taken", () => [repeat(Uint8Array.of(5), 99_000)]),
];

function u29(value: number): Uint8Array {
	return value < 0x80 ? Uint8Array.of(value) : Uint8Array.of(0x80 | (value >>> 7), value & 0x7f);
}
