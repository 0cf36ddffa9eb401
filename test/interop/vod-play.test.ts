import { copyFile, mkdir, readFile, truncate, utimes } from "node:fs/promises";
import { join } from "node:path";
import {
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
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { saveByFfmpeg, saveByRtmpdump } from "./saved-stream.ts";
import { VodServer } from "./vod-server.ts";

const library = new MediaLibrary();
const dir = new TempDir("vod-play");
const media = dir.file(join("vod", "media"));
let server: VodServer;

beforeAll(async () => {
	await mkdir(media, { recursive: true });
	server = await VodServer.start(dir.path);
});

afterAll(async () => {
	await closeAllPrograms();
	await server?.stop();
	dir.remove();
});

/** Plays as fast as it is sent, unless it is told otherwise. */
const rtmpdump = (name: string, file: string, ...args: string[]) =>
	saveByRtmpdump(["-r", server.url(name)], file, ...args);
const ffmpeg = (name: string, file: string, ...before: string[]) => saveByFfmpeg(server.url(name), file, { before });

/** A file of the application, which was not written just now: such a one is followed for a while. */
async function offer(path: string, name: string): Promise<string> {
	const file = join(media, `${name}.flv`);
	await copyFile(path, file);
	await utimes(file, 1e9, 1e9);
	return file;
}

/** Half a minute of H.264 and AAC with a keyframe each second. */
async function longFile(): Promise<MediaPacket[]> {
	const path = dir.file("half-a-minute.flv");
	const picture = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=30"];
	const sound = ["-f", "lavfi", "-i", "sine=frequency=440:duration=30"];
	const video = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-sc_threshold", "0", "-pix_fmt", "yuv420p"];
	await runProgram("ffmpeg", ["-v", "error", "-nostdin", "-y", ...picture, ...sound, ...video, "-c:a", "aac", path]);
	return probePackets(await offer(path, "long"));
}

const isPicture = ({ kind }: MediaPacket) => kind === "video";
/** The packets without those of data, which players keep or not. */
const ofMedia = (packets: readonly MediaPacket[]) => packets.filter(packet => packet.kind !== "data");
const MEDIA = [
	"h264-aac",
	"h264-bframes-aac",
	"h263-mp3",
	"vp6",
	"speex",
	"mp3",
] as const satisfies readonly MediaName[];

for (const name of MEDIA) {
	test(`a file of ${name} arrives whole, with its times, at rtmpdump and at ffmpeg`, async context => {
		needPrograms(context, "rtmpdump", "ffmpeg");
		await needEncoders(context, ...mediaEncoders(name));
		const reference = ofMedia(await probePackets(await offer(await library.file(name), name)));
		// ffmpeg cannot copy VP6 whose size it has not decoded.
		for (const play of name === "vp6" ? [rtmpdump] : [rtmpdump, ffmpeg]) {
			const file = dir.file(`${name}-${play.name}.flv`);
			await play(name, file);
			const received = ofMedia(await probePackets(file));
			expect([play.name, received.length]).toEqual([play.name, reference.length]);
			for (const { offsetMillis } of comparePackets(reference, received))
				expect([play.name, offsetMillis]).toEqual([play.name, 0]);
		}
	});
}

describe("rtmpdump", () => {
	let long: MediaPacket[];
	beforeAll(async () => {
		long = await longFile();
	});
	beforeEach(async context => {
		needPrograms(context, "rtmpdump");
		await needEncoders(context, "libx264", "aac");
	});

	/** What a player got, with the times of its first and its last picture, counted from the file's first one. */
	async function received(file: string): Promise<{ from: number; to: number; packets: MediaPacket[] }> {
		const packets = ofMedia(await probePackets(file));
		const times = packets.filter(isPicture).map(({ dts }) => dts - long.find(isPicture)!.dts);
		return { from: times[0]!, to: times.at(-1)!, packets };
	}

	test("--start begins at the keyframe before", async () => {
		const file = dir.file("start.flv");
		await rtmpdump("long", file, "--start", `${(long.find(isPicture)!.dts + 10_000) / 1000}`);
		const { from, to, packets } = await received(file);
		expect([from, to]).toEqual([10_000, 29_960]);
		for (const { offsetMillis } of comparePackets(long, packets)) expect(offsetMillis).toBe(0);
	});

	test("--stop ends there", async () => {
		const file = dir.file("stop.flv");
		await rtmpdump("long", file, "--stop", "12");
		const { from, to, packets } = await received(file);
		expect([from, to]).toEqual([0, 11_960]);
		comparePackets(long, packets, { missingAtEnd: 1000 });
	});

	test("--resume goes on where a broken download ended", async () => {
		const file = dir.file("resume.flv");
		await rtmpdump("long", file);
		await truncate(file, tagEnd(await readFile(file), 400_000));
		await rtmpdump("long", file, "--resume");
		const { from, to, packets } = await received(file);
		expect([from, to]).toEqual([0, 29_960]);
		expect(packets.length).toBe(ofMedia(long).length);
		for (const { offsetMillis } of comparePackets(long, packets)) expect(offsetMillis).toBe(0);
	});

	test("with a small buffer hurries by pausing, and loses and repeats no picture", async () => {
		const file = dir.file("hurry.flv");
		const began = Date.now();
		await rtmpdump("long", file, "--buffer", "3000");
		expect(Date.now() - began).toBeLessThan(12_000);
		const { from, to, packets } = await received(file);
		expect([from, to]).toEqual([0, 29_960]);
		const pictures = (all: readonly MediaPacket[]) =>
			all.filter(({ kind }) => kind === "video").map(({ hash }) => hash);
		expect(pictures(packets)).toEqual(pictures(long));
	});

	test("with --realtime is sent in time", async () => {
		const duration = (await probePackets(await offer(await library.file("h264-aac"), "short"))).at(-1)!.dts;
		const began = Date.now();
		await rtmpdump("short", dir.file("realtime.flv"), "--buffer", "2000", "--realtime");
		expect(Date.now() - began).toBeGreaterThan(duration - 3000);
		expect(Date.now() - began).toBeLessThan(duration + 1000);
	});
});

test("ffmpeg -ss begins at the keyframe before", async context => {
	await needEncoders(context, "libx264", "aac");
	const packets = await longFile();
	const file = dir.file("ss.flv");
	// With a larger buffer the end of the file would come before the seek, and ffmpeg takes that for the end.
	const input = ["-rtmp_buffer", "8000", "-ss", "10.4", "-copyts", "-i", server.url("long"), "-to", "16"];
	await runProgram("ffmpeg", ["-v", "error", "-nostdin", "-y", ...input, "-c", "copy", "-f", "flv", file]);
	const received = ofMedia(await probePackets(file));
	expect(received.find(isPicture)).toMatchObject({ dts: packets.find(isPicture)!.dts + 10_000, isKey: true });
	const compared = comparePackets(packets, received, { missingAtEnd: 2000, minimumPackets: 100 });
	expect(compared.map(({ offsetMillis }) => offsetMillis)).toEqual([0, 0]);
});

/** Where the last tag ends that is whole within so many bytes: rtmpdump resumes no other file. */
function tagEnd(flv: Buffer, limit: number): number {
	let end = 13;
	for (;;) {
		const next = end + 15 + flv.readUIntBE(end + 1, 3);
		if (next > limit) return end;
		end = next;
	}
}
