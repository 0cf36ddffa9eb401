import { copyFileSync, existsSync, statSync, writeFileSync } from "node:fs";
import { FlvDemuxer, MEDIA_DATA, parseData } from "@millrace/core/flv";
import type { PublishMode } from "@millrace/core/rtmp";
import {
	type ComparisonOptions,
	closeAllPrograms,
	comparePackets,
	MediaLibrary,
	type MediaName,
	type MediaPacket,
	mediaEncoders,
	needEncoders,
	needPrograms,
	probePackets,
	runProgram,
	TempDir,
} from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FileClient, playWhole, publishFile } from "./file-client.ts";
import { FileServer } from "./file-server.ts";
import { readFlvTags } from "./flv-tag-reader.ts";
import { ffmpegPublisher } from "./publisher.ts";
import { REPLAY_MP4, replayMp4 } from "./replay-media.ts";
import { saveByFfmpeg, saveByRtmpdump } from "./saved-stream.ts";
import { sleep } from "./suite-server.ts";

// What a whole server has recorded, or was given, as other programs play it.

const library = new MediaLibrary();
const dir = new TempDir("replay");
let server: FileServer;

beforeAll(async () => {
	server = await FileServer.start(dir.file("applications"), ["record.mode=always", "record.flushMillis=200ms"]);
});

afterAll(async () => {
	await closeAllPrograms();
	await server?.stop();
	dir.remove();
});

/** The packets without those of data, which players keep or not. */
const ofMedia = (packets: readonly MediaPacket[]) => packets.filter(packet => packet.kind !== "data");

type Player = (app: string, name: string, file: string) => Promise<unknown>;

const PLAYERS: Readonly<Record<string, Player>> = {
	// Every track: of several of a kind ffmpeg would take the first.
	ffmpeg: (app, name, file) =>
		saveByFfmpeg(`${server.process.rtmpUrl(app)}/${name}`, file, { maps: ["-map", "0", "-map", "-0:d"] }),
	rtmpdump: (app, name, file) => saveByRtmpdump(["-r", server.process.rtmpUrl(app), "-y", name], file),
	"our client": (app, name, file) => playWhole(server.process.rtmpUrl(app), name, file),
	"HTTP as FLV": async (app, name, file) => {
		// The start makes it a file that is played, and not one that is downloaded.
		const answer = await fetch(server.process.httpUrl(`${app}/${name}.flv?start=0`));
		if (!answer.ok) throw new Error(`${name}.flv: status ${answer.status}`);
		writeFileSync(file, new Uint8Array(await answer.arrayBuffer()));
	},
};

/** Says in an error whom it is about. */
function comparing<T>(player: string, compare: () => T): T {
	try {
		return compare();
	} catch (error) {
		throw new Error(`${player}: ${error instanceof Error ? error.message : error}`, { cause: error });
	}
}

/** Plays a stream by everyone of these, and compares what they got with the packets of a file. */
async function expectPlayed(
	reference: readonly MediaPacket[],
	app: string,
	name: string,
	players: readonly (keyof typeof PLAYERS)[] = Object.keys(PLAYERS).filter(
		player => !(name.startsWith("mp4:") && player.startsWith("HTTP")),
	),
	options: ComparisonOptions = {},
): Promise<void> {
	for (const player of players) {
		const file = dir.file(`${`${app}-${name}-${player}`.replaceAll(/\W/g, "-")}.flv`);
		await PLAYERS[player]!(app, name, file);
		const received = ofMedia(await probePackets(file));
		const compared = comparing(player, () => comparePackets(reference, received, options));
		expect([player, received.length]).toEqual([player, reference.length]);
		const moved = compared.map(({ kind, offsetMillis }) => `${player} ${kind} ${offsetMillis}`);
		// From the first packet on, as the file has them.
		const offset = -Math.min(...reference.map(({ dts }) => dts));
		const wanted = compared.map(({ kind }) => `${player} ${kind} ${offset}`);
		if (options.toleranceMillis === undefined) expect(moved).toEqual(wanted);
	}
}

let tries = 0;

describe("what ffmpeg publishes to a server that records everything", () => {
	const media = ["h264-bframes-aac", "h263-mp3", "speex"] as const satisfies readonly MediaName[];
	test.for(media)(
		"%s: the file is whole while it grows and at its end, and players get it as it was",
		async (name, context) => {
			needPrograms(context, "rtmpdump");
			await needEncoders(context, ...mediaEncoders(name));
			const source = await library.file(name);
			const sent = ofMedia(await probePackets(source));
			const path = server.recorded(`${name}.flv`);
			const publisher = ffmpegPublisher.start(source, server.process.rtmpUrl(`live/${name}`));
			for (const deadline = Date.now() + 10_000; !existsSync(path) && Date.now() < deadline; ) await sleep(50);
			await sleep(2000);
			// A copy, for the file grows on while it is read.
			const copy = dir.file("growing.flv");
			copyFileSync(path, copy);
			const { stderr } = await runProgram("ffprobe", ["-v", "error", "-show_format", copy]);
			expect(stderr).toBe("");
			const grown = ofMedia(await probePackets(copy));
			comparePackets(sent, grown, { missingAtEnd: sent.length, minimumPackets: 20 });
			expect((await publisher.waitForExit(30_000)).code, publisher.stderr).toBe(0);
			const { fields } = await server.process.waitForEvent("recorded", 15_000, line => line["path"] === path);
			expect(fields["reason"]).toBe("publisher-stopped");
			const recorded = ofMedia(await probePackets(path));
			comparePackets(sent, recorded);
			expect(recorded.length).toBe(sent.length);
			await expectPlayed(recorded, "live", name);
		},
	);
});

describe("what our client publishes", () => {
	async function publish(name: string, file: string, type: PublishMode): Promise<void> {
		const from = server.process.log.length;
		const publishing = await publishFile(server.process.rtmpUrl("live"), name, file, { type, speed: 4 });
		await publishing.client.waitForCode("NetStream.Record.Start");
		await publishing.done;
		await publishing.stop();
		const isOurs = (line: Readonly<Record<string, unknown>>) => line["stream"] === `live/${name.replace("mp4:", "")}`;
		await server.process.waitForEvent("recorded", 10_000, isOurs, from);
	}

	test.for(["record", "append", "appendWithGap"] as const)(
		"as type %s twice is one file, which players get as it is",
		async (type, context) => {
			needPrograms(context, "rtmpdump");
			await needEncoders(context, "libx264", "aac");
			const source = await library.file("h264-bframes-aac");
			const sent = ofMedia(await probePackets(source));
			const name = `twice-${type}`;
			await publish(name, source, type);
			await sleep(1000);
			await publish(name, source, type);
			const recorded = ofMedia(await probePackets(server.recorded(`${name}.flv`)));
			expect(recorded.length).toBe(type === "record" ? sent.length : sent.length * 2);
			const second = recorded.slice(-sent.length);
			const [video] = comparePackets(sent, second);
			comparePackets(sent, recorded.slice(0, sent.length));
			const pause = video!.offsetMillis - (type === "record" ? 0 : 6000);
			console.log(`${type}: the second part begins ${video!.offsetMillis} ms later`);
			// A second of pause, beside what it takes to connect.
			if (type === "appendWithGap") expect(pause).toBeGreaterThan(900);
			else expect(Math.abs(pause)).toBeLessThan(type === "record" ? 1 : 100);
			await expectPlayed(recorded, "live", name);
		},
	);

	test.for(["append", "appendWithGap"] as const)(
		"as MP4 of type %s twice is one file, which ffprobe reads without a word and players get whole",
		async (type, context) => {
			needPrograms(context, "rtmpdump");
			await needEncoders(context, "libx264", "aac");
			const source = await library.file("h264-bframes-aac");
			const sent = ofMedia(await probePackets(source));
			// A second try must not append to what the first has left.
			const name = `mp4-${type}-${++tries}`;
			await publish(`mp4:${name}`, source, type);
			await sleep(1000);
			await publish(`mp4:${name}`, source, type);
			const path = server.recorded(`${name}.mp4`);
			const { stderr } = await runProgram("ffprobe", ["-v", "warning", "-show_format", "-show_streams", path]);
			expect(stderr).toBe("");
			const recorded = ofMedia(await probePackets(path));
			expect(recorded.length).toBe(sent.length * 2);
			const rounding = { toleranceMillis: 1, skewMillis: 1 };
			const inOrder = (kind: MediaPacket["kind"]) => recorded.filter(packet => packet.kind === kind);
			const halves = (["video", "audio"] as const).map(kind => [inOrder(kind), inOrder(kind).length / 2] as const);
			comparePackets(
				sent,
				halves.flatMap(([packets, half]) => packets.slice(0, half)),
				rounding,
			);
			const [video] = comparePackets(
				sent,
				halves.flatMap(([packets, half]) => packets.slice(half)),
				rounding,
			);
			const pause = video!.offsetMillis - 6000;
			console.log(`MP4, ${type}: the second part begins ${video!.offsetMillis} ms later`);
			if (type === "appendWithGap") expect(pause).toBeGreaterThan(900);
			else expect(Math.abs(pause)).toBeLessThan(100);
			await expectPlayed(recorded, "live", `mp4:${name}`, undefined, rounding);
		},
	);

	test("as MP4 in another form than what stands there goes on in another file, and the log says so", async context => {
		await needEncoders(context, "libx264", "aac");
		const first = await library.file("h264-bframes-aac");
		const other = dir.file("other.flv");
		await runProgram("ffmpeg", [
			...["-v", "error", "-nostdin", "-y", "-i", first, "-vf", "scale=160:90", "-c:v", "libx264", "-g", "25"],
			...["-c:a", "copy", other],
		]);
		await publish("mp4:forms", first, "append");
		const from = server.process.log.length;
		await publish("mp4:forms", other, "append");
		await publish("mp4:forms", first, "append");
		const path = server.recorded("forms.mp4");
		const next = await server.process.waitForEvent("record-next-file", 1000, () => true, from);
		expect(next.fields).toMatchObject({ level: "warn", stream: "live/forms", path });
		const counts = async (file: string) => ofMedia(await probePackets(file)).length;
		expect(await counts(path)).toBe(2 * (await counts(first)));
		expect(await counts(server.recorded("forms-002.mp4"))).toBe(await counts(other));
		expect(existsSync(server.recorded("forms-003.mp4"))).toBe(false);
	});

	test("ends for a player that starts right behind its end when all has been played", async context => {
		await needEncoders(context, "libx264", "aac");
		const source = await library.file("h264-bframes-aac");
		// What others have written just now may grow for five seconds. A busy machine may take that long by itself.
		let waited = Number.POSITIVE_INFINITY;
		for (let attempt = 0; attempt < 3 && waited > 4500; attempt++) {
			const name = `just-ended-${attempt}`;
			await publish(name, source, "record");
			const path = server.recorded(`${name}.flv`);
			const { mtimeMs } = statSync(path);
			await playWhole(server.process.rtmpUrl("live"), name, dir.file(`${name}.flv`));
			waited = Date.now() - mtimeMs;
		}
		expect(waited).toBeLessThan(4500);
	});

	test("as MP4 is a file that players get over RTMP as it was sent", async context => {
		needPrograms(context, "rtmpdump");
		await needEncoders(context, "libx264", "aac");
		const source = await library.file("h264-bframes-aac");
		const sent = ofMedia(await probePackets(source));
		await publish("mp4:as-mp4", source, "record");
		const recorded = ofMedia(await probePackets(server.recorded("as-mp4.mp4")));
		// Sound is counted in samples there.
		const rounding = { toleranceMillis: 1, skewMillis: 1 };
		comparePackets(sent, recorded, rounding);
		expect(recorded.length).toBe(sent.length);
		await expectPlayed(sent, "live", "mp4:as-mp4", undefined, rounding);
	});
});

describe("an MP4 file", () => {
	test.for(["b-frames", "index in front", "edit list", "fragments", "two audio tracks", "audio only"] as const)(
		"of the kind %s is played as ffprobe reads it",
		async (kind, context) => {
			needPrograms(context, "rtmpdump");
			await needEncoders(context, ...REPLAY_MP4[kind].encoders);
			const path = await replayMp4(dir.path, kind);
			const name = kind.replaceAll(" ", "-");
			server.offer(path, `${name}.mp4`);
			const reference = await ofFirstTracks(path);
			// Tags count in milliseconds, the file in samples.
			await expectPlayed(reference, "vod", `mp4:${name}`, undefined, { toleranceMillis: 1, skewMillis: 1 });
		},
	);

	test("with subtitles, as ffmpeg writes them, sends them as onTextData beside all else", async context => {
		await needEncoders(context, "libx264", "aac", "mov_text");
		const source = await library.file("h264-bframes-aac");
		const subtitles = dir.file("subtitles.srt");
		writeFileSync(
			subtitles,
			"1\n00:00:01,000 --> 00:00:02,000\nGrüße\n\n2\n00:00:03,000 --> 00:00:04,000\n<b>second</b>\n",
		);
		const path = dir.file("subtitles.mp4");
		await runProgram("ffmpeg", [
			...["-v", "error", "-nostdin", "-y", "-i", source, "-i", subtitles, "-map", "0:v", "-map", "0:a", "-map", "1"],
			...["-c:v", "copy", "-c:a", "copy", "-c:s", "mov_text", "-metadata:s:s:0", "language=deu", path],
		]);
		server.offer(path, "subtitles.mp4");
		const reference = await ofFirstTracks(path);
		const track = { trackid: 3, language: "deu" };
		const expected = ["", "Grüße", "", "second"].map(text => ({ text, ...track }));
		await using client = await FileClient.connect(server.process.rtmpUrl("vod"));
		const texts: unknown[] = [];
		client.stream.client = {
			onMetaData() {},
			onPlayStatus() {},
			onTextData: (text: object) => texts.push({ ...text }),
		};
		client.stream.bufferTime = 36_000;
		await client.stream.playAsync("mp4:subtitles", 0);
		await client.waitForCode("NetStream.Play.Stop", 0, 30_000);
		expect(texts).toEqual(expected);
		// By HTTP with their times.
		const answer = await fetch(server.process.httpUrl("vod/subtitles.flv?start=0"));
		const times: number[] = [];
		const demuxer = new FlvDemuxer({
			onTag: ({ type, payload, timestamp }) => {
				if (type === MEDIA_DATA && parseData(payload, MEDIA_DATA).handler === "onTextData") times.push(timestamp);
			},
		});
		demuxer.push(new Uint8Array(await answer.arrayBuffer()));
		expect(times.map(time => time - times[0]!)).toEqual([0, 1000, 2000, 3000]);
		expect(times[0]).toBeLessThanOrEqual(80);
		await expectPlayed(reference, "vod", "mp4:subtitles", undefined, { toleranceMillis: 1, skewMillis: 1 });
	});

	test.for(["hevc", "av1"] as const)(
		"of %s is played to our client frame by frame, with its times",
		async (kind, context) => {
			await needEncoders(context, ...REPLAY_MP4[kind].encoders);
			const path = await replayMp4(dir.path, kind);
			server.offer(path, `${kind}.mp4`);
			const reference = await ofFirstTracks(path);
			const file = dir.file(`${kind}.flv`);
			await playWhole(server.process.rtmpUrl("vod"), `mp4:${kind}`, file);
			const pictures = reference.filter(packet => packet.kind === "video");
			const { frames, configurations } = readFlvTags(file, { codedData: true });
			expect(configurations.video.length).toBe(1);
			const rounding = { toleranceMillis: 1, skewMillis: 1 };
			comparePackets(reference, frames, rounding);
			expect(frames.filter(packet => packet.kind === "video").length).toBe(pictures.length);
		},
	);
});

/** The packets of a file's first picture and first sound, which are what RTMP carries. */
async function ofFirstTracks(path: string): Promise<MediaPacket[]> {
	const single = dir.file("first-tracks.mp4");
	await runProgram("ffmpeg", [
		...["-v", "error", "-nostdin", "-y", "-copyts", "-i", path, "-map", "0:v:0?", "-map", "0:a:0"],
		...["-c", "copy", "-copyts", single],
	]);
	return ofMedia(await probePackets(single));
}
