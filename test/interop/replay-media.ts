import { existsSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "@millrace/testkit";

/** How long every medium of this file is, in seconds. */
const SECONDS = 5;

const picture = (size = "320x240") =>
	["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=25:duration=${SECONDS}`] as const;
/** Noise, so that no two packets of sound are equal. */
const noise = (seed = 7) =>
	["-f", "lavfi", "-i", `anoisesrc=duration=${SECONDS}:sample_rate=44100:amplitude=0.2:seed=${seed}`] as const;
const x264 = [
	...["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "25", "-sc_threshold", "0"],
	...["-bf", "2", "-threads", "1"],
] as const;
const aac = ["-c:a", "aac", "-ac", "1", "-b:a", "64k"] as const;

type Recipe = {
	/** What ffmpeg must have. */
	readonly encoders: readonly string[];
	readonly args: readonly string[];
};

/** MP4 files of the kinds that are met, by name. */
export const REPLAY_MP4 = {
	"b-frames": { encoders: ["libx264", "aac"], args: [...picture(), ...noise(), ...x264, ...aac] },
	"index in front": {
		encoders: ["libx264", "aac"],
		args: [...picture(), ...noise(), ...x264, ...aac, "-movflags", "+faststart"],
	},
	// Sound that begins later: an empty edit in front of it.
	"edit list": {
		encoders: ["libx264", "aac"],
		args: [...picture(), "-itsoffset", "0.5", ...noise(), ...x264, ...aac, "-use_editlist", "1"],
	},
	fragments: {
		encoders: ["libx264", "aac"],
		args: [...picture(), ...noise(), ...x264, ...aac, "-movflags", "+frag_keyframe+empty_moov+default_base_moof"],
	},
	"two audio tracks": {
		encoders: ["libx264", "aac"],
		args: [...picture(), ...noise(), ...noise(8), "-map", "0", "-map", "1", "-map", "2", ...x264, ...aac],
	},
	"audio only": { encoders: ["aac"], args: [...noise(), ...aac] },
	hevc: {
		encoders: ["libx265", "aac"],
		args: [
			...[...picture(), ...noise(), "-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-pix_fmt", "yuv420p"],
			...["-x265-params", "keyint=25:min-keyint=25:bframes=2:scenecut=0:log-level=error", ...aac],
		],
	},
	av1: {
		encoders: ["libaom-av1", "aac"],
		args: [
			...[...picture(), ...noise(), "-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-g", "25"],
			...["-keyint_min", "25", "-lag-in-frames", "0", "-b:v", "300k", ...aac],
		],
	},
} as const satisfies Record<string, Recipe>;

/** Makes a file of `REPLAY_MP4`, once for a folder. */
export async function replayMp4(folder: string, name: keyof typeof REPLAY_MP4): Promise<string> {
	const path = join(folder, `${name.replaceAll(" ", "-")}.mp4`);
	if (!existsSync(path)) await encode(path, REPLAY_MP4[name].args);
	return path;
}

/** A programme of a minute with sound and a keyframe at times that nothing tells but the file. */
export async function unevenFile(path: string): Promise<string> {
	const keyTimes = [0];
	for (let time = 0; time < 60; ) {
		// From one frame to some five seconds.
		time += 0.04 * (1 + ((keyTimes.length * 37) % 127));
		keyTimes.push(time);
	}
	const source = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=60"];
	const sound = ["-f", "lavfi", "-i", "anoisesrc=duration=60:sample_rate=44100:amplitude=0.2:seed=9"];
	const keys = [
		"-g",
		"1000",
		"-sc_threshold",
		"0",
		"-force_key_frames",
		keyTimes.map(time => time.toFixed(2)).join(","),
	];
	const video = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "2", ...keys];
	await encode(path, [...source, ...sound, ...video, ...aac]);
	return path;
}

/**
 * Two qualities of one programme of 20 s, with keyframes each second at the same pictures: `large` and `small`, FLV or
 * MP4 as their names end.
 */
export async function twoQualities(large: string, small: string): Promise<void> {
	for (const [path, size] of [
		[large, "320x240"],
		[small, "160x120"],
	] as const) {
		const source = ["-f", "lavfi", "-i", `testsrc2=size=320x240:rate=25:duration=20,scale=${size.replace("x", ":")}`];
		const sound = ["-f", "lavfi", "-i", "anoisesrc=duration=20:sample_rate=44100:amplitude=0.2:seed=9"];
		const video = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "2", "-g", "25"];
		await encode(path, [
			...source,
			...sound,
			...video,
			"-keyint_min",
			"25",
			"-sc_threshold",
			"0",
			"-threads",
			"1",
			...aac,
		]);
	}
}

async function encode(path: string, args: readonly string[]): Promise<void> {
	const all = ["-v", "error", "-nostdin", "-y", ...args, "-flags", "+bitexact", "-fflags", "+bitexact", path];
	await runProgram("ffmpeg", all, { timeoutMillis: 120_000 });
}
