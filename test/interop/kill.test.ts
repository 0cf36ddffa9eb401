import { existsSync, statSync } from "node:fs";
import type { PublishMode } from "@millrace/core/rtmp";
import { comparePackets, type MediaPacket, needEncoders, probePackets, runProgram, TempDir } from "@millrace/testkit";
import { afterAll, expect, test } from "vitest";
import { type FilePublishing, publishFile } from "./file-client.ts";
import { FileServer } from "./file-server.ts";
import { sleep } from "./suite-server.ts";

// The server is killed while it records, at any moment.

/** How often; the whole proof takes 100. */
const KILLS = Number(process.env["MILLRACE_KILLS"] ?? 10);
// Servers take every variable of this prefix for a setting.
delete process.env["MILLRACE_KILLS"];
/** A recording that is appended to is begun anew after so many rounds, or reading it would take ever longer. */
const ROUNDS_OF_A_FILE = 5;
const LATEST_KILL_MILLIS = 3500;
/** What a crash may cost, in milliseconds. */
const MAX_LOST_MILLIS = 1000;

const dir = new TempDir("kill");

afterAll(() => dir.remove());

test(`${KILLS} times kill -9 while four recordings of 2 to 4 Mbit/s run: every file is whole up to the last second, and is appended to`, {
	timeout: 60_000 + KILLS * 15_000,
}, async context => {
	await needEncoders(context, "libx264", "aac", "flv", "libmp3lame");
	const recordings = [
		new Killed("appendWithGap", "flv", await Source.make("h263-mp3", 2000)),
		new Killed("append", "mp4", await Source.make("h264-bframes-aac", 3000)),
		new Killed("record", "mp4", await Source.make("h264-aac", 4000)),
		new Killed("append", "flv", await Source.make("h264-aac", 2000)),
	];
	const losses: { readonly path: string; readonly millis: number }[] = [];
	for (let round = 0; round < KILLS; round++) {
		const server = await FileServer.start(dir.file("applications"));
		for (const recording of recordings) await recording.begin(server, round);
		const delay = Math.random() * LATEST_KILL_MILLIS;
		await sleep(delay);
		for (const recording of recordings) recording.note();
		await server.kill();
		for (const recording of recordings) {
			try {
				losses.push({ path: recording.path, millis: await recording.check() });
			} catch (error) {
				throw new Error(`round ${round}, ${recording.path}, killed after ${Math.round(delay)} ms`, { cause: error });
			}
		}
	}
	losses.sort((a, b) => a.millis - b.millis);
	const worst = losses.at(-1)!;
	console.log(`${KILLS} kills: ${losses[losses.length >> 1]!.millis} ms lost at the median, ${worst.millis} at worst`);
	expect(worst.millis, worst.path).toBeLessThanOrEqual(MAX_LOST_MILLIS);
});

const ENCODERS = {
	"h263-mp3": ["-c:v", "flv", "-c:a", "libmp3lame"],
	"h264-bframes-aac": ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-c:a", "aac"],
	"h264-aac": ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-c:a", "aac"],
} as const;

/** What is published again and again. */
class Source {
	readonly file: string;
	readonly packets: readonly MediaPacket[];
	readonly hashes: ReadonlySet<string>;

	private constructor(file: string, packets: readonly MediaPacket[]) {
		this.file = file;
		this.packets = packets;
		this.hashes = new Set(packets.map(({ hash }) => hash));
	}

	/** Noise cannot be compressed: so it has the bit rate that is asked for, in kbit/s. */
	static async make(kind: keyof typeof ENCODERS, bitrate: number): Promise<Source> {
		const file = dir.file(`${kind}-${bitrate}.flv`);
		const picture = `testsrc2=size=640x360:rate=25,noise=alls=60:allf=t,format=yuv420p`;
		await runProgram("ffmpeg", [
			...["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=r=44100"],
			...["-t", "7", ...ENCODERS[kind], "-g", "25", "-b:v", `${bitrate}k`, "-maxrate", `${bitrate}k`],
			...["-bufsize", `${bitrate}k`, "-flvflags", "no_duration_filesize", file],
		]);
		const packets = await probePackets(file);
		const bits = (statSync(file).size * 8) / 7000;
		if (bits < bitrate * 0.8) throw new Error(`${file} has ${Math.round(bits)} kbit/s only`);
		return new Source(file, packets);
	}
}

/** One recording, over all rounds. */
class Killed {
	path = "";
	readonly #mode: PublishMode;
	readonly #format: "flv" | "mp4";
	readonly #source: Source;
	#publishing: FilePublishing | undefined;
	#sentMillis = 0;
	/** What the file held after the kill before. */
	#held: readonly MediaPacket[] = [];

	constructor(mode: PublishMode, format: "flv" | "mp4", source: Source) {
		this.#mode = mode;
		this.#format = format;
		this.#source = source;
	}

	async begin(server: FileServer, round: number): Promise<void> {
		const name = `${this.#mode}-${this.#format}-${this.#mode === "record" ? round : Math.floor(round / ROUNDS_OF_A_FILE)}`;
		const path = server.recorded(`${name}.${this.#format}`);
		if (path !== this.path) this.#held = [];
		this.path = path;
		const app = server.process.rtmpUrl("live");
		const prefixed = this.#format === "mp4" ? `mp4:${name}` : name;
		this.#publishing = await publishFile(app, prefixed, this.#source.file, { type: this.#mode });
	}

	/** The kill comes now. */
	note(): void {
		this.#sentMillis = this.#publishing!.sentMillis();
	}

	/** Returns how much was lost, in milliseconds of what had been sent. */
	async check(): Promise<number> {
		await this.#publishing!.client[Symbol.asyncDispose]();
		const before = this.#held;
		if (!existsSync(this.path)) return this.#sentMillis;
		const { stderr } = await runProgram("ffprobe", ["-v", "error", "-show_format", "-show_streams", this.path]);
		expect(stderr).toBe("");
		const all = await probePackets(this.path);
		// Readers hand out what there is of a frame that is torn: the last one.
		const held = all.filter(({ hash }) => this.#source.hashes.has(hash));
		expect(all.length - held.length, "torn frames").toBeLessThanOrEqual(1);
		expect(held.slice(0, before.length)).toEqual(before);
		this.#held = held;
		const { packets: sent } = this.#source;
		const added = held.slice(before.length);
		const hasBoth = (["video", "audio"] as const).every(kind => added.some(packet => packet.kind === kind));
		if (!hasBoth) return this.#sentMillis;
		// MP4 counts sound in samples.
		const tolerance = this.#format === "mp4" ? { toleranceMillis: 1, skewMillis: 1 } : {};
		const streams = comparePackets(sent, added, { missingAtEnd: sent.length, minimumPackets: 1, ...tolerance });
		expect(streams[0]!.skippedAtStart, "pictures missing at the beginning").toBe(0);
		const lastMillis = Math.max(...added.map(({ dts }) => dts)) - streams[0]!.offsetMillis;
		return Math.max(0, Math.round(this.#sentMillis - lastMillis));
	}
}
