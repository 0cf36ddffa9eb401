import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LimitError, MillraceError, PeerError } from "../fault/index.ts";
import { FlvDemuxer, type FlvDemuxerOptions } from "./flv-demuxer.ts";
import { type FlvHeader, flvHeader } from "./flv-header.ts";
import { flvTag, writeFlvTags } from "./flv-muxer.ts";
import {
	MEDIA_AUDIO,
	MEDIA_DATA,
	MEDIA_DATA_AMF3,
	MEDIA_VIDEO,
	MediaMessage,
	type MediaType,
} from "./media-message.ts";

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

type Found = { headers: FlvHeader[]; tags: MediaMessage[]; offsets: number[]; demuxer: FlvDemuxer };

function demux(data: Uint8Array, pieceSize: (offset: number) => number, options?: FlvDemuxerOptions): Found {
	const found: Omit<Found, "demuxer"> = { headers: [], tags: [], offsets: [] };
	const demuxer = new FlvDemuxer(
		{
			onHeader: header => found.headers.push(header),
			onTag: (message, offset) => {
				found.tags.push(message);
				found.offsets.push(offset);
			},
		},
		options,
	);
	for (let offset = 0; offset < data.length; ) {
		const piece = data.slice(offset, offset + pieceSize(offset));
		demuxer.push(piece);
		offset += piece.length;
		// Payloads are copies: the pieces belong to the caller.
		piece.fill(0xcc);
	}
	return { ...found, demuxer };
}

const whole = () => 1 << 30;
const splits: [string, (offset: number) => number][] = [
	["whole", whole],
	["byte by byte", () => 1],
	["split at random", offset => 1 + ((offset * 7919) % 37)],
];

const video = new MediaMessage(MEDIA_VIDEO, 0, bytes("17 00 000000 01"));
const audio = new MediaMessage(MEDIA_AUDIO, 1000, bytes("af 01 21"));
const data = new MediaMessage(MEDIA_DATA, 0, bytes("02 000a 6f6e4d65746144617461 08 00000000 000009"));
const file = join(flvHeader(true, true), writeFlvTags([data, video, audio]));

describe.each(splits)("an FLV file, %s", (_name, pieceSize) => {
	test("gives its header and tags with their places", () => {
		const found = demux(file, pieceSize);
		expect(found.headers).toEqual([{ version: 1, hasAudio: true, hasVideo: true, headerBytes: 9 }]);
		expect(found.tags).toEqual([data, video, audio]);
		expect(found.offsets.map(offset => file[offset])).toEqual([18, 9, 8]);
		expect(found.demuxer.end()).toBeUndefined();
		expect(found.demuxer.completeBytes).toBe(file.length - 4);
	});

	test("is passed over where its header is larger than nine bytes", () => {
		const larger = join(bytes("464c5601 05 0000000d deadbeef 00000000"), flvTag(audio));
		expect(demux(larger, pieceSize).tags).toEqual([audio]);
	});

	test("is believed in nothing that its header flags, version and PreviousTagSizes say", () => {
		const lying = file.slice();
		lying[3] = 2;
		lying[4] = 0;
		lying.set(bytes("ffffffff"), 9);
		lying.set(bytes("00000001"), lying.length - 4);
		expect(demux(lying, pieceSize).tags).toEqual([data, video, audio]);
	});

	test("loses tags of unknown type and empty ones, and nothing else", () => {
		const strange = join(
			flvHeader(false, false),
			bytes("0a 000005 000000 00 000000 0102030405 00000010"),
			flvTag(video),
			bytes("08 000000 000000 00 000000 0000000b"),
			bytes("00 000000 000000 00 000000 0000000b"),
			flvTag(audio),
		);
		const found = demux(strange, pieceSize);
		expect(found.tags).toEqual([video, audio]);
		expect(found.demuxer.skippedTags).toBe(3);
		expect(found.demuxer.end()).toBeUndefined();
	});

	test("of one large tag is put together", () => {
		const large = new MediaMessage(MEDIA_VIDEO, 7, new Uint8Array(200_000).fill(0x27));
		const input = join(flvHeader(true, true), flvTag(large), flvTag(audio));
		const found = demux(input, pieceSize);
		expect(found.tags[0]!.payload.length).toBe(200_000);
		expect(found.tags[0]!.payload.buffer.byteLength).toBe(200_000);
		expect(Buffer.compare(found.tags[0]!.payload, large.payload)).toBe(0);
		expect(found.tags[1]).toEqual(audio);
	});
});

describe("an FLV file", () => {
	test("has times of 32 bits with the high byte last", () => {
		const found = demux(join(flvHeader(true, true), bytes("08 000001 020304 01 000000 af 0000000c")), whole);
		expect(found.tags[0]!.timestamp).toBe(0x01020304);
	});

	test("whose times went below zero, as OBS before 29.1.3 wrote them, keeps the time before", () => {
		const tag = (time: string) => bytes(`09 000002 ${time} 000000 1701 0000000d`);
		const script = bytes("12 000001 000000 00 000000 05 0000000c");
		const input = join(
			flvHeader(true, true),
			tag("fffff0 ff"),
			tag("000064 00"),
			script,
			tag("fffff0 ff"),
			tag("000001 80"),
		);
		expect(demux(input, whole).tags.map(tag => tag.timestamp)).toEqual([0, 100, 0, 100, 1]);
	});

	test("is refused when it does not begin with FLV", () => {
		for (const start of [
			"efbbbf464c5601050000",
			"4944330400000000000000",
			"000000206674797069736f6d",
			"464c5a010500000009",
		]) {
			expect(() => demux(bytes(start), whole)).toThrow(expect.objectContaining({ code: "FLV_BAD_SIGNATURE" }));
		}
	});

	test("with an impossible header size is read as if it were nine", () => {
		for (const size of ["00000000", "00000008", "ffffffff", "00010001"]) {
			const found = demux(join(bytes(`464c5601 05 ${size} 00000000`), flvTag(audio)), whole);
			expect(found.tags).toEqual([audio]);
		}
	});

	test("that ends inside a tag says so and where it could be cut, at every length", () => {
		const ends = [13, 13 + flvTag(data).length, 13 + flvTag(data).length + flvTag(video).length, file.length];
		for (let length = 0; length <= file.length; length++) {
			const { demuxer, tags } = demux(file.subarray(0, length), whole);
			// A PreviousTagSize may be cut: it holds nothing.
			const isClean = ends.some(end => length <= end && length >= end - 4);
			expect([length, demuxer.end()?.code]).toEqual([length, isClean ? undefined : "FLV_TRUNCATED"]);
			expect(demuxer.completeBytes).toBe(length < 9 ? 0 : ends.findLast(end => end - 4 <= length)! - 4);
			expect(tags.length).toBe(ends.filter(end => end > 13 && end - 4 <= length).length);
		}
	});

	test("whose tag is larger than the limit is refused before the tag has come", () => {
		const head = join(flvHeader(true, true), bytes("09 0003e9 000000 00 000000"));
		expect(() => demux(head, whole, { maxTagBytes: 1000 })).toThrow(LimitError);
		expect(() => demux(head, whole, { maxTagBytes: 1001 })).not.toThrow();
	});

	test("spends no memory on bytes that were only announced", () => {
		const head = join(flvHeader(true, true), bytes("09 ffffff 000000 00 000000"));
		const before = process.memoryUsage().arrayBuffers;
		const held = Array.from({ length: 50 }, () => demux(head, whole).demuxer);
		expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(held.length * 200_000);
	});

	test("gives encrypted tags only to those who ask for them", () => {
		const encrypted = join(flvHeader(true, true), bytes("29 000003 000005 00 000000 170102 0000000e"), flvTag(audio));
		const found = demux(encrypted, whole);
		expect(found.tags).toEqual([audio]);
		expect(found.demuxer.skippedTags).toBe(1);
		const filtered: [MediaMessage, number][] = [];
		new FlvDemuxer({ onTag: () => {}, onFilteredTag: (message, at) => filtered.push([message, at]) }).push(encrypted);
		expect(filtered).toEqual([[new MediaMessage(MEDIA_VIDEO, 5, bytes("170102")), 13]]);
	});

	test("that is damaged loses only the damaged part if it is read with resync", () => {
		const good = Array.from(
			{ length: 5 },
			(_, index) => new MediaMessage(MEDIA_AUDIO, index * 20, bytes("af 01 2122")),
		);
		const start = join(flvHeader(true, true), writeFlvTags(good));
		const garbage = new Uint8Array(997).map((_, index) => (index * 73 + 0x40) | 0x40);
		const damaged = join(start, garbage, bytes("0000000f"), writeFlvTags(good));
		for (const [, pieceSize] of splits) {
			const found = demux(damaged, pieceSize, { resync: true });
			expect(found.tags).toEqual([...good, ...good]);
			expect(found.offsets[5]).toBe(start.length + garbage.length + 4);
			expect(found.demuxer.end()).toBeUndefined();
		}
		expect(demux(damaged, whole).tags).toEqual(good);
		expect(demux(join(start, garbage), whole, { resync: true }).demuxer.end()?.code).toBe("FLV_TRUNCATED");
	});
});

const anyMessage = fc
	.tuple(
		fc.constantFrom<MediaType>(MEDIA_AUDIO, MEDIA_VIDEO, MEDIA_DATA, MEDIA_DATA_AMF3),
		fc.integer({ min: 0, max: 0x7fff_ffff }),
		fc.uint8Array({ minLength: 1, maxLength: 300 }),
	)
	.map(([type, time, payload]) => new MediaMessage(type, time, payload));

describe("muxing and demuxing", () => {
	test("gives any messages back, however the bytes are cut", () => {
		fc.assert(
			fc.property(
				fc.array(anyMessage, { maxLength: 12 }),
				fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 }),
				(messages, sizes) => {
					const input = join(flvHeader(true, false), writeFlvTags(messages));
					expect(demux(input, whole).tags).toEqual(messages);
					expect(demux(input, () => 1).tags).toEqual(messages);
					let next = 0;
					expect(demux(input, () => sizes[next++ % sizes.length]!).tags).toEqual(messages);
				},
			),
		);
	});

	test("survives any bytes behind a header with faults of Millrace at most", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), fc.boolean(), (tail, hasHeader, resync) => {
				try {
					const input = hasHeader ? join(flvHeader(true, true), tail) : tail;
					const found = demux(input, () => 7, { resync, maxTagBytes: 100_000 });
					expect(found.demuxer.completeBytes).toBeLessThanOrEqual(input.length);
				} catch (fault) {
					if (!(fault instanceof MillraceError)) throw fault;
					expect(fault).toBeInstanceOf(PeerError);
				}
			}),
			{ numRuns: 300 },
		);
	});
});
