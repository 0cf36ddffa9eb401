/**
 * Makes packages/server/media/demo.flv, the clip that `--demo` plays without end, and from it vod/sample.flv (with an
 * index of its keyframes) and vod/sample.mp4, which it offers on demand. Everything in it is drawn and sounded here, so
 * it is ours to give away.
 *
 * It needs ffmpeg (with libx264) and a Chromium that draws the frames: `CHROMIUM=/path/to/chromium` names it where it
 * is not at a usual place. Run: `node scripts/make-demo-clip.ts`
 *
 * The clip loops by timestamps: 8 s are exactly 240 frames at 30 fps and exactly 375 AAC frames of 1024 samples at
 * 48 kHz, so adding 8000 ms a round leaves neither a gap nor an overlap. The picture's movements and the sound repeat
 * after 8 s; the sound is encoded three rounds long and the middle one is cut out, so that the first AAC frame
 * overlaps with what the last one holds.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const SECONDS = 8;
const FPS = 30;
const FRAMES = SECONDS * FPS;
const SAMPLE_RATE = 48_000;
const AAC_FRAME = 1024;
const AAC_FRAMES = (SECONDS * SAMPLE_RATE) / AAC_FRAME;

const media = join(import.meta.dirname, "..", "packages", "server", "media");
const output = join(media, "demo.flv");
const work = mkdtempSync(join(tmpdir(), "millrace-demo-"));
try {
	const video = join(work, "video.mp4");
	const adts = join(work, "audio.aac");
	const audio = join(work, "audio.m4a");
	encodeVideo(await drawFrames(), video);
	writeFileSync(adts, encodeSound(join(work, "three-rounds.aac")));
	// Straight from ADTS the FLV muxer would write an empty configuration before the real one.
	ffmpeg(["-i", adts, "-c", "copy", audio]);
	ffmpeg([
		...["-i", video, "-i", audio, "-map", "0:v", "-map", "1:a", "-c", "copy", "-map_metadata", "-1"],
		...["-metadata", "title=Millrace demonstration", "-fflags", "+bitexact", "-flvflags", "no_sequence_end"],
		...["-f", "flv", output],
	]);
	mkdirSync(join(media, "vod"), { recursive: true });
	const onDemand = [
		[join(media, "vod", "sample.flv"), "-flvflags", "no_sequence_end+add_keyframe_index"],
		[join(media, "vod", "sample.mp4"), "-movflags", "+faststart"],
	] as const;
	for (const [file, ...flags] of onDemand) {
		const title = ["-map_metadata", "-1", "-metadata", "title=Millrace demonstration"];
		ffmpeg(["-i", output, "-c", "copy", ...title, "-fflags", "+bitexact", ...flags, file]);
	}
	for (const file of [output, ...onDemand.map(([path]) => path)]) console.log(`${file}: ${statSync(file).size} bytes`);
} finally {
	rmSync(work, { recursive: true, force: true });
}

async function drawFrames(): Promise<Buffer[]> {
	const candidates = [
		process.env["CHROMIUM"],
		"/usr/bin/chromium",
		"/usr/bin/chromium-browser",
		"/usr/bin/google-chrome",
	];
	const executablePath = candidates.find(path => path !== undefined && existsSync(path));
	if (executablePath === undefined) throw new Error("No Chromium was found; name one with CHROMIUM=/path/to/chromium.");
	const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
	try {
		const page = await browser.newPage();
		const frames: Buffer[] = [];
		for (let index = 0; index < FRAMES; index++) {
			const url = await page.evaluate(drawFrame, { index, frames: FRAMES, fps: FPS });
			frames.push(Buffer.from(url.slice(url.indexOf(",") + 1), "base64"));
		}
		return frames;
	} finally {
		await browser.close();
	}
}

/** Runs inside the page, so it stands alone: draws one frame and answers it as a PNG in a data URL. */
function drawFrame({ index, frames, fps }: { index: number; frames: number; fps: number }): string {
	const canvas = document.createElement("canvas");
	canvas.width = 640;
	canvas.height = 360;
	const c = canvas.getContext("2d") as CanvasRenderingContext2D;
	const turn = (index / frames) * 2 * Math.PI;
	const second = (index % fps) / fps;

	const sky = c.createLinearGradient(0, 0, 0, 360);
	sky.addColorStop(0, "#0d2430");
	sky.addColorStop(0.7, "#1d5c68");
	sky.addColorStop(1, "#2d7d86");
	c.fillStyle = sky;
	c.fillRect(0, 0, 640, 360);

	const hill = (color: string, base: number, height: number, length: number, shift: number) => {
		c.fillStyle = color;
		c.beginPath();
		c.moveTo(0, 360);
		for (let x = 0; x <= 640; x += 4) c.lineTo(x, base - height * Math.sin(x / length + shift));
		c.lineTo(640, 360);
		c.fill();
	};
	hill("#174a55", 232, 26, 120, 0.4);
	hill("#123c47", 262, 18, 74, 2.2);

	// The mill itself, behind its wheel.
	c.fillStyle = "#0c2832";
	c.fillRect(500, 120, 140, 240);
	c.beginPath();
	c.moveTo(484, 124);
	c.lineTo(566, 62);
	c.lineTo(652, 124);
	c.fill();
	c.fillStyle = "#f2c572";
	c.fillRect(572, 150, 24, 30);
	c.fillStyle = "#0c2832";
	c.fillRect(583, 150, 2, 30);
	c.fillRect(572, 164, 24, 2);

	const wave = (color: string, base: number, height: number, waves: number, rounds: number, shift: number) => {
		c.fillStyle = color;
		c.beginPath();
		c.moveTo(0, 360);
		// Whole wave trains a round, so that the last frame leads into the first.
		for (let x = 0; x <= 640; x += 3) {
			const phase = (x / 640) * 2 * Math.PI * waves - turn * rounds + shift;
			c.lineTo(x, base + height * (Math.sin(phase) + 0.3 * Math.sin(2 * phase + 1)));
		}
		c.lineTo(640, 360);
		c.fill();
	};
	wave("#2a8b98", 282, 4, 5, 6, 0);

	// Twelve paddles, half a turn in a round: the wheel looks the same after it.
	const paddles = 12;
	const hub = { x: 452, y: 196, r: 96 };
	c.save();
	c.translate(hub.x, hub.y);
	c.rotate(-turn / 2);
	c.strokeStyle = "#e9d8b4";
	c.lineCap = "round";
	c.lineWidth = 6;
	for (const r of [hub.r, hub.r - 24]) {
		c.beginPath();
		c.arc(0, 0, r, 0, 2 * Math.PI);
		c.stroke();
	}
	for (let i = 0; i < paddles; i++) {
		c.rotate((2 * Math.PI) / paddles);
		c.lineWidth = 4;
		c.beginPath();
		c.moveTo(14, 0);
		c.lineTo(hub.r, 0);
		c.stroke();
		c.lineWidth = 8;
		c.beginPath();
		c.moveTo(hub.r - 20, 0);
		c.lineTo(hub.r + 14, 0);
		c.stroke();
	}
	c.fillStyle = "#f2c572";
	c.beginPath();
	c.arc(0, 0, 13, 0, 2 * Math.PI);
	c.fill();
	c.restore();

	// Drops thrown off behind the wheel; each lives a whole number of times a round.
	for (let i = 0; i < 22; i++) {
		const life = ((index / frames) * 8 + i / 22) % 1;
		const spread = ((i * 37) % 22) / 22;
		const x = hub.x + 60 + (26 + 62 * spread) * life;
		const y = 276 - (70 + 60 * spread) * life + 140 * life * life;
		c.globalAlpha = Math.sin(Math.PI * life) * 0.9;
		c.fillStyle = "#c9f1f4";
		c.beginPath();
		c.arc(x, y, 2 + spread, 0, 2 * Math.PI);
		c.fill();
	}
	c.globalAlpha = 1;
	wave("#1f7381cc", 290, 4, 4, 8, 1.5);
	wave("#175a68", 310, 5, 3, 8, 3);

	c.fillStyle = "#f4fbfb";
	c.font = "600 58px 'DejaVu Sans', system-ui, sans-serif";
	c.fillText("Millrace", 36, 96);
	c.font = "17px 'DejaVu Sans', system-ui, sans-serif";
	c.fillStyle = "#a9d5da";
	c.fillText("Demonstration stream", 40, 126);

	// A clock with a hand that goes round once a second: stutter and a jump are seen at once.
	const dial = { x: 66, y: 194, r: 24 };
	c.lineWidth = 4;
	c.strokeStyle = "#ffffff33";
	c.beginPath();
	c.arc(dial.x, dial.y, dial.r, 0, 2 * Math.PI);
	c.stroke();
	c.strokeStyle = "#7fe0e8";
	c.beginPath();
	c.arc(dial.x, dial.y, dial.r, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * second);
	c.stroke();
	// Lights up with the sound of each second: picture and sound are seen to belong together.
	c.globalAlpha = Math.max(0, 1 - second * 3);
	c.fillStyle = "#f2c572";
	c.beginPath();
	c.arc(dial.x, dial.y, 12, 0, 2 * Math.PI);
	c.fill();
	c.globalAlpha = 1;
	c.fillStyle = "#f4fbfb";
	c.font = "26px 'DejaVu Sans Mono', monospace";
	c.fillText(`0:${(index / fps).toFixed(2).padStart(5, "0")}`, 108, 194);
	c.font = "14px 'DejaVu Sans Mono', monospace";
	c.fillStyle = "#a9d5da";
	c.fillText(`frame ${String(index).padStart(3, "0")} of ${frames}`, 110, 216);
	return canvas.toDataURL("image/png");
}

function encodeVideo(frames: Buffer[], file: string): void {
	const gop = String(2 * FPS);
	ffmpeg(
		[
			...["-f", "image2pipe", "-framerate", String(FPS), "-c:v", "png", "-i", "-"],
			...["-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"],
			...["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"],
			...["-c:v", "libx264", "-profile:v", "high", "-preset", "veryslow", "-crf", "25", "-bf", "0", "-refs", "3"],
			...["-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-flags", "+cgop", "-fflags", "+bitexact", file],
		],
		Buffer.concat(frames),
	);
}

/** Three rounds of the sound as ADTS frames, of which the 375 in the middle are answered. */
function encodeSound(file: string): Buffer {
	const round = soundOfOneRound();
	ffmpeg(
		[
			...["-f", "s16le", "-ar", String(SAMPLE_RATE), "-ac", "2", "-i", "-"],
			...["-c:a", "aac", "-b:a", "96k", "-fflags", "+bitexact", "-f", "adts", file],
		],
		Buffer.concat([round, round, round]),
	);
	const frames: Buffer[] = [];
	const adts = readFileSync(file);
	for (let at = 0; at + 7 <= adts.length; ) {
		// The 13-bit frame length of the ADTS header (ISO/IEC 14496-3 §1.A.2.2).
		const length = (adts.readUIntBE(at + 3, 3) >> 5) & 0x1fff;
		frames.push(adts.subarray(at, at + length));
		at += length;
	}
	// The encoder's first frame only fills its overlap, so round two begins one frame later.
	return Buffer.concat(frames.slice(AAC_FRAMES + 1, 2 * AAC_FRAMES + 1));
}

/** Soft chimes of a pentatonic scale, one a second, over a quiet fifth; every tail runs on into the round's start. */
function soundOfOneRound(): Buffer {
	const samples = SECONDS * SAMPLE_RATE;
	const left = new Float64Array(samples);
	const right = new Float64Array(samples);
	const notes = [392, 440, 523.25, 587.33, 659.25, 587.33, 523.25, 440];
	for (const [second, hertz] of notes.entries()) {
		const pan = 0.5 + 0.3 * Math.sin((second / notes.length) * 2 * Math.PI);
		for (let i = 0; i < 3 * SAMPLE_RATE; i++) {
			const t = i / SAMPLE_RATE;
			const envelope = Math.min(1, t / 0.012) * Math.exp(-2.6 * t) * Math.min(1, (3 - t) / 0.2);
			const wave = Math.sin(2 * Math.PI * hertz * t) + 0.25 * Math.sin(4 * Math.PI * hertz * t) * Math.exp(-4 * t);
			const at = (second * SAMPLE_RATE + i) % samples;
			left[at]! += 0.16 * envelope * wave * (1 - pan);
			right[at]! += 0.16 * envelope * wave * pan;
		}
	}
	const pcm = Buffer.alloc(samples * 4);
	for (let i = 0; i < samples; i++) {
		const t = i / SAMPLE_RATE;
		// Whole numbers of periods in 8 s.
		const swell = 0.5 - 0.5 * Math.cos((2 * Math.PI * t) / (SECONDS / 2));
		const drone = (0.02 + 0.015 * swell) * (Math.sin(2 * Math.PI * 196 * t) + 0.7 * Math.sin(2 * Math.PI * 294 * t));
		pcm.writeInt16LE(Math.round(32767 * Math.max(-1, Math.min(1, left[i]! + drone))), i * 4);
		pcm.writeInt16LE(Math.round(32767 * Math.max(-1, Math.min(1, right[i]! + drone))), i * 4 + 2);
	}
	return pcm;
}

function ffmpeg(args: string[], input?: Buffer): void {
	const run = spawnSync("ffmpeg", ["-hide_banner", "-loglevel", "error", "-y", ...args], {
		input: input ?? "",
		stdio: ["pipe", "inherit", "inherit"],
		maxBuffer: 1 << 30,
	});
	if (run.status !== 0) throw new Error(`ffmpeg ended with ${run.status ?? run.error?.message}.`);
}
