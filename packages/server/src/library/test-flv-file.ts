import { AmfEcmaArray, type AmfValue, encodeAmf0 } from "@millrace/core/amf";
import { FileError } from "@millrace/core/fault";
import {
	flvHeader,
	MEDIA_AUDIO,
	MEDIA_DATA,
	MEDIA_VIDEO,
	MediaMessage,
	type MediaType,
	writeFlvTags,
} from "@millrace/core/flv";
import type { OpenFile } from "./media-file.ts";
import type { MediaCursor } from "./media-source.ts";

/** A file in memory, which can grow and counts how it is read. */
export class MemoryFile implements OpenFile {
	readonly path = "memory.flv";
	bytes: Uint8Array;
	modifiedMillis = 0;
	reads = 0;
	bytesRead = 0;
	isClosed = false;
	size: number;

	constructor(bytes: Uint8Array) {
		this.bytes = bytes;
		this.size = bytes.length;
	}

	async read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
		if (this.isClosed) throw new FileError("FILE_UNREADABLE", "It is closed.");
		if (length < 0 || offset < 0) throw new RangeError(`read of ${length} at ${offset}`);
		this.reads++;
		const bytes = this.bytes.slice(offset, offset + length);
		this.bytesRead += bytes.length;
		if (into === undefined) return bytes;
		into.set(bytes);
		return into.subarray(0, bytes.length);
	}

	async refresh(): Promise<void> {
		this.size = this.bytes.length;
	}

	close(): void {
		this.isClosed = true;
	}
}

/** A tag in a made file, and where it begins. */
export type MadeTag = { readonly offset: number; readonly message: MediaMessage };

/** Puts an FLV file together from messages, whose times go into the tags as they are. */
export class FlvMaker {
	readonly tags: MadeTag[] = [];
	readonly #parts: Uint8Array[];
	#length: number;

	constructor(head: Uint8Array = flvHeader(true, true)) {
		this.#parts = [head];
		this.#length = head.length;
	}

	get length(): number {
		return this.#length;
	}

	/** Adds bytes that are no tags. */
	raw(bytes: Uint8Array): this {
		this.#parts.push(bytes);
		this.#length += bytes.length;
		return this;
	}

	add(type: MediaType, time: number, payload: ArrayLike<number>): this {
		const message = new MediaMessage(type, time, Uint8Array.from(payload));
		this.tags.push({ offset: this.#length, message });
		return this.raw(writeFlvTags([message]));
	}

	avcConfiguration(mark = 0, time = 0): this {
		return this.add(MEDIA_VIDEO, time, [0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff, mark]);
	}

	aacConfiguration(mark = 0x10, time = 0): this {
		return this.add(MEDIA_AUDIO, time, [0xaf, 0, 0x12, mark]);
	}

	key(time: number, bytes = 20): this {
		return this.add(MEDIA_VIDEO, time, body([0x17, 1, 0, 0, 0], bytes, time));
	}

	inter(time: number, bytes = 10): this {
		return this.add(MEDIA_VIDEO, time, body([0x27, 1, 0, 0, 0], bytes, time));
	}

	audio(time: number, bytes = 8): this {
		return this.add(MEDIA_AUDIO, time, body([0xaf, 1], bytes, time));
	}

	data(time: number, name: string, ...values: AmfValue[]): this {
		return this.add(MEDIA_DATA, time, encodeAmf0(name, ...values));
	}

	bytes(): Uint8Array {
		return new Uint8Array(Buffer.concat(this.#parts));
	}
}

/** `onMetaData` with an index: the file's places behind it move by its length, which does not depend on the numbers. */
export function indexedMetadata(
	duration: number,
	keyframes: readonly { readonly offset: number; readonly time: number }[],
): Uint8Array {
	const index = { filepositions: keyframes.map(key => key.offset), times: keyframes.map(key => key.time / 1000) };
	return encodeAmf0("onMetaData", new AmfEcmaArray([["duration", duration], ["keyframes", index] as const]));
}

/** Everything from the cursor's place to the end, in batches of about so many bytes. */
export async function readAll(cursor: MediaCursor, batchBytes = 4096): Promise<MediaMessage[]> {
	const messages: MediaMessage[] = [];
	for (;;) {
		const batch = await cursor.read(batchBytes);
		if (batch.length === 0) return messages;
		messages.push(...batch);
	}
}

/** A message in a few characters: `V40k` a keyframe at 40, `v`, `a`, `d` others, `V40c` and `A40c` configurations. */
export function brief(message: MediaMessage): string {
	const { isVideo, isAudio, timestamp, isConfiguration, isKeyframe } = message;
	if (!isVideo && !isAudio) return `d${timestamp}`;
	const mark = isConfiguration ? "c" : isKeyframe ? "k" : "";
	return `${isVideo ? (mark ? "V" : "v") : mark ? "A" : "a"}${timestamp}${mark}`;
}

/** A head and noise from the seed, so that no two bodies are alike. */
function body(head: readonly number[], bytes: number, seed: number): Uint8Array {
	const filled = new Uint8Array(Math.max(bytes, head.length));
	let state = (seed + 1) * 2_654_435_761;
	for (let index = head.length; index < filled.length; index++) {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		filled[index] = state >>> 24;
	}
	filled.set(head);
	return filled;
}
