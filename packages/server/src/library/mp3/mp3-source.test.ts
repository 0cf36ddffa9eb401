import { FileError } from "@millrace/core/fault";
import { MEDIA_DATA, parseData } from "@millrace/core/flv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryFile, readAll } from "../test-flv-file.ts";
import { Id3Source } from "./id3-source.ts";
import { Mp3Source } from "./mp3-source.ts";

/** MPEG-1 layer III, 44.1 kHz, stereo; bitrates by their index in the header. */
const RATES = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];

function frame(rateIndex: number, padding = 0, seed = 0): Buffer {
	const length = Math.floor((144 * 1000 * RATES[rateIndex]!) / 44_100) + padding;
	const bytes = Buffer.alloc(length, seed & 0x7f);
	bytes.set([0xff, 0xfb, (rateIndex << 4) | (padding << 1), 0x00]);
	return bytes;
}

/** Frames of 128 kbit/s, padded as encoders do, so that the average is exact. */
function constantFrames(count: number): Buffer[] {
	let owed = 0;
	return Array.from({ length: count }, (_, index) => {
		owed += (144 * 128_000) / 44_100 - 417;
		const padding = owed >= 1 ? 1 : 0;
		owed -= padding;
		return frame(9, padding, index);
	});
}

function variableFrames(count: number): Buffer[] {
	return Array.from({ length: count }, (_, index) => frame(5 + ((index * 7) % 9), 0, index));
}

function xing(name: "Xing" | "Info", frames: number, bytes: number): Buffer {
	const head = frame(9);
	head.write(name, 36, "latin1");
	head.writeUInt32BE(3, 40);
	head.writeUInt32BE(frames, 44);
	head.writeUInt32BE(bytes, 48);
	return head;
}

function vbri(frames: number, bytes: number): Buffer {
	const head = frame(9);
	head.write("VBRI", 36, "latin1");
	head.writeUInt32BE(bytes, 46);
	head.writeUInt32BE(frames, 50);
	return head;
}

function id3v2(version: number, flags: number, body: Uint8Array): Buffer {
	const size = body.length;
	const head = [
		0x49,
		0x44,
		0x33,
		version,
		0,
		flags,
		(size >> 21) & 127,
		(size >> 14) & 127,
		(size >> 7) & 127,
		size & 127,
	];
	const footer = flags & 0x10 ? Buffer.from([0x33, 0x44, 0x49, version, 0, flags, ...head.slice(6)]) : Buffer.alloc(0);
	return Buffer.concat([Buffer.from(head), body, footer]);
}

function id3v1(): Buffer {
	const tag = Buffer.alloc(128);
	tag.write("TAGOld song", 0, "latin1");
	tag.write("Old artist", 33, "latin1");
	tag[126] = 7;
	return tag;
}

const timeOf = (index: number) => Math.floor((index * 1_152_000) / 44_100);
const openBytes = (...parts: Uint8Array[]) => Mp3Source.open(new MemoryFile(new Uint8Array(Buffer.concat(parts))));

describe("an MP3 file", () => {
	const wrappings: [string, Buffer[], Buffer[]][] = [
		["frames alone", [], []],
		["an ID3v2 tag in front", [id3v2(4, 0, Buffer.alloc(3000, 0xff))], []],
		[
			"an ID3v2 tag with a footer, and another one",
			[id3v2(4, 0x10, Buffer.alloc(300)), id3v2(3, 0, Buffer.alloc(20))],
			[],
		],
		["padding in front", [Buffer.alloc(5000)], []],
		["an ID3v1 tag behind", [], [id3v1()]],
		["an APE tag and an ID3v1 tag behind", [], [apeTag(), id3v1()]],
	];
	it.each(wrappings)("is played frame by frame, with %s", async (_, before, after) => {
		const frames = constantFrames(100);
		const source = await openBytes(...before, ...frames, ...after);
		const messages = await readAll(source.cursor(), 3000);
		expect(messages.map(message => Buffer.from(message.payload))).toEqual(
			frames.map(bytes => Buffer.concat([Buffer.from([0x2f]), bytes])),
		);
		expect(messages.map(message => message.timestamp)).toEqual(frames.map((_, index) => timeOf(index)));
		expect(source.durationMillis).toBe(timeOf(100));
		expect(source.metadata).toMatchObject({ duration: 2.612, audiocodecid: 2, audiosamplerate: 44_100, stereo: true });
	});

	const heads: [string, (frames: Buffer[]) => Buffer[]][] = [
		["nothing", () => []],
		["a Xing header", frames => [xing("Xing", frames.length, total(frames) + 417)]],
		["a VBRI header", frames => [vbri(frames.length, total(frames) + 417)]],
		["a Xing header without numbers", () => [xing("Xing", 0, 0)]],
	];
	it.each(heads)("of changing bitrate that begins with %s is sought by exact times", async (_, head) => {
		const frames = variableFrames(3000);
		const source = await openBytes(...head(frames), ...frames);
		expect(source.durationMillis).toBe(timeOf(3000));
		const cursor = source.cursor();
		for (const millis of [0, 26, 27, 5000, 77_777, 40_000, 1, 1e9]) {
			const index = Math.min(
				2999,
				frames.findLastIndex((_, place) => timeOf(place) <= millis),
			);
			expect(await cursor.seek(millis)).toBe(timeOf(index));
			const [first] = await cursor.read(1);
			expect([first?.timestamp, Buffer.from(first!.payload.subarray(1)).equals(frames[index]!)]).toEqual([
				timeOf(index),
				true,
			]);
		}
		expect((await readAll(source.cursor())).length).toBe(3000);
	});

	it("of one bitrate is sought without reading it through", async () => {
		const frames = constantFrames(20_000);
		const file = new MemoryFile(new Uint8Array(Buffer.concat([xing("Info", 20_000, total(frames) + 417), ...frames])));
		const source = await Mp3Source.open(file);
		expect(source.durationMillis).toBe(timeOf(20_000));
		file.bytesRead = 0;
		const cursor = source.cursor();
		for (const index of [1, 19_999, 777, 12_345]) {
			expect(await cursor.seek(timeOf(index))).toBe(timeOf(index));
			const [first] = await cursor.read(1);
			expect(Buffer.from(first!.payload.subarray(1)).equals(frames[index]!)).toBe(true);
		}
		expect(file.bytesRead).toBeLessThan(200_000);
	});

	it("that was torn off is as long as what is left, whatever its header says", async () => {
		const frames = variableFrames(1000);
		const whole = Buffer.concat([xing("Xing", 1000, total(frames) + 417), ...frames]);
		const source = await openBytes(whole.subarray(0, 200_000));
		const messages = await readAll(source.cursor());
		expect(source.durationMillis).toBe(timeOf(messages.length));
		expect(messages.length).toBeLessThan(700);
	});

	it("goes on behind bytes that are no frames", async () => {
		const frames = constantFrames(60);
		const source = await openBytes(...frames.slice(0, 30), Buffer.alloc(10_000, 1), ...frames.slice(30));
		const messages = await readAll(source.cursor(), 2000);
		expect(messages).toHaveLength(60);
	});

	const soundBytes: [string, number[], number][] = [
		["44.1 kHz stereo", [0xff, 0xfb, 0x90, 0], 0x2f],
		["44.1 kHz mono", [0xff, 0xfb, 0x90, 0xc0], 0x2e],
		["48 kHz", [0xff, 0xfb, 0x94, 0], 0x2f],
		["22.05 kHz", [0xff, 0xf3, 0x90, 0], 0x2b],
		["11.025 kHz", [0xff, 0xe3, 0x90, 0], 0x27],
		["8 kHz mono", [0xff, 0xe3, 0x98, 0xc0], 0xe2],
	];
	it.each(soundBytes)("of %s has the head that FLV gives it", async (_, head, expected) => {
		const bytes = Buffer.alloc(30_000);
		const { frameBytes } = await import("@millrace/core/codec").then(codec =>
			codec.parseMp3Frame(Uint8Array.from(head)),
		);
		for (let at = 0; at + frameBytes! <= bytes.length; at += frameBytes!) bytes.set(head, at);
		const [first] = await (await openBytes(bytes)).cursor().read(1);
		expect(first?.payload[0]).toBe(expected);
	});

	const broken: [string, Uint8Array][] = [
		["is empty", new Uint8Array(0)],
		["holds zeros", new Uint8Array(1_000_000)],
		["ends within its ID3 tag", id3v2(3, 0, Buffer.alloc(5000)).subarray(0, 3000)],
		[
			"has an ID3 tag of 256 MB",
			Buffer.from([0x49, 0x44, 0x33, 4, 0, 0, 127, 127, 127, 127, ...constantFrames(3)[0]!]),
		],
		["has an ID3 tag whose size is not syncsafe", Buffer.from([0x49, 0x44, 0x33, 4, 0, 0, 255, 255, 255, 255])],
		[
			"is layer II",
			Buffer.concat(Array.from({ length: 9 }, () => Buffer.concat([Buffer.from([0xff, 0xfd]), frame(9).subarray(2)]))),
		],
	];
	it.each(broken)("that %s is refused", async (_, bytes) => {
		const file = new MemoryFile(bytes);
		await expect(Mp3Source.open(file)).rejects.toMatchObject({ code: "FILE_NO_TRACK" });
		expect([file.isClosed, file.bytesRead < 500_000]).toEqual([true, true]);
	});

	it("never makes more of noise than a FileError", async () => {
		const frames = Buffer.concat([
			id3v2(4, 0, textFrame(4, "TIT2", "x")),
			xing("Xing", 50, 9999),
			...variableFrames(50),
		]);
		await fc.assert(
			fc.asyncProperty(fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 20 }), async edits => {
				const bytes = new Uint8Array(frames);
				for (const [at, value] of edits) bytes[at] = value;
				await Id3Source.open(new MemoryFile(bytes));
				try {
					const source = await Mp3Source.open(new MemoryFile(bytes));
					const cursor = source.cursor();
					await cursor.seek(500);
					await readAll(cursor);
				} catch (error) {
					expect(error).toBeInstanceOf(FileError);
				}
			}),
			{ numRuns: 200 },
		);
	});
});

function total(frames: readonly Buffer[]): number {
	return frames.reduce((sum, bytes) => sum + bytes.length, 0);
}

function apeTag(): Buffer {
	const item = Buffer.alloc(100);
	const footer = Buffer.alloc(32);
	footer.write("APETAGEX", 0, "latin1");
	footer.writeUInt32LE(132, 12);
	return Buffer.concat([item, footer]);
}

function textFrame(version: number, id: string, text: string | Buffer, encoding = 3): Buffer {
	const content = Buffer.concat([Buffer.from([encoding]), Buffer.from(text)]);
	const size = content.length;
	if (version === 2) return Buffer.concat([Buffer.from(id), Buffer.from([0, size >> 8, size & 255]), content]);
	const length = version === 4 ? [0, 0, size >> 7, size & 127] : [0, 0, size >> 8, size & 255];
	return Buffer.concat([Buffer.from(id), Buffer.from(length), Buffer.from([0, 0]), content]);
}

async function id3Of(...parts: Uint8Array[]): Promise<Record<string, unknown>> {
	const source = await Id3Source.open(new MemoryFile(new Uint8Array(Buffer.concat(parts))));
	const messages = await readAll(source.cursor());
	expect(messages).toHaveLength(1);
	const { handler, values } = parseData(messages[0]!.payload, MEDIA_DATA);
	expect(handler).toBe("onId3");
	return { ...(values[0] as Record<string, unknown>) };
}

describe("the ID3 tags of an MP3 file", () => {
	const sound = Buffer.concat(constantFrames(3));
	const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("Zoë", "utf16le")]);

	it("of version 1 are told under Flash's names", async () => {
		expect(await id3Of(sound, id3v1())).toEqual({ songName: "Old song", artist: "Old artist", track: "7" });
	});

	it.each([2, 3, 4])("of version 2.%i are told under both names, and count more", async version => {
		const id = version === 2 ? "TT2" : "TIT2";
		const artist = version === 2 ? "TP1" : "TPE1";
		const body = Buffer.concat([
			textFrame(version, id, "Sång"),
			textFrame(version, artist, utf16, 1),
			Buffer.alloc(20),
		]);
		expect(await id3Of(id3v2(version, 0, body), sound, id3v1())).toEqual({
			...{ [id]: "Sång", songName: "Sång", [artist]: "Zoë", artist: "Zoë", track: "7" },
		});
	});

	it("are read where they are unsynchronised, have a comment, or several texts", async () => {
		const plain = textFrame(3, "TALB", Buffer.from([0x41, 0xff, 0xe0]), 0);
		const safe = Buffer.concat([plain.subarray(0, -1), Buffer.from([0, 0xe0])]);
		expect(await id3Of(id3v2(3, 0x80, safe), sound)).toMatchObject({ album: "A\u00ff\u00e0" });
		const comment = textFrame(4, "COMM", "engabout\0It is good");
		expect(await id3Of(id3v2(4, 0, comment), sound)).toEqual({ COMM: "It is good", comment: "It is good" });
		expect(await id3Of(id3v2(4, 0, textFrame(4, "TCON", "Folk\0Rock")), sound)).toMatchObject({ genre: "Folk/Rock" });
	});

	it("are told as nothing where there are none", async () => {
		expect(await id3Of(sound)).toEqual({});
		expect(await id3Of()).toEqual({});
	});
});
