import type { Arena } from "@millrace/core/bytes";
import { FileError } from "@millrace/core/fault";
import {
	FLAG_CONFIGURATION,
	FLAG_KEYFRAME,
	FLAG_METADATA,
	MEDIA_AUDIO,
	MEDIA_VIDEO,
	MediaMessage,
	type MediaType,
	mediaFlags,
} from "@millrace/core/flv";
import { configurationKey, isBlankConfiguration, sameBytes } from "../../hub/index.ts";
import type { MediaCursor } from "../media-source.ts";
import { type FlvMap, MAX_RESYNC_BYTES } from "./flv-map.ts";
import { isOnMetaData } from "./flv-start.ts";
import { FILTER_BIT, isTagType, TAG_HEAD_BYTES, TAIL_BYTES, TYPE_MASK, tagSize, tagTime } from "./flv-tag-reader.ts";
import { FlvClock, isCoded } from "./flv-timeline.ts";

/** What a cursor asks of the source that it belongs to. */
export interface FlvCursorHost {
	readonly path: string;
	readonly map: FlvMap;
	/** Where to go on from for a time in milliseconds; `undefined`: there is nothing to play as yet. */
	place(millis: number): Promise<{ readonly offset: number; readonly time: number } | undefined>;
	/** The configurations that hold for a tag that begins at `offset`, by `configurationKey`; the caller's own. */
	configurationsAt(offset: number): Map<string, MediaMessage>;
	/** Looks again how far the file may be read. */
	check(): Promise<void>;
}

/** Smaller reads cost as much as this one. */
const MIN_READ_BYTES = 4096;
/** What one call passes over without finding a message: tags that are empty, encrypted or of unknown types. */
const MAX_BARREN_BYTES = 16 * 1024 * 1024;

/**
 * Why a window gave no more messages: it is used up; its first tag is longer than it; no tag begins where one should;
 * the file ends, perhaps within a tag; a configuration changes, before which a batch ends; or what comes is too late.
 */
type CutEnd = "used" | "short" | "lost" | "end" | "change" | "late";

/**
 * A viewer's place in an FLV file. Payloads are views into the one array that a read fills, exactly as long as the
 * message; between calls a cursor keeps nothing but configurations.
 */
export class FlvCursor implements MediaCursor {
	readonly #host: FlvCursorHost;
	#offset: number;
	#clock: FlvClock;
	#inForce = new Map<string, MediaMessage>();
	#configurationTime = 0;
	#hasStarted = false;
	/** The last keyframe that was passed, since when nothing was left out; −1: none. */
	#keyframeOffset = -1;
	#keyframeTime = 0;
	#nextMillis: number | undefined;

	constructor(host: FlvCursorHost) {
		this.#host = host;
		this.#offset = host.map.firstTag;
		this.#clock = new FlvClock(host.map.timeline);
	}

	get nextMillis(): number | undefined {
		return this.#nextMillis;
	}

	configurations(): readonly MediaMessage[] {
		return [...this.#inForce.values()].map(message => message.at(this.#configurationTime));
	}

	async seek(millis: number): Promise<number> {
		const { map } = this.#host;
		const place = await this.#host.place(Math.max(0, millis));
		this.#hasStarted = true;
		this.#offset = place?.offset ?? map.firstTag;
		this.#clock = new FlvClock(map.timeline);
		this.#clock.now = place?.time ?? 0;
		this.#keyframeOffset = -1;
		this.#configurationTime = this.#clock.now;
		this.#inForce = this.#host.configurationsAt(this.#offset);
		return this.#clock.now;
	}

	async read(
		maxBytes: number,
		untilMillis = Number.POSITIVE_INFINITY,
		memory?: Arena,
	): Promise<readonly MediaMessage[]> {
		const isFirst = !this.#hasStarted;
		if (isFirst) this.#inForce = this.#host.configurationsAt(this.#offset);
		this.#hasStarted = true;
		this.#nextMillis = undefined;
		const { map } = this.#host;
		let length = Math.max(maxBytes, MIN_READ_BYTES);
		for (let barren = 0; barren <= MAX_BARREN_BYTES; ) {
			const end = map.reader.end;
			const window = await map.reader.read(this.#offset, length, memory?.take(length));
			const messages: MediaMessage[] = [];
			const why = this.#cut(window, end, untilMillis, messages);
			if (messages.length > 0) {
				this.#configurationTime = messages.at(isFirst ? 0 : -1)!.timestamp;
				return messages;
			}
			if (why === "late") return [];
			if (why === "short") {
				const needed = TAG_HEAD_BYTES + tagSize(window, 0);
				if (window.length < TAG_HEAD_BYTES || needed <= length) throw this.#cutFile();
				length = needed;
			} else if (why === "lost") {
				if (!(await this.#resync())) return [];
			} else if (why === "end") {
				// Behind the last tag at most.
				if (this.#offset > end + TAIL_BYTES) throw this.#cutFile();
				await this.#host.check();
				if (map.reader.end <= end) return [];
			}
			barren += window.length + 1;
		}
		throw new FileError("FILE_INVALID", `${this.#host.path} holds nothing to play in ${MAX_BARREN_BYTES} bytes.`);
	}

	#cutFile(): FileError {
		return new FileError("FILE_INVALID", `${this.#host.path} was cut while it was played.`);
	}

	/** Makes messages of the whole tags in a window that begins at the cursor's place, and goes on behind them. */
	#cut(window: Uint8Array, end: number, untilMillis: number, messages: MediaMessage[]): CutEnd {
		let at = 0;
		let hasSamples = false;
		for (;;) {
			if (this.#offset + TAG_HEAD_BYTES > end) return "end";
			if (at + TAG_HEAD_BYTES > window.length) return at === 0 ? "short" : "used";
			if (!isTagType(window[at]!)) return "lost";
			const size = tagSize(window, at);
			const whole = TAG_HEAD_BYTES + size;
			// Where tags are known behind it, its size is a lie; otherwise it was torn off.
			if (this.#offset + whole > end) return this.#offset < this.#host.map.mediaEnd ? "lost" : "end";
			if (at + whole > window.length) return at === 0 ? "short" : "used";
			if (size > 0 && (window[at]! & FILTER_BIT) === 0) {
				const message = this.#message(window, at, size);
				if (message !== undefined && message.timestamp > untilMillis) {
					this.#nextMillis = message.timestamp;
					return "late";
				}
				const isChange = message !== undefined && this.#isConfiguration(message);
				if (isChange && hasSamples) return "change";
				if (message !== undefined && (!isChange || this.#configure(message))) {
					messages.push(message);
					hasSamples ||= !isChange;
				}
			}
			at += whole + TAIL_BYTES;
			this.#offset += whole + TAIL_BYTES;
		}
	}

	/** The message of the tag at `at`; `undefined`: it is not for viewers. */
	#message(window: Uint8Array, at: number, size: number): MediaMessage | undefined {
		const type = (window[at]! & TYPE_MASK) as MediaType;
		const payload = window.subarray(at + TAG_HEAD_BYTES, at + TAG_HEAD_BYTES + size);
		const rawTime = tagTime(window, at);
		if (type !== MEDIA_VIDEO && type !== MEDIA_AUDIO) {
			if (isOnMetaData(payload)) return undefined;
			return new MediaMessage(type, this.#clock.data(this.#offset, rawTime), payload);
		}
		const flags = mediaFlags(type, payload);
		const time = this.#clock.media(type, flags, this.#offset, rawTime);
		this.#host.map.forgetWhatMoved();
		if (type === MEDIA_VIDEO && (flags & FLAG_KEYFRAME) !== 0) this.#passKeyframe(time);
		return new MediaMessage(type, time, payload, flags);
	}

	#isConfiguration(message: MediaMessage): boolean {
		return (message.flags & (FLAG_CONFIGURATION | FLAG_METADATA)) !== 0 && !isCoded(message.flags);
	}

	/** Puts a configuration in force. False: it says nothing new. */
	#configure(message: MediaMessage): boolean {
		if (isBlankConfiguration(message)) return false;
		const key = configurationKey(message);
		const before = this.#inForce.get(key);
		if (before !== undefined && sameBytes(before.payload, message.payload)) return false;
		this.#host.map.configurations.note(this.#offset, message);
		// A copy, because the payload keeps the whole batch alive.
		this.#inForce.set(key, new MediaMessage(message.type, 0, message.payload.slice(), message.flags));
		return true;
	}

	#passKeyframe(time: number): void {
		const { memory } = this.#host.map;
		if (this.#keyframeOffset >= 0 && this.#keyframeTime < time) {
			memory.note(this.#keyframeOffset, this.#keyframeTime, time - 1);
		}
		memory.note(this.#offset, time);
		this.#keyframeOffset = this.#offset;
		this.#keyframeTime = time;
	}

	/** Goes to the next tag. False: there is none. */
	async #resync(): Promise<boolean> {
		const { map } = this.#host;
		const { reader } = map;
		if (await reader.isTagAt(this.#offset, true)) {
			const head = await reader.read(this.#offset, TAG_HEAD_BYTES);
			this.#offset += TAG_HEAD_BYTES + tagSize(head, 0) + TAIL_BYTES;
			return true;
		}
		this.#keyframeOffset = -1;
		const from = this.#offset + 1;
		const next = await reader.find(from, Math.min(reader.end, from + MAX_RESYNC_BYTES), { bytes: MAX_RESYNC_BYTES });
		if (next >= 0) {
			this.#offset = next;
			return true;
		}
		if (this.#offset >= map.mediaEnd) return false;
		throw new FileError(
			"FILE_INVALID",
			`${this.#host.path} holds no tag in ${MAX_RESYNC_BYTES} bytes from ${this.#offset} on.`,
		);
	}
}
