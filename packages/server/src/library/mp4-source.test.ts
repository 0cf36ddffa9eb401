import { readFileSync } from "node:fs";
import { FileError } from "@millrace/core/fault";
import { describe, expect, it } from "vitest";
import { Mp4Source } from "./mp4-source.ts";
import { MemoryFile, readAll } from "./test-flv-file.ts";

const SAMPLE = new Uint8Array(readFileSync(new URL("../../media/vod/sample.mp4", import.meta.url)));

describe("an MP4 file", () => {
	it("is played from its start as the messages of a live stream, and from the keyframe before any place", async () => {
		const file = new MemoryFile(SAMPLE);
		const source = await Mp4Source.open(file);
		const { path, bytes, hasVideo, hasAudio, isGrowing, durationMillis, metadata } = source;
		expect({ path, bytes, hasVideo, hasAudio, isGrowing, durationMillis }).toEqual({
			...{ path: file.path, bytes: SAMPLE.length, hasVideo: true, hasAudio: true, isGrowing: false },
			durationMillis: 8000,
		});
		expect(metadata).toMatchObject({ width: 640, height: 360, videocodecid: "avc1", audiocodecid: "mp4a" });
		const cursor = source.cursor();
		const messages = await readAll(cursor, 65_536);
		expect(messages.filter(message => message.isVideo)).toHaveLength(240);
		expect(messages.filter(message => message.isVideo && message.isKeyframe).map(key => key.timestamp)).toEqual([
			...[0, 2000, 4000, 6000],
		]);
		expect(await cursor.seek(5900)).toBe(4000);
		expect(cursor.configurations().map(message => [message.isConfiguration, message.timestamp])).toEqual([
			...[
				[true, 4000],
				[true, 4000],
			],
		]);
		expect((await cursor.read(1))[0]!.isKeyframe).toBe(true);
		source.release();
		expect(file.isClosed).toBe(true);
	});

	it.each([
		["nothing", new Uint8Array(0)],
		["what is no MP4", new Uint8Array(1000).fill(7)],
		["an MP4 that ends in its index", SAMPLE.slice(0, 900)],
	])("that is broken, %s, is refused with a fault of files, and closed", async (_, bytes) => {
		const file = new MemoryFile(bytes);
		await expect(Mp4Source.open(file)).rejects.toThrow(FileError);
		expect(file.isClosed).toBe(true);
	});
});
