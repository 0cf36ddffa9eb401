import {
	type CodecFacts,
	codecFacts,
	FLAG_CONFIGURATION,
	FLAG_KEYFRAME,
	FLAG_METADATA,
	MEDIA_AUDIO,
	MEDIA_VIDEO,
	type MediaMessage,
} from "@millrace/core/flv";
import { configurationKey, isBlankConfiguration, ownCopy, sameBytes } from "./configuration.ts";
import { DataSlots } from "./data-slots.ts";

/** What is kept for viewers that join later. */
export type GopCacheOptions = {
	readonly enabled: boolean;
	/** A group of pictures larger than this is not kept, in bytes. */
	readonly maxBytes: number;
	/** A group of pictures longer than this is not kept, in milliseconds. */
	readonly maxMillis: number;
};

/** Configurations of distinct tracks that are kept; a publisher that sends more is not replayed in full. */
const MAX_CONFIGURATIONS = 64;
/** What a message costs beside its payload, about: a group of many tiny ones must not outgrow the cache's limit. */
const MESSAGE_OVERHEAD_BYTES = 256;

/**
 * Everything that a viewer who joins needs before the live messages: data (metadata), codec configurations, and the
 * messages from the last keyframe on.
 */
export class StreamCache {
	readonly data = new DataSlots();
	hasVideo = false;
	hasAudio = false;

	readonly #options: GopCacheOptions;
	readonly #configurations = new Map<string, MediaMessage>();
	#configurationVersion = 0;
	#group: MediaMessage[] = [];
	#groupBytes = 0;
	#overflowed = false;
	#lastAudio: MediaMessage | undefined;
	#lastKeyframe: MediaMessage | undefined;

	constructor(options: GopCacheOptions) {
		this.#options = options;
	}

	/** Rises with each change of data or configurations. */
	get headVersion(): number {
		return this.data.version + this.#configurationVersion;
	}

	/** Messages from the last keyframe on; empty where there was none, or where they are not kept. */
	get group(): readonly MediaMessage[] {
		return this.#group;
	}

	/** Keyframes are further apart than the cache's limits: a viewer who waited for one might wait forever. */
	get overflowed(): boolean {
		return this.#overflowed;
	}

	/** The newest configuration of each track, in the order in which tracks appeared. */
	configurations(): IterableIterator<MediaMessage> {
		return this.#configurations.values();
	}

	/** What is known of the stream: codecs, size, rates. */
	codecFacts(): CodecFacts {
		const frames = [this.#lastAudio, this.#lastKeyframe].filter(frame => frame !== undefined);
		return codecFacts([...this.data.messages(), ...this.#configurations.values(), ...frames]);
	}

	/** Remembers a message that viewers have been sent. */
	add(message: MediaMessage): void {
		const { flags, type } = message;
		if (type === MEDIA_VIDEO) this.hasVideo = true;
		else if (type === MEDIA_AUDIO) {
			this.hasAudio = true;
			this.#lastAudio = message;
		} else {
			this.data.commit(message);
		}
		if ((flags & FLAG_KEYFRAME) !== 0) this.#lastKeyframe = message;
		if ((flags & (FLAG_CONFIGURATION | FLAG_METADATA)) !== 0) this.#configure(message);
		if (!this.#options.enabled) return;
		if ((flags & FLAG_KEYFRAME) !== 0) {
			this.#group = [message];
			this.#groupBytes = message.payload.length + MESSAGE_OVERHEAD_BYTES;
			this.#overflowed = false;
		} else if (this.#group.length > 0) {
			this.#extend(message);
		}
	}

	/** A publisher begins, or begins anew, perhaps with other codecs. Its data stays until it is replaced. */
	beginPublisher(): void {
		this.#forgetGroup();
		this.#configurations.clear();
		this.hasVideo = false;
		this.hasAudio = false;
		this.#lastAudio = undefined;
		this.#lastKeyframe = undefined;
	}

	/** The stream has ended. */
	clear(): void {
		this.beginPublisher();
		this.data.clear();
	}

	#forgetGroup(): void {
		this.#group = [];
		this.#groupBytes = 0;
		this.#overflowed = false;
	}

	#extend(message: MediaMessage): void {
		this.#groupBytes += message.payload.length + MESSAGE_OVERHEAD_BYTES;
		const age = message.timestamp - this.#group[0]!.timestamp;
		if (this.#groupBytes > this.#options.maxBytes || age > this.#options.maxMillis) {
			this.#forgetGroup();
			this.#overflowed = true;
		} else {
			this.#group.push(message);
		}
	}

	#configure(message: MediaMessage): void {
		if (isBlankConfiguration(message)) return;
		const key = configurationKey(message);
		const before = this.#configurations.get(key);
		if (before === undefined && this.#configurations.size >= MAX_CONFIGURATIONS) return;
		if (before === undefined || !sameBytes(before.payload, message.payload)) {
			this.#configurationVersion++;
			// The pictures so far need the configuration before: nobody can start from them any more.
			if (message.isVideo) this.#forgetGroup();
		}
		this.#configurations.set(key, ownCopy(message));
	}
}
