import { BoxWriter } from "./box-writer.ts";

/**
 * Gathers where the fragments of a file are and writes them as its random access index (`mfra`, ISO/IEC 14496-12
 * §8.8.9), the last box of the file. Memory is bounded: past 65,536 entries of a track every second one is forgotten.
 */
export class FragmentIndex {
	readonly #tracks = new Map<number, Entry[]>();

	/**
	 * Notes a sync sample: the track's number in the file, its presentation time in ticks, where its `moof` begins in
	 * bytes from the start of the file, the number of the track fragment in it and of the sample in its run, from 1.
	 */
	add(fileTrackId: number, time: number, moofOffset: number, fragmentNumber: number, sampleNumber: number): void {
		let entries = this.#tracks.get(fileTrackId);
		if (entries === undefined) {
			entries = [];
			this.#tracks.set(fileTrackId, entries);
		}
		if (entries.length === MAX_ENTRIES) {
			for (let index = 0; index < MAX_ENTRIES / 2; index++) entries[index] = entries[index * 2]!;
			entries.length = MAX_ENTRIES / 2;
		}
		entries.push({ time, moofOffset, fragmentNumber, sampleNumber });
	}

	/** The `mfra` box. */
	finish(): Uint8Array {
		const box = new BoxWriter(1024);
		const { fields } = box;
		const start = box.begin("mfra");
		for (const [fileTrackId, entries] of this.#tracks) {
			box.beginFull("tfra", 1, 0);
			fields.u32(fileTrackId);
			fields.u32(NUMBER_SIZES);
			fields.u32(entries.length);
			for (const entry of entries) {
				box.u64(entry.time);
				box.u64(entry.moofOffset);
				fields.u16(entry.fragmentNumber);
				fields.u8(1);
				fields.u32(entry.sampleNumber);
			}
			box.end();
		}
		box.beginFull("mfro", 0, 0);
		// The size of the whole `mfra`, so that it is found from the end of the file.
		fields.u32(fields.length - start + 4);
		box.end();
		box.end();
		return box.finish();
	}
}

type Entry = {
	readonly time: number;
	readonly moofOffset: number;
	readonly fragmentNumber: number;
	readonly sampleNumber: number;
};

const MAX_ENTRIES = 65_536;
/** The numbers of track fragments take two bytes, of runs one, of samples four: two bits each, one less than the size. */
const NUMBER_SIZES = 0b01_00_11;
