import { findProgram, runProgram } from "./program.ts";

/** The part of a test's context that a missing program uses. */
export type SkippableTest = { skip(note?: string): unknown };

/** Whether a need is met, without a word: for what is prepared before the tests. */
export async function isMet(need: (test: SkippableTest) => void | Promise<void>): Promise<boolean> {
	try {
		await need(PROBE);
		return true;
	} catch {
		return false;
	}
}

/**
 * Makes sure that programs are installed. Where one is missing the test prints why and is skipped; where the variable
 * `CI` is set it throws instead, so that a proof is never left out unnoticed.
 */
export function needPrograms(test: SkippableTest, ...names: readonly string[]): void {
	for (const name of names) {
		if (!findProgram(name)) giveUp(test, `${name} is not installed (Debian package ${debianPackage(name)})`);
	}
}

/** As `needPrograms`, for GStreamer's elements (`rtmp2sink`, `flvmux` …). */
export async function needGstElements(test: SkippableTest, ...elements: readonly string[]): Promise<void> {
	needPrograms(test, "gst-launch-1.0", "gst-inspect-1.0");
	for (const element of elements) {
		const known = await succeeds("gst-inspect-1.0", ["--exists", element]);
		if (!known) giveUp(test, `GStreamer's ${element} is not installed (Debian package ${elementPackage(element)})`);
	}
}

/** As `needPrograms`, for ffmpeg's encoders (`libx264`, `libspeex` …). */
export async function needEncoders(test: SkippableTest, ...encoders: readonly string[]): Promise<void> {
	needPrograms(test, "ffmpeg", "ffprobe");
	const { stdout } = await runProgram("ffmpeg", ["-hide_banner", "-encoders"]);
	const known = new Set(stdout.split("\n").map(line => line.trim().split(/\s+/)[1]));
	for (const encoder of encoders) {
		if (!known.has(encoder)) giveUp(test, `ffmpeg has no encoder ${encoder} (Debian package ffmpeg has it)`);
	}
}

/** As `needPrograms`, for anything else that a machine may lack or forbid; `reason` completes "skipped: …". */
export function giveUp(test: SkippableTest, reason: string): void {
	if (process.env["CI"]) throw new Error(`${reason}; with CI set nothing is skipped`);
	if (test !== PROBE) console.log(`skipped: ${reason}`);
	test.skip(reason);
}

const PROBE: SkippableTest = {
	skip(note) {
		throw new Error(note);
	},
};

const PACKAGES: Readonly<Record<string, string>> = {
	ffprobe: "ffmpeg",
	"gst-launch-1.0": "gstreamer1.0-tools",
	"gst-inspect-1.0": "gstreamer1.0-tools",
	cvlc: "vlc-bin vlc-plugin-base",
	nginx: "nginx libnginx-mod-rtmp",
	ip: "iproute2",
	nft: "nftables",
};

function debianPackage(program: string): string {
	return PACKAGES[program] ?? program;
}

function elementPackage(element: string): string {
	return /^(flv|queue|identity|fdsrc|filesrc|filesink)/.test(element)
		? "gstreamer1.0-plugins-good gstreamer1.0-plugins-base"
		: "gstreamer1.0-plugins-bad";
}

async function succeeds(name: string, args: readonly string[]): Promise<boolean> {
	try {
		await runProgram(name, args);
		return true;
	} catch {
		return false;
	}
}
