import { PeerError } from "@millrace/core/fault";
import { describe, expect, it } from "vitest";
import { readProxyHeader } from "./proxy-header.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const version2 = (command: number, family: number, fields: readonly number[], length = fields.length): Uint8Array =>
	Uint8Array.from([...SIGNATURE, command, family, length >> 8, length & 255, ...fields]);
const IPV4 = [192, 0, 2, 9, 127, 0, 0, 1, 0xc0, 0x00, 0x07, 0x8f];
const IPV6 = [...[0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9], ...new Array(16).fill(0), 1, 2, 3, 4];
const MAPPED = [...new Array(10).fill(0), 255, 255, 192, 0, 2, 9, ...new Array(16).fill(0), 1, 2, 3, 4];

const SOUND: readonly [name: string, header: Uint8Array, address: string | undefined][] = [
	["version 1 over IPv4", text("PROXY TCP4 192.0.2.9 198.51.100.1 56324 1935\r\n"), "192.0.2.9"],
	["version 1 over IPv6", text("PROXY TCP6 2001:db8::9 ::1 56324 1935\r\n"), "2001:db8::9"],
	["version 1 of an unknown client", text("PROXY UNKNOWN\r\n"), undefined],
	["version 1 of an unknown client, with addresses", text("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), undefined],
	["version 2 over IPv4", version2(0x21, 0x11, IPV4), "192.0.2.9"],
	["version 2 with more fields", version2(0x21, 0x11, [...IPV4, 3, 0, 4, 1, 2, 3, 4]), "192.0.2.9"],
	["version 2 over IPv6", version2(0x21, 0x21, IPV6), "2001:db8::9"],
	["version 2 of IPv4 written as IPv6", version2(0x21, 0x21, MAPPED), "192.0.2.9"],
	["version 2 of the proxy itself", version2(0x20, 0, []), undefined],
	["version 2 of a family that is not known", version2(0x21, 0x31, new Array(216).fill(1)), undefined],
];

const UNSOUND: readonly [name: string, bytes: Uint8Array][] = [
	["RTMP", Uint8Array.of(3)],
	["HTTP that begins alike", text("POST")],
	["a line that does not end", text(`PROXY UNKNOWN ${"x".repeat(100)}`)],
	["a line of 108 bytes", text(`PROXY UNKNOWN ${"x".repeat(92)}\r\n`)],
	["a line without its return", text("PROXY TCP4 192.0.2.9 198.51.100.1 56324 1935\n")],
	["an address of the wrong family", text("PROXY TCP4 ::1 ::1 1 2\r\n")],
	["a number that is none", text("PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n")],
	["a port that is none", text("PROXY TCP4 192.0.2.9 198.51.100.1 65536 2\r\n")],
	["a line break in the middle", text("PROXY TCP4 192.0.2.9\r\n")],
	["another version", version2(0x31, 0x11, IPV4)],
	["another command", version2(0x22, 0x11, IPV4)],
	["too few bytes for its addresses", version2(0x21, 0x21, IPV4)],
	["too long a header", version2(0x21, 0x11, IPV4, 65_535)],
];

describe("a PROXY header", () => {
	it.each(SOUND)("%s is read whole, and not before it is", (_name, header, address) => {
		for (let length = 0; length < header.length; length++) {
			expect(readProxyHeader(header.subarray(0, length)), `${length} bytes`).toBeUndefined();
		}
		expect(readProxyHeader(Uint8Array.from([...header, 3, 1, 2]))).toEqual({ length: header.length, address });
	});

	it.each(UNSOUND)("is not %s", (_name, bytes) => {
		expect(() => readProxyHeader(bytes)).toThrow(PeerError);
		expect(() => readProxyHeader(bytes)).toThrow(expect.objectContaining({ code: "PROXY_HEADER_INVALID" }));
	});
});
