import { describe, expect, it } from "vitest";
import { type FirstBytes, readFirstBytes } from "./first-bytes.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** What came, what it is, and with how many of its bytes that is certain. */
const CASES: readonly [name: string, bytes: Uint8Array, spoken: FirstBytes, certainAt: number][] = [
	["RTMP", Uint8Array.of(3, 0, 0, 0, 0), "rtmp", 1],
	["RTMPE", Uint8Array.of(6, 0, 0, 0, 0), "rtmp", 1],
	["RTMPE with other ciphers", Uint8Array.of(8, 0, 0, 0, 0), "rtmp", 1],
	["RTMPE type 9", Uint8Array.of(9, 0, 0, 0, 0), "rtmp", 1],
	["a TLS record", Uint8Array.of(0x16, 3, 1, 0, 200), "tls", 2],
	["22 that is no TLS", Uint8Array.of(0x16, 4, 1, 0, 200), "rtmp", 2],
	["GET", text("GET / HTTP/1.1\r\n"), "http", 4],
	["POST", text("POST /open/1 HTTP/1.1\r\n"), "http", 5],
	["OPTIONS", text("OPTIONS * HTTP/1.1\r\n"), "http", 8],
	["the beginning of HTTP/2", text("PRI * HTTP/2.0\r\n"), "rtmp", 3],
	["SSH", text("SSH-2.0-OpenSSH_9\r\n"), "rtmp", 2],
	["a PROXY header where none is due", text("PROXY TCP4 192.0.2.1"), "rtmp", 4],
	["lower case", text("get / HTTP/1.1\r\n"), "rtmp", 1],
	["zeros", new Uint8Array(5), "rtmp", 1],
];

describe("the first bytes of a connection", () => {
	it.each(CASES)("tell %s apart as soon as they can", (_name, bytes, spoken, certainAt) => {
		for (let length = 0; length <= bytes.length; length++) {
			const expected = length < certainAt ? "more" : spoken;
			expect(readFirstBytes(bytes.subarray(0, length)), `${length} bytes`).toBe(expected);
		}
	});

	it("are certain after 18 of them, whatever comes", () => {
		for (let first = 0; first < 256; first++) {
			for (const rest of [0, 3, 0x41, 0x20, 0x2d]) {
				expect(readFirstBytes(new Uint8Array(18).fill(rest).fill(first, 0, 1))).not.toBe("more");
			}
		}
	});
});
