import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { BenchError } from "./bench-error.ts";

const FOLDER = join(import.meta.dirname, ".media");
// The name holds what the file is: change it with the recipe.
const FILE = join(FOLDER, "360p30-1mbit-30s.flv");
const SECONDS = 30;
/** What the applications folder of a server would be: the files are in `vod/media`. */
export const FILES_FOLDER = join(FOLDER, "applications");
const HOUR_LOOPS = 120;

/**
 * The path of the test stream, made by ffmpeg the first time: H.264 640x360, 30 frames a second, constant bit rate, no
 * B-frames, a keyframe each 2 s, and AAC; with rtmpload's stamps 1.02 Mbit/s in 73 messages a second.
 * Throws a BenchError when ffmpeg is missing or lacks an encoder.
 */
export function testStream(): string {
	if (existsSync(FILE)) return FILE;
	console.error("Making the test stream with ffmpeg …");
	mkdirSync(FOLDER, { recursive: true });
	const partial = `${FILE}.partial`;
	const video = "-c:v libx264 -profile:v baseline -preset veryfast -threads 1 -pix_fmt yuv420p -bf 0 -g 60";
	const rate = "-keyint_min 60 -sc_threshold 0 -b:v 900k -minrate 900k -maxrate 900k -bufsize 450k";
	const args = [
		...["-hide_banner", "-loglevel", "error", "-y"],
		...["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30"],
		...["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"],
		...["-t", String(SECONDS)],
		...video.split(" "),
		...rate.split(" "),
		// Filler units keep the rate constant, so that runs of any length deliver the same bytes.
		...["-x264-params", "nal-hrd=cbr"],
		...["-c:a", "aac", "-b:a", "96k", "-ac", "2", "-ar", "44100"],
		...["-f", "flv", partial],
	];
	const ffmpeg = spawnSync("ffmpeg", args, { encoding: "utf8" });
	if (ffmpeg.error) throw new BenchError("ffmpeg is needed to make the test stream (Debian: ffmpeg).");
	if (ffmpeg.status !== 0) throw new BenchError(`ffmpeg could not make the test stream:\n${ffmpeg.stderr}`);
	renameSync(partial, FILE);
	return FILE;
}

/**
 * Makes the files that are played on demand, each one hour of the test stream, by ffmpeg the
 * first time: an FLV with a keyframe index, and an MP4 with its index in front. About 1 GB.
 */
export function makeFiles(): void {
	const folder = join(FILES_FOLDER, "vod", "media");
	mkdirSync(folder, { recursive: true });
	const forms = [
		["hour.flv", "-flvflags", "add_keyframe_index", "-f", "flv"],
		["hour.mp4", "-movflags", "+faststart", "-f", "mp4"],
	] as const;
	for (const [name, ...form] of forms) {
		const file = join(folder, name);
		if (existsSync(file)) continue;
		console.error(`Making ${name} with ffmpeg …`);
		const args = ["-hide_banner", "-loglevel", "error", "-y", "-stream_loop", String(HOUR_LOOPS - 1)];
		const partial = `${file}.partial`;
		const ffmpeg = spawnSync("ffmpeg", [...args, "-i", testStream(), "-c", "copy", ...form, partial], {
			encoding: "utf8",
		});
		if (ffmpeg.status !== 0) throw new BenchError(`ffmpeg could not make ${name}:\n${ffmpeg.stderr}`);
		renameSync(partial, file);
	}
}
