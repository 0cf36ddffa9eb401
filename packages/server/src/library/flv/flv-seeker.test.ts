import { flvHeader, MEDIA_AUDIO, MEDIA_DATA } from "@millrace/core/flv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OpenFile } from "../media-file.ts";
import { FlvMaker, indexedMetadata, MemoryFile, readAll } from "../test-flv-file.ts";
import { FlvSource } from "./flv-source.ts";

const open = (bytes: Uint8Array) => FlvSource.open(new MemoryFile(bytes));

type Shape = {
	readonly groups: readonly number[];
	readonly frameMillis: number;
	readonly frameBytes: number;
	readonly hasSound: boolean;
	readonly skewMillis: number;
	readonly base: number;
	readonly index: "none" | "whole" | "thinned" | "wrong";
};

const shapes: fc.Arbitrary<Shape> = fc.record({
	groups: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 25 }),
	frameMillis: fc.constantFrom(1, 33, 40, 500),
	frameBytes: fc.constantFrom(10, 900, 4000, 12_000),
	hasSound: fc.boolean(),
	skewMillis: fc.constantFrom(-900, -100, 0, 100, 900),
	base: fc.constantFrom(0, 0, 7, 3_600_000),
	index: fc.constantFrom("none", "none", "whole", "thinned", "wrong"),
});

/** A file of a shape, and its keyframes on the normalised timeline as a full scan tells them. */
function shapedFile(shape: Shape): { bytes: Uint8Array; keyframes: number[]; lastMillis: number } {
	const build = (metadata: Uint8Array | undefined) => {
		const maker = new FlvMaker();
		if (metadata !== undefined) maker.add(MEDIA_DATA, 0, metadata);
		maker.avcConfiguration(0, shape.base);
		let frame = 0;
		for (const length of shape.groups) {
			for (let place = 0; place < length; place++) {
				const time = shape.base + frame * shape.frameMillis;
				if (place === 0) maker.key(time, shape.frameBytes * 5);
				else maker.inter(time, shape.frameBytes);
				if (shape.hasSound) maker.audio(Math.max(shape.base, time + shape.skewMillis), 100);
				frame++;
			}
		}
		return maker;
	};
	const keysOf = (maker: FlvMaker) =>
		maker.tags
			.filter(tag => tag.message.isKeyframe)
			.map(({ offset, message }) => ({ offset, time: message.timestamp - shape.base }));
	const plain = build(undefined);
	const keyframes = keysOf(plain).map(key => key.time);
	const lastMillis = Math.max(...plain.tags.map(tag => tag.message.timestamp)) - shape.base;
	if (shape.index === "none") return { bytes: plain.bytes(), keyframes, lastMillis };
	const pick = (keys: { offset: number; time: number }[]) =>
		shape.index === "thinned" ? keys.filter((_, index) => index % 4 === 0) : keys;
	const draft = build(indexedMetadata(lastMillis / 1000, pick(keysOf(plain))));
	const told = pick(keysOf(draft)).map(({ offset, time }) => ({
		offset: shape.index === "wrong" ? offset + 100 : offset,
		time,
	}));
	return { bytes: build(indexedMetadata(lastMillis / 1000, told)).bytes(), keyframes, lastMillis };
}

describe("a seek", () => {
	it("lands on the keyframe that a full scan tells, with an index, without, with half of one and with a wrong one", async () => {
		await fc.assert(
			fc.asyncProperty(
				shapes,
				fc.array(fc.double({ min: -0.05, max: 1.1, noNaN: true }), { minLength: 1, maxLength: 12 }),
				async (shape, shares) => {
					const { bytes, keyframes, lastMillis } = shapedFile(shape);
					const source = await open(bytes);
					const cursor = source.cursor();
					for (const share of shares) {
						const millis = Math.round(share * lastMillis);
						const expected = keyframes.findLast(time => time <= millis) ?? keyframes[0];
						expect(await cursor.seek(millis), `to ${millis}`).toBe(expected);
						const [first] = await cursor.read(1);
						expect(first?.timestamp).toBe(expected);
						expect(first?.type === MEDIA_AUDIO ? expected : Number(first?.isKeyframe)).toBe(
							first?.type === MEDIA_AUDIO ? 0 : 1,
						);
					}
				},
			),
			{ numRuns: 60 },
		);
	});

	it("of one viewer does not disturb those of others", async () => {
		const { bytes, keyframes, lastMillis } = shapedFile({
			...{ groups: Array<number>(60).fill(20), frameMillis: 40, frameBytes: 2000, hasSound: true, skewMillis: 100 },
			...{ base: 7, index: "none" },
		});
		const source = await open(bytes);
		const viewers = Array.from({ length: 60 }, async (_, viewer) => {
			const cursor = source.cursor();
			for (let step = 0; step < 4; step++) {
				const millis = Math.floor((lastMillis * ((viewer * 37 + step * 23) % 60)) / 60);
				expect(await cursor.seek(millis)).toBe(keyframes.findLast(time => time <= millis));
				const batch = await cursor.read(20_000);
				expect(batch[0]?.timestamp).toBe(keyframes.findLast(time => time <= millis));
			}
		});
		await Promise.all(viewers);
	});

	it("lands on the same keyframe after the file was played, from what was seen then", async () => {
		const { bytes, keyframes, lastMillis } = shapedFile({
			...{ groups: Array<number>(40).fill(25), frameMillis: 40, frameBytes: 900, hasSound: true, skewMillis: 0 },
			...{ base: 0, index: "none" },
		});
		const file = new MemoryFile(bytes);
		const source = await FlvSource.open(file);
		const cursor = source.cursor();
		await readAll(cursor, 65_536);
		file.reads = 0;
		for (let millis = 0; millis < keyframes.at(-1)!; millis += 333) {
			expect(await cursor.seek(millis)).toBe(keyframes.findLast(time => time <= millis));
		}
		// The configurations in front of each landing are looked for.
		expect(file.reads).toBeLessThanOrEqual(3 * Math.ceil(lastMillis / 333));
	});

	it("in a file of 10 GB without an index takes a few dozen reads, whatever the time", async () => {
		const file = new VastFile(2_500_000);
		const source = await FlvSource.open(file);
		expect(source.durationMillis).toBe(100_000_000);
		expect(file.reads).toBeLessThan(60);
		const cursor = source.cursor();
		for (const millis of [50_000_000, 3, 99_999_999, 1_234_567, 76_543_210, 25_000_001]) {
			file.reads = 0;
			file.bytesRead = 0;
			expect(await cursor.seek(millis)).toBe(millis - (millis % 10_000));
			expect(file.reads).toBeLessThan(40);
			expect(file.bytesRead).toBeLessThan(4_000_000);
		}
	});

	it("finds its place in parts that were joined", async () => {
		const maker = new FlvMaker().avcConfiguration();
		const expected: number[] = [];
		let start = 0;
		for (const [part, frames] of [300, 900, 200].entries()) {
			if (part > 0) maker.avcConfiguration(part);
			for (let frame = 0; frame < frames; frame++) {
				if (frame % 50 === 0) expected.push(start + frame * 40);
				if (frame % 50 === 0) maker.key(frame * 40, 8000);
				else maker.inter(frame * 40, 1500);
			}
			start += (frames - 1) * 40;
		}
		const source = await open(maker.bytes());
		expect(source.durationMillis).toBe(start + 40);
		const cursor = source.cursor();
		for (let millis = 0; millis < start; millis += 997) {
			expect(await cursor.seek(millis)).toBe(expected.findLast(time => time <= millis));
			const part = millis < 11_960 ? 0 : expected.findLast(time => time <= millis)! < 11_960 + 35_960 ? 1 : 2;
			const mark = cursor.configurations()[0]?.payload.at(-1);
			if (Math.abs(millis - 11_960) > 2000 && Math.abs(millis - 47_920) > 2000) expect(mark).toBe(part);
		}
	});
});

/** Video of 25 frames a second in tags of 4000 bytes, a keyframe every ten seconds: made as it is read. */
class VastFile implements OpenFile {
	readonly path = "vast.flv";
	readonly modifiedMillis = 0;
	readonly size: number;
	reads = 0;
	bytesRead = 0;

	constructor(frames: number) {
		this.size = 13 + frames * 4015;
	}

	async read(offset: number, length: number): Promise<Uint8Array> {
		this.reads++;
		const bytes = new Uint8Array(Math.min(length, this.size - offset));
		this.bytesRead += bytes.length;
		if (offset < 13) bytes.set(flvHeader(false, true).subarray(offset, offset + length));
		const first = Math.max(0, Math.floor((offset - 13) / 4015));
		for (let frame = first; 13 + frame * 4015 < offset + bytes.length; frame++) {
			const head = new Uint8Array(4015);
			const time = frame * 40;
			head.set([9, 0, 4000 >> 8, 4000 & 255, time >> 16, time >> 8, time, time >> 24, 0, 0, 0]);
			head.set([frame % 250 === 0 ? 0x12 : 0x22, 9, 8], 11);
			head.set([0, 0, 4011 >> 8, 4011 & 255], 4011);
			const at = 13 + frame * 4015 - offset;
			bytes.set(head.subarray(Math.max(0, -at), bytes.length - at), Math.max(0, at));
		}
		return bytes;
	}

	async refresh(): Promise<void> {}

	close(): void {}
}
