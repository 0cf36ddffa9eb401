import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PeerError } from "../fault/index.ts";
import * as codec from "./index.ts";

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));

// Each parser with a head that leads it into its depth.
const parsers: [string, (input: Uint8Array) => unknown, string][] = [
	["parseAvcConfiguration", codec.parseAvcConfiguration, "01640028ffe1"],
	["parseAvcSps", codec.parseAvcSps, "67640028"],
	["parseHevcConfiguration", codec.parseHevcConfiguration, "0102200000009000000000005df000fcfdfafa00000f"],
	["parseHevcSps", codec.parseHevcSps, "42010102200000030090000003000003005d"],
	["parseAv1Configuration", codec.parseAv1Configuration, "8101"],
	["parseAv1SequenceHeader", codec.parseAv1SequenceHeader, "0a20"],
	["parseVpxConfiguration", input => codec.parseVpxConfiguration(input, "vp09"), "01000000"],
	["parseAacConfiguration", codec.parseAacConfiguration, "12"],
	["parseOpusConfiguration", codec.parseOpusConfiguration, "4f70757348656164"],
	["parseMp3Frame", codec.parseMp3Frame, "ff"],
];

describe("any bytes as a codec's configuration", () => {
	test.each(parsers)("make %s answer or throw a fault of the peer", (_name, parse, head) => {
		const survives = (input: Uint8Array) => {
			try {
				parse(input);
			} catch (fault) {
				expect(fault).toBeInstanceOf(PeerError);
				expect((fault as PeerError).code).toBe("MESSAGE_MALFORMED");
			}
		};
		const start = bytes(head);
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 80 }), tail => {
				survives(tail);
				survives(new Uint8Array([...start, ...tail]));
			}),
			{ numRuns: 300 },
		);
		// Long runs of one bit drive counts and Exp-Golomb codes to their ends.
		for (const value of [0, 0xff, 0x55, 0x80]) survives(new Uint8Array([...start, ...new Array(5000).fill(value)]));
	});
});
