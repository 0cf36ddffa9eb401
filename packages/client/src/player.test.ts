import { AmfEcmaArray, type AmfObject, type AmfValue, encodeAmf0 } from "@millrace/core/amf";
import {
	FlvDemuxer,
	type FlvHeader,
	MEDIA_AUDIO,
	MEDIA_DATA,
	MEDIA_VIDEO,
	MediaMessage,
	metadataOf,
	parseData,
} from "@millrace/core/flv";
import { describe, expect, test } from "vitest";
import { MediaQueue } from "./media-queue.ts";
import { type FlvSink, type PlayToFlvOptions, playToFlv } from "./player.ts";

const config = (time: number) => new MediaMessage(MEDIA_VIDEO, time, Uint8Array.of(0x17, 0, 0, 0, 0, 1));
const key = (time: number) => new MediaMessage(MEDIA_VIDEO, time, Uint8Array.of(0x17, 1, 0, 0, 0));
const inter = (time: number) => new MediaMessage(MEDIA_VIDEO, time, Uint8Array.of(0x27, 1, 0, 0, 0));
const sound = (time: number) => new MediaMessage(MEDIA_AUDIO, time, Uint8Array.of(0x2f, 1));
const data = (...values: AmfValue[]) => new MediaMessage(MEDIA_DATA, 0, encodeAmf0(...values));
const METADATA = data(
	"onMetaData",
	new AmfEcmaArray([
		["width", 640],
		["duration", 99],
	]),
);

class MemorySink implements FlvSink {
	file: number[] = [];
	write(bytes: Uint8Array): void {
		for (const byte of bytes) this.file.push(byte);
	}
	patch(offset: number, bytes: Uint8Array): void {
		this.file.splice(offset, bytes.length, ...bytes);
	}
}

async function record(messages: readonly MediaMessage[], options?: PlayToFlvOptions, error?: Error) {
	const queue = new MediaQueue(() => undefined);
	for (const message of messages) queue.push(message);
	queue.end(error);
	const sink = new MemorySink();
	const outcome = await playToFlv(queue, sink, options).catch((fault: unknown) => fault);
	const tags: MediaMessage[] = [];
	let header: FlvHeader | undefined;
	const demuxer = new FlvDemuxer({
		onHeader: found => {
			header = found;
		},
		onTag: tag => tags.push(tag),
	});
	demuxer.push(Uint8Array.from(sink.file));
	const first = tags[0];
	const metadata: AmfObject = first === undefined ? {} : metadataOf(parseData(first.payload, MEDIA_DATA))!;
	return { outcome, sink, header, metadata, times: tags.map(tag => [tag.type, tag.timestamp]), end: demuxer.end() };
}

describe("playToFlv", () => {
	test("writes a whole file: metadata with duration and size, times from zero", async () => {
		const { outcome, sink, header, metadata, times, end } = await record([
			data("|RtmpSampleAccess", true, true),
			data("onStatus", { code: "NetStream.Data.Start" }),
			config(0),
			METADATA,
			key(500_000),
			sound(500_010),
			data("onCue", 1),
			inter(500_040),
		]);
		expect(times).toEqual([
			[MEDIA_DATA, 0],
			[MEDIA_VIDEO, 0],
			[MEDIA_VIDEO, 0],
			[MEDIA_AUDIO, 10],
			[MEDIA_DATA, 10],
			[MEDIA_VIDEO, 40],
		]);
		expect(metadata).toEqual({ width: 640, duration: 0.08, filesize: sink.file.length });
		expect([outcome, end]).toEqual([{ bytes: sink.file.length, millis: 80 }, undefined]);
		expect(header).toMatchObject({ hasAudio: true, hasVideo: true });
	});

	test("begins with the first keyframe, and makes metadata where there is none", async () => {
		const { times, metadata, header } = await record([config(0), inter(10), inter(50), key(90), inter(130)]);
		expect(times).toEqual([
			[MEDIA_DATA, 0],
			[MEDIA_VIDEO, 0],
			[MEDIA_VIDEO, 0],
			[MEDIA_VIDEO, 40],
		]);
		expect(metadata["duration"]).toBe(0.08);
		expect(header).toMatchObject({ hasAudio: false, hasVideo: true });
	});

	test("ends at the duration, and at the signal", async () => {
		const sounds = Array.from({ length: 100 }, (_, index) => sound(index * 20));
		expect((await record(sounds, { durationMillis: 400 })).outcome).toMatchObject({ millis: 400 });
		const abort = new AbortController();
		const stopped = await record(sounds, {
			signal: abort.signal,
			onProgress: (_bytes, millis) => {
				if (millis >= 200) abort.abort();
			},
		});
		expect(stopped.outcome).toMatchObject({ millis: 200 });
		expect(stopped.metadata["duration"]).toBe(0.2);
		expect((await record(sounds, { signal: AbortSignal.abort() })).outcome).toEqual({ bytes: 0, millis: 0 });
	});

	test("completes the file before it throws what the media throws", async () => {
		const { outcome, metadata } = await record([sound(0), sound(20)], {}, new Error("lost"));
		expect(outcome).toMatchObject({ message: "lost" });
		expect(metadata["duration"]).toBe(0.04);
	});

	test("writes nothing where nothing comes", async () => {
		expect((await record([METADATA, config(0)])).sink.file).toEqual([]);
	});
});

describe("a reader that falls behind", () => {
	test("loses video up to a keyframe that has room, and keeps configurations", async () => {
		const queue = new MediaQueue(() => undefined, 12);
		for (const message of [key(0), inter(1), inter(2), config(3), inter(4)]) queue.push(message);
		expect((await queue.next()).value?.timestamp).toBe(0);
		expect((await queue.next()).value?.timestamp).toBe(1);
		for (const message of [inter(5), key(6), inter(7)]) queue.push(message);
		expect(queue.droppedMessages).toBe(4);
		queue.end();
		const times: number[] = [];
		for await (const message of queue) times.push(message.timestamp);
		expect(times).toEqual([3, 6]);
	});

	test("lets the network wait until half of it has been read, where that is wished, and loses nothing", async () => {
		const holds: boolean[] = [];
		const queue = new MediaQueue(
			() => undefined,
			12,
			isHeld => holds.push(isHeld),
		);
		const messages = [key(0), inter(1), inter(2), inter(3), inter(4)];
		for (const message of messages) queue.push(message);
		expect([holds, queue.droppedMessages]).toEqual([[true], 0]);
		const times: (number | undefined)[] = [];
		for (let at = 0; at < 5; at++) {
			times.push((await queue.next()).value?.timestamp);
			expect(holds.length).toBe(at < 3 ? 1 : 2);
		}
		expect([times, holds]).toEqual([
			[0, 1, 2, 3, 4],
			[true, false],
		]);
		for (const message of messages) queue.push(message);
		await queue.return();
		expect(holds).toEqual([true, false, true, false]);
	});
});
