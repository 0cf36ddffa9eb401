import { createHash } from "node:crypto";
import { readFileSync, truncateSync } from "node:fs";
import type { MediaMessage } from "@millrace/core/flv";
import {
	closeAllPrograms,
	comparePackets,
	MediaLibrary,
	type MediaPacket,
	needEncoders,
	needPrograms,
	Program,
	probePackets,
	runProgram,
	TempDir,
} from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FileClient, publishFile } from "./file-client.ts";
import { FileServer } from "./file-server.ts";
import { MpvRemote } from "./mpv-remote.ts";
import { unevenFile } from "./replay-media.ts";
import { programPath, sleep } from "./suite-server.ts";

// Seeks in files that a whole server plays.

const SEEKS = 200;

const library = new MediaLibrary();
const dir = new TempDir("seek");
let server: FileServer;

beforeAll(async () => {
	server = await FileServer.start(dir.file("applications"), ["record.flushMillis=200ms"]);
});

afterAll(async () => {
	await closeAllPrograms();
	await server?.stop();
	dir.remove();
});

const isPicture = ({ kind }: MediaPacket) => kind === "video";
const ofMedia = (packets: readonly MediaPacket[]) => packets.filter(({ kind }) => kind !== "data");
/** ffprobe's hash of a packet of H.264: of what stands behind the tag's own five bytes. */
const hashOf = ({ payload }: MediaMessage) => createHash("sha256").update(payload.subarray(5)).digest("hex");

/** A minute with keyframes at uneven times, as a file of `vod`. */
async function uneven(format: "flv" | "mp4"): Promise<MediaPacket[]> {
	const path = dir.file(`uneven.${format}`);
	await unevenFile(path);
	return probePackets(server.offer(path, `uneven.${format}`));
}

for (const [format, name] of [
	["flv", "uneven"],
	["mp4", "mp4:uneven"],
] as const) {
	test(`${SEEKS} seeks in ${format} begin with the keyframe at or before the time, behind the statuses`, async context => {
		await needEncoders(context, "libx264", "aac");
		const pictures = (await uneven(format)).filter(isPicture);
		const firstMillis = pictures[0]!.dts;
		const keyframes = pictures.filter(({ isKey }) => isKey);
		expect(keyframes.length).toBeGreaterThan(15);
		await using client = await FileClient.connect(server.process.rtmpUrl("vod"));
		const { stream } = client;
		stream.bufferTime = 3;
		await stream.playAsync(name, 0);
		await client.waitFor("a picture", isVideoFrame);
		const waits: number[] = [];
		for (let count = 0; count < SEEKS; count++) {
			const target = Math.floor(Math.random() * 60_000);
			const wanted = keyframes.findLast(({ dts }) => dts - firstMillis <= target)!;
			const from = client.events.length;
			const askedAt = performance.now();
			stream.seek(target / 1000);
			const notified = await client.waitForCode("NetStream.Seek.Notify", from);
			const first = await client.waitFor(`a picture after the seek to ${target}`, isVideoFrame, notified);
			waits.push(performance.now() - askedAt);
			const event = client.events[first]!;
			const message = event.kind === "media" ? event.message : undefined;
			const landed = { dts: message!.timestamp + firstMillis, isKey: message!.isKeyframe, hash: hashOf(message!) };
			const { dts, isKey, hash } = wanted;
			expect(landed, `seek ${count} to ${target} ms`).toEqual({ dts, isKey, hash });
			const codes = client.events
				.slice(notified, first + 1)
				.flatMap(each => (each.kind === "status" ? [each.code] : []));
			expect(codes.filter(code => !code.startsWith("NetStream.Buffer."))).toEqual([
				"NetStream.Seek.Notify",
				"NetStream.Play.Start",
				"NetStream.Data.Start",
			]);
		}
		waits.sort((a, b) => a - b);
		const shown = (share: number) => waits[Math.floor(waits.length * share)]!.toFixed(1);
		console.log(`${format}: a seek to its first picture ${shown(0.5)} ms at the median, ${shown(0.99)} ms at 99 %`);
	});

	test(`behind the end of ${format} a seek is refused, and what plays goes on`, async context => {
		await needEncoders(context, "libx264", "aac");
		await uneven(format);
		await using client = await FileClient.connect(server.process.rtmpUrl("vod"));
		await client.stream.playAsync(name, 0);
		await client.waitFor("a picture", isVideoFrame);
		const from = client.events.length;
		client.stream.seek(70);
		const refused = await client.waitForCode("NetStream.Seek.InvalidTime", from);
		await client.waitFor("another picture", isVideoFrame, refused);
		expect(client.codes(from)).toEqual(["NetStream.Seek.InvalidTime"]);
	});

	describe(`rtmpdump of ${format}`, () => {
		let packets: MediaPacket[];
		beforeAll(async () => {
			packets = ofMedia(await uneven(format));
		});

		async function dump(file: string, ...args: string[]): Promise<MediaPacket[]> {
			const url = `${server.process.rtmpUrl("vod/")}${name}`;
			const address = ["-r", server.process.rtmpUrl("vod"), "-y", name];
			const program = new Program(programPath("rtmpdump"), ["-q", ...address, "-o", file, ...args]);
			const { code } = await program.waitForExit(60_000);
			// It calls a download incomplete whose last message is a thousandth or more before the end.
			if (code !== 0 && code !== 2) throw new Error(program.describe(`failed at ${url}`));
			return ofMedia(await probePackets(file));
		}
		/** Containers count sound in samples or in milliseconds. */
		const rounding = format === "mp4" ? { toleranceMillis: 1, skewMillis: 1 } : {};

		test("--start begins at the keyframe before", async context => {
			needPrograms(context, "rtmpdump");
			const received = await dump(dir.file(`start-${format}.flv`), "--start", "25");
			const base = packets.find(isPicture)!.dts;
			const wanted = packets.findLast(packet => isPicture(packet) && packet.isKey && packet.dts - base <= 25_000)!;
			expect(received.find(isPicture)).toMatchObject({ hash: wanted.hash, isKey: true });
			comparePackets(packets, received, rounding);
		});

		test("--stop ends there", async context => {
			needPrograms(context, "rtmpdump");
			const received = await dump(dir.file(`stop-${format}.flv`), "--stop", "12");
			const pictures = received.filter(isPicture);
			expect(pictures.at(-1)!.dts - pictures[0]!.dts).toBe(11_960);
			comparePackets(packets, received, { missingAtEnd: packets.length, ...rounding });
		});

		test("--resume goes on where a broken download ended", async context => {
			needPrograms(context, "rtmpdump");
			const file = dir.file(`resume-${format}.flv`);
			await dump(file);
			truncateSync(file, tagEnd(readFileSync(file), 500_000));
			const received = await dump(file, "--resume");
			const pictures = received.filter(isPicture);
			expect(pictures.length).toBe(packets.filter(isPicture).length);
			comparePackets(packets, received, rounding);
		});
	});

	test(`mpv seeks forward and back in ${format}, each time to the keyframe`, async context => {
		needPrograms(context, "mpv");
		await needEncoders(context, "libx264", "aac");
		const pictures = (await uneven(format)).filter(isPicture);
		const keyframes = pictures.filter(({ isKey }) => isKey);
		const base = pictures[0]!.dts;
		await using mpv = await MpvRemote.play(`${server.process.rtmpUrl("vod")}/${name}`, dir.file(`mpv-${format}`));
		for (const target of [20, 45, 31, 5, 52, 12]) {
			const shown = await mpv.seek(target);
			const key = keyframes.findLast(({ dts }) => dts - base <= target * 1000)!;
			expect(Math.abs(shown * 1000 - (key.pts - base)), `sought ${target} s, at ${shown} s`).toBeLessThan(120);
		}
	});
}

test("ffmpeg -ss begins at the keyframe before in MP4 too", async context => {
	await needEncoders(context, "libx264", "aac");
	const packets = ofMedia(await uneven("mp4"));
	const base = packets.find(isPicture)!.dts;
	const file = dir.file("ss.flv");
	// With a larger buffer the end of the file would come before the seek, and ffmpeg takes that for the end.
	const address = `${server.process.rtmpUrl("vod")}/mp4:uneven`;
	const input = ["-rtmp_buffer", "8000", "-ss", "30.4", "-copyts", "-i", address, "-to", "36"];
	await runProgram("ffmpeg", ["-v", "error", "-nostdin", "-y", ...input, "-c", "copy", "-f", "flv", file]);
	const received = ofMedia(await probePackets(file));
	const wanted = packets.findLast(packet => isPicture(packet) && packet.isKey && packet.dts - base <= 30_400)!;
	expect(received.find(isPicture)).toMatchObject({ hash: wanted.hash, isKey: true });
	const rounding = { toleranceMillis: 1, skewMillis: 1 };
	comparePackets(packets, received, { missingAtEnd: packets.length, minimumPackets: 50, ...rounding });
});

test("a live stream that is being recorded is joined at an earlier point and caught up to the live edge", async context => {
	await needEncoders(context, "libx264", "aac");
	const source = await library.file("h264-bframes-aac");
	const sent = await probePackets(source);
	const app = server.process.rtmpUrl("live");
	const publishing = await publishFile(app, "rewound", source, { type: "record" });
	await sleep(4000);
	await using client = await FileClient.connect(app);
	client.stream.bufferTime = 3600;
	const playedAt = performance.now();
	await client.stream.playAsync("rewound", 1.5);
	await client.waitFor("the live edge", isNewerThan(publishing.sentMillis() - 1500 - 1000), 0, 3000);
	const caughtUp = performance.now() - playedAt;
	const lags: number[] = [];
	for (let i = 0; i < 10; i++) {
		await sleep(100);
		lags.push(publishing.sentMillis() - (client.frames().at(-1)!.timestamp + 1000));
	}
	await publishing.done;
	await publishing.stop();
	await client.waitForCode("NetStream.Play.Stop", 0, 10_000);
	console.log(`live rewind: caught up in ${caughtUp.toFixed(0)} ms, then behind by at most ${Math.max(...lags)} ms`);
	expect(Math.max(...lags)).toBeLessThan(1000);
	const received = await probePackets(client.save(dir.file("rewound.flv")));
	const [video] = comparePackets(sent, received);
	// The keyframe at 1 s, and everything behind it.
	expect(video).toMatchObject({ skippedAtStart: 25, packets: 125 });
});

function isVideoFrame(event: FileClient["events"][number]): boolean {
	if (event.kind !== "media") return false;
	const { message } = event;
	// A seek is bracketed by command frames of a byte.
	return message.isVideo && !message.isConfiguration && message.payload.length > 5;
}

function isNewerThan(millis: number) {
	return (event: FileClient["events"][number]) => event.kind === "media" && event.message.timestamp >= millis;
}

/** Where the last tag ends that is whole within so many bytes: rtmpdump resumes no other file. */
function tagEnd(flv: Buffer, limit: number): number {
	let end = 13;
	for (;;) {
		const next = end + 15 + flv.readUIntBE(end + 1, 3);
		if (next > limit) return end;
		end = next;
	}
}
