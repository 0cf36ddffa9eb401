import { FOURCC_OPUS } from "../flv/index.ts";
import { frameSamples, frameSignature } from "./audio-frame.ts";
import { SampleClock } from "./sample-clock.ts";
import { audioFormat, isSelfConfigured } from "./sample-entry-audio.ts";
import { VIDEO_TIMESCALE, videoFormat } from "./sample-entry-video.ts";
import type { TrackFormat } from "./track-format.ts";

/** One track of a stream while it is written: its format, and the samples that wait for their fragment. */
export class FragmentTrack {
	readonly kind: "video" | "audio";
	/** The track's number in multitrack messages; 0 is the default track. */
	readonly trackId: number;
	/** The track's number in the file, from 1; 0 until it is in one. */
	fileTrackId = 0;
	/** The decode time of the last sample in milliseconds; 0 before the first. */
	lastMillis = 0;
	/** Samples that wait; only the first `count` places of the arrays count. */
	count = 0;
	/** Decode times in milliseconds. */
	millis = new Float64Array(FIRST_CAPACITY);
	/** Decode times in units of the track's timescale. */
	ticks = new Float64Array(FIRST_CAPACITY);
	/** Presentation less decode time, in the same units. */
	compositions = new Int32Array(FIRST_CAPACITY);
	/** 1: the sample can be decoded without an earlier one. */
	syncs = new Uint8Array(FIRST_CAPACITY);
	/** What the samples hold, as views into their messages, which nobody writes into. */
	readonly bodies: Uint8Array[] = [];

	#codec = 0;
	#configuration: Uint8Array | undefined;
	#planChannels: number | undefined;
	#format: TrackFormat | undefined;
	/** The format that holds from the next frame on. */
	#nextFormat: TrackFormat | undefined;
	/** What was said last has not become a format yet. */
	#isUnsettled = false;
	#signature = 0;
	#clock = new SampleClock(1000);
	/** How long the sample before lasted, in ticks: a guess for one without a successor. */
	#lastTicks = 0;
	/** How long the last frame says itself that it lasts, in ticks; 0 where it does not. */
	#toldTicks = 0;

	constructor(kind: "video" | "audio", trackId: number) {
		this.kind = kind;
		this.trackId = trackId;
	}

	/** The format of the samples that wait; `undefined` before it is known. */
	get format(): TrackFormat | undefined {
		return this.#format;
	}

	/** A format that differs from that of the samples before, and begins with the next frame. */
	get nextFormat(): TrackFormat | undefined {
		return this.#nextFormat;
	}

	/** Takes a sequence header. Throws `PeerError` (`MESSAGE_MALFORMED`); the format before then stays. */
	configure(codec: number, configuration: Uint8Array): void {
		if (codec === this.#codec && this.#configuration !== undefined && equalBytes(configuration, this.#configuration)) {
			return;
		}
		const previousCodec = this.#codec;
		const previous = this.#configuration;
		const wasUnsettled = this.#isUnsettled;
		this.#say(codec, configuration);
		try {
			this.#settle(undefined);
		} catch (fault) {
			this.#codec = previousCodec;
			this.#configuration = previous;
			this.#isUnsettled = wasUnsettled;
			throw fault;
		}
	}

	/** Takes the number of channels that a multichannel configuration tells. */
	plan(channels: number): void {
		if (channels === this.#planChannels) return;
		this.#planChannels = channels;
		if (this.#codec === FOURCC_OPUS && this.#configuration?.length === 0) this.#isUnsettled = true;
	}

	/**
	 * Looks at a frame before it is added: it may be what the format still lacks, or may need another one. `false`: the
	 * frame cannot be decoded with what is known. Throws `PeerError` (`MESSAGE_MALFORMED`).
	 */
	prepare(codec: number, frame: Uint8Array, isSync: boolean): boolean {
		if (isSelfConfigured(codec)) {
			const signature = frameSignature(codec, frame);
			if (codec !== this.#codec || signature !== this.#signature) {
				this.#signature = signature;
				this.#say(codec, NO_CONFIGURATION);
			}
		} else if (codec !== this.#codec) {
			// Opus may come without its header, as the header may be empty.
			if (codec !== FOURCC_OPUS) return false;
			this.#say(codec, NO_CONFIGURATION);
		}
		if (this.#isUnsettled && isSync) this.#settle(frame);
		return !this.#isUnsettled;
	}

	/** Makes the next format the present one; the samples of the old one must be gone. */
	adoptFormat(): void {
		if (this.#nextFormat === undefined) return;
		this.#format = this.#nextFormat;
		this.#nextFormat = undefined;
		if (this.kind === "audio") this.#clock = new SampleClock(this.#format.timescale);
		this.#lastTicks = 0;
		this.#toldTicks = 0;
	}

	/** The time in ticks of a frame at `millis`, which must not be earlier than the last one. It moves the audio clock. */
	ticksAt(millis: number, frame: Uint8Array): number {
		if (this.kind === "video") return millis * TICKS_PER_MILLI;
		this.#toldTicks = frameSamples(this.#format!, frame);
		return this.#clock.at(millis, this.#toldTicks);
	}

	/** The time of a further frame of the same message. */
	ticksFollowing(frame: Uint8Array): number {
		return this.#clock.following(frameSamples(this.#format!, frame));
	}

	/** Adds a sample. `composition` is in ticks. */
	add(millis: number, ticks: number, composition: number, isSync: boolean, body: Uint8Array): void {
		const at = this.count++;
		this.lastMillis = millis;
		if (at === this.millis.length) this.#grow();
		this.millis[at] = millis;
		this.ticks[at] = ticks;
		this.compositions[at] = composition;
		this.syncs[at] = isSync ? 1 : 0;
		this.bodies[at] = body;
	}

	/** How long the sample at `index` lasts, in ticks, where the one after it begins at `nextTicks`, if there is one. */
	durationAt(index: number, nextTicks: number | undefined): number {
		const end = index + 1 < this.count ? this.ticks[index + 1]! : nextTicks;
		if (end !== undefined) {
			this.#lastTicks = end - this.ticks[index]!;
			return this.#lastTicks;
		}
		if (this.#toldTicks > 0) return this.#toldTicks;
		if (index > 0) return this.ticks[index]! - this.ticks[index - 1]!;
		return this.#lastTicks > 0 ? this.#lastTicks : Math.round(this.#format!.timescale * LONE_SAMPLE_SECONDS);
	}

	/** Forgets the first `count` samples. */
	drop(count: number): void {
		const left = this.count - count;
		this.millis.copyWithin(0, count, this.count);
		this.ticks.copyWithin(0, count, this.count);
		this.compositions.copyWithin(0, count, this.count);
		this.syncs.copyWithin(0, count, this.count);
		this.bodies.splice(0, count);
		this.count = left;
	}

	#say(codec: number, configuration: Uint8Array): void {
		this.#codec = codec;
		this.#configuration = configuration;
		this.#isUnsettled = true;
	}

	#settle(frame: Uint8Array | undefined): void {
		const configuration = this.#configuration!;
		const format =
			this.kind === "video"
				? videoFormat(this.#codec, configuration, frame)
				: audioFormat(this.#codec, configuration, this.#planChannels, frame);
		if (format === undefined) return;
		this.#isUnsettled = false;
		const present = this.#format;
		const isSame = present !== undefined && equalBytes(present.sampleEntry, format.sampleEntry);
		this.#nextFormat = isSame ? undefined : format;
		if (present === undefined) this.adoptFormat();
	}

	#grow(): void {
		const capacity = this.millis.length * 2;
		const { millis, ticks, compositions, syncs } = this;
		this.millis = new Float64Array(capacity);
		this.ticks = new Float64Array(capacity);
		this.compositions = new Int32Array(capacity);
		this.syncs = new Uint8Array(capacity);
		this.millis.set(millis);
		this.ticks.set(ticks);
		this.compositions.set(compositions);
		this.syncs.set(syncs);
	}
}

/** Units of the timescale of video in a millisecond. */
export const TICKS_PER_MILLI = VIDEO_TIMESCALE / 1000;

const FIRST_CAPACITY = 128;
const NO_CONFIGURATION = new Uint8Array(0);
/** A picture that is alone in its stream: shown as long as one of 25 a second. */
const LONE_SAMPLE_SECONDS = 0.04;

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
	if (a.length !== b.length) return false;
	for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
	return true;
}
