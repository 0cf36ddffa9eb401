import type { Arena } from "../bytes/index.ts";
import { MEDIA_AUDIO, MEDIA_DATA, MEDIA_VIDEO, MediaMessage } from "../flv/index.ts";
import { invalid } from "./box.ts";
import type { ByteSource } from "./byte-source.ts";
import type { IndexedMovie, PlayedTrack } from "./movie-index.ts";
import { carryOut, type Reading, readRange } from "./reading.ts";
import { type MediaForm, MOST_HEAD_BYTES, sampleBody } from "./tag-form.ts";
import { textMessage } from "./timed-text.ts";

/** One viewer's place in a file. Calls must not overlap. */
export class MovieCursor {
	readonly #source: ByteSource;
	readonly #walk: MovieWalk;

	constructor(source: ByteSource, movie: IndexedMovie) {
		this.#source = source;
		this.#walk = new MovieWalk(movie);
	}

	/** The time of the message before which the last `read` ended for its `untilMillis`; `undefined`: it did not. */
	get nextMillis(): number | undefined {
		return this.#walk.nextMillis;
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
	 * among them only where they change. Empty at the end, or where the next message is later than `untilMillis`.
	 * Samples that lie close together in the file are read at once. Where it rejects, the place stays what it was.
	 *
	 * @param untilMillis messages after this time are left for later
	 * @param memory where payloads are put. Default: memory of their own.
	 * @throws {FileError} `FILE_INVALID` where the file has become shorter; what the source throws
	 */
	async read(
		maxBytes: number,
		untilMillis = Number.POSITIVE_INFINITY,
		memory?: Arena,
	): Promise<readonly MediaMessage[]> {
		return carryOut(this.#walk.read(maxBytes, untilMillis, memory), this.#source, () => Promise.resolve());
	}
}

/** What a cursor does but for the input: it can be carried out without promises. */
export class MovieWalk {
	/** As of `MovieCursor`. */
	nextMillis: number | undefined;
	readonly #tracks: readonly TrackPlace[];

	constructor(movie: IndexedMovie) {
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

	*read(maxBytes: number, untilMillis = Number.POSITIVE_INFINITY, memory?: Arena): Reading<readonly MediaMessage[]> {
		const bytes = this.#choose(maxBytes, untilMillis);
		if (bytes === 0) return [];
		const blocks = this.#blocks();
		for (const block of blocks) {
			const length = block.end - block.offset;
			block.bytes = yield* readRange(block.offset, length, memory?.take(length));
			if (block.bytes.length < length) throw invalid("The file became shorter while it was played.");
		}
		return this.#messages(blocks, memory?.take(bytes) ?? new Uint8Array(bytes));
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

	/**
	 * Chooses the samples that come next in the order of their decode times: of each track those from `next` to before
	 * `end`. Returns how many bytes their messages take at most.
	 */
	#choose(maxBytes: number, untilMillis: number): number {
		this.nextMillis = undefined;
		let bytes = 0;
		let count = 0;
		for (const place of this.#tracks) place.begin(place.track.index.count);
		while ((bytes < maxBytes || count === 0) && count < MOST_SAMPLES) {
			const place = this.#earliest();
			if (place === undefined) break;
			if (place.time > untilMillis) {
				this.nextMillis = place.time;
				break;
			}
			bytes += place.track.index.sizeOf(place.at);
			count++;
			place.step();
		}
		for (const place of this.#tracks) place.end = place.at;
		return bytes + count * MOST_HEAD_BYTES;
	}

	/** The track whose sample comes next. */
	#earliest(): TrackPlace | undefined {
		let first: TrackPlace | undefined;
		let time = Number.POSITIVE_INFINITY;
		for (let i = 0; i < this.#tracks.length; i++) {
			const place = this.#tracks[i]!;
			if (place.time >= time) continue;
			time = place.time;
			first = place;
		}
		return first;
	}

	/** Groups the chosen samples that lie close together in the file. The blocks of one track are in its order. */
	#blocks(): Block[] {
		const blocks: Block[] = [];
		let block: Block | undefined;
		for (const place of this.#tracks) place.at = place.next;
		for (;;) {
			let first: TrackPlace | undefined;
			let offset = Number.POSITIVE_INFINITY;
			for (let i = 0; i < this.#tracks.length; i++) {
				const place = this.#tracks[i]!;
				if (place.at >= place.end || place.track.index.offsetOf(place.at) >= offset) continue;
				offset = place.track.index.offsetOf(place.at);
				first = place;
			}
			if (first === undefined) return blocks;
			const end = offset + first.track.index.sizeOf(first.at++);
			const isNear = block !== undefined && offset >= block.offset && offset <= block.end + GAP_BYTES;
			if (block === undefined || !isNear || end > block.offset + BLOCK_BYTES) {
				block = { offset, end, bytes: NO_BYTES };
				blocks.push(block);
			}
			if (end > block.end) block.end = end;
		}
	}

	#messages(blocks: readonly Block[], bodies: Uint8Array): MediaMessage[] {
		const messages: MediaMessage[] = [];
		let used = 0;
		for (const place of this.#tracks) place.begin(place.end);
		for (;;) {
			const place = this.#earliest();
			if (place === undefined) return messages;
			const { time } = place;
			const configuration = place.passTo(place.at);
			if (configuration !== undefined) messages.push(new MediaMessage(place.type, time, configuration));
			const { facts } = place.track;
			if (facts !== undefined) {
				messages.push(textMessage(place.sample(blocks), time, facts));
			} else {
				const body = place.body(blocks, bodies, used);
				messages.push(new MediaMessage(place.type, time, body));
				used += body.length;
			}
			place.step();
		}
	}
}

/** A range of the file that is read at once. */
type Block = { readonly offset: number; end: number; bytes: Uint8Array };

const NO_BYTES = new Uint8Array(0);
/** However small the samples are, a call ends. */
const MOST_SAMPLES = 4096;
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
	/** While a call reads: the sample behind the last one that was chosen, */
	end = 0;
	/** the one that a walk through them has come to, */
	at = 0;
	/** and its time; infinite at the end of the walk. */
	time = Number.POSITIVE_INFINITY;
	/** The description whose configuration the viewer has, or is told of by `configurations`. */
	#description: number;
	#limit = 0;
	#block = 0;

	constructor(track: PlayedTrack, type: TrackPlace["type"]) {
		this.track = track;
		this.type = type;
		this.#description = track.index.descriptionOf(0);
	}

	/** Whoever goes there asks for the configurations of the place. */
	goTo(sample: number): void {
		const { index } = this.track;
		this.next = sample;
		this.#description = index.descriptionOf(Math.min(sample, index.count - 1));
	}

	/** Begins a walk from the next sample to before another. */
	begin(limit: number): void {
		this.#limit = limit;
		this.#block = 0;
		this.at = this.next - 1;
		this.step();
	}

	/** Goes on to the next sample. */
	step(): void {
		this.time = ++this.at < this.#limit ? this.track.index.timeOf(this.at) : Number.POSITIVE_INFINITY;
	}

	/** The viewer is sent a sample. Returns the configuration that must stand before it, if that is new. */
	passTo(sample: number): Uint8Array | undefined {
		this.next = sample + 1;
		const description = this.track.index.descriptionOf(sample);
		if (description === this.#description) return undefined;
		this.#description = description;
		return this.#configuration();
	}

	configurationAt(time: number): MediaMessage | undefined {
		const body = this.#configuration();
		return body === undefined ? undefined : new MediaMessage(this.type, time, body);
	}

	/** Makes the payload of the sample that the walk has come to, in `bodies` from `start` on. */
	body(blocks: readonly Block[], bodies: Uint8Array, start: number): Uint8Array {
		const { index, descriptions } = this.track;
		const { at } = this;
		const block = this.#blockOf(blocks);
		const { form, fourCc } = descriptions[index.descriptionOf(at)]!.carriage!;
		const from = index.offsetOf(at) - block.offset;
		const length = index.sizeOf(at);
		const composition = index.compositionOf(at);
		// A track of text has no carriage.
		const media = form as MediaForm;
		return sampleBody(media, fourCc, index.isSync(at), composition, block.bytes, from, length, bodies, start);
	}

	/** The bytes of the sample that the walk has come to. */
	sample(blocks: readonly Block[]): Uint8Array {
		const { index } = this.track;
		const block = this.#blockOf(blocks);
		const from = index.offsetOf(this.at) - block.offset;
		return block.bytes.subarray(from, from + index.sizeOf(this.at));
	}

	/** The block that holds the sample that the walk has come to. */
	#blockOf(blocks: readonly Block[]): Block {
		const { index } = this.track;
		const offset = index.offsetOf(this.at);
		const end = offset + index.sizeOf(this.at);
		let block = blocks[this.#block]!;
		while (offset < block.offset || end > block.end) block = blocks[++this.#block]!;
		return block;
	}

	#configuration(): Uint8Array | undefined {
		return this.track.descriptions[this.#description]?.carriage?.configuration;
	}
}
