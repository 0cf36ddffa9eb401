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
import type { FragmentPart } from "./fragment-box.ts";
import { FragmentFile } from "./fragment-file.ts";
import type { FragmentHandler, InitSegment, LeftOut } from "./fragment-handler.ts";
import { type FragmentResume, matchTracks } from "./fragment-resume.ts";
import { FragmentTrack, TICKS_PER_MILLI } from "./fragment-track.ts";
import { mp4AudioCodec } from "./sample-entry-audio.ts";
import { mp4VideoCodec } from "./sample-entry-video.ts";

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
	/** Undefined before the first is open, and at the end. */
	#file: FragmentFile | undefined;
	#nextReason: InitSegment["reason"] = "start";
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
		if (this.#file !== undefined) this.#flush(this.#file, undefined, 0);
	}

	/** Writes what is left and completes the file. A second call does nothing. */
	end(): void {
		if (this.#hasEnded) return;
		this.#hasEnded = true;
		if (this.#file === undefined && this.#waitingSamples > 0) this.#openFile();
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
		else if (this.#file !== undefined && track.fileTrackId === 0) this.#addTrack();
		// Before anything is changed: a frame that cannot be read is not written.
		const firstBytes = track.kind === "audio" ? firstFrameBytes(codec, body) : body.length;
		const millis = Math.max(messageMillis, track.lastMillis);
		const first = firstBytes < body.length ? body.subarray(0, firstBytes) : body;
		const ticks = track.ticksAt(millis, first);
		if (this.#file === undefined && this.#hasWaited(millis)) this.#openFile();
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
		if (track === this.#file?.leader && track.count === 0) this.#startedWithKey = isSync;
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
		const file = this.#file;
		if (file === undefined || this.#waitingSamples === 0) return;
		const { fragmentMillis, longestMillis, maxFragmentBytes } = this.#options;
		const age = millis - this.#fragmentStart;
		const leads = track === file.leader && isSync && track.count > 0;
		const isDue =
			(leads && (age >= fragmentMillis || !this.#startedWithKey)) ||
			age >= longestMillis ||
			this.#waitingBytes >= maxFragmentBytes ||
			this.#waitingSamples >= MAX_FRAGMENT_SAMPLES;
		if (isDue) this.#flush(file, track, ticks);
	}

	/**
	 * Writes a fragment. With a track whose next sample comes at `nextTicks`, the last samples of the others are kept
	 * until theirs come; without one, everything is written.
	 */
	#flush(file: FragmentFile, track: FragmentTrack | undefined, nextTicks: number): void {
		const parts: FragmentPart[] = [];
		for (const one of file.tracks) {
			const isKnown = one === track;
			const count = isKnown || track === undefined ? one.count : one.count - 1;
			if (count > 0) parts.push({ track: one, count, nextTicks: isKnown ? nextTicks : undefined });
		}
		if (parts.length === 0) return;
		const fragment = file.write(parts);
		for (const { track: one, count } of parts) {
			for (let index = 0; index < count; index++) this.#waitingBytes -= one.bodies[index]!.length;
			this.#waitingSamples -= count;
			one.drop(count);
		}
		this.#startFragment(file);
		this.#handler.onFragment(fragment);
	}

	/** What was kept back begins the next fragment. */
	#startFragment(file: FragmentFile): void {
		this.#fragmentStart = Number.POSITIVE_INFINITY;
		for (const track of file.tracks) {
			if (track.count === 0) continue;
			this.#fragmentStart = Math.min(this.#fragmentStart, track.millis[0]!);
			if (track === file.leader) this.#startedWithKey = track.syncs[0] === 1;
		}
	}

	#openFile(): void {
		const tracks = this.#tracks.filter(track => track.format !== undefined).sort(byKindAndNumber);
		const { resume, isFile } = this.#options;
		const reason = this.#nextReason;
		const matches = resume === undefined || reason !== "start" ? undefined : matchTracks(tracks, resume);
		const file =
			matches === undefined
				? FragmentFile.begin(tracks, isFile)
				: FragmentFile.resume(tracks, matches, resume!, isFile);
		this.#file = file;
		this.#startFragment(file);
		const bytes = file.init;
		this.#handler.onInit({ bytes, reason: matches ? "resumed" : reason, tracks: file.describeTracks() });
	}

	#closeFile(): void {
		const file = this.#file;
		if (file === undefined) return;
		this.#flush(file, undefined, 0);
		this.#file = undefined;
		const end = file.end();
		if (end !== undefined) this.#handler.onFileEnd?.(end);
	}

	/** The next frame needs another format than those that were written, or that wait. */
	#changeFormats(): void {
		if (this.#file === undefined && this.#waitingSamples > 0) this.#openFile();
		const wasOpen = this.#file !== undefined;
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

function toInt32(value: number): number {
	return Math.min(Math.max(value, -0x8000_0000), 0x7fff_ffff);
}
