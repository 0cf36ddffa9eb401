import { MEDIA_AUDIO, MEDIA_VIDEO, MediaMessage, writeFlvTags } from "@millrace/core/flv";
import { type BuiltTag, buildFlvFile, metadataBody } from "@millrace/testkit";
import { describe, expect, it } from "vitest";
import type { RecordingFileHandle } from "./file-system.ts";
import { type FlvTail, readFlvTail } from "./flv-tail.ts";
import { FlvWriter } from "./flv-writer.ts";

const CONFIGURATION = [0x17, 0, 0, 0, 0, 1, 2];
const OTHER = [0x17, 0, 0, 0, 0, 3, 4];
const KEY = [0x17, 1, 0, 0, 0, 9, 9];
const INTER = [0x27, 1, 0, 0, 0, 9, 9];
const SOUND = [0xaf, 1, 5];

describe("the end of an FLV file", () => {
	it("is found in a file of another program, with its keyframes and configurations", async () => {
		const file = buildFlvFile([
			{ type: 18, timestamp: 0, body: metadataBody({ duration: 5 }) },
			video(0, CONFIGURATION),
			video(0, KEY),
			video(40, INTER),
			audio(50, SOUND),
			video(80, KEY),
		]);
		const { tail, reads } = await tailOf(file);
		expect(tail).toMatchObject({
			end: file.length,
			region: undefined,
			hasAudio: true,
			hasVideo: true,
			reconfigured: false,
		});
		expect([...tail.index.times.subarray(0, tail.index.count)]).toEqual([0, 80]);
		expect(file[tail.index.positions[1]!]).toBe(9);
		expect(tail.configurations.map(({ message }) => [...message.payload])).toEqual([CONFIGURATION]);
		expect([tail.clock.lastMillis, tail.clock.nextMillis]).toEqual([80, 120]);
		expect(reads).toBeLessThan(4);
	});

	it("is the end of the last whole tag, wherever the file is torn", async () => {
		const whole = buildFlvFile([video(0, KEY), audio(20, SOUND), video(40, INTER)]);
		const ends = [13, 13 + 22, 13 + 22 + 18, whole.length];
		for (let length = 13; length <= whole.length; length++) {
			const { tail } = await tailOf(whole.subarray(0, length));
			expect(tail.end).toBe(ends.findLast(end => end <= length));
		}
	});

	it.each([
		["zeros", new Uint8Array(500)],
		["noise", new Uint8Array(500).map((_, i) => (i * 73 + 11) & 255)],
	])("is in front of %s that a crash has left", async (_, left) => {
		const whole = buildFlvFile([video(0, KEY)]);
		const { tail } = await tailOf(Buffer.concat([whole, left]));
		expect(tail.end).toBe(whole.length);
	});

	it("is behind tags of unknown type", async () => {
		const parts = buildFlvFile([video(0, KEY), video(40, INTER), video(80, INTER)]);
		parts[13 + 22] = 4;
		expect((await tailOf(parts)).tail).toMatchObject({ end: parts.length });
	});

	it("is looked for from the last keyframe that our metadata names", async () => {
		const { file } = recorded(9000);
		const { tail, reads } = await tailOf(file);
		expect(tail).toMatchObject({ end: file.length, reconfigured: false });
		expect([tail.index.count, tail.clock.lastMillis]).toEqual([900, 359_960]);
		expect(reads).toBeLessThan(7);
	});

	it("is looked for from the start where configurations have changed, and where the metadata is not true", async () => {
		const { file, writer } = recorded(100);
		const before = new Uint8Array(file.length);
		before.set(file);
		before[file.length - 30] = 0xff;
		writer.add(new MediaMessage(MEDIA_VIDEO, 4000, new Uint8Array(OTHER)));
		const more = writer.take(false);
		const changed = new Uint8Array(Buffer.concat([file, more]));
		changed.set(writer.patches()[0]!.bytes);
		expect((await tailOf(changed)).tail).toMatchObject({ end: changed.length, reconfigured: true });
		const moved = file.slice();
		// The last keyframe's tag is no longer one.
		const { tail } = await tailOf(moved);
		moved[tail.lastKeyframe!.position + 11] = 0x27;
		expect((await tailOf(moved)).tail).toMatchObject({ end: file.length, index: { count: 9 } });
	});

	it.each([
		["no FLV file", new TextEncoder().encode("ID3 and so on and on"), "FILE_INVALID"],
		["an empty file", new Uint8Array(0), "FILE_INVALID"],
	])("is not found in %s", async (_, bytes, code) => {
		await expect(tailOf(bytes)).rejects.toMatchObject({ code });
	});

	it("is not made where much more than a torn tag follows the damage", async () => {
		const whole = buildFlvFile([video(0, KEY)]);
		await expect(tailOf(whole, 100 * 1024 * 1024)).rejects.toMatchObject({ code: "FILE_INVALID" });
	});
});

describe("an FLV writer that goes on", () => {
	it("keeps the index, and describes the whole", async () => {
		const { file } = recorded(50);
		const { tail } = await tailOf(file);
		const writer = FlvWriter.resume(tail, { metadata: undefined, configurations: [] }, 7000, 500);
		writer.add(new MediaMessage(MEDIA_VIDEO, 7000, new Uint8Array(KEY)));
		const all = new Uint8Array(Buffer.concat([file, writer.take(false)]));
		all.set(writer.patches()[0]!.bytes);
		const again = (await tailOf(all)).tail;
		expect([again.index.count, again.end]).toEqual([6, all.length]);
		expect(again.lastKeyframe?.millis).toBe(2000 + 500);
	});

	it("gives the next file what would pass the last time that FLV knows", async () => {
		const writer = FlvWriter.create({ metadata: undefined, configurations: [] }, 0);
		expect(writer.add(new MediaMessage(MEDIA_AUDIO, 2 ** 31 - 1, new Uint8Array(SOUND)))).toBe(true);
		expect(writer.add(new MediaMessage(MEDIA_AUDIO, 2 ** 31, new Uint8Array(SOUND)))).toBe(false);
		const { tail } = await tailOf(writer.take(true));
		const next = FlvWriter.resume(tail, { metadata: undefined, configurations: [] }, 0);
		expect(next.add(new MediaMessage(MEDIA_AUDIO, 0, new Uint8Array(SOUND)))).toBe(false);
	});

	it("finds the whole tags in what a full disk has taken", () => {
		const tags = writeFlvTags([0, 1, 2].map(i => new MediaMessage(MEDIA_VIDEO, i, new Uint8Array(KEY))));
		const { writer } = recorded(1);
		for (let length = 0; length <= tags.length; length++) {
			expect(writer.wholeBytes(tags, length)).toBe(Math.floor(length / 22) * 22);
		}
	});
});

/** A file of ours: a keyframe each tenth picture, its metadata patched at the end. */
function recorded(pictures: number): { file: Uint8Array; writer: FlvWriter } {
	const configuration = new MediaMessage(MEDIA_VIDEO, 0, new Uint8Array(CONFIGURATION));
	const writer = FlvWriter.create({ metadata: undefined, configurations: [configuration] }, 0);
	for (let i = 0; i < pictures; i++) {
		writer.add(new MediaMessage(MEDIA_VIDEO, i * 40, new Uint8Array(i % 10 === 0 ? KEY : INTER)));
	}
	const file = writer.take(true);
	file.set(writer.patches()[0]!.bytes);
	return { file, writer };
}

async function tailOf(bytes: Uint8Array, size = bytes.length): Promise<{ tail: FlvTail; reads: number }> {
	let reads = 0;
	const handle = {
		async read(into: Uint8Array, position: number) {
			reads++;
			const part = bytes.subarray(position, position + into.length);
			into.set(part);
			return part.length;
		},
	} as Pick<RecordingFileHandle, "read"> as RecordingFileHandle;
	return { tail: await readFlvTail(handle, size), reads };
}

function video(timestamp: number, body: number[]): BuiltTag {
	return { type: 9, timestamp, body: new Uint8Array(body) };
}

function audio(timestamp: number, body: number[]): BuiltTag {
	return { type: 8, timestamp, body: new Uint8Array(body) };
}
