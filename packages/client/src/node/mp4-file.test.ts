import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MEDIA_AUDIO, type MediaMessage, MediaMessage as Message, metadataOf, parseData } from "@millrace/core/flv";
import { FragmentWriter } from "@millrace/core/mp4";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Mp4File } from "./mp4-file.ts";

let folder: string;
let path: string;
const sound = (time: number, ...body: number[]) => new Message(MEDIA_AUDIO, time, Uint8Array.of(0xaf, ...body));
const frames = Array.from({ length: 200 }, (_, at) => sound(at * 20, 1, 0x21, at));

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "millrace-mp4-file-"));
	path = join(folder, "sound.m4a");
	const parts: Uint8Array[] = [];
	const writer = new FragmentWriter({
		onInit: ({ bytes }) => parts.push(bytes),
		onFragment: ({ bytes }) => parts.push(bytes),
	});
	for (const message of [sound(0, 0, 0x12, 0x08), ...frames]) writer.write(message);
	writer.end();
	await writeFile(path, Buffer.concat(parts));
});
afterAll(() => rm(folder, { recursive: true }));

async function all(messages: AsyncIterable<MediaMessage>): Promise<MediaMessage[]> {
	const found: MediaMessage[] = [];
	for await (const message of messages) found.push(message);
	return found;
}

test("an MP4 file gives metadata, configuration and frames, as often as it is asked", async () => {
	await using file = await Mp4File.open(path);
	for (let pass = 0; pass < 2; pass++) {
		const [metadata, configuration, ...rest] = await all(file.messages());
		expect(metadataOf(parseData(metadata!.payload, 18))).toMatchObject({ audiocodecid: 10, audiosamplerate: 44_100 });
		expect([configuration!.isConfiguration, [...configuration!.payload]]).toEqual([true, [0xaf, 0, 0x12, 0x08]]);
		expect(rest).toEqual(frames);
	}
	expect(file.movie.hasVideo).toBe(false);
});

test("a file that cannot be opened, or is no MP4, is refused and closed", async () => {
	await expect(Mp4File.open(join(folder, "none.mp4"))).rejects.toThrow(/ENOENT/);
	await writeFile(join(folder, "text.mp4"), "this is no MP4 file, whatever its name says");
	await expect(Mp4File.open(join(folder, "text.mp4"))).rejects.toThrow(/does not begin as MP4 does/);
	await expect(Mp4File.open(path, { audioTrack: 2 })).rejects.toThrow(/no sound track 2/);
});

test("a file that becomes shorter while it is read ends in a fault", async () => {
	await using file = await Mp4File.open(path);
	await truncate(path, 1000);
	await expect(all(file.messages())).rejects.toThrow(/became shorter/);
});
