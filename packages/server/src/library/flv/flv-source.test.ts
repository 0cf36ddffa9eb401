import { Arena } from "@millrace/core/bytes";
import { FileError } from "@millrace/core/fault";
import { flvHeader, MEDIA_DATA, type MediaMessage } from "@millrace/core/flv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { brief, FlvMaker, indexedMetadata, MemoryFile, readAll } from "../test-flv-file.ts";
import { FlvSource } from "./flv-source.ts";

const open = (bytes: Uint8Array) => FlvSource.open(new MemoryFile(bytes));

async function played(bytes: Uint8Array, seek?: number): Promise<string[]> {
	const source = await open(bytes);
	const cursor = source.cursor();
	if (seek !== undefined) await cursor.seek(seek);
	const messages = await readAll(cursor);
	source.release();
	return messages.map(brief);
}

/** Configurations, then 10 groups of 4 frames of 40 ms with sound: 1.6 s. */
function smallFile(maker = new FlvMaker()): FlvMaker {
	maker.avcConfiguration().aacConfiguration();
	for (let frame = 0; frame < 40; frame++) {
		if (frame % 4 === 0) maker.key(frame * 40);
		else maker.inter(frame * 40);
		maker.audio(frame * 40 + 5);
	}
	return maker;
}

describe("an FLV file", () => {
	it("is played from its start with the configurations in front, each message as it stands in the file", async () => {
		const maker = smallFile();
		const source = await open(maker.bytes());
		const cursor = source.cursor();
		const messages = await readAll(cursor, 100);
		expect(messages.map(message => message.payload)).toEqual(maker.tags.slice(2).map(tag => tag.message.payload));
		expect(messages.map(message => message.timestamp)).toEqual(maker.tags.slice(2).map(tag => tag.message.timestamp));
		expect([source.hasVideo, source.hasAudio, source.durationMillis]).toEqual([true, true, 1605]);
		expect(source.bytes).toBe(maker.length);
	});

	it("gives configurations with the first read at the time of its first message, and with a seek at the time there", async () => {
		const source = await open(smallFile().bytes());
		const cursor = source.cursor();
		await cursor.read(100);
		expect(cursor.configurations().map(brief)).toEqual(["V0c", "A0c"]);
		expect(await cursor.seek(700)).toBe(640);
		expect(cursor.configurations().map(brief)).toEqual(["V640c", "A640c"]);
		expect((await cursor.read(60)).map(brief)[0]).toBe("V640k");
	});

	it("leaves what is later than the reader wants for the next read, and tells when that is", async () => {
		const source = await open(smallFile().bytes());
		const whole = (await readAll(source.cursor())).map(brief);
		const cursor = source.cursor();
		const parts: string[] = [];
		const arena = new Arena(4096);
		for (let until = 0; until < 1700; until += 33) {
			for (let part = await cursor.read(4096, until, arena); part.length > 0; ) {
				expect(part.at(-1)!.timestamp).toBeLessThanOrEqual(until);
				expect(new Set(part.map(message => message.payload.buffer)).size).toBe(1);
				parts.push(...part.map(brief));
				arena.reset();
				part = await cursor.read(4096, until, arena);
			}
			const next = cursor.nextMillis;
			expect(next).toBe(whole[parts.length] && Number(/\d+/.exec(whole[parts.length]!)![0]));
		}
		expect(parts).toEqual(whole);
	});

	it("goes to the last keyframe at or before a time, and past the end to the last one", async () => {
		const source = await open(smallFile().bytes());
		const cursor = source.cursor();
		const landings: number[] = [];
		for (const millis of [159, 160, 0, 1_000_000, 1440, -5, 161]) landings.push(await cursor.seek(millis));
		expect(landings).toEqual([0, 160, 0, 1440, 1440, 0, 160]);
	});

	it("counts times from the first media tag, and believes configurations at zero less than the frames", async () => {
		const late = new FlvMaker().key(5000).audio(4990).inter(5040);
		expect(await played(late.bytes())).toEqual(["V0k", "a0", "v40"]);
		const zero = new FlvMaker().avcConfiguration().key(90_000).inter(90_040);
		expect(await played(zero.bytes())).toEqual(["V0k", "v40"]);
		const near = new FlvMaker().avcConfiguration().key(80).inter(120);
		expect(await played(near.bytes())).toEqual(["V80k", "v120"]);
	});

	it("keeps small regressions, and goes on from the time before where a joined file begins anew", async () => {
		const maker = new FlvMaker().key(0).audio(900).inter(40).audio(850).inter(2000).audio(2010);
		maker.key(0).audio(10).inter(40);
		expect(await played(maker.bytes())).toEqual([
			...["V0k", "a900", "v40", "a850", "v2000", "a2010"],
			...["V2010k", "a2020", "v2050"],
		]);
		expect((await open(maker.bytes())).durationMillis).toBe(2090);
		expect(await played(maker.bytes(), 2045)).toEqual(["V2010k", "a2020", "v2050"]);
	});

	it("plays files that were joined by their bytes, header and all", async () => {
		const one = smallFile().bytes();
		const two = new FlvMaker(new Uint8Array([...one, ...flvHeader(true, true)])).avcConfiguration(7).key(0).inter(40);
		const messages = await played(two.bytes());
		expect(messages.slice(-3)).toEqual(["V1565c", "V1565k", "v1605"]);
		const source = await open(two.bytes());
		const cursor = source.cursor();
		await cursor.seek(1600);
		expect(
			cursor
				.configurations()
				.find(message => message.isVideo)
				?.payload.at(-1),
		).toBe(7);
	});

	it("does not let script data at time zero move the clock, and believes it no time far ahead", async () => {
		const maker = new FlvMaker().key(1000).inter(3000).data(0, "onTextData", "x");
		maker.inter(3040).data(3060, "onCuePoint", {}).data(900_000, "onCuePoint", {}).inter(3080);
		expect(await played(maker.bytes())).toEqual(["V0k", "v2000", "d2000", "v2040", "d2060", "d2040", "v2080"]);
	});

	it("keeps onMetaData out of the messages, in every place and form, and the index out of the metadata", async () => {
		const maker = new FlvMaker().add(MEDIA_DATA, 0, indexedMetadata(0.16, [{ offset: 1, time: 2 }]));
		maker.key(0).data(40, "onMetaData", { a: 1 }).data(40, "@setDataFrame", "onMetaData", {}).inter(120).data(120, "x");
		expect(await played(maker.bytes())).toEqual(["V0k", "v120", "d120"]);
		const { metadata } = await open(maker.bytes());
		expect({ ...metadata }).toEqual({ duration: 0.16 });
	});

	it("tells the true duration where metadata has none or a wrong one, and describes a file without metadata", async () => {
		const maker = smallFile(new FlvMaker().data(0, "onMetaData", { duration: 0, encoder: "x" }));
		expect({ ...(await open(maker.bytes())).metadata }).toEqual({ duration: 1.605, encoder: "x" });
		expect((await open(smallFile().bytes())).metadata).toMatchObject({
			...{ duration: 1.605, videocodecid: 7, audiocodecid: 10, audiosamplerate: 44_100, audiochannels: 2 },
		});
	});

	it("ends a batch before a configuration that changes, and leaves out one that repeats", async () => {
		const maker = smallFile()
			.avcConfiguration()
			.key(1600)
			.avcConfiguration(1, 1640)
			.aacConfiguration(8, 1640)
			.key(1640);
		const source = await open(maker.bytes());
		const cursor = source.cursor();
		expect(await cursor.seek(1600)).toBe(1600);
		expect((await cursor.read(4096)).map(brief)).toEqual(["V1600k"]);
		expect(cursor.configurations().map(message => message.payload.at(-1))).toEqual([0, 0x10]);
		expect((await cursor.read(4096)).map(brief)).toEqual(["V1640c", "A1640c", "V1640k"]);
		expect(cursor.configurations().map(message => message.payload.at(-1))).toEqual([1, 8]);
		const fresh = (await open(maker.bytes())).cursor();
		await fresh.seek(1640);
		expect(fresh.configurations().map(message => message.payload.at(-1))).toEqual([1, 8]);
	});

	it("goes to the message at or before a time where there is no video, and where video has no keyframe", async () => {
		const sound = new FlvMaker().aacConfiguration();
		for (let time = 0; time < 60_000; time += 23) sound.audio(time, 300);
		const source = await open(sound.bytes());
		expect([source.hasVideo, source.hasAudio]).toEqual([false, true]);
		const cursor = source.cursor();
		expect(await cursor.seek(30_000)).toBe(29_992);
		expect((await cursor.read(10)).map(brief)[0]).toBe("a29992");
		expect([await cursor.seek(1e9), await cursor.seek(0)]).toEqual([59_984, 0]);
		const blind = new FlvMaker();
		for (let time = 0; time < 9000; time += 40) blind.inter(time);
		const blindCursor = (await open(blind.bytes())).cursor();
		expect([await blindCursor.seek(4001), await blindCursor.seek(5000)]).toEqual([4000, 5000]);
	});

	it("starts with the sound in front of the first picture, and at the first keyframe where pictures come before it", async () => {
		const maker = new FlvMaker().audio(0).audio(20).key(40).audio(41);
		expect(await played(maker.bytes(), 0)).toEqual(["a0", "a20", "V40k", "a41"]);
		expect(await played(maker.bytes(), 40)).toEqual(["a0", "a20", "V40k", "a41"]);
		const open = new FlvMaker().inter(0).inter(40).key(80).inter(120);
		expect(await played(open.bytes(), 0)).toEqual(["V80k", "v120"]);
		expect(await played(open.bytes())).toEqual(["v0", "v40", "V80k", "v120"]);
	});

	it("reads a tag that is larger than a batch whole", async () => {
		const maker = new FlvMaker().key(0, 300_000).inter(40);
		const cursor = (await open(maker.bytes())).cursor();
		const [key] = await cursor.read(1000);
		expect(key?.payload).toEqual(maker.tags[0]!.message.payload);
		expect((await cursor.read(1000)).map(brief)).toEqual(["v40"]);
	});

	it("keeps no batch alive with what it remembers", async () => {
		const cursor = (await open(smallFile().bytes())).cursor();
		await cursor.read(64 * 1024);
		for (const { payload } of cursor.configurations()) expect(payload.buffer.byteLength).toBeLessThan(64);
	});
});

describe("an FLV file that is damaged", () => {
	const whole = smallFile();
	const complete = whole.tags.slice(2).map(tag => brief(tag.message));

	it("is played to its last whole tag wherever it is torn off", async () => {
		const bytes = whole.bytes();
		for (let length = bytes.length; length > 0; length -= 7) {
			const torn = bytes.slice(0, length);
			const expected = whole.tags
				.slice(2)
				.filter(({ offset, message }) => offset + 11 + message.payload.length <= length)
				.map(tag => brief(tag.message));
			if (expected.length > 0) {
				expect(await played(torn), `${length} bytes`).toEqual(expected);
				expect((await played(torn, 1e9)).length).toBeGreaterThan(0);
			} else {
				const code = length < 9 ? "FILE_INVALID" : "FILE_NO_TRACK";
				await expect(open(torn), `${length} bytes`).rejects.toMatchObject({ code });
			}
		}
	});

	it("is played whatever PreviousTagSize says", async () => {
		const bytes = whole.bytes();
		for (const { offset, message } of whole.tags)
			bytes.fill(0, offset + 11 + message.payload.length, offset + 15 + message.payload.length);
		expect(await played(bytes)).toEqual(complete);
		expect((await played(bytes, 1500))[0]).toBe("V1440k");
	});

	it("goes on behind bytes that are no tags, and behind a tag whose size is a lie", async () => {
		const junk = new Uint8Array(5000).fill(0x55);
		const maker = smallFile().raw(junk).key(1600).inter(1640).inter(1680);
		expect(await played(maker.bytes())).toEqual([...complete, "V1600k", "v1640", "v1680"]);
		expect(await played(maker.bytes(), 1650)).toEqual(["V1600k", "v1640", "v1680"]);
		const lying = whole.bytes();
		// 16 MiB, past the end of the file.
		lying.fill(0xff, whole.tags[20]!.offset + 1, whole.tags[20]!.offset + 4);
		expect(await played(lying)).toEqual(complete.filter((_, index) => index !== 18));
	});

	it("passes over empty tags, encrypted ones and those of unknown types", async () => {
		const maker = new FlvMaker().key(0);
		maker.raw(new Uint8Array([8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11]));
		maker.raw(new Uint8Array([0x29, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 12]));
		maker.raw(new Uint8Array([3, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 12]));
		expect(await played(maker.inter(40).bytes())).toEqual(["V0k", "v40"]);
	});

	const nothing: [string, Uint8Array, string][] = [
		["an empty one", new Uint8Array(0), "FILE_INVALID"],
		["another format", new Uint8Array(Buffer.from("\0\0\0\x18ftypmp42 and so on")), "FILE_INVALID"],
		["a header alone", flvHeader(true, true), "FILE_NO_TRACK"],
		["metadata alone", new FlvMaker().data(0, "onMetaData", { duration: 5 }).bytes(), "FILE_NO_TRACK"],
		["megabytes of empty tags", new FlvMaker().raw(emptyTags(1_500_000)).bytes(), "FILE_NO_TRACK"],
		["megabytes of zeros", new FlvMaker().raw(new Uint8Array(30_000_000)).bytes(), "FILE_NO_TRACK"],
	];
	it.each(nothing)("is refused when it is %s", async (_, bytes, code) => {
		const file = new MemoryFile(bytes);
		await expect(FlvSource.open(file)).rejects.toMatchObject({ code });
		expect(file.isClosed).toBe(true);
		expect(file.bytesRead).toBeLessThan(64 * 1024 * 1024);
	});

	it("ends in FILE_INVALID where megabytes hold nothing to play, not in a search without end", async () => {
		const maker = smallFile().raw(emptyTags(1_500_000)).key(1600).inter(1640);
		await expect(played(maker.bytes())).rejects.toThrow(FileError);
		expect(await played(maker.bytes(), 1620)).toEqual(["V1600k", "v1640"]);
	});

	it("finds the end of what was written where the rest was only allocated", async () => {
		const maker = smallFile().raw(new Uint8Array(40_000_000));
		const file = new MemoryFile(maker.bytes());
		const source = await FlvSource.open(file);
		expect(source.durationMillis).toBe(1605);
		const cursor = source.cursor();
		expect([await cursor.seek(1e9), await cursor.seek(100)]).toEqual([1440, 0]);
		expect((await readAll(cursor)).map(brief)).toEqual(complete);
	});

	it("that is cut while it is played ends in FILE_INVALID there", async () => {
		const file = new MemoryFile(whole.bytes());
		const source = await FlvSource.open(file);
		for (const length of [1000, 300, 40, 0]) {
			file.bytes = file.bytes.slice(0, length);
			const cursor = source.cursor();
			await expect(readAll(cursor)).rejects.toMatchObject({ code: "FILE_INVALID" });
			await expect(cursor.read(10)).rejects.toMatchObject({ code: "FILE_INVALID" });
			for (const millis of [0, 700, 1e9]) await cursor.seek(millis);
		}
		expect(file.reads).toBeLessThan(500);
	});

	it("gives no message that is not in it, whatever a byte of it becomes", async () => {
		await fc.assert(
			fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.nat(2000), async (at, value, millis) => {
				const bytes = whole.bytes();
				bytes[at] = value;
				try {
					const source = await open(bytes);
					const cursor = source.cursor();
					const before = await readAll(cursor);
					await cursor.seek(millis);
					const after = await readAll(cursor);
					for (const message of [...before, ...after]) expect(message.timestamp).toBeGreaterThanOrEqual(0);
					expect(before.length).toBeLessThanOrEqual(whole.tags.length);
				} catch (error) {
					expect(error).toBeInstanceOf(FileError);
				}
			}),
			{ numRuns: 150 },
		);
	});
});

function emptyTags(count: number): Uint8Array {
	const tag = new Uint8Array([9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11]);
	const bytes = new Uint8Array(count * tag.length);
	for (let index = 0; index < count; index++) bytes.set(tag, index * tag.length);
	return bytes;
}

function times(messages: readonly MediaMessage[]): number[] {
	return messages.map(message => message.timestamp);
}

describe("an FLV file that somebody else is writing", () => {
	it("is read on as it grows, tells that, and is complete when it was quiet for long enough", async () => {
		const maker = new FlvMaker().avcConfiguration().key(0).inter(40);
		const file = new MemoryFile(maker.bytes());
		file.modifiedMillis = Date.now();
		const source = await FlvSource.open(file, { quietMillis: 150, pollMillis: 10 });
		const cursor = source.cursor();
		expect(times(await readAll(cursor))).toEqual([0, 40]);
		expect(source.isGrowing).toBe(true);
		// Half of the next tag, and then the rest.
		maker.inter(80).key(120);
		file.bytes = maker.bytes().slice(0, -20);
		expect(times(await readAll(cursor))).toEqual([80]);
		const grown = new Promise<void>(resolve => {
			const stop = source.onGrowth(() => {
				stop();
				resolve();
			});
		});
		file.bytes = maker.bytes();
		await grown;
		expect(times(await readAll(cursor))).toEqual([120]);
		expect([source.durationMillis, source.bytes]).toEqual([160, maker.length]);
		expect(await cursor.seek(130)).toBe(120);
		await new Promise<void>(resolve => {
			source.onGrowth(() => {
				if (!source.isGrowing) resolve();
			});
		});
		expect(await readAll(source.cursor())).toHaveLength(4);
		source.release();
	});

	it("is no growing file when it was last written long ago", async () => {
		const source = await open(smallFile().bytes());
		expect(source.isGrowing).toBe(false);
		source.release();
	});
});
