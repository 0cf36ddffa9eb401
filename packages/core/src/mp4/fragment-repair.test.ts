import { describe, expect, test } from "vitest";
import { aacConfig, aacFrame, avcConfig, avcFrame, boxAt, FragmentKeeper } from "./fragment-case.ts";
import { repairFragments } from "./fragment-repair.ts";
import { FragmentWriter } from "./fragment-writer.ts";
import { openMovie } from "./movie.ts";
import { MemorySource } from "./mp4-fixture.ts";

function writeFile(): FragmentKeeper {
	const keeper = new FragmentKeeper();
	const writer = new FragmentWriter(keeper);
	for (const message of [avcConfig(), aacConfig()]) writer.write(message);
	for (let millis = 0; millis < 4000; millis += 40) {
		writer.write(avcFrame(millis, millis % 1000 === 0, millis % 80));
		writer.write(aacFrame(millis));
	}
	writer.end();
	return keeper;
}

/** What the file is after its repair. */
function repaired(file: Uint8Array, repair: Awaited<ReturnType<typeof repairFragments>>): Uint8Array {
	const whole = Uint8Array.from(Buffer.concat([file.subarray(0, repair.keptBytes), repair.index]));
	for (const { offset, bytes } of repair.patches) whole.set(bytes, offset);
	return whole;
}

describe("the repair of a fragmented file", () => {
	const keeper = writeFile();
	const file = keeper.file();
	const [end] = keeper.ends;
	const withoutIndex = file.subarray(0, file.length - end!.index.length);

	test("makes the index and the durations that the writer would have made", async () => {
		const repair = await repairFragments(new MemorySource(withoutIndex));
		expect(repair.keptBytes).toBe(withoutIndex.length);
		expect(repair.index).toEqual(end!.index);
		// A muxer's and a player's view of the end differ by a shift of presentation.
		expect(Math.abs(repair.durationMillis - end!.durationMillis)).toBeLessThanOrEqual(80);
		const places = (patches: readonly { offset: number; bytes: Uint8Array }[]) =>
			patches.map(({ offset, bytes }) => `${offset}+${bytes.length}`).sort();
		expect(places(repair.patches)).toEqual(places(end!.patches));
	});

	test("of a file that is complete changes no more than its duration", async () => {
		const repair = await repairFragments(new MemorySource(file));
		expect([repair.keptBytes, repair.index.length]).toEqual([file.length, 0]);
	});

	test("keeps the whole fragments of a file that was cut anywhere, and tells their duration", async () => {
		const [init, first] = keeper.files[0]!;
		for (let length = init!.length + first!.length; length < file.length; length += 97) {
			const torn = file.subarray(0, length);
			const whole = repaired(torn, await repairFragments(new MemorySource(torn)));
			const movie = await openMovie(new MemorySource(whole));
			const kept = await openMovie(new MemorySource(torn));
			expect(movie.isTruncated).toBe(false);
			expect(movie.durationMillis).toBe(kept.durationMillis);
			expect(movie.toldMillis).toBe(movie.durationMillis);
			expect(boxAt(whole, "mfra/mfro").length).toBe(8);
		}
	});

	test("is refused where nothing that plays would be left", async () => {
		const [init] = keeper.files[0]!;
		const length = init!.length;
		await expect(repairFragments(new MemorySource(file.subarray(0, length + 20)))).rejects.toThrow(/no samples/);
		await expect(repairFragments(new MemorySource(file.subarray(0, length - 1)))).rejects.toThrow(/no “moov”/);
	});
});

test("a movie tells what FLV says of it, its keyframes and its told duration", async () => {
	const keeper = writeFile();
	const movie = await openMovie(new MemorySource(keeper.file()));
	expect(movie.flvMetadata()).toMatchObject({
		width: 320,
		height: 180,
		framerate: 25,
		videocodecid: 7,
		audiocodecid: 10,
		audiosamplerate: 44_100,
		stereo: false,
	});
	expect([...movie.keyframeTimes()]).toEqual([0, 1000, 2000, 3000]);
	expect([movie.isFragmented, movie.toldMillis]).toEqual([true, 0]);
	expect([movie.videoTrack?.codec, movie.audioTrack?.codec]).toEqual(["avc1", "mp4a"]);
});
