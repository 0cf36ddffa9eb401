import type { AmfValue } from "../amf/index.ts";
import { FileError } from "../fault/index.ts";
import { type Box, invalid } from "./box.ts";
import { readItemList } from "./item-list.ts";
import type { MovieFlaw } from "./movie-flaw.ts";
import { type FragmentedTrack, takeFragment } from "./movie-fragment.ts";
import type { Mp4Limits } from "./mp4-limits.ts";
import type { Reading } from "./reading.ts";
import type { SampleDescription, TrackKind } from "./sample-description.ts";
import { SampleBudget, type SampleIndex } from "./sample-index.ts";
import { indexTable, measureTable, type TableSetting } from "./sample-table.ts";
import type { TextTrackFacts } from "./timed-text.ts";
import { TopLevelWalk } from "./top-level.ts";
import { type FragmentDefaults, readMovieHead, type TrackHead } from "./track-head.ts";

/** What a file tells of one of its tracks. */
export type MovieTrack = {
	readonly id: number;
	readonly kind: TrackKind;
	/** The type of its samples, such as `avc1` or `mp4a`; empty where there is none. */
	readonly codec: string;
	/** There is a form of message for its samples. */
	readonly isPlayable: boolean;
	readonly isEnabled: boolean;
	/** ISO 639-2, `und` where the file does not say. */
	readonly language: string;
	/** Units of time in a second. */
	readonly timescale: number;
	/** In units of the time scale. */
	readonly duration: number;
	readonly samples: number;
	/** Of all samples together. */
	readonly bytes: number;
	/** In pixels; 0 but in video. */
	readonly width: number;
	readonly height: number;
	/** In Hz; 0 but in sound. */
	readonly sampleRate: number;
	readonly channels: number;
};

/** A track that is played. */
export type PlayedTrack = {
	readonly index: SampleIndex;
	readonly descriptions: readonly SampleDescription[];
	/** Of text. */
	readonly facts?: TextTrackFacts;
};

/** What is kept of a file. */
export type IndexedMovie = {
	readonly tracks: readonly MovieTrack[];
	readonly video: PlayedTrack | undefined;
	readonly audio: PlayedTrack | undefined;
	/** What is shown beside them. */
	readonly texts: readonly PlayedTrack[];
	/** What of `tracks` picture and sound are. */
	readonly videoTrack: MovieTrack | undefined;
	readonly audioTrack: MovieTrack | undefined;
	readonly durationMillis: number;
	/** What the file's head says of that; `undefined` where it says nothing. */
	readonly toldMillis: number | undefined;
	/** There are fragments, or could be. */
	readonly isFragmented: boolean;
	readonly isTruncated: boolean;
	/** What is wrong with what is played. */
	readonly flaws: readonly MovieFlaw[];
	/** Where `moov` begins in the file. */
	readonly moovOffset: number;
	/** The names and values of `ilst`. */
	readonly tags: ReadonlyMap<string, AmfValue>;
};

/**
 * Indexes a file of `fileBytes`. `audioTrack` is the number of a sound track, from 1. Throws as `openMovie` says.
 */
export function* indexMovie(fileBytes: number, limits: Mp4Limits, audioTrack?: number): Reading<IndexedMovie> {
	const walk = new TopLevelWalk(fileBytes, limits);
	let movie: Assembly | undefined;
	let fragments = 0;
	let isTruncated = false;
	for (;;) {
		const box = yield* walk.next();
		if (box === undefined) break;
		if (box.type === "moov" && movie === undefined) {
			const moov = yield* walk.load(box, limits.movieBoxBytes);
			if (moov === undefined) throw invalid("The file ends inside its “moov”.");
			movie = yield* beginMovie(moov, box.offset, fileBytes, limits, audioTrack);
			if (movie.fragmented === undefined) break;
		} else if (box.type === "moof" && movie?.fragmented !== undefined) {
			if (++fragments > limits.fragments) {
				throw new FileError("FILE_TOO_COMPLEX", `There are more than ${limits.fragments} fragments.`);
			}
			const moof = yield* walk.load(box, limits.fragmentBoxBytes);
			isTruncated = moof === undefined || !takeFragment(moof, box.offset, movie.fragmented, fileBytes);
			if (isTruncated) break;
			if (fragments % FRAGMENTS_A_STEP === 0) yield undefined;
		}
	}
	if (movie === undefined) throw invalid("The file has no “moov”: its recording was not finished, or it is no MP4.");
	const indexed = finish(movie, isTruncated);
	walk.release();
	return indexed;
}

/** So many text tracks are sent. */
const MOST_TEXT_TRACKS = 16;
/** Fragments have some dozens of samples each. */
const FRAGMENTS_A_STEP = 200;

/** A file while its samples are gathered. */
type Assembly = {
	readonly moovOffset: number;
	readonly tags: ReadonlyMap<string, AmfValue>;
	readonly tracks: readonly GatheredTrack[];
	readonly video: PlayedTrack | undefined;
	readonly audio: PlayedTrack | undefined;
	readonly texts: readonly PlayedTrack[];
	readonly videoHead: TrackHead | undefined;
	readonly audioHead: TrackHead | undefined;
	readonly toldMillis: number | undefined;
	readonly isTruncated: boolean;
	readonly flaws: readonly MovieFlaw[];
	/** By id; `undefined`: there can be no fragments. */
	readonly fragmented: ReadonlyMap<number, FragmentedTrack> | undefined;
};

/** A track with what its tables hold. */
type GatheredTrack = {
	readonly head: TrackHead;
	readonly samples: number;
	readonly bytes: number;
};

function* beginMovie(
	moov: Box,
	moovOffset: number,
	fileBytes: number,
	limits: Mp4Limits,
	audioTrack: number | undefined,
): Reading<Assembly> {
	const head = readMovieHead(moov, limits);
	const videoHead = firstPlayable(head.tracks, "video");
	const audioHead = audioTrack === undefined ? firstPlayable(head.tracks, "audio") : nthAudio(head.tracks, audioTrack);
	if (videoHead === undefined && audioHead === undefined) {
		const codecs = head.tracks.map(codecOf).filter(codec => codec !== "");
		throw new FileError("FILE_NO_TRACK", `It has ${codecs.length === 0 ? "none" : codecs.join(", ")}.`);
	}
	const budget = new SampleBudget(limits);
	const isFragmented = head.fragmentDefaults !== undefined;
	const setting = { movieTimescale: head.timescale, fileBytes, budget, isFragmented };
	let isTruncated = false;
	const flaws: MovieFlaw[] = [];
	const indexes = new Map<TrackHead, SampleIndex>();
	let pictureMillis = Number.POSITIVE_INFINITY;
	for (const played of [videoHead, audioHead]) {
		if (played === undefined) continue;
		const table = yield* indexTable(played, { ...setting, pictureMillis });
		indexes.set(played, table.index);
		if (table.isTruncated) isTruncated = true;
		flaws.push(...table.flaws);
		if (played === videoHead && table.index.count > 0) pictureMillis = table.index.originMillis;
	}
	const texts: PlayedTrack[] = [];
	for (const text of textTracks(head.tracks)) {
		const index = yield* indexText(text, { ...setting, pictureMillis: Number.POSITIVE_INFINITY });
		if (index === undefined) continue;
		indexes.set(text, index);
		texts.push({ index, descriptions: text.descriptions, facts: { trackId: text.id, language: text.language } });
	}
	const tracks: GatheredTrack[] = [];
	for (const track of head.tracks) tracks.push({ head: track, ...(yield* measureTable(track.table)) });
	const play = (track: TrackHead | undefined): PlayedTrack | undefined =>
		track === undefined ? undefined : { index: indexes.get(track)!, descriptions: track.descriptions };
	return {
		moovOffset,
		tags: readItemList(moov),
		tracks,
		video: play(videoHead),
		audio: play(audioHead),
		texts,
		videoHead,
		audioHead,
		toldMillis: head.toldMillis,
		isTruncated,
		flaws,
		fragmented:
			head.fragmentDefaults === undefined ? undefined : fragmentedTracks(tracks, head.fragmentDefaults, indexes),
	};
}

/** `undefined`: it is broken, which keeps nobody from picture and sound. */
function* indexText(text: TrackHead, setting: TableSetting): Reading<SampleIndex | undefined> {
	try {
		return (yield* indexTable(text, setting)).index;
	} catch (fault) {
		if (fault instanceof FileError) return undefined;
		throw fault;
	}
}

function fragmentedTracks(
	gathered: readonly GatheredTrack[],
	defaults: ReadonlyMap<number, FragmentDefaults>,
	indexes: ReadonlyMap<TrackHead, SampleIndex>,
): Map<number, FragmentedTrack> {
	const tracks = new Map<number, FragmentedTrack>();
	for (const { head, samples } of gathered) {
		tracks.set(head.id, {
			head,
			defaults: defaults.get(head.id) ?? { description: 1, duration: 0, bytes: 0, flags: 0 },
			index: indexes.get(head),
			samples: 0,
			bytes: 0,
			// Without samples in `moov`, its duration is that of the fragments.
			nextTime: samples > 0 ? head.duration : 0,
		});
	}
	return tracks;
}

function finish(movie: Assembly, isCutOff: boolean): IndexedMovie {
	const isTruncated = isCutOff || movie.isTruncated;
	const video = withSamples(movie.video);
	const audio = withSamples(movie.audio);
	const played = [video, audio].flatMap(track => track ?? []);
	if (played.length === 0) {
		if (isTruncated) throw invalid("The file ends before its first sample.");
		throw new FileError("FILE_NO_TRACK", "Its tracks have no samples.");
	}
	const flaws = isTruncated ? [TRUNCATED, ...movie.flaws] : [...movie.flaws];
	if (video !== undefined && audio !== undefined) {
		flaws.push(...alignStarts(video, audio, movie.audioHead!), ...alignStarts(audio, video, movie.videoHead!));
	}
	const start = Math.min(...played.map(({ index }) => index.originMillis));
	for (const { index } of played) {
		index.shift(-start);
		index.finish();
	}
	const durationMillis = Math.max(...played.map(({ index }) => index.endMillis));
	for (const { index } of movie.texts) {
		index.shift(-start);
		// Nobody waits for text when all else is over.
		index.cutTo(index.firstAt(durationMillis));
		index.finish();
	}
	const tracks = movie.tracks.map(track => describe(track, movie.fragmented?.get(track.head.id)));
	const described = (track: PlayedTrack | undefined, head: TrackHead | undefined) =>
		track === undefined ? undefined : tracks[movie.tracks.findIndex(gathered => gathered.head === head)];
	return {
		tracks,
		video,
		audio,
		texts: movie.texts.filter(({ index }) => index.count > 0),
		videoTrack: described(video, movie.videoHead),
		audioTrack: described(audio, movie.audioHead),
		durationMillis,
		toldMillis: movie.toldMillis,
		isFragmented: movie.fragmented !== undefined,
		isTruncated,
		flaws,
		moovOffset: movie.moovOffset,
		tags: movie.tags,
	};
}

const TRUNCATED: MovieFlaw = { kind: "truncated", text: "The file ends before the last of its samples." };
/** A track that begins longer after the other's end was not meant to: whoever plays the file would wait for it. */
const MOST_SILENCE_MILLIS = 10_000;

/** Lets a track begin with another one that has ended long before. */
function alignStarts({ index: first }: PlayedTrack, { index: later }: PlayedTrack, head: TrackHead): MovieFlaw[] {
	const silence = later.originMillis - first.endMillis;
	if (silence <= MOST_SILENCE_MILLIS) return [];
	later.shift(first.originMillis - later.originMillis);
	const text = `Track ${head.id} begins ${Math.round(silence / 1000)} s after the other has ended; it is played from the start.`;
	return [{ kind: head.edits.length > 0 ? "wrong-edit-list" : "wrong-start", text }];
}

function withSamples(track: PlayedTrack | undefined): PlayedTrack | undefined {
	return track === undefined || track.index.count === 0 ? undefined : track;
}

function describe({ head, samples, bytes }: GatheredTrack, added: FragmentedTrack | undefined): MovieTrack {
	const description = head.descriptions[0];
	return {
		id: head.id,
		kind: head.kind,
		codec: codecOf(head),
		isPlayable: isPlayable(head),
		isEnabled: head.isEnabled,
		language: head.language,
		timescale: head.timescale,
		duration: Math.max(head.duration, added !== undefined && added.samples > 0 ? added.nextTime : 0),
		samples: samples + (added?.samples ?? 0),
		bytes: bytes + (added?.bytes ?? 0),
		width: description?.width ?? 0,
		height: description?.height ?? 0,
		sampleRate: description?.sampleRate ?? 0,
		channels: description?.channels ?? 0,
	};
}

function isPlayable(head: TrackHead): boolean {
	return head.descriptions.some(description => description.carriage !== undefined);
}

function codecOf(head: TrackHead): string {
	return head.descriptions[0]?.format ?? "";
}

/** The first that is enabled; where none is, the first. */
function firstPlayable(tracks: readonly TrackHead[], kind: TrackKind): TrackHead | undefined {
	const candidates = tracks.filter(track => track.kind === kind && isPlayable(track));
	return candidates.find(track => track.isEnabled) ?? candidates[0];
}

/** Text that is shown as a rule: chapters, for one, are tracks that are not enabled. */
function textTracks(tracks: readonly TrackHead[]): readonly TrackHead[] {
	const texts = tracks.filter(track => track.kind === "other" && track.isEnabled && isPlayable(track));
	return texts.slice(0, MOST_TEXT_TRACKS);
}

function nthAudio(tracks: readonly TrackHead[], number: number): TrackHead {
	const audio = tracks.filter(track => track.kind === "audio");
	const chosen = audio[number - 1];
	if (chosen === undefined) {
		throw new FileError("FILE_NO_TRACK", `There is no sound track ${number}; the file has ${audio.length}.`);
	}
	if (!isPlayable(chosen)) {
		throw new FileError("FILE_NO_TRACK", `Sound track ${number} is “${codecOf(chosen)}”, which cannot be played.`);
	}
	return chosen;
}
