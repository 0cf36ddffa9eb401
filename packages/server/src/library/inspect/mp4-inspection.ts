import { codecFacts } from "@millrace/core/flv";
import {
	type ByteSource,
	type FragmentScan,
	type Movie,
	type MovieTrack,
	openMovie,
	scanFragments,
} from "@millrace/core/mp4";
import type { OpenFile } from "../media-file.ts";
import {
	bitrateOf,
	DURATION_TOLERANCE_MILLIS,
	type FileFault,
	type KeyframeReport,
	type MediaReport,
	type TrackReport,
} from "./media-report.ts";

/** What is read of the media: configurations and first frames tell of the codecs. */
const START_BYTES = 64 * 1024;

/** Lets others have the thread while a long file is indexed. */
export const giveWay = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/**
 * Tells what an MP4 file holds, from its tables and its first frames.
 *
 * @throws {FileError} as `openMovie`
 */
export async function inspectMp4(file: OpenFile): Promise<MediaReport> {
	const { movie, scan } = await openScanned(file, await scanFragments(file));
	const cursor = movie.cursor();
	const facts = codecFacts([...cursor.configurations(), ...(await cursor.read(START_BYTES))]);
	const seconds = movie.durationMillis / 1000;
	const told = movie.flvMetadata()["framerate"];
	const framerate = typeof told === "number" ? told : undefined;
	const tracks = movie.tracks.map((track): TrackReport => {
		const isVideo = track === movie.videoTrack;
		const isAudio = track === movie.audioTrack;
		const ofTrack = track.duration / track.timescale;
		const { kind, id, samples, bytes, language } = track;
		return {
			kind,
			id,
			codec: (isVideo ? facts.videoCodec : isAudio ? facts.audioCodec : undefined) ?? track.codec,
			codecString: isVideo ? facts.videoCodecString : isAudio ? facts.audioCodecString : undefined,
			language,
			seconds: ofTrack,
			frames: samples,
			bytes,
			bitrate: bitrateOf(bytes, ofTrack),
			width: track.width || undefined,
			height: track.height || undefined,
			framerate: isVideo ? framerate : kind === "video" && ofTrack > 0 ? samples / ofTrack : undefined,
			sampleRate: track.sampleRate || undefined,
			channels: track.channels || undefined,
			keyframes: isVideo ? keyframesOf(movie) : undefined,
		};
	});
	return {
		path: file.path,
		container: movie.isFragmented ? "fragmented MP4" : "MP4",
		bytes: file.size,
		seconds,
		bitrate: bitrateOf(file.size, seconds),
		tracks,
		faults: mp4Faults(movie, file.size, scan),
	};
}

/**
 * Opens a file that was scanned. What follows the last whole fragment may be anything, and is not looked at.
 *
 * @returns without `scan`, where the file is none of fragments
 * @throws {FileError} as `openMovie`
 */
export async function openScanned(
	file: OpenFile,
	scan: FragmentScan,
): Promise<{ readonly movie: Movie; readonly scan: FragmentScan | undefined }> {
	const size = scan.fragments > 0 && scan.hasInit ? scan.completeBytes : file.size;
	const source: ByteSource = { size, read: (offset, length) => file.read(offset, length) };
	const movie = await openMovie(source, { pause: giveWay });
	return { movie, scan: movie.isFragmented ? scan : undefined };
}

function keyframesOf(movie: Movie): KeyframeReport {
	const times = movie.keyframeTimes();
	let longest = 0;
	for (let at = 1; at < times.length; at++) longest = Math.max(longest, times[at]! - times[at - 1]!);
	return { count: times.length, longestDistance: times.length > 1 ? longest / 1000 : undefined };
}

/** What is wrong with an MP4 file; `scan` of one with fragments. */
export function mp4Faults(movie: Movie, bytes: number, scan: FragmentScan | undefined): FileFault[] {
	const faults: FileFault[] = [];
	const canRepair = scan !== undefined;
	const add = (fault: Pick<FileFault, "kind" | "text"> & Partial<FileFault>) =>
		faults.push({ severity: "fault", count: 1, offset: undefined, canRepair, ...fault });
	if (scan !== undefined && scan.completeBytes < bytes) {
		const text = `The last ${bytes - scan.completeBytes} bytes are no whole fragment: the file was cut off.`;
		add({ kind: "truncated", text, offset: scan.completeBytes });
	} else if (movie.isTruncated) {
		add({ kind: "truncated", text: "The file ends before the last of its samples: it was cut off." });
	}
	for (const { kind, text } of movie.flaws) {
		if (kind === "truncated") continue;
		add({ kind: kind === "wrong-start" ? "times-begin-late" : kind, text, canRepair: false });
	}
	if (isWrongDuration(movie)) {
		const told = (movie.toldMillis! / 1000).toFixed(3);
		const found = (movie.durationMillis / 1000).toFixed(3);
		add({ kind: "wrong-duration", text: `It lasts ${found} s, but its head says ${told} s.` });
	}
	if (scan !== undefined && !scan.hasIndex) {
		const text = "There is no index of fragments: seeking has to search.";
		add({ kind: "no-index", severity: "note", text });
	}
	for (const track of movie.tracks) {
		if (track.isPlayable || track.kind === "other") continue;
		const text = `Track ${track.id} is ${describe(track)}, which cannot be played or converted.`;
		add({ kind: "unplayable-track", severity: "note", text, canRepair: false });
	}
	return faults;
}

const describe = ({ codec, kind }: MovieTrack) => (codec === "" ? `${kind} without a description` : `“${codec}”`);

/** Any track may be the longest, also one that is not played. */
function isWrongDuration({ toldMillis, durationMillis, tracks, isTruncated }: Movie): boolean {
	if (toldMillis === undefined || isTruncated) return false;
	const ends = [durationMillis, ...tracks.map(track => (track.duration / track.timescale) * 1000)];
	const tooShort = toldMillis < Math.min(...ends) - DURATION_TOLERANCE_MILLIS;
	return tooShort || toldMillis > Math.max(...ends) + DURATION_TOLERANCE_MILLIS;
}
