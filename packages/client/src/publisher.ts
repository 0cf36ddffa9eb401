import { MediaMessage } from "@millrace/core/flv";
import type { ClientPlatform } from "./connect/index.ts";
import { isData, MediaTimeline } from "./media-timeline.ts";
import { insideOfStream, type NetStream } from "./net-stream.ts";

/** Messages to publish; a function where they can be had again, for `loop`. */
export type MediaSource = AsyncIterable<MediaMessage> | (() => AsyncIterable<MediaMessage>);

export type PublishMediaOptions = {
	/** Begin anew at the end, with times that go on. The source must be a function. Default `false`. */
	readonly loop?: boolean;
	/** 1 is real time, 2 twice as fast; `Infinity` is as fast as the server takes it. Default 1. */
	readonly speed?: number;
	/** Ends the publishing; `publishMedia` then resolves. */
	readonly signal?: AbortSignal;
};

export type PublishedMedia = {
	readonly messages: number;
	/** Payload bytes. */
	readonly bytes: number;
	/** Media time, in milliseconds. */
	readonly millis: number;
};

/** The longest sleep: an end of the stream is noticed within this time. */
const MAX_SLEEP_MILLIS = 250;
/** Messages that are due this soon are sent at once: timers are no finer. */
const MIN_SLEEP_MILLIS = 2;

/**
 * Sends media on a stream that publishes, paced by its times, with back-pressure. Times begin at zero. Metadata is sent
 * as `@setDataFrame`, so that those who come later get it; configurations that repeat what was sent are left out.
 * Resolves at the end of the source; the stream still publishes then.
 *
 * @throws NetStatusError where the stream stops publishing; what the source throws
 */
export async function publishMedia(
	stream: NetStream,
	source: MediaSource,
	options: PublishMediaOptions = {},
): Promise<PublishedMedia> {
	const { loop = false, speed = 1, signal } = options;
	const inside = insideOfStream(stream);
	const { platform } = inside.connection;
	const timeline = new MediaTimeline();
	const repeats = new RepeatFilter();
	const start = platform.now();
	let messages = 0;
	let bytes = 0;
	let last = 0;
	do {
		let sentInPass = 0;
		for await (const original of typeof source === "function" ? source() : source) {
			if (signal?.aborted) break;
			const message = asPublished(timeline.place(original));
			if (repeats.has(message)) continue;
			await untilDue(platform, start + message.timestamp / speed, signal, inside.failure);
			const failure = inside.failure();
			if (failure !== undefined) throw failure;
			if (signal?.aborted) break;
			if (!stream.sendMedia(message)) await stream.drained();
			sentInPass++;
			bytes += message.payload.length;
			last = message.timestamp;
		}
		messages += sentInPass;
		timeline.restart();
		// A source without anything would be repeated for ever.
		if (sentInPass === 0) break;
	} while (loop && typeof source === "function" && !signal?.aborted);
	// The last frame has its time too: whoever closes the stream now does not cut it off.
	if (!signal?.aborted && messages > 0) {
		await untilDue(platform, start + timeline.end / speed, signal, inside.failure);
	}
	return { messages, bytes, millis: last };
}

/** Sleeps in pieces, so that an end is noticed. */
async function untilDue(
	platform: ClientPlatform,
	due: number,
	signal: AbortSignal | undefined,
	failure: () => unknown,
): Promise<void> {
	for (;;) {
		const left = due - platform.now();
		if (left < MIN_SLEEP_MILLIS || signal?.aborted || failure() !== undefined) return;
		await new Promise<void>(resolve => {
			const wake = (): void => {
				cancel();
				signal?.removeEventListener("abort", wake);
				resolve();
			};
			const cancel = platform.after(Math.min(left, MAX_SLEEP_MILLIS), wake);
			signal?.addEventListener("abort", wake);
		});
	}
}

/** Knows the last configuration or metadata of each kind, and whether another one is the same. */
class RepeatFilter {
	readonly #last = new Map<number, Uint8Array>();

	has(message: MediaMessage): boolean {
		if (!message.isConfiguration && !isMetadata(message)) return false;
		const last = this.#last.get(message.type);
		this.#last.set(message.type, message.payload);
		return last !== undefined && areEqual(last, message.payload);
	}
}

const ON_META_DATA = ascii("onMetaData");
const SET_DATA_FRAME = ascii("@setDataFrame");

/** Metadata as servers keep it for those who come later; everything else as it is. */
function asPublished(message: MediaMessage): MediaMessage {
	if (!isData(message) || !startsWith(message.payload, selectorBytes(message.payload), ON_META_DATA)) return message;
	const selector = selectorBytes(message.payload);
	const payload = new Uint8Array(message.payload.length + SET_DATA_FRAME.length);
	payload.set(message.payload.subarray(0, selector));
	payload.set(SET_DATA_FRAME, selector);
	payload.set(message.payload.subarray(selector), selector + SET_DATA_FRAME.length);
	return new MediaMessage(message.type, message.timestamp, payload);
}

function isMetadata(message: MediaMessage): boolean {
	return isData(message) && startsWith(message.payload, selectorBytes(message.payload), SET_DATA_FRAME);
}

/** Data in AMF3 has a format selector, a zero, in front. */
function selectorBytes(payload: Uint8Array): number {
	return payload[0] === 0 ? 1 : 0;
}

/** A string of AMF0: marker, length, characters. */
function ascii(text: string): Uint8Array {
	return Uint8Array.of(2, 0, text.length, ...new TextEncoder().encode(text));
}

function startsWith(payload: Uint8Array, at: number, start: Uint8Array): boolean {
	return payload.length >= at + start.length && start.every((byte, index) => payload[at + index] === byte);
}

function areEqual(one: Uint8Array, other: Uint8Array): boolean {
	return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
