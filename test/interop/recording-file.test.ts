import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { FlvDemuxer, type MediaMessage } from "@millrace/core/flv";
import {
	comparePackets,
	findProgram,
	giveUp,
	MediaLibrary,
	type MediaName,
	type MediaPacket,
	mediaEncoders,
	needEncoders,
	probePackets,
	runProgram,
	TempDir,
} from "@millrace/testkit";
import { afterAll, expect, test } from "vitest";
import { StreamName } from "../../packages/server/src/app/index.ts";
import { applicationOptions, resolveOptions } from "../../packages/server/src/config/index.ts";
import { liveOptions } from "../../packages/server/src/hub/hub-fixture.ts";
import { Hub, type LiveStream, type Publication } from "../../packages/server/src/hub/index.ts";
import { Recorder, type Recording, type RecordSettings } from "../../packages/server/src/library/index.ts";
import { silentLog } from "../../packages/server/src/log/index.ts";
import { systemClock } from "../../packages/server/src/system-clock.ts";
import { readFlvTags } from "./flv-tag-reader.ts";
import { sleep } from "./suite-server.ts";

// Recordings as other programs read them, while they are written and afterwards.

const library = new MediaLibrary();
const dir = new TempDir("recording");
const NAME = new StreamName("live", "_definst_", "cam");
/** What ffmpeg 5.1 cannot take out of an FLV file. */
const onlyTags: readonly MediaName[] = ["hevc", "vp6"];
/** So many times faster than it plays: the hub takes a step of a clock beyond 10 s for a fault. */
const SPEED = 4;

afterAll(() => dir.remove());

const media: readonly MediaName[] = [
	"h264-bframes-aac",
	"h264-heavy",
	"h263-mp3",
	"hevc",
	"vp6",
	"speex",
	"audio-only",
];

test.for(media)(
	"a recording of %s has every packet with its times, while it grows and when it is finished",
	async (name, context) => {
		await needEncoders(context, ...mediaEncoders(name));
		const source = await library.file(name);
		const stage = new Stage(dir.file(name), source);
		const { path, recording } = stage.record("record");
		const read = (file: string): Promise<readonly MediaPacket[]> | readonly MediaPacket[] =>
			onlyTags.includes(name) ? readFlvTags(file).frames : probePackets(file);
		const sent = await read(source);

		await stage.play(0.6);
		// A copy, for the file grows on while it is read.
		const copy = `${path}.copy`;
		copyFileSync(path, copy);
		const grown = await read(copy);
		comparePackets(sent, grown, { missingAtEnd: sent.length, minimumPackets: 10 });
		// What a crash leaves: the same, torn at any byte.
		for (const lost of [1, 3, 4, 15, 16, 100, 1001]) {
			truncateSync(copy, statSync(copy).size - lost);
			comparePackets(sent, dropTorn(await read(copy), grown), { missingAtEnd: sent.length, minimumPackets: 8 });
		}

		await stage.play(1);
		stage.stop();
		const end = await recording.ended;
		expect(end).toMatchObject({ reason: "publisher-stopped", error: undefined, files: [{ path }] });
		const received = await read(path);
		const streams = comparePackets(sent, received);
		expect(received.length).toBe(sent.length);
		if (onlyTags.includes(name)) return;
		const { stdout, stderr } = await runProgram("ffprobe", ["-v", "warning", "-show_format", "-of", "json", path]);
		expect(stderr).toBe("");
		const { format } = JSON.parse(stdout) as { format: { duration: string; nb_streams: number } };
		expect(Math.abs(Number(format.duration) * 1000 - end.files[0]!.durationMillis)).toBeLessThan(50);
		expect(format.nb_streams).toBe(streams.length);
	},
);

test.for(["h264-bframes-aac", "audio-only"] as const)(
	"a recording of %s in MP4 is whole, torn or not",
	async (name, context) => {
		await needEncoders(context, ...mediaEncoders(name));
		const source = await library.file(name);
		const stage = new Stage(dir.file(`mp4-${name}`), source);
		const { path, recording } = stage.record("record", { format: "mp4" });
		await stage.play(0.7);
		const copy = `${path}.copy`;
		copyFileSync(path, copy);
		truncateSync(copy, statSync(copy).size - 100);
		const sent = await probePackets(source);
		const whole = new Set(sent.map(({ hash }) => hash));
		// Players take the beginning of a fragment that is torn, and what there is of its last frame.
		const torn = (await probePackets(copy)).filter(({ hash }) => whole.has(hash));
		// Sound is counted in samples there.
		comparePackets(sent, torn, { missingAtEnd: sent.length, toleranceMillis: 1, skewMillis: 1 });
		await stage.play(1);
		stage.stop();
		expect(await recording.ended).toMatchObject({ reason: "publisher-stopped", files: [{ path }] });
		const received = await probePackets(path);
		comparePackets(sent, received, { toleranceMillis: 1, skewMillis: 1 });
		expect(received.length).toBe(sent.length);
	},
);

test("another picture in a stream begins another MP4 file, and appending goes on in the one that it fits", async context => {
	await needEncoders(context, "libx264", "aac");
	const folder = dir.file("mp4-change");
	const stage = new Stage(folder, await library.file("h264-aac"));
	const { path, recording } = stage.record("record", { format: "mp4" });
	await stage.play(0.5);
	stage.takeOver(await library.file("h264-aac-2"));
	await stage.play(0.5);
	stage.stop();
	const { files } = await recording.ended;
	expect(files.map(file => [file.path, file.reason])).toEqual([
		[path, "segment"],
		[path.replace(".mp4", "-002.mp4"), "publisher-stopped"],
	]);
	const second = await probePackets(files[1]!.path);
	comparePackets(await probePackets(await library.file("h264-aac-2")), second, {
		...{ missingAtEnd: 1000, toleranceMillis: 1, skewMillis: 1 },
	});
	const later = new Stage(folder, await library.file("h264-aac"));
	const before = (await probePackets(path)).length;
	const appended = later.record("append", { format: "mp4" });
	await later.play(0.4);
	later.stop();
	expect((await appended.recording.ended).files[0]?.path).toBe(path);
	expect((await probePackets(path)).length).toBeGreaterThan(before);
});

test("ffmpeg seeks in a recording to the keyframes that its metadata names", async context => {
	await needEncoders(context, "libx264", "aac");
	const stage = new Stage(dir.file("seek"), await library.file("h264-bframes-aac"));
	const { path, recording } = stage.record("record");
	await stage.play(1);
	stage.stop();
	await recording.ended;
	const args = [
		"-v",
		"error",
		"-read_intervals",
		"3.1%+#1",
		"-select_streams",
		"v",
		"-show_entries",
		"packet=dts_time,flags",
	];
	const { stdout } = await runProgram("ffprobe", [...args, "-of", "csv=p=0", path]);
	expect(stdout.trim()).toMatch(/^3\.000000,K/);
});

test("a recording that is appended to plays through, the second part behind the first", async context => {
	await needEncoders(context, "libx264", "aac");
	const source = await library.file("h264-bframes-aac");
	const folder = dir.file("append");
	for (const mode of ["append", "append"] as const) {
		const stage = new Stage(folder, source);
		const { recording } = stage.record(mode);
		await stage.play(1);
		stage.stop();
		expect((await recording.ended).reason).toBe("publisher-stopped");
	}
	const sent = await probePackets(source);
	const both = await probePackets(`${folder}/live/streams/_definst_/cam.flv`);
	expect(both.length).toBe(sent.length * 2);
	const first = comparePackets(sent, both.slice(0, sent.length));
	const second = comparePackets(sent, both.slice(sent.length));
	expect(second[0]!.offsetMillis - first[0]!.offsetMillis).toBeGreaterThan(5990);
	expect(second[0]!.offsetMillis - first[0]!.offsetMillis).toBeLessThan(6100);
});

test("a full disk ends a recording with whole tags, and the stream goes on", async context => {
	await needEncoders(context, "libx264", "aac");
	const folder = dir.file("full");
	mkdirSync(folder);
	if (process.platform !== "linux" || findProgram("mount") === undefined) giveUp(context, "there is no mount program");
	try {
		await runProgram("mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", folder]);
	} catch {
		giveUp(context, "mounting a tmpfs needs root");
	}
	try {
		const source = await library.file("h264-heavy");
		const stage = new Stage(folder, source);
		const { path, recording } = stage.record("record", { freeBytes: 0 });
		await stage.play(0.5);
		const end = await recording.ended;
		expect(end).toMatchObject({ reason: "disk-full", error: { code: "ENOSPC" } });
		expect(stage.live.isPublishing).toBe(true);
		const sent = await probePackets(source);
		const kept = await probePackets(path);
		comparePackets(sent, kept, { missingAtEnd: sent.length, minimumPackets: 10 });
		const reader = new FlvDemuxer({ onTag: () => {} });
		reader.push(readFileSync(path));
		expect(reader.end()).toBeUndefined();
		stage.stop();
	} finally {
		await runProgram("umount", [folder]);
		rmSync(folder, { recursive: true, force: true });
	}
});

/** A hub with one stream, a recorder, and a publisher that plays a file to it. */
class Stage {
	readonly live: LiveStream;
	readonly #recorder: Recorder;
	readonly #folder: string;
	#publication: Publication;
	#messages: MediaMessage[];
	#next = 0;

	constructor(folder: string, source: string) {
		this.#folder = folder;
		this.#messages = readMessages(source);
		const hub = new Hub(systemClock, { onViewerSkipped: () => {} });
		this.live = hub.open(NAME.key, liveOptions());
		this.#recorder = new Recorder({ folder, clock: systemClock, log: silentLog });
		this.#publication = this.#publish();
	}

	/** Another file is published in place of the first. */
	takeOver(source: string): void {
		this.#publication = this.#publish();
		this.#messages = readMessages(source);
		this.#next = 0;
	}

	/** The settings are those of a server that has none of its own, but for a small wait. */
	record(mode: "record" | "append", over: Partial<RecordSettings> = {}): { path: string; recording: Recording } {
		const settings = { ...applicationOptions(resolveOptions({}), "live")!.record, flushMillis: 100, ...over };
		const recording = this.#recorder.begin({ name: NAME, live: this.live, mode, origin: "publisher", settings });
		return { path: `${this.#folder}/live/streams/_definst_/cam.${settings.format}`, recording };
	}

	/** Publishes up to a share of the file. */
	async play(share: number): Promise<void> {
		const until = this.#messages.at(-1)!.timestamp * share;
		const startedAt = systemClock.now() - (this.#messages[this.#next]?.timestamp ?? 0) / SPEED;
		for (; this.#next < this.#messages.length; this.#next++) {
			const { type, timestamp, payload } = this.#messages[this.#next]!;
			if (share < 1 && timestamp > until) break;
			const early = timestamp / SPEED - (systemClock.now() - startedAt);
			if (early > 20) await sleep(early);
			this.#publication.receive(type, timestamp, payload, systemClock.now());
			this.#publication.endTurn();
		}
		await sleep(400);
	}

	stop(): void {
		this.#publication.end("stopped");
	}

	#publish(): Publication {
		const answer = this.live.publish("test", { onPublicationEnded: () => {} });
		if (!("publication" in answer)) throw new Error(answer.refused);
		return answer.publication;
	}
}

function readMessages(path: string): MediaMessage[] {
	const messages: MediaMessage[] = [];
	new FlvDemuxer({ onTag: message => messages.push(message) }).push(readFileSync(path));
	return messages;
}

/** Readers hand out what there is of a torn packet: the last one, where it is not what it was. */
function dropTorn(torn: readonly MediaPacket[], whole: readonly MediaPacket[]): readonly MediaPacket[] {
	const last = torn.at(-1);
	return last !== undefined && whole[torn.length - 1]?.hash !== last.hash ? torn.slice(0, -1) : torn;
}
