import { readFileSync } from "node:fs";

/** One FLV tag with the 11 bytes before its payload and the back pointer after it. */
type Tag = { readonly type: number; readonly timestamp: number; readonly bytes: Buffer };

/** What a listener is given: an FLV header first, then whole tags. */
export type ClipListener = (bytes: Buffer) => void;

/**
 * Plays an FLV file without end and in real time to any number of listeners, as a live stream whose clock goes on over
 * the seams. A listener that joins gets what it needs to begin at once: header, configurations, and all tags since the
 * last keyframe.
 */
export class LoopingClip {
	readonly #header: Buffer;
	readonly #configurations: Tag[];
	readonly #media: Tag[];
	readonly #period: number;
	readonly #listeners = new Set<ClipListener>();
	readonly #started = Date.now();
	readonly #timer: ReturnType<typeof setInterval>;
	#sent = 0;
	#group: Buffer[] = [];

	/** `period` is the clip's length in milliseconds. */
	constructor(file: string, period: number) {
		const data = readFileSync(file);
		this.#header = data.subarray(0, 13);
		const tags = readTags(data.subarray(13));
		const isConfiguration = (tag: Tag) => tag.type === 18 || tag.bytes[12] === 0;
		this.#configurations = tags.filter(isConfiguration);
		this.#media = tags.filter(tag => !isConfiguration(tag));
		this.#period = period;
		this.#timer = setInterval(() => this.#play(), 10);
	}

	/** Adds a listener; the answer removes it. */
	listen(listener: ClipListener): () => void {
		listener(Buffer.concat([this.#header, ...this.#configurations.map(tag => tag.bytes), ...this.#group]));
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	stop(): void {
		clearInterval(this.#timer);
	}

	#play(): void {
		const now = Date.now() - this.#started;
		for (;;) {
			const tag = this.#media[this.#sent % this.#media.length]!;
			const timestamp = tag.timestamp + Math.floor(this.#sent / this.#media.length) * this.#period;
			if (timestamp > now) return;
			this.#sent += 1;
			const bytes = withTimestamp(tag.bytes, timestamp);
			if (tag.type === 9 && tag.bytes[11]! >> 4 === 1) this.#group = [];
			this.#group.push(bytes);
			for (const listener of this.#listeners) listener(bytes);
		}
	}
}

function readTags(data: Buffer): Tag[] {
	const tags: Tag[] = [];
	for (let at = 0; at + 15 <= data.length; ) {
		const end = at + 11 + data.readUIntBE(at + 1, 3) + 4;
		const timestamp = data.readUIntBE(at + 4, 3) + data[at + 7]! * 0x1000000;
		tags.push({ type: data[at]!, timestamp, bytes: data.subarray(at, end) });
		at = end;
	}
	return tags;
}

function withTimestamp(bytes: Buffer, timestamp: number): Buffer {
	const copy = Buffer.from(bytes);
	copy.writeUIntBE(timestamp & 0xffffff, 4, 3);
	copy[7] = timestamp >>> 24;
	return copy;
}
