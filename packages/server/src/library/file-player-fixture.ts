import { encodeMetadata, MEDIA_AUDIO, MEDIA_DATA, MEDIA_VIDEO, MediaMessage } from "@millrace/core/flv";
import type { MediaCursor, MediaSource } from "./media-source.ts";

/** A file in memory, whose reads can be held up, and which can grow. */
export class MemorySource implements MediaSource {
	readonly path = "memory";
	readonly hasVideo: boolean;
	readonly hasAudio: boolean;
	readonly metadata = { width: 640 };
	isGrowing = false;
	/** Reads and seeks so far, `read` and `seek 40`. */
	readonly calls: string[] = [];
	/** How many have taken it and not released it. */
	users = 1;
	/** What the next call rejects with. */
	failure: Error | undefined;
	/** Messages later than a reader wants are given to it all the same, as cursors may. */
	readsAhead = false;
	/** While set, calls wait for `letGo`. */
	isHeldUp = false;
	readonly #messages: MediaMessage[];
	readonly #listeners = new Set<() => void>();
	#waiting: (() => void)[] = [];

	constructor(messages: readonly MediaMessage[]) {
		this.#messages = [...messages];
		this.hasVideo = messages.some(message => message.isVideo);
		this.hasAudio = messages.some(message => message.isAudio);
	}

	/** Video of `fps` with a keyframe each `gopMillis`, and audio between, of so many bytes a message. */
	static of(seconds: number, { fps = 25, gopMillis = 1000, bytes = 100, audio = true, video = true } = {}) {
		const messages: MediaMessage[] = [];
		for (let time = 0; time < seconds * 1000; time += 1000 / fps) {
			if (video) messages.push(picture(time, time % gopMillis === 0, bytes));
			if (audio) messages.push(sound(time + 5, bytes));
		}
		return new MemorySource(messages);
	}

	get bytes(): number {
		return this.#messages.reduce((sum, message) => sum + message.payload.length, 0);
	}

	get durationMillis(): number {
		const last = this.#messages.findLast(message => message.isVideo) ?? this.#messages.at(-1);
		return last === undefined ? 0 : last.timestamp + 40;
	}

	get messages(): readonly MediaMessage[] {
		return this.#messages;
	}

	cursor(): MediaCursor {
		return new MemoryCursor(this);
	}

	onGrowth(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	release(): void {
		this.users--;
	}

	grow(...messages: MediaMessage[]): void {
		this.#messages.push(...messages);
		for (const listener of this.#listeners) listener();
	}

	finish(): void {
		this.isGrowing = false;
		for (const listener of this.#listeners) listener();
	}

	async turn(call: string): Promise<void> {
		this.calls.push(call);
		if (this.isHeldUp) await new Promise<void>(resolve => this.#waiting.push(resolve));
		const { failure } = this;
		this.failure = undefined;
		if (failure !== undefined) throw failure;
	}

	letGo(): void {
		this.isHeldUp = false;
		for (const resolve of this.#waiting.splice(0)) resolve();
	}
}

class MemoryCursor implements MediaCursor {
	readonly #source: MemorySource;
	nextMillis: number | undefined;
	#index = 0;
	#isBusy = false;

	constructor(source: MemorySource) {
		this.#source = source;
	}

	configurations(): readonly MediaMessage[] {
		const { hasVideo, hasAudio } = this.#source;
		return [...(hasVideo ? [configuration(MEDIA_VIDEO)] : []), ...(hasAudio ? [configuration(MEDIA_AUDIO)] : [])];
	}

	async seek(millis: number): Promise<number> {
		return this.#alone(`seek ${millis}`, () => {
			const { messages, hasVideo } = this.#source;
			const isPlace = (message: MediaMessage) => !hasVideo || message.isKeyframe;
			const before = messages.findLastIndex(message => isPlace(message) && message.timestamp <= millis);
			this.#index = before >= 0 ? before : messages.findIndex(isPlace);
			return messages[this.#index]?.timestamp ?? 0;
		});
	}

	async read(maxBytes: number, untilMillis = Number.POSITIVE_INFINITY): Promise<readonly MediaMessage[]> {
		return this.#alone("read", () => {
			const batch: MediaMessage[] = [];
			let bytes = 0;
			this.nextMillis = undefined;
			while (bytes < maxBytes && this.#index < this.#source.messages.length) {
				const message = this.#source.messages[this.#index]!;
				if (message.timestamp > untilMillis && !this.#source.readsAhead) {
					this.nextMillis = message.timestamp;
					break;
				}
				this.#index++;
				batch.push(message);
				bytes += message.payload.length;
			}
			return batch;
		});
	}

	async #alone<T>(call: string, action: () => T): Promise<T> {
		if (this.#isBusy) throw new Error(`${call} overlaps another call.`);
		this.#isBusy = true;
		try {
			await this.#source.turn(call);
			return action();
		} finally {
			this.#isBusy = false;
		}
	}
}

export function picture(time: number, isKey: boolean, bytes = 10): MediaMessage {
	const body = new Uint8Array(Math.max(bytes, 5));
	body.set([isKey ? 0x17 : 0x27, 1]);
	return new MediaMessage(MEDIA_VIDEO, time, body);
}

export function sound(time: number, bytes = 10): MediaMessage {
	const body = new Uint8Array(Math.max(bytes, 2));
	body.set([0xaf, 1]);
	return new MediaMessage(MEDIA_AUDIO, time, body);
}

export function cue(time: number): MediaMessage {
	return new MediaMessage(MEDIA_DATA, time, encodeMetadata({ cue: time }));
}

function configuration(type: typeof MEDIA_VIDEO | typeof MEDIA_AUDIO): MediaMessage {
	const body = type === MEDIA_VIDEO ? [0x17, 0, 0, 0, 0, 0] : [0xaf, 0, 0];
	return new MediaMessage(type, 0, new Uint8Array(body));
}

/** One letter a message, with its time: `v0` `a0` configurations, `K0` `P40` pictures, `A5` sounds, `D7` data, `<` `>` seek commands. */
export function nameOf({ type, timestamp, payload, isConfiguration, isKeyframe }: MediaMessage): string {
	if (type === MEDIA_DATA) return `D${timestamp}`;
	if (type === MEDIA_AUDIO) return `${isConfiguration ? "a" : "A"}${timestamp}`;
	if (payload.length === 2) return `${payload[1] === 0 ? "<" : ">"}${timestamp}`;
	return `${isConfiguration ? "v" : isKeyframe ? "K" : "P"}${timestamp}`;
}
