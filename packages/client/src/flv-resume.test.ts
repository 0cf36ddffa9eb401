import { AmfEcmaArray, type AmfObject, encodeAmf0 } from "@millrace/core/amf";
import {
	FlvDemuxer,
	MEDIA_AUDIO,
	MEDIA_DATA,
	MEDIA_VIDEO,
	MediaMessage,
	metadataOf,
	parseData,
} from "@millrace/core/flv";
import { describe, expect, test } from "vitest";
import { type FlvContinuation, FlvRecording, resumeSeconds } from "./flv-recording.ts";
import { FlvScan } from "./flv-resume.ts";

const CONFIGURATION = new MediaMessage(MEDIA_VIDEO, 0, Uint8Array.of(0x17, 0, 0, 0, 0, 1));
const SOUND_CONFIGURATION = new MediaMessage(MEDIA_AUDIO, 0, Uint8Array.of(0xaf, 0, 1));
const METADATA = new MediaMessage(MEDIA_DATA, 0, encodeAmf0("onMetaData", new AmfEcmaArray([["width", 640]])));

/** A film of 20 s on the server's clock: a keyframe each second, four frames a second, sound each 100 ms. */
function film(startMillis: number, hasVideo = true): MediaMessage[] {
	const messages = hasVideo ? [METADATA, CONFIGURATION, SOUND_CONFIGURATION] : [METADATA, SOUND_CONFIGURATION];
	const from = hasVideo ? Math.floor(startMillis / 1000) * 1000 : startMillis;
	for (let time = from; time < 20_000; time += 50) {
		const isKey = time % 1000 === 0;
		const [high, low] = [time >> 8, time & 255];
		if (hasVideo && time % 250 === 0) {
			messages.push(new MediaMessage(MEDIA_VIDEO, time, Uint8Array.of(isKey ? 0x17 : 0x27, 1, 0, 0, 0, high, low)));
		}
		if (time % 100 === 0) messages.push(new MediaMessage(MEDIA_AUDIO, time, Uint8Array.of(0xaf, 1, high, low)));
	}
	return messages;
}

function record(messages: readonly MediaMessage[], continuation?: FlvContinuation, before = new Uint8Array(0)) {
	const recording = new FlvRecording(continuation);
	const file = [...before.subarray(0, recording.cutBytes)];
	for (const message of messages) file.push(...(recording.add(message) ?? []));
	for (const { offset, bytes } of recording.finish()) file.splice(offset, bytes.length, ...bytes);
	expect(file.length).toBe(recording.bytes);
	return Uint8Array.from(file);
}

function pointOf(file: Uint8Array) {
	const scan = new FlvScan();
	for (let at = 0; at < file.length; at += 1000) scan.push(file.subarray(at, at + 1000));
	return scan.point();
}

function tagsOf(file: Uint8Array): MediaMessage[] {
	const tags: MediaMessage[] = [];
	const demuxer = new FlvDemuxer({ onTag: tag => tags.push(tag) });
	demuxer.push(file);
	expect(demuxer.end()).toBeUndefined();
	return tags;
}

const metadata = (file: Uint8Array): AmfObject => metadataOf(parseData(tagsOf(file)[0]!.payload, MEDIA_DATA))!;

/** Every PreviousTagSize is that of the tag before it. */
function mustBeWellFormed(file: Uint8Array): void {
	const view = new DataView(file.buffer);
	let at = 13;
	while (at < file.length) {
		const size = (view.getUint8(at + 1) << 16) | view.getUint16(at + 2);
		expect(view.getUint32(at + 11 + size)).toBe(size + 11);
		at += size + 15;
	}
}

describe("a recorded stream", () => {
	test.each([
		["video and sound", 0, true],
		["video and sound from the middle", 7_300, true],
		["sound alone", 0, false],
		["sound alone from the middle", 7_000, false],
	])("of %s is gone on with after a break anywhere, to the same file", (_what, startMillis, hasVideo) => {
		const whole = record(film(startMillis, hasVideo));
		const wanted = tagsOf(whole);
		for (let length = 700; length < whole.length; length += 997) {
			const torn = whole.slice(0, length);
			const point = pointOf(torn);
			if (point === undefined) throw new Error(`Nothing was found in ${length} bytes.`);
			const continuation: FlvContinuation = { point, kind: "recorded", startMillis };
			const file = record(film(resumeSeconds(continuation) * 1000, hasVideo), continuation, torn);
			mustBeWellFormed(file);
			expect(tagsOf(file)).toEqual(wanted);
			expect(file).toEqual(whole);
		}
	});

	test("is refused where it is another one", () => {
		const torn = record(film(0)).slice(0, 2000);
		const point = pointOf(torn)!;
		const other = film(0).map(message =>
			message.isKeyframe ? new MediaMessage(MEDIA_VIDEO, message.timestamp, Uint8Array.of(0x17, 1, 9, 9, 9)) : message,
		);
		expect(() => record(other, { point, kind: "recorded" }, torn)).toThrow("it is another one");
		const recording = new FlvRecording({ point, kind: "recorded" });
		for (const message of other.slice(0, 100)) expect(recording.add(message)).toBeUndefined();
		expect(recording.missing?.message).toContain("it is another one");
	});

	test("whose picture stands still is found at its time, not at the first that is equal", () => {
		const still = film(0).map(message =>
			message.isKeyframe ? new MediaMessage(MEDIA_VIDEO, message.timestamp, Uint8Array.of(0x17, 1, 0, 0, 0)) : message,
		);
		const whole = record(still);
		const torn = whole.slice(0, whole.length - 200);
		const point = pointOf(torn)!;
		expect(point.millis).toBe(19_000);
		const again = record(
			still.filter(message => message.timestamp === 0 || message.timestamp >= 19_000),
			{
				point,
				kind: "recorded",
			},
			torn,
		);
		expect(again).toEqual(whole);
	});
});

describe("a live stream", () => {
	test("is appended behind the last whole tag, with times that go on", () => {
		const whole = record(film(0).filter(message => message.timestamp < 3000));
		const torn = whole.slice(0, whole.length - 30);
		const before = tagsOf(whole).length;
		const point = pointOf(torn)!;
		const live = film(0).map(message => message.at(message.timestamp + 500_000));
		const file = record(live, { point, kind: "live" }, torn);
		mustBeWellFormed(file);
		const added = tagsOf(file)
			.slice(before - 2)
			.filter(tag => tag.isKeyframe || tag.isAudio);
		expect(added.find(tag => tag.isKeyframe)?.timestamp).toBe(point.endMillis);
		expect(metadata(file)["duration"]).toBeCloseTo((point.endMillis + 20_000) / 1000, 1);
		expect(metadata(file)["filesize"]).toBe(file.length);
	});
});

describe("a file of another program", () => {
	test("has its duration patched wherever that stands, and none added", () => {
		const scan = new FlvScan();
		const whole = record(film(0));
		const bare = Uint8Array.from(whole);
		// Another name in the place of "duration".
		bare.set(
			new TextEncoder().encode("durativo"),
			bare.findIndex((_, at) => isAt(bare, at, "duration")),
		);
		scan.push(bare);
		expect(scan.point()?.places).toEqual({ duration: undefined, filesize: expect.any(Number) });
	});

	test("that holds no frame cannot be gone on with", () => {
		expect(pointOf(new Uint8Array(0))).toBeUndefined();
		expect(pointOf(record(film(0)).slice(0, 150))).toBeUndefined();
		expect(() => pointOf(new Uint8Array(100).fill(7))).toThrow(expect.objectContaining({ code: "FLV_BAD_SIGNATURE" }));
	});
});

function isAt(bytes: Uint8Array, at: number, text: string): boolean {
	return Array.from(text).every((letter, index) => bytes[at + index] === letter.charCodeAt(0));
}
