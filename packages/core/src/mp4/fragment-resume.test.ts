import { describe, expect, test } from "vitest";
import { AVC_RECORD_2, aacConfig, aacFrame, avcConfig, avcFrame, boxAt, FragmentKeeper } from "./fragment-case.ts";
import { readFragmentEnd } from "./fragment-resume.ts";
import { FragmentWriter, type FragmentWriterOptions } from "./fragment-writer.ts";
import { openMovie } from "./movie.ts";
import { buildFile, MemorySource, simpleTracks } from "./mp4-fixture.ts";

const RECORD = undefined;

/** Two seconds of picture and sound, or of one of them, in fragments of half a second. */
function write(fromMillis: number, options: FragmentWriterOptions = {}, record: string | undefined = RECORD) {
	const keeper = new FragmentKeeper();
	const writer = new FragmentWriter(keeper, { fragmentMillis: 500, ...options });
	for (const message of [avcConfig(0, record), aacConfig()]) writer.write(message);
	for (let millis = fromMillis; millis < fromMillis + 2000; millis += 40) {
		writer.write(avcFrame(millis, (millis - fromMillis) % 500 < 40, 40));
		writer.write(aacFrame(millis));
	}
	writer.end();
	return keeper;
}

/** What is on the disk when a file was gone on with: with `end`, the durations and the index too. */
function joined(before: Uint8Array, keptBytes: number, added: FragmentKeeper, isComplete: boolean): Uint8Array {
	const parts = isComplete ? added.files[0]! : added.files[0]!.slice(0, -1);
	const whole = Uint8Array.from(Buffer.concat([before.subarray(0, keptBytes), ...parts]));
	if (isComplete) for (const { offset, bytes } of added.ends[0]!.patches) whole.set(bytes, offset);
	return whole;
}

const timesOf = async (file: Uint8Array) => {
	const movie = await openMovie(new MemorySource(file));
	expect(movie.isTruncated).toBe(false);
	const messages = await movie.cursor().read(10_000_000);
	return messages.map(({ type, timestamp }) => `${type}@${timestamp}`);
};

describe("a file of fragments", () => {
	const first = write(0);
	const file = first.file();

	test("is gone on with behind its last fragment, with its times, its durations and one index of all", async () => {
		const resume = (await readFragmentEnd(new MemorySource(file)))!;
		expect([resume.keptBytes, resume.endMillis]).toEqual([file.length - first.ends[0]!.index.length, 2000]);
		const added = write(resume.endMillis, { resume });
		expect(added.events[0]).toBe("init resumed");
		const whole = joined(file, resume.keptBytes, added, true);
		const expected = [...(await timesOf(write(0).file()))];
		expect(await timesOf(whole)).toEqual([
			...expected,
			...expected.map(name => name.replace(/\d+$/, at => `${+at + 2000}`)),
		]);
		const movie = await openMovie(new MemorySource(whole));
		expect([movie.toldMillis, movie.keyframeTimes().length]).toEqual([4000, 8]);
		const numbers = added.fragments.map(({ bytes }) => boxAt(bytes, "moof/mfhd").at(-1));
		expect(numbers).toEqual([5, 6, 7, 8]);
		// Eight places of the pictures, where the file alone had four.
		const [before, after] = [file, whole].map(one => boxAt(one, "mfra/tfra"));
		expect([before, after].map(table => new DataView(table!.buffer, table!.byteOffset).getUint32(12))).toEqual([4, 8]);
	});

	test("is gone on with wherever it was torn, and again, and plays to its end each time", async () => {
		const init = first.files[0]![0]!.length;
		for (let length = init; length < file.length; length += 997) {
			let now = file.subarray(0, length);
			for (let round = 0; round < 2; round++) {
				const resume = (await readFragmentEnd(new MemorySource(now)))!;
				expect(resume.keptBytes).toBeLessThanOrEqual(now.length);
				const before = resume.fragments === 0 ? [] : await timesOf(now.subarray(0, resume.keptBytes));
				const unfinished = joined(now, resume.keptBytes, write(resume.endMillis, { resume }), false);
				const after = await timesOf(unfinished);
				expect([after.length - before.length, after.slice(0, before.length)]).toEqual([100, before]);
				now = unfinished;
			}
		}
	});

	test("takes a stream that has fewer tracks", async () => {
		const resume = (await readFragmentEnd(new MemorySource(file)))!;
		const keeper = new FragmentKeeper();
		const writer = new FragmentWriter(keeper, { resume });
		writer.write(aacConfig());
		for (let millis = 2000; millis < 4000; millis += 40) writer.write(aacFrame(millis));
		writer.end();
		expect(keeper.events[0]).toBe("init resumed");
		expect(new Set(keeper.samples().map(({ track }) => track))).toEqual(new Set([2]));
	});

	test("is left for another one by a stream with another configuration", async () => {
		const resume = (await readFragmentEnd(new MemorySource(file)))!;
		const other = write(2000, { resume }, AVC_RECORD_2);
		expect(other.events[0]).toBe("init start");
		await timesOf(other.file());
	});

	test("of other muxers, and one without fragments, is not gone on with", async () => {
		expect(await readFragmentEnd(new MemorySource(buildFile({ tracks: simpleTracks() })))).toBeUndefined();
		expect(await readFragmentEnd(new MemorySource(file.subarray(0, 300)))).toBeUndefined();
		await expect(readFragmentEnd(new MemorySource(new Uint8Array(0)))).resolves.toBeUndefined();
	});
});
