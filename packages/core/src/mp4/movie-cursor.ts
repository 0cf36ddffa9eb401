import { MemoryPool } from "../bytes/index.ts";
import { MEDIA_AUDIO, MEDIA_DATA, MEDIA_VIDEO, MediaMessage } from "../flv/index.ts";
import { invalid } from "./box.ts";
import type { ByteSource } from "./byte-source.ts";
import type { IndexedMovie, PlayedTrack } from "./movie-index.ts";
import { carryOut, type Reading, readRange } from "./reading.ts";
import { type MediaForm, sampleBody } from "./tag-form.ts";
import { textMessage } from "./timed-text.ts";

/** One viewer's place in a file. Calls must not overlap. */
export class MovieCursor {
	readonly #source: ByteSource;
	readonly #walk: MovieWalk;

	/** @param reusesMemory payloads are valid only until the next call of `read` */
	constructor(source: ByteSource, movie: IndexedMovie, reusesMemory = false) {
		this.#source = source;
		this.#walk = new MovieWalk(movie, reusesMemory);
	}

	/**
	 * What a decoder needs before the messages that follow: the codecs' configurations, at the time of the message that
	 * comes next, or of the last one at the end.
	 */
	configurations(): readonly MediaMessage[] {
		return this.#walk.configurations();
	}

	/**
	 * Goes to the last keyframe at or before `millis` (without video: to the last message at or before it; before the
	 * first: to the start of the file) and resolves to the time of the message there. Past the end it goes to the last
	 * keyframe. Reads nothing.
	 */
	async seek(millis: number): Promise<number> {
		return this.#walk.seek(millis);
	}

	/**
	 * The next messages in decode order, about `maxBytes` of them and at least one; configurations of the codecs are
	 * among them only where they change. Empty at the end. Samples that lie close together in the file are read at once.
	 * Where it rejects, the place stays what it was.
	 *
	 * @throws {FileError} `FILE_INVALID` where the file has become shorter; what the source throws
	 */
	async read(maxBytes: number): Promise<readonly MediaMessage[]> {
		return carryOut(this.#walk.read(maxBytes), this.#source, () => Promise.resolve());
	}
}

/** What a cursor does but for the input: it can be carried out without promises. */
export class MovieWalk {
	readonly #tracks: readonly TrackPlace[];
	readonly #scratch: MemoryPool;
	/** Where payloads are put one after the other; of the last read, where memory is used again. */
	#bodies = new Uint8Array(0);
	readonly #reusesMemory: boolean;

	constructor(movie: IndexedMovie, reusesMemory = false) {
		this.#reusesMemory = reusesMemory;
		this.#scratch = scratchOf(movie);
		const tracks: TrackPlace[] = [];
		if (movie.video !== undefined) tracks.push(new TrackPlace(movie.video, MEDIA_VIDEO));
		if (movie.audio !== undefined) tracks.push(new TrackPlace(movie.audio, MEDIA_AUDIO));
		for (const text of movie.texts) tracks.push(new TrackPlace(text, MEDIA_DATA));
		this.#tracks = tracks;
	}

	configurations(): readonly MediaMessage[] {
		const time = this.#time();
		return this.#tracks.flatMap(place => place.configurationAt(time) ?? []);
	}

	seek(millis: number): number {
		const [leader, ...others] = this.#tracks;
		if (leader === undefined) return 0;
		const { index } = leader.track;
		const last = index.lastAt(millis);
		const sample = leader.type === MEDIA_VIDEO ? index.lastSync(last) : last;
		leader.goTo(Math.max(sample, 0));
		const time = sample < 0 ? Number.NEGATIVE_INFINITY : index.timeOf(sample);
		for (const place of others) place.goTo(place.track.index.firstAt(time));
		return this.#time();
	}

	*read(maxBytes: number): Reading<readonly MediaMessage[]> {
		const picks = this.#pick(maxBytes);
		const blocks = blocksOf(picks);
		try {
			for (const block of blocks) {
				const length = block.end - block.offset;
				block.memory = this.#scratch.take(length);
				block.bytes = yield* readRange(block.offset, length, block.memory);
				if (block.bytes.length < length) throw invalid("The file became shorter while it was played.");
			}
			return this.#messages(picks);
		} finally {
			for (const { memory } of blocks) if (memory !== undefined) this.#scratch.give(memory);
		}
	}

	#messages(picks: readonly Pick[]): MediaMessage[] {
		const messages: MediaMessage[] = [];
		let bytes = 0;
		for (const { place, sample } of picks) bytes += MOST_HEAD_BYTES + place.track.index.sizeOf(sample);
		if (!this.#reusesMemory || this.#bodies.length < bytes) this.#bodies = new Uint8Array(bytes);
		let at = 0;
		for (const pick of picks) {
			if (pick.configuration !== undefined) messages.push(pick.configuration);
			const { facts } = pick.place.track;
			if (facts !== undefined) {
				messages.push(textMessage(sampleOf(pick), pick.time, facts));
			} else {
				const message = messageOf(pick, this.#bodies.subarray(at));
				messages.push(message);
				at += message.payload.length;
			}
			pick.place.pass(pick.sample);
		}
		return messages;
	}

	/** The time of the next message; at the end that of the last. */
	#time(): number {
		let time = Number.POSITIVE_INFINITY;
		let last = 0;
		for (const { track, next } of this.#tracks) {
			if (next < track.index.count) time = Math.min(time, track.index.timeOf(next));
			last = Math.max(last, track.index.timeOf(track.index.count - 1));
		}
		return time === Number.POSITIVE_INFINITY ? last : time;
	}

	/** The samples that come next in the order of their decode times, without moving. */
	#pick(maxBytes: number): Pick[] {
		const picks: Pick[] = [];
		const next = this.#tracks.map(place => place.next);
		const descriptions = this.#tracks.map(place => place.description);
		let bytes = 0;
		while ((bytes < maxBytes || picks.length === 0) && picks.length < MOST_PICKS) {
			let first = -1;
			let time = Number.POSITIVE_INFINITY;
			for (let at = 0; at < this.#tracks.length; at++) {
				const { index } = this.#tracks[at]!.track;
				if (next[at]! >= index.count) continue;
				const candidate = index.timeOf(next[at]!);
				if (candidate < time) {
					time = candidate;
					first = at;
				}
			}
			if (first < 0) break;
			const place = this.#tracks[first]!;
			const sample = next[first]!++;
			const { index } = place.track;
			const description = index.descriptionOf(sample);
			const isNew = description !== descriptions[first];
			descriptions[first] = description;
			picks.push({
				place,
				sample,
				time,
				configuration: isNew ? place.configurationOf(description, time) : undefined,
				block: undefined,
			});
			bytes += index.sizeOf(sample);
		}
		return picks;
	}
}

/** One sample that is to be read. */
type Pick = {
	readonly place: TrackPlace;
	readonly sample: number;
	readonly time: number;
	readonly configuration: MediaMessage | undefined;
	block: Block | undefined;
};

/** A range of the file that is read at once. */
type Block = { readonly offset: number; end: number; bytes: Uint8Array; memory: Uint8Array | undefined };

/** The longest head that a sample gets in front of it. */
const MOST_HEAD_BYTES = 8;
const NO_BYTES = new Uint8Array(0);
/** Reads of one movie that wait for the disk at once use so much of it again. */
const SCRATCH_PIECES = 8;
const SCRATCH_BYTES = 128 * 1024;

const scratches = new WeakMap<IndexedMovie, MemoryPool>();

/** What the cursors of a movie read into; it is of use only while they read. */
function scratchOf(movie: IndexedMovie): MemoryPool {
	let scratch = scratches.get(movie);
	if (scratch === undefined) {
		scratch = new MemoryPool(SCRATCH_BYTES, SCRATCH_PIECES);
		scratches.set(movie, scratch);
	}
	return scratch;
}

/** However small the samples are, a call ends. */
const MOST_PICKS = 4096;
/** Reading this much that nobody wants costs less than another read. */
const GAP_BYTES = 16 * 1024;
/** A block of several samples is no longer. */
const BLOCK_BYTES = 1024 * 1024;

/** A place in one track. */
class TrackPlace {
	readonly track: PlayedTrack;
	readonly type: typeof MEDIA_VIDEO | typeof MEDIA_AUDIO | typeof MEDIA_DATA;
	/** The sample that comes next. */
	next = 0;
	/** The description whose configuration the viewer has, or is told of by `configurations`. */
	description: number;

	constructor(track: PlayedTrack, type: TrackPlace["type"]) {
		this.track = track;
		this.type = type;
		this.description = track.index.descriptionOf(0);
	}

	/** Whoever goes there asks for the configurations of the place. */
	goTo(sample: number): void {
		const { index } = this.track;
		this.next = sample;
		this.description = index.descriptionOf(Math.min(sample, index.count - 1));
	}

	/** The viewer has been sent a sample, and before it its configuration if that was new. */
	pass(sample: number): void {
		this.next = sample + 1;
		this.description = this.track.index.descriptionOf(sample);
	}

	configurationAt(time: number): MediaMessage | undefined {
		return this.configurationOf(this.description, time);
	}

	configurationOf(description: number, time: number): MediaMessage | undefined {
		const body = this.track.descriptions[description]?.carriage?.configuration;
		return body === undefined ? undefined : new MediaMessage(this.type, time, body);
	}
}

/** Groups samples that lie close together in the file. */
function blocksOf(picks: readonly Pick[]): Block[] {
	const blocks: Block[] = [];
	const inFileOrder = picks.toSorted((a, b) => offsetOf(a) - offsetOf(b));
	let block: Block | undefined;
	for (const pick of inFileOrder) {
		const offset = offsetOf(pick);
		const end = offset + pick.place.track.index.sizeOf(pick.sample);
		if (block === undefined || offset > block.end + GAP_BYTES || end > block.offset + BLOCK_BYTES) {
			block = { offset, end, bytes: NO_BYTES, memory: undefined };
			blocks.push(block);
		}
		block.end = Math.max(block.end, end);
		pick.block = block;
	}
	return blocks;
}

function offsetOf({ place, sample }: Pick): number {
	return place.track.index.offsetOf(sample);
}

function sampleOf({ place, sample, block }: Pick): Uint8Array {
	const { index } = place.track;
	const at = index.offsetOf(sample) - block!.offset;
	return block!.bytes.subarray(at, at + index.sizeOf(sample));
}

function messageOf({ place, sample, time, block }: Pick, memory: Uint8Array): MediaMessage {
	const { index, descriptions } = place.track;
	const { form, fourCc } = descriptions[index.descriptionOf(sample)]!.carriage!;
	const at = index.offsetOf(sample) - block!.offset;
	const length = index.sizeOf(sample);
	const composition = index.compositionOf(sample);
	const body = sampleBody(
		form as MediaForm,
		fourCc,
		index.isSync(sample),
		composition,
		block!.bytes,
		at,
		length,
		memory,
	);
	return new MediaMessage(place.type, time, body);
}
