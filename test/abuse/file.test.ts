import { createHash } from "node:crypto";
import { mkdirSync, renameSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FlvDemuxer, MEDIA_AUDIO, MEDIA_VIDEO } from "@millrace/core/flv";
import {
	decodeCommand,
	EVENT_SET_BUFFER_LENGTH,
	encodeUserControl,
	TYPE_COMMAND,
	TYPE_USER_CONTROL,
} from "@millrace/core/rtmp";
import { type LogRecord, TempDir } from "@millrace/testkit";
import { afterAll, expect } from "vitest";
import type { AbuseServer } from "./abuse-server.ts";
import { type FileCase, fileCases, SAMPLE_FLV, SAMPLE_MP4 } from "./case/file.ts";
import type { RawClient } from "./raw-client.ts";
import { type Scene, section } from "./section.ts";

const GROWTH_BYTES = 64 * 1024 * 1024;
/** How long a file may take to be played or refused, in milliseconds. */
const LATEST_MILLIS = 3000;
const HUGE_BUFFER_MILLIS = 36_000_000;

const dir = new TempDir("abuse-file");
const media = dir.file(join("vod", "media"));
mkdirSync(media, { recursive: true });

afterAll(() => dir.remove());

section(
	"file",
	[],
	(_, row) => {
		for (const abuse of fileCases) {
			row(`row ${abuse.row}: ${abuse.behaviour}`, async scene => runFile(scene, abuse));
		}

		row(
			"row 63: a file that is replaced while it is played is played to its end; who comes later gets the new one",
			async ({ server }) => {
				const path = offer("replaced.flv", SAMPLE_FLV);
				const viewer = await Viewer.play(server, "replaced", 100);
				await viewer.client.until(() => viewer.frames.length > 10, "frames");
				const other = SAMPLE_FLV.subarray(0, SAMPLE_FLV.length >> 1);
				const next = `${path}.next`;
				writeFileSync(next, other);
				utimesSync(next, 1e9, 1e9);
				renameSync(next, path);
				viewer.setBuffer(HUGE_BUFFER_MILLIS);
				await viewer.end();
				expect(viewer.frames).toEqual(framesOf(SAMPLE_FLV));
				const later = await Viewer.play(server, "replaced");
				await later.end();
				expect(later.frames).toEqual(framesOf(other));
				viewer.client.destroy();
				later.client.destroy();
			},
		);

		for (const [name, bytes] of [
			["flv", SAMPLE_FLV],
			["mp4", SAMPLE_MP4],
		] as const) {
			row(`row 62, 63: ${name} that is cut while it is played ends in bounded time`, async ({ server }) => {
				const stream = name === "flv" ? "cut" : "mp4:cut";
				const path = offer(`cut.${name}`, bytes);
				const from = server.process.log.length;
				const viewer = await Viewer.play(server, stream, 100);
				await viewer.client.until(() => viewer.frames.length > 10, "frames");
				truncateSync(path, 1000);
				viewer.setBuffer(HUGE_BUFFER_MILLIS);
				await viewer.end();
				expect(viewer.codes.at(-1)).toBe("NetStream.Play.Stop");
				const { fields } = await server.process.waitForEvent("play-failed", 1000, () => true, from);
				expect(viewer.codes).toContain("NetStream.Play.FileStructureInvalid");
				expect(fields["reason"]).toBe("FILE_INVALID");
				viewer.client.destroy();
			});
		}
	},
	[`media.applications=${dir.path}`],
);

async function runFile({ server, victim }: Scene, abuse: FileCase): Promise<void> {
	const format = abuse.format ?? "flv";
	const stem = abuse.behaviour.replaceAll(/\W+/g, "-").slice(0, 60);
	offer(`${stem}.${format}`, abuse.bytes());
	const name = format === "flv" ? stem : `${format}:${stem}`;
	const before = server.rss();
	const from = server.process.log.length;
	const viewer = await Viewer.play(server, name);
	const startedAt = performance.now();
	await viewer.end();
	const millis = performance.now() - startedAt;
	const failed = viewer.codes.filter(code => abuse.statuses.includes(code));
	console.log(
		`row ${abuse.row}: ${abuse.behaviour}: ${viewer.codes.join(" ")}, ${viewer.frames.length} frames, ${millis.toFixed(0)} ms`,
	);
	if (abuse.reason === undefined) {
		expect(viewer.codes.at(-1)).toBe("NetStream.Play.Stop");
		expect(viewer.codes.filter(code => /Failed|Invalid|NotFound|NoSupported/.test(code))).toEqual([]);
		expect(viewer.frames.length).toBeGreaterThanOrEqual(abuse.frames ?? 1);
		const isOurs = ({ fields }: LogRecord) =>
			fields["event"] === "file-damaged" && String(fields["stream"]).includes(stem);
		if (abuse.damage !== undefined) await server.process.waitForEvent("file-damaged", 1000, () => true, from);
		const damaged = server.process.log.slice(from).filter(isOurs);
		expect(damaged.map(({ fields }) => [fields["level"], String(fields["text"]).includes(abuse.damage!)])).toEqual(
			abuse.damage === undefined ? [] : [["warn", true]],
		);
	} else {
		expect(failed).toEqual(abuse.statuses);
		const { fields } = await server.process.waitForEvent(
			"play-failed",
			1000,
			line => String(line["stream"]).includes(stem),
			from,
		);
		expect(fields["reason"]).toBe(abuse.reason);
		expect(fields["level"]).toBe("warn");
	}
	expect(millis).toBeLessThan(LATEST_MILLIS);
	expect(server.rss() - before).toBeLessThan(GROWTH_BYTES);
	// The connection is none the worse for it.
	expect(await viewer.client.call("createStream")).toBeTypeOf("number");
	viewer.client.destroy();
	await victim.check();
}

/** Puts a file into the application, as one that was not written just now: such a one is followed for a while. */
function offer(name: string, bytes: Uint8Array): string {
	const path = join(media, name);
	writeFileSync(path, bytes);
	utimesSync(path, 1e9, 1e9);
	return path;
}

/** Somebody who plays a file. */
class Viewer {
	readonly client: RawClient;
	/** Codes of statuses. */
	readonly codes: string[] = [];
	/** Hashes of audio and video. */
	readonly frames: string[] = [];

	private constructor(client: RawClient) {
		this.client = client;
	}

	static async play(server: AbuseServer, name: string, bufferMillis = HUGE_BUFFER_MILLIS): Promise<Viewer> {
		const client = await server.openShaken();
		await client.connect("vod");
		await client.createStream();
		const viewer = new Viewer(client);
		const keep = client.onMessage;
		client.onMessage = message => {
			const { type, payload } = message;
			if (type === MEDIA_AUDIO || type === MEDIA_VIDEO) viewer.frames.push(hash(payload));
			if (type !== TYPE_COMMAND) return;
			const { name: command, args } = decodeCommand(type, payload);
			const [info] = args;
			if (command !== "onStatus") keep(message);
			else if (typeof info === "object" && info !== null && "code" in info) viewer.codes.push(String(info.code));
		};
		viewer.setBuffer(bufferMillis);
		client.send(client.command("play", 0, null, [name], 1));
		return viewer;
	}

	setBuffer(millis: number): void {
		const payload = encodeUserControl(EVENT_SET_BUFFER_LENGTH, 1, millis);
		this.client.send(this.client.message(TYPE_USER_CONTROL, payload, 0, 0, 2));
	}

	/** Waits until it has ended, well or not. */
	end(): Promise<void> {
		const ends = ["NetStream.Play.Stop", "NetStream.Play.StreamNotFound", "NetStream.Play.Failed"];
		const refusals = ["NetStream.Play.FileStructureInvalid", "NetStream.Play.NoSupportedTrackFound"];
		return this.client.until(() => {
			const [last] = this.codes.slice(-1);
			const hasStarted = this.codes.includes("NetStream.Play.Start");
			return last !== undefined && (ends.includes(last) || (!hasStarted && refusals.includes(last)));
		}, "the end");
	}
}

function framesOf(flv: Uint8Array): string[] {
	const frames: string[] = [];
	const demuxer = new FlvDemuxer({
		onTag: message => {
			if (message.isAudio || message.isVideo) frames.push(hash(message.payload));
		},
	});
	demuxer.push(flv);
	return frames;
}

function hash(bytes: Uint8Array): string {
	return createHash("sha256").update(bytes).digest("hex");
}
