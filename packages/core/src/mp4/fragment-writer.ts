import { PeerError } from "../fault/index.ts";
import {
	type AudioPacket,
	audioCodecName,
	MEDIA_AUDIO,
	MEDIA_VIDEO,
	type MediaMessage,
	type MediaTrack,
	parseAudioTag,
	parseChannelPlan,
	parseVideoTag,
	type VideoPacket,
	videoCodecName,
} from "../flv/index.ts";
import { firstFrameBytes } from "./audio-frame.ts";
import { type FragmentPart, writeFragment } from "./fragment-box.ts";
import { FragmentIndex } from "./fragment-index.ts";
import { type DurationField, durationPatches, type FilePatch, writeInit } from "./fragment-init.ts";
import { type FragmentResume, matchTracks, type ResumedTrack } from "./fragment-resume.ts";
import { FragmentTrack, TICKS_PER_MILLI } from "./fragment-track.ts";
import { mp4AudioCodec } from "./sample-entry-audio.ts";
import { mp4VideoCodec } from "./sample-entry-video.ts";
import type { TrackFormat } from "./track-format.ts";

export type FragmentWriterOptions = {
	/**
	 * A keyframe ends a fragment that began with a keyframe and is at least this long, in milliseconds; where there is
	 * no picture, every frame of sound does. Default 1000.
	 */
	fragmentMillis?: number;
	/** A fragment of this length ends also without a keyframe, in milliseconds. Default 2000. */
	longestMillis?: number;
	/** A fragment that holds this many bytes ends. Default 32 MiB. */
	maxFragmentBytes?: number;
	/**
	 * How long, in milliseconds of the stream's time from the first frame, to wait until both picture and sound have
	 * come; then what has come is written alone. Default 2000.
	 */
	waitMillis?: number;
	/** How many samples to hold meanwhile. Default 1000. */
	waitSamples?: number;
	/**
	 * The bytes from an `onInit` to the next become one file: the init segment has room for its duration, and an index
	 * comes at its end. Default `true`; `false` for live segments, which have neither.
	 */
	isFile?: boolean;
	/**
	 * The file that is gone on with, behind `keptBytes` of it; times are those of the file, so that the first is at
	 * `endMillis` or later. Where its tracks are not those that come, `onInit` begins another file. Default: none.
	 */
	resume?: FragmentResume | undefined;
};

/** A track of an init segment. */
export type WrittenTrack = TrackFormat & {
	/** In the file, from 1. */
	readonly fileTrackId: number;
	/** In multitrack messages; 0 is the default track. */
	readonly trackId: number;
};

/** `ftyp` and `moov`: what a player needs before any fragment. */
export type InitSegment = {
	/** Empty where a file is gone on with. */
	readonly bytes: Uint8Array;
	/** Why it is written: the first one, another codec configuration, or a track that was not there before. */
	readonly reason: "start" | "resumed" | "configuration-changed" | "track-added";
	readonly tracks: readonly WrittenTrack[];
};

/**
 * One `moof` and its `mdat`. The times are those of the leading track: of the picture, where the fragment has any.
 *
 * ffmpeg 5 refuses a file that ends inside a `moof`, but not inside a box that it skips. A file that must open even
 * when its writer is killed in the middle of a write is written with `free` in place of the type (bytes 4 to 7), and
 * with `moof` over it when the rest is written.
 */
export type Fragment = {
	readonly bytes: Uint8Array;
	/** The decode time of the first sample, in milliseconds. */
	readonly startMillis: number;
	/** Where the last sample ends. */
	readonly endMillis: number;
	/** The leading track begins with a sample that needs no other. */
	readonly startsWithKeyframe: boolean;
};

/** How a file is completed. */
export type FileEnd = {
	/** The random access index (`mfra`), to be appended. */
	readonly index: Uint8Array;
	/** The durations, to be written over what the init segment has there. */
	readonly patches: readonly FilePatch[];
	/** From the first decode time to where the last sample ends, in milliseconds. */
	readonly durationMillis: number;
};

/** What a stream has and the file lacks. */
export type LeftOut = {
	readonly kind: "video" | "audio";
	readonly trackId: number;
	/** For people, such as `Sorenson H.263`. */
	readonly codec: string;
	/** MP4 has no place for the codec; or a configuration or a frame could not be read, and what needs it is missing. */
	readonly reason: "unsupported" | "malformed";
	/** Of the malformed: what was found. */
	readonly fault: PeerError | undefined;
};

/** Who receives what a `FragmentWriter` makes. The methods are called from within `write`, `cut` and `end`. */
export interface FragmentHandler {
	/** A file begins; everything up to the next call belongs to it and can be played with it alone. */
	onInit(init: InitSegment): void;
	onFragment(fragment: Fragment): void;
	/** The file is complete; with `isFile` only. The next call, if any, is `onInit`. */
	onFileEnd?(end: FileEnd): void;
	/** Called once for a track and a codec. The other tracks go on. */
	onLeftOut?(track: LeftOut): void;
}

/**
 * Turns the messages of one stream into fragmented MP4 (ISO/IEC 14496-12 §8.8): an init segment when picture and sound
 * are known, then fragments, each of which comes as one array and needs nothing but the init segment. A file that is
 * torn loses at most what follows its last whole fragment (see `scanFragments`).
 *
 * H.264, H.265, AV1, VP8 and VP9, AAC, MP3, Opus, FLAC, AC-3 and E-AC-3 are written, in legacy or extended headers, of
 * all tracks of multitrack messages. What MP4 cannot carry is left out and reported; so are data messages, without a
 * report. Empty messages, commands, ends of sequences and frames before their configuration are skipped.
 *
 * A configuration that changes, and a track that comes later, begin a new file: the fragment ends, `onFileEnd` and
 * `onInit` are called, and fragments go on with the times of the stream. A configuration that is repeated changes
 * nothing.
 *
 * Times are those of the messages, and stay so to the millisecond: pictures are counted in 1/90,000 s; sound in
 * samples, so that frames join without gaps where the sender's clock allows, and rounded gives the milliseconds that
 * came in. Decode times never go back: a message that is too early takes the time of the one before it, and a picture
 * keeps its presentation time. Larger jumps are the caller's to repair.
 *
 * The last frame of a track waits for the next one, which tells how long it lasts; only `cut`, `end` and a new file do
 * without.
 */
export class FragmentWriter {
	readonly #options: Required<FragmentWriterOptions>;
	readonly #handler: FragmentHandler;
	readonly #tracks: FragmentTrack[] = [];
	readonly #reported = new Set<string>();
	/** Kinds of which a track came that cannot be written: they are not waited for. */
	readonly #given = { video: false, audio: false };
	/** The tracks of the present file; undefined while none is open. */
	#written: FragmentTrack[] | undefined;
	/** The first picture, or the first sound where there is no picture: its sync samples end fragments. */
	#leader: FragmentTrack | undefined;
	#nextReason: InitSegment["reason"] = "start";
	#durationFields: readonly DurationField[] = [];
	#index = new FragmentIndex();
	#fileBytes = 0;
	#fileStart = Number.POSITIVE_INFINITY;
	#fileEnd = 0;
	#sequence = 0;
	#waitingSamples = 0;
	#waitingBytes = 0;
	/** The earliest decode time that waits, in milliseconds. */
	#fragmentStart = Number.POSITIVE_INFINITY;
	#startedWithKey = true;
	#skippedMessages = 0;
	#hasEnded = false;

	constructor(handler: FragmentHandler, options: FragmentWriterOptions = {}) {
		this.#handler = handler;
		this.#options = { ...DEFAULTS, ...options };
	}

	/** Messages and frames that hold media and were not written: no configuration, malformed, or another codec. */
	get skippedMessages(): number {
		return this.#skippedMessages;
	}

	/** Samples that are not yet in a fragment. */
	get waitingSamples(): number {
		return this.#waitingSamples;
	}

	/** Takes the next message. Never throws for what a message holds. After `end` messages are ignored. */
	write(message: MediaMessage): void {
		if (this.#hasEnded || message.payload.length === 0) return;
		try {
			if (message.type === MEDIA_VIDEO) this.#writeVideo(message);
			else if (message.type === MEDIA_AUDIO) this.#writeAudio(message);
		} catch (fault) {
			if (!(fault instanceof PeerError)) throw fault;
			this.#skippedMessages++;
		}
	}

	/**
	 * Ends the fragment with everything that has come; how long the last frames last is taken from those before. Nothing
	 * happens where nothing waits, or while it is waited for picture and sound.
	 */
	cut(): void {
		if (this.#written !== undefined) this.#flush(undefined, 0);
	}

	/** Writes what is left and completes the file. A second call does nothing. */
	end(): void {
		if (this.#hasEnded) return;
		this.#hasEnded = true;
		if (this.#written === undefined && this.#waitingSamples > 0) this.#openFile();
		this.#closeFile();
	}

	#writeVideo(message: MediaMessage): void {
		const tag = parseVideoTag(message.payload);
		if (tag === undefined) return;
		const isKey = tag.frameType === FRAME_KEY || tag.frameType === FRAME_GENERATED_KEY;
		for (const part of tag.tracks) this.#take("video", part, tag.packet, message.timestamp, isKey, tag.nanoOffset);
	}

	#writeAudio(message: MediaMessage): void {
		const tag = parseAudioTag(message.payload);
		if (tag === undefined) return;
		for (const part of tag.tracks) this.#take("audio", part, tag.packet, message.timestamp, true, 0);
	}

	#take(
		kind: "video" | "audio",
		part: MediaTrack,
		packet: VideoPacket | AudioPacket,
		millis: number,
		isSync: boolean,
		nanos: number,
	): void {
		if (packet !== "configuration" && packet !== "frame" && packet !== "channels") return;
		const codec = kind === "video" ? mp4VideoCodec(part.codec) : mp4AudioCodec(part.codec);
		if (codec === undefined) {
			this.#leaveOut(kind, part, "unsupported", undefined);
			if (packet === "frame") this.#skippedMessages++;
			return;
		}
		const track = this.#trackOf(kind, part.trackId);
		try {
			if (packet === "channels") track.plan(parseChannelPlan(part.body).channels);
			else if (packet === "configuration") track.configure(codec, part.body);
			else if (part.body.length > 0) this.#takeFrame(track, codec, part, millis, isSync, nanos);
		} catch (fault) {
			if (!(fault instanceof PeerError)) throw fault;
			if (packet === "frame") this.#skippedMessages++;
			this.#leaveOut(kind, part, "malformed", fault);
		}
	}

	#takeFrame(
		track: FragmentTrack,
		codec: number,
		part: MediaTrack,
		messageMillis: number,
		isSync: boolean,
		nanos: number,
	): void {
		const { body } = part;
		if (!track.prepare(codec, body, isSync)) {
			this.#skippedMessages++;
			return;
		}
		if (track.nextFormat !== undefined) this.#changeFormats();
		else if (this.#written !== undefined && track.fileTrackId === 0) this.#addTrack();
		// Before anything is changed: a frame that cannot be read is not written.
		const firstBytes = track.kind === "audio" ? firstFrameBytes(codec, body) : body.length;
		const millis = Math.max(messageMillis, track.lastMillis);
		const first = firstBytes < body.length ? body.subarray(0, firstBytes) : body;
		const ticks = track.ticksAt(millis, first);
		if (this.#written === undefined && this.#hasWaited(millis)) this.#openFile();
		this.#endFragmentBefore(track, millis, ticks, isSync);
		let composition = 0;
		if (track.kind === "video") {
			const shift = part.compositionTime + messageMillis - millis;
			composition = toInt32(shift * TICKS_PER_MILLI + Math.round((nanos * TICKS_PER_MILLI) / 1e6));
		}
		this.#add(track, millis, ticks, composition, isSync, first);
		for (let at = firstBytes; at < body.length; ) {
			const rest = body.subarray(at);
			const frame = rest.subarray(0, firstFrameBytes(codec, rest));
			this.#add(track, millis, track.ticksFollowing(frame), 0, true, frame);
			at += frame.length;
		}
	}

	#trackOf(kind: "video" | "audio", trackId: number): FragmentTrack {
		for (const track of this.#tracks) if (track.kind === kind && track.trackId === trackId) return track;
		const track = new FragmentTrack(kind, trackId);
		this.#tracks.push(track);
		return track;
	}

	#add(
		track: FragmentTrack,
		millis: number,
		ticks: number,
		composition: number,
		isSync: boolean,
		body: Uint8Array,
	): void {
		if (track === this.#leader && track.count === 0) this.#startedWithKey = isSync;
		track.add(millis, ticks, composition, isSync, body);
		this.#waitingSamples++;
		this.#waitingBytes += body.length;
		if (millis < this.#fragmentStart) this.#fragmentStart = millis;
	}

	#hasWaited(millis: number): boolean {
		const { waitMillis, waitSamples, maxFragmentBytes } = this.#options;
		const isReady = (kind: "video" | "audio") =>
			this.#given[kind] || this.#tracks.some(track => track.kind === kind && track.format !== undefined);
		return (
			(isReady("video") && isReady("audio")) ||
			millis - this.#fragmentStart >= waitMillis ||
			this.#waitingSamples >= waitSamples ||
			this.#waitingBytes >= maxFragmentBytes
		);
	}

	/** Ends the fragment if it must not hold the sample that comes at `millis`. */
	#endFragmentBefore(track: FragmentTrack, millis: number, ticks: number, isSync: boolean): void {
		if (this.#written === undefined || this.#waitingSamples === 0) return;
		const { fragmentMillis, longestMillis, maxFragmentBytes } = this.#options;
		const age = millis - this.#fragmentStart;
		const leads = track === this.#leader && isSync && track.count > 0;
		const isDue =
			(leads && (age >= fragmentMillis || !this.#startedWithKey)) ||
			age >= longestMillis ||
			this.#waitingBytes >= maxFragmentBytes ||
			this.#waitingSamples >= MAX_FRAGMENT_SAMPLES;
		if (isDue) this.#flush(track, ticks);
	}

	/**
	 * Writes a fragment. With a track whose next sample comes at `nextTicks`, the last samples of the others are kept
	 * until theirs come; without one, everything is written.
	 */
	#flush(track: FragmentTrack | undefined, nextTicks: number): void {
		const parts: FragmentPart[] = [];
		for (const one of this.#written!) {
			const isKnown = one === track;
			const count = isKnown || track === undefined ? one.count : one.count - 1;
			if (count > 0) parts.push({ track: one, count, nextTicks: isKnown ? nextTicks : undefined });
		}
		if (parts.length === 0) return;
		const bytes = writeFragment(++this.#sequence, parts);
		const lead = parts.find(part => part.track === this.#leader) ?? parts[0]!;
		const fragment: Fragment = {
			bytes,
			startMillis: lead.track.millis[0]!,
			endMillis: endMillisOf(lead),
			startsWithKeyframe: lead.track.syncs[0] === 1,
		};
		this.#note(parts);
		this.#fileBytes += bytes.length;
		for (const { track: one, count } of parts) {
			for (let index = 0; index < count; index++) this.#waitingBytes -= one.bodies[index]!.length;
			this.#waitingSamples -= count;
			one.drop(count);
		}
		this.#startFragment();
		this.#handler.onFragment(fragment);
	}

	/** What was kept back begins the next fragment. */
	#startFragment(): void {
		this.#fragmentStart = Number.POSITIVE_INFINITY;
		for (const track of this.#written!) {
			if (track.count === 0) continue;
			this.#fragmentStart = Math.min(this.#fragmentStart, track.millis[0]!);
			if (track === this.#leader) this.#startedWithKey = track.syncs[0] === 1;
		}
	}

	/** Keeps in mind what the end of the file will tell of a fragment. */
	#note(parts: readonly FragmentPart[]): void {
		if (!this.#options.isFile) return;
		for (const [at, part] of parts.entries()) {
			const { track, count } = part;
			this.#fileStart = Math.min(this.#fileStart, track.millis[0]!);
			this.#fileEnd = Math.max(this.#fileEnd, endMillisOf(part));
			const sync = track.syncs.indexOf(1);
			if (sync < 0 || sync >= count) continue;
			const time = Math.max(0, track.ticks[sync]! + track.compositions[sync]!);
			this.#index.add(track.fileTrackId, time, this.#fileBytes, at + 1, sync + 1);
		}
	}

	#openFile(): void {
		const written = this.#tracks.filter(track => track.format !== undefined).sort(byKindAndNumber);
		const { resume } = this.#options;
		const isFirst = this.#nextReason === "start";
		const matches = resume === undefined || !isFirst ? undefined : matchTracks(written, resume);
		if (matches === undefined) this.#beginFile(written);
		else this.#resumeFile(written, matches, resume!);
	}

	#resumeFile(written: FragmentTrack[], matches: readonly ResumedTrack[], resume: FragmentResume): void {
		for (const [index, track] of written.entries()) track.fileTrackId = matches[index]!.fileTrackId;
		this.#written = written;
		this.#leader = written[0];
		this.#durationFields = resume.durationFields;
		this.#index = resume.index;
		this.#fileBytes = resume.keptBytes;
		this.#fileStart = 0;
		this.#fileEnd = resume.endMillis;
		this.#sequence = resume.sequence;
		this.#startFragment();
		this.#handler.onInit({ bytes: NO_BYTES, reason: "resumed", tracks: written.map(describe) });
	}

	#beginFile(written: FragmentTrack[]): void {
		for (const [index, track] of written.entries()) track.fileTrackId = index + 1;
		this.#written = written;
		this.#leader = written[0];
		const { bytes, durationFields } = writeInit(written, this.#options.isFile);
		this.#durationFields = durationFields;
		this.#index = new FragmentIndex();
		this.#fileBytes = bytes.length;
		this.#fileStart = Number.POSITIVE_INFINITY;
		this.#fileEnd = 0;
		this.#sequence = 0;
		this.#startFragment();
		const reason = this.#nextReason;
		this.#handler.onInit({ bytes, reason, tracks: written.map(describe) });
	}

	#closeFile(): void {
		if (this.#written === undefined) return;
		this.#flush(undefined, 0);
		this.#written = undefined;
		const durationMillis = Math.max(0, this.#fileEnd - this.#fileStart);
		if (!this.#options.isFile) return;
		const patches = durationPatches(this.#durationFields, durationMillis);
		this.#handler.onFileEnd?.({ index: this.#index.finish(), patches, durationMillis });
	}

	/** The next frame needs another format than those that were written, or that wait. */
	#changeFormats(): void {
		if (this.#written === undefined && this.#waitingSamples > 0) this.#openFile();
		const wasOpen = this.#written !== undefined;
		this.#closeFile();
		for (const track of this.#tracks) track.adoptFormat();
		if (!wasOpen) return;
		this.#nextReason = "configuration-changed";
		this.#openFile();
	}

	/** A track came that the file does not have. */
	#addTrack(): void {
		this.#closeFile();
		this.#nextReason = "track-added";
		this.#openFile();
	}

	#leaveOut(
		kind: "video" | "audio",
		{ trackId, codec }: MediaTrack,
		reason: LeftOut["reason"],
		fault: PeerError | undefined,
	): void {
		if (reason === "unsupported" && trackId === 0) this.#given[kind] = true;
		const key = `${kind} ${trackId} ${codec} ${reason}`;
		if (this.#reported.has(key)) return;
		if (this.#reported.size >= MAX_REPORTS) return;
		this.#reported.add(key);
		const name = kind === "video" ? videoCodecName(codec) : audioCodecName(codec);
		this.#handler.onLeftOut?.({ kind, trackId, codec: name, reason, fault });
	}
}

const DEFAULTS: Required<FragmentWriterOptions> = {
	fragmentMillis: 1000,
	longestMillis: 2000,
	maxFragmentBytes: 32 * 1024 * 1024,
	waitMillis: 2000,
	waitSamples: 1000,
	isFile: true,
	resume: undefined,
};

const NO_BYTES = new Uint8Array(0);

const FRAME_KEY = 1;
const FRAME_GENERATED_KEY = 4;
/** Whatever the times say: samples that are all at one time must not gather for ever. */
const MAX_FRAGMENT_SAMPLES = 65_536;
/** A sender that names a new codec in every message must not fill memory. */
const MAX_REPORTS = 64;

/** Pictures first, then by number: so the first track leads. */
function byKindAndNumber(a: FragmentTrack, b: FragmentTrack): number {
	if (a.kind !== b.kind) return a.kind === "video" ? -1 : 1;
	return a.trackId - b.trackId;
}

function describe({ format, fileTrackId, trackId }: FragmentTrack): WrittenTrack {
	return { ...format!, fileTrackId, trackId };
}

function endMillisOf({ track, count, nextTicks }: FragmentPart): number {
	const last = count - 1;
	if (count < track.count) return track.millis[count]!;
	const end = track.ticks[last]! + track.durationAt(last, nextTicks);
	return Math.round((end * 1000) / track.format!.timescale);
}

function toInt32(value: number): number {
	return Math.min(Math.max(value, -0x8000_0000), 0x7fff_ffff);
}
