import { AmfEcmaArray, encodeAmf0 } from "@millrace/core/amf";
import { flvHeader, MEDIA_AUDIO, MEDIA_DATA, MEDIA_VIDEO } from "@millrace/core/flv";
import { describe, expect, test } from "vitest";
import { FlvMaker, indexedMetadata, MemoryFile } from "../test-flv-file.ts";
import { FlvInspection } from "./flv-inspection.ts";
import type { MediaReport } from "./media-report.ts";

async function inspect(bytes: Uint8Array): Promise<MediaReport> {
	return (await FlvInspection.run(new MemoryFile(bytes))).report();
}

const kinds = (report: MediaReport) =>
	report.faults.map(({ kind, count }) => (count === 1 ? kind : `${kind} ${count}`));

/** Four seconds with a keyframe each second, a picture each 40 ms and a frame of sound each 20 ms. */
function media(maker: FlvMaker, from = 0, seconds = 4): FlvMaker {
	for (let at = 0; at < seconds * 1000; at += 20) {
		if (at % 40 === 0) at % 1000 === 0 ? maker.key(from + at) : maker.inter(from + at);
		maker.audio(from + at);
	}
	return maker;
}

const metadata = (seconds: number) => encodeAmf0("onMetaData", new AmfEcmaArray([["duration", seconds] as const]));

/** A file of which nothing can be said but that it has no index. */
function sound(from = 0): FlvMaker {
	const maker = new FlvMaker().add(MEDIA_DATA, 0, metadata(4)).avcConfiguration().aacConfiguration();
	return media(maker, from);
}

/** The index stands in front of what it names: its bytes are as many whatever the numbers are. */
function indexed(shift = 0): Uint8Array {
	const plan = media(
		new FlvMaker().add(MEDIA_DATA, 0, indexedMetadata(4, NO_KEYS)).avcConfiguration().aacConfiguration(),
	);
	const keys = plan.tags.filter(({ message }) => message.isKeyframe);
	const table = keys.map(({ offset, message }) => ({ offset: offset + shift, time: message.timestamp }));
	const maker = new FlvMaker().add(MEDIA_DATA, 0, indexedMetadata(4, table)).avcConfiguration().aacConfiguration();
	return media(maker).bytes();
}

const NO_KEYS = [0, 1, 2, 3].map(at => ({ offset: at, time: at }));

describe("what an FLV file holds", () => {
	test("is counted by tracks, from its tags", async () => {
		const { seconds, container, tracks } = await inspect(indexed());
		expect([seconds, container]).toEqual([4, "FLV"]);
		expect(tracks).toMatchObject([
			{ kind: "video", codec: "H.264", frames: 100, framerate: 25, keyframes: { count: 4, longestDistance: 1 } },
			{ kind: "audio", codec: "AAC", frames: 200, bytes: 1600, bitrate: 3200, sampleRate: 44_100 },
		]);
	});

	test("is nothing to complain of where metadata and index are right", async () => {
		expect(kinds(await inspect(indexed()))).toEqual([]);
	});

	test("is counted past the tags that are larger than what is read at once", async () => {
		const maker = sound().key(4000, 600_000).inter(4040, 300_000).audio(4040);
		const { tracks, faults } = await inspect(maker.bytes());
		expect(tracks.map(track => track.frames)).toEqual([102, 201]);
		expect(faults.map(fault => fault.kind)).toEqual(["no-index"]);
	});
});

describe("what is wrong with an FLV file", () => {
	const bytes = sound().bytes();
	const { tags } = sound();
	const changed = (change: (bytes: Uint8Array) => void): Uint8Array => {
		const copy = bytes.slice();
		change(copy);
		return copy;
	};
	const at = (index: number) => tags[index]!.offset;
	const cases: readonly (readonly [string, () => Uint8Array, readonly string[]])[] = [
		["nothing, but there is no index", () => bytes, []],
		["it ends inside a tag", () => bytes.slice(0, -20), ["truncated"]],
		["zeros follow, as after a crash", () => Uint8Array.from([...bytes, ...new Uint8Array(9000)]), ["truncated"]],
		["bytes are no tags", () => changed(copy => copy.fill(0xff, at(100), at(103))), ["damaged"]],
		["a size is a lie", () => changed(copy => (copy[at(100) + 2] = 1)), ["damaged", "previous-tag-size"]],
		[
			"two tails are wrong",
			() => changed(copy => copy.fill(9, at(100) - 4, at(100)).fill(9, at(150) - 4, at(150))),
			["previous-tag-size 2"],
		],
		["two files were joined", () => media(sound(), 0).bytes(), ["times-begin-anew", "wrong-duration"]],
		["a frame is early", () => sound().audio(3900).bytes(), ["times-go-back"]],
		["times begin late", () => sound(60_000).bytes(), ["times-begin-late"]],
		["a configuration changes", () => sound().avcConfiguration(1, 4000).key(4000).bytes(), ["configuration-changes"]],
		[
			"there is no configuration",
			() => media(new FlvMaker().add(MEDIA_DATA, 0, metadata(4))).bytes(),
			["no-configuration 300"],
		],
		["no metadata", () => media(new FlvMaker().avcConfiguration().aacConfiguration()).bytes(), ["no-metadata"]],
		[
			"a wrong duration",
			() => media(new FlvMaker().add(MEDIA_DATA, 0, metadata(9)).avcConfiguration().aacConfiguration()).bytes(),
			["wrong-duration"],
		],
		["an index of other places", () => indexed(1), ["wrong-index"]],
		[
			"it begins between keyframes",
			() => new FlvMaker().avcConfiguration().inter(0).inter(40).key(80).bytes(),
			["no-keyframe", "no-metadata"],
		],
		["tags are encrypted", () => changed(copy => (copy[at(100)]! |= 0x20)), ["encrypted"]],
	];
	test.each(cases)("%s", async (_, build, expected) => {
		expect(kinds(await inspect(build())).filter(kind => kind !== "no-index")).toEqual(expected);
	});

	test("is told with its first place, and whether it can be mended", async () => {
		const [fault] = (await inspect(bytes.slice(0, -20))).faults;
		expect(fault).toMatchObject({ kind: "truncated", offset: at(tags.length - 1), severity: "fault", canRepair: true });
		const [early] = (await inspect(sound().audio(3900).bytes())).faults;
		expect(early).toMatchObject({ kind: "times-go-back", canRepair: false });
	});

	test("at every length, no more than that it was cut off and what follows from that", async () => {
		const short = media(new FlvMaker().add(MEDIA_DATA, 0, metadata(0.2)).avcConfiguration().aacConfiguration(), 0, 0.2);
		const whole = short.bytes();
		const starts = new Set([...short.tags.map(tag => tag.offset), whole.length]);
		for (let length = 13; length <= whole.length; length++) {
			const { faults } = await inspect(whole.slice(0, length));
			expect([length, faults.some(fault => fault.kind === "truncated")]).toEqual([length, !starts.has(length)]);
		}
	});
});

test("what is no FLV is refused, and a header alone is an empty file", async () => {
	await expect(inspect(new Uint8Array(100))).rejects.toThrow(/does not begin with an FLV header/);
	expect(await inspect(flvHeader(true, true))).toMatchObject({ seconds: 0, tracks: [], faults: [{ kind: "empty" }] });
});

test("tracks of Enhanced RTMP messages are counted apart", async () => {
	const extra = (time: number) => [0x95, 0x01, ...Buffer.from("mp4a"), 1, 0x21, 0x0a + (time & 1)];
	const maker = new FlvMaker().aacConfiguration();
	for (let time = 0; time < 1000; time += 20) maker.audio(time).add(MEDIA_AUDIO, time, extra(time));
	maker.add(MEDIA_VIDEO, 0, [0x12, 0, 0]);
	const { tracks } = await inspect(maker.bytes());
	expect(tracks.map(({ kind, id, codec, frames }) => [kind, id, codec, frames])).toEqual([
		["video", 0, "Sorenson H.263", 1],
		["audio", 0, "AAC", 50],
		["audio", 1, "AAC", 50],
	]);
});
