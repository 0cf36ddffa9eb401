import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildEnhancedFlv } from "./enhanced-flv-builder.ts";
import { buildSyntheticVp6 } from "./flv-file-builder.ts";
import { runProgram } from "./program.ts";

/** The test media by name. `h264-aac-2` is a second picture and sound, for a second publisher. */
export type MediaName = keyof typeof RECIPES;

/** Every name, in a stable order. */
export function mediaNames(): MediaName[] {
	return Object.keys(RECIPES) as MediaName[];
}

/** The ffmpeg encoders that a medium needs. */
export function mediaEncoders(name: MediaName): readonly string[] {
	return (RECIPES[name] as Recipe).encoders;
}

/**
 * Makes test media with ffmpeg and keeps them in a folder. A file's name holds a hash of its recipe, so a changed recipe
 * never meets an old file.
 */
export class MediaLibrary {
	readonly #folder: string;
	readonly #making = new Map<MediaName, Promise<string>>();

	/** `folder` is made when needed; default: the git-ignored `test/interop/.work/media`. */
	constructor(folder = fileURLToPath(new URL("../../../test/interop/.work/media", import.meta.url))) {
		this.#folder = folder;
	}

	/** The path of an FLV file. Throws with ffmpeg's words when it cannot be made. */
	file(name: MediaName): Promise<string> {
		let made = this.#making.get(name);
		if (!made) {
			made = this.#make(name);
			this.#making.set(name, made);
		}
		return made;
	}

	async #make(name: MediaName): Promise<string> {
		const recipe: Recipe = RECIPES[name];
		const digest = createHash("sha256").update(JSON.stringify(recipe)).update(RECIPE_VERSION).digest("hex");
		const path = join(this.#folder, `${name}-${digest.slice(0, 10)}.flv`);
		if (existsSync(path)) return path;
		mkdirSync(this.#folder, { recursive: true });
		// Written aside and renamed, so that another process never reads half a file.
		const half = join(this.#folder, `.${name}-${process.pid}`);
		if (recipe.build === "vp6") {
			writeFileSync(`${half}.flv`, buildSyntheticVp6(4));
		} else if (recipe.build) {
			await encode(recipe, `${half}.mp4`);
			writeFileSync(`${half}.flv`, await buildEnhancedFlv(`${half}.mp4`, recipe.build));
			rmSync(`${half}.mp4`);
		} else {
			await encode(recipe, `${half}.flv`);
		}
		renameSync(`${half}.flv`, path);
		return path;
	}
}

/** The bytes of a medium, for tests that write tags themselves. */
export async function readMedia(library: MediaLibrary, name: MediaName): Promise<Buffer> {
	return readFileSync(await library.file(name));
}

type Recipe = {
	/** What ffmpeg must have. */
	readonly encoders: readonly string[];
	/** ffmpeg's arguments between the start and the name of the file. */
	readonly args: readonly string[];
	/** Made by our own writer: from an MP4 with this codec, or synthetic. */
	readonly build?: "hevc" | "av1" | "vp6";
};

/** Part of the cache's key: to be raised when the writers of this package change what they write. */
const RECIPE_VERSION = "1";

const picture = (size = "320x240", rate = 25, seconds = 6) =>
	["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`] as const;

/** Noise, so that no two packets of sound are equal. */
const noise = (rate = 44_100, seconds = 6, seed = 7) =>
	[
		...["-f", "lavfi", "-i", `anoisesrc=duration=${seconds}:sample_rate=${rate}:amplitude=0.2:seed=${seed}`],
		...["-ac", "1", "-ar", String(rate)],
	] as const;

const x264 = (bFrames: number, keyEvery = 25) =>
	[
		...["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", String(keyEvery)],
		...["-keyint_min", String(keyEvery), "-sc_threshold", "0", "-bf", String(bFrames), "-threads", "1"],
	] as const;

const aac = ["-c:a", "aac", "-b:a", "64k"] as const;

const sound = (encoder: string, rate: number, more: readonly string[] = []): Recipe => ({
	encoders: [encoder],
	args: [...noise(rate, 4), "-c:a", encoder, ...more],
});

const RECIPES = {
	"h264-aac": { encoders: ["libx264", "aac"], args: [...picture(), ...noise(), ...x264(0), ...aac] },
	"h264-bframes-aac": { encoders: ["libx264", "aac"], args: [...picture(), ...noise(), ...x264(2), ...aac] },
	"h264-aac-2": {
		encoders: ["libx264", "aac"],
		args: [...picture("160x120"), ...noise(44_100, 6, 8), ...x264(0), ...aac],
	},
	// About 30 Mbit/s: fills the buffers of a viewer that does not read.
	"h264-heavy": {
		encoders: ["libx264", "aac"],
		args: [
			...["-f", "lavfi", "-i", "testsrc2=size=640x480:rate=25:duration=8,noise=alls=100:allf=t", ...noise(44_100, 8)],
			...["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25", "-b:v", "30M", ...aac],
		],
	},
	"video-only": { encoders: ["libx264"], args: [...picture("320x240", 25, 4), ...x264(0)] },
	"audio-only": sound("aac", 44_100),
	"h263-mp3": {
		encoders: ["flv", "libmp3lame"],
		args: [...picture("320x240", 25, 4), ...noise(44_100, 4), "-c:v", "flv", "-g", "25", "-c:a", "libmp3lame"],
	},
	screen: { encoders: ["flashsv"], args: [...picture("160x120", 10, 4), "-c:v", "flashsv", "-g", "10"] },
	"screen-2": { encoders: ["flashsv2"], args: [...picture("160x128", 10, 4), "-c:v", "flashsv2", "-g", "10"] },
	vp6: { encoders: [], args: [], build: "vp6" },
	mp3: sound("libmp3lame", 44_100),
	speex: sound("libspeex", 16_000),
	"nellymoser-8k": sound("nellymoser", 8_000),
	"nellymoser-16k": sound("nellymoser", 16_000),
	"nellymoser-22k": sound("nellymoser", 22_050),
	adpcm: sound("adpcm_swf", 22_050),
	alaw: sound("pcm_alaw", 8_000),
	mulaw: sound("pcm_mulaw", 8_000),
	pcm: sound("pcm_s16le", 44_100),
	hevc: {
		encoders: ["libx265", "aac"],
		args: [
			...[
				...picture("320x240", 25, 4),
				...noise(44_100, 4),
				"-c:v",
				"libx265",
				"-preset",
				"ultrafast",
				"-tag:v",
				"hvc1",
			],
			...[
				"-pix_fmt",
				"yuv420p",
				"-x265-params",
				"keyint=25:min-keyint=25:bframes=2:scenecut=0:log-level=error",
				...aac,
			],
		],
		build: "hevc",
	},
	av1: {
		encoders: ["libaom-av1", "aac"],
		args: [
			...[
				...picture("320x240", 25, 4),
				...noise(44_100, 4),
				"-c:v",
				"libaom-av1",
				"-usage",
				"realtime",
				"-cpu-used",
				"8",
			],
			...["-g", "25", "-keyint_min", "25", "-lag-in-frames", "0", "-b:v", "300k", ...aac],
		],
		build: "av1",
	},
} as const satisfies Record<string, Recipe>;

async function encode(recipe: Recipe, path: string): Promise<void> {
	const args = ["-v", "error", "-nostdin", "-y", ...recipe.args, "-flags", "+bitexact", "-fflags", "+bitexact", path];
	await runProgram("ffmpeg", args, { timeoutMillis: 120_000 });
}
