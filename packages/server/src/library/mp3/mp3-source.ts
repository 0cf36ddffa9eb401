import type { AmfObject } from "@millrace/core/amf";
import type { Mp3Frame } from "@millrace/core/codec";
import { FileError } from "@millrace/core/fault";
import { AUDIO_MP3, AUDIO_MP3_8K, MEDIA_AUDIO, MediaMessage } from "@millrace/core/flv";
import type { OpenFile } from "../media-file.ts";
import type { MediaCursor, MediaSource } from "../media-source.ts";
import { FRAME_HEAD_BYTES, findFrame, frameBytesAt } from "./mp3-frame.ts";
import { Mp3Index } from "./mp3-index.ts";
import { type Mp3Layout, readLayout } from "./mp3-layout.ts";

/** More than any frame has, so that a read holds one. */
const MIN_READ_BYTES = 4096;
/** What one call passes over without finding a frame. */
const MAX_BARREN_BYTES = 1024 * 1024;

/** An MP3 file: each frame is a message, whose time is exact, being counted in samples. */
export class Mp3Source implements MediaSource {
	readonly path: string;
	readonly bytes: number;
	readonly durationMillis: number;
	readonly hasVideo = false;
	readonly hasAudio = true;
	readonly isGrowing = false;
	readonly metadata: AmfObject;
	readonly #file: OpenFile;
	readonly #layout: Mp3Layout;
	readonly #index: Mp3Index;
	readonly #frames: number;

	/**
	 * Finds the first frame and the length. The file then belongs to the source.
	 *
	 * @throws {FileError} `FILE_NO_TRACK`, `FILE_UNREADABLE`; the file is closed then
	 */
	static async open(file: OpenFile): Promise<Mp3Source> {
		try {
			const layout = await readLayout(file);
			const index = new Mp3Index(file, layout);
			return new Mp3Source(file, layout, index, await index.countFrames());
		} catch (error) {
			file.close();
			throw error;
		}
	}

	private constructor(file: OpenFile, layout: Mp3Layout, index: Mp3Index, frames: number) {
		const { first } = layout;
		this.path = file.path;
		this.bytes = file.size;
		this.#file = file;
		this.#layout = layout;
		this.#index = index;
		this.#frames = frames;
		this.durationMillis = frameMillis(first, frames);
		this.metadata = {
			duration: this.durationMillis / 1000,
			audiocodecid: soundByte(first) >> 4,
			audiodatarate: Math.round(((layout.end - layout.start) * 8) / Math.max(1, this.durationMillis)),
			audiosamplerate: first.sampleRate,
			stereo: first.channels === 2,
		};
	}

	cursor(): MediaCursor {
		return new Mp3Cursor(this.#file, this.#layout, this.#index, this.#frames);
	}

	onGrowth(): () => void {
		return () => {};
	}

	release(): void {
		this.#file.close();
	}
}

class Mp3Cursor implements MediaCursor {
	readonly #file: OpenFile;
	readonly #layout: Mp3Layout;
	readonly #index: Mp3Index;
	readonly #frames: number;
	readonly #soundByte: number;
	#frame = 0;
	#offset: number;

	constructor(file: OpenFile, layout: Mp3Layout, index: Mp3Index, frames: number) {
		this.#file = file;
		this.#layout = layout;
		this.#index = index;
		this.#frames = frames;
		this.#soundByte = soundByte(layout.first);
		this.#offset = layout.start;
	}

	configurations(): readonly MediaMessage[] {
		return [];
	}

	async seek(millis: number): Promise<number> {
		const { first } = this.#layout;
		// The greatest number whose time, which is rounded down, is not above.
		const samples = ((Math.max(0, millis) + 1) * first.sampleRate) / 1000;
		const place = await this.#index.place(Math.ceil(samples / first.samples) - 1, this.#frames);
		this.#frame = place.frame;
		this.#offset = place.offset;
		return frameMillis(first, place.frame);
	}

	async read(maxBytes: number): Promise<readonly MediaMessage[]> {
		const { end } = this.#layout;
		for (let barren = 0; barren < MAX_BARREN_BYTES; ) {
			const left = end - this.#offset;
			if (left < FRAME_HEAD_BYTES) return [];
			const window = await this.#file.read(this.#offset, Math.min(Math.max(maxBytes, MIN_READ_BYTES), left));
			const messages = this.#cut(window, this.#offset + window.length >= end);
			if (messages.length > 0) return messages;
			if (window.length < FRAME_HEAD_BYTES) return [];
			barren += window.length;
		}
		throw new FileError("FILE_INVALID", `${this.#file.path} holds no MP3 frame in ${MAX_BARREN_BYTES} bytes.`);
	}

	#cut(window: Uint8Array, isEnd: boolean): MediaMessage[] {
		const { first } = this.#layout;
		const places: number[] = [];
		let at = 0;
		let total = 0;
		while (at + FRAME_HEAD_BYTES <= window.length) {
			const length = frameBytesAt(window, at, first);
			if (length > 0 && at + length <= window.length) {
				places.push(at, length);
				total += length + 1;
				at += length;
				continue;
			}
			if (length > 0 && !isEnd) break;
			// What is no frame, or one that was torn off at the end.
			const next = findFrame(window, at + 1, isEnd, first);
			at = next < 0 ? (isEnd ? window.length : Math.max(at + 1, window.length - FRAME_HEAD_BYTES + 1)) : next;
		}
		this.#offset += at;
		const bytes = new Uint8Array(total);
		const messages: MediaMessage[] = [];
		let filled = 0;
		for (let index = 0; index < places.length; index += 2) {
			const start = places[index]!;
			const length = places[index + 1]!;
			bytes[filled] = this.#soundByte;
			bytes.set(window.subarray(start, start + length), filled + 1);
			const payload = bytes.subarray(filled, filled + 1 + length);
			messages.push(new MediaMessage(MEDIA_AUDIO, frameMillis(first, this.#frame++), payload));
			filled += length + 1;
		}
		return messages;
	}
}

/** When a frame begins, in whole milliseconds. */
function frameMillis({ samples, sampleRate }: Mp3Frame, frame: number): number {
	return Math.floor((frame * samples * 1000) / sampleRate);
}

/** The head of an FLV audio tag with such sound (FLV 10.1 §E.4.2.1). 48 kHz has no bits of its own and goes as 44.1. */
function soundByte({ sampleRate, channels }: Mp3Frame): number {
	const stereo = channels === 2 ? 1 : 0;
	if (sampleRate === 8000) return (AUDIO_MP3_8K << 4) | SIXTEEN_BITS | stereo;
	const rate = sampleRate > 24_000 ? 3 : sampleRate > 16_000 ? 2 : 1;
	return (AUDIO_MP3 << 4) | (rate << 2) | SIXTEEN_BITS | stereo;
}

const SIXTEEN_BITS = 2;
