import type { AmfObject } from "../amf/index.ts";
import { parseAacConfiguration, parseAvcConfiguration } from "../codec/index.ts";
import { PeerError } from "../fault/index.ts";
import { AUDIO_AAC, AUDIO_MP3, VIDEO_AVC } from "../flv/index.ts";
import type { Carriage } from "./carriage.ts";
import type { IndexedMovie, PlayedTrack } from "./movie-index.ts";

/**
 * `onMetaData` as Flash Media Server made it from MP4: its own names for profile, level and object type, codecs as
 * text where Flash knew them (`avc1`, `mp4a`, `.mp3`) and as the FourCC's number where Enhanced RTMP added them.
 */
export function movieMetadata(movie: IndexedMovie): AmfObject {
	const { video, audio } = movie;
	const metadata: AmfObject = { duration: movie.durationMillis / 1000, moovPosition: movie.moovOffset };
	if (video !== undefined) Object.assign(metadata, videoMembers(video));
	if (audio !== undefined) Object.assign(metadata, audioMembers(audio));
	metadata["trackinfo"] = movie.tracks.map(track => ({
		length: track.duration,
		timescale: track.timescale,
		language: track.language,
		sampledescription: [{ sampletype: track.codec }],
	}));
	if (video !== undefined) metadata["seekpoints"] = seekPoints(video);
	if (movie.tags.size > 0) metadata["tags"] = Object.fromEntries(movie.tags);
	return metadata;
}

/** `onMetaData` as encoders and FLV muxers write it. */
export function flvMetadata({ video, audio, durationMillis, tags }: IndexedMovie): AmfObject {
	const metadata: AmfObject = { duration: durationMillis / 1000 };
	const kilobits = (bytes: number) => Math.round((bytes * 8) / Math.max(1, durationMillis));
	if (video !== undefined) {
		const { index, descriptions } = video;
		const { carriage, width, height } = descriptions[index.descriptionOf(0)]!;
		Object.assign(metadata, { width, height, videodatarate: kilobits(index.bytes) });
		if (index.rate !== undefined) metadata["framerate"] = Math.round(index.rate * 1000) / 1000;
		if (carriage !== undefined) metadata["videocodecid"] = carriage.form === "avc" ? VIDEO_AVC : carriage.fourCc;
	}
	if (audio !== undefined) {
		const { index, descriptions } = audio;
		const { carriage, sampleRate, channels } = descriptions[index.descriptionOf(0)]!;
		const sound = { audiosamplerate: sampleRate, audiosamplesize: 16, stereo: channels > 1, audiochannels: channels };
		Object.assign(metadata, { audiodatarate: kilobits(index.bytes), ...sound });
		if (carriage !== undefined) metadata["audiocodecid"] = LEGACY_SOUND[carriage.form] ?? carriage.fourCc;
	}
	for (const [name, text] of Object.entries(TEXT_TAGS)) {
		const value = tags.get(name);
		if (typeof value === "string") metadata[text] = value;
	}
	return metadata;
}

const LEGACY_SOUND: Partial<Record<Carriage["form"], number>> = { aac: AUDIO_AAC, mp3: AUDIO_MP3 };
/** What tags are called in FLV. */
const TEXT_TAGS: Readonly<Record<string, string>> = {
	"©nam": "title",
	"©ART": "artist",
	"©alb": "album",
	"©day": "date",
	"©cmt": "comment",
	cprt: "copyright",
};

/** A player needs enough of them to draw a bar, and every viewer is sent them all. */
const MOST_SEEK_POINTS = 500;

function videoMembers({ index, descriptions }: PlayedTrack): AmfObject {
	const { carriage, width, height } = descriptions[index.descriptionOf(0)]!;
	const members: AmfObject = { width, height };
	if (index.rate !== undefined) members["videoframerate"] = Math.round(index.rate * 1000) / 1000;
	if (carriage === undefined) return members;
	members["videocodecid"] = carriage.form === "avc" ? "avc1" : carriage.fourCc;
	if (carriage.form === "avc") {
		const configuration = orUndefined(() => parseAvcConfiguration(carriage.record));
		members["avcprofile"] = configuration?.profile;
		members["avclevel"] = configuration?.level;
	}
	return withoutGaps(members);
}

function audioMembers({ index, descriptions }: PlayedTrack): AmfObject {
	const { carriage, sampleRate, channels } = descriptions[index.descriptionOf(0)]!;
	const members: AmfObject = { audiosamplerate: sampleRate, audiochannels: channels };
	if (carriage === undefined) return members;
	members["audiocodecid"] = AUDIO_IDS[carriage.form] ?? carriage.fourCc;
	if (carriage.form === "aac") members["aacaot"] = objectTypeOf(carriage);
	return withoutGaps(members);
}

const AUDIO_IDS: Partial<Record<Carriage["form"], string>> = { aac: "mp4a", mp3: ".mp3" };

function objectTypeOf({ record }: Carriage): number | undefined {
	return orUndefined(() => parseAacConfiguration(record))?.objectType;
}

/** Sync samples: where they are in time (seconds) and in the file, evenly thinned. */
function seekPoints({ index }: PlayedTrack): AmfObject[] {
	const step = Math.max(1, Math.ceil(index.syncCount / MOST_SEEK_POINTS));
	const points: AmfObject[] = [];
	let number = 0;
	for (let sample = 0; sample < index.count; sample++) {
		if (!index.isSync(sample) || number++ % step !== 0) continue;
		points.push({ time: index.timeOf(sample) / 1000, offset: index.offsetOf(sample) });
	}
	return points;
}

/** What a codec's own configuration says, unless it is broken: then the decoder will say so. */
function orUndefined<Result>(parse: () => Result): Result | undefined {
	try {
		return parse();
	} catch (fault) {
		if (!(fault instanceof PeerError)) throw fault;
		return undefined;
	}
}

function withoutGaps(members: AmfObject): AmfObject {
	return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
