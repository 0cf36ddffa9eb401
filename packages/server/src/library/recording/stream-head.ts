import {
	FLAG_CONFIGURATION,
	FLAG_METADATA,
	MEDIA_AUDIO,
	MEDIA_DATA,
	MEDIA_DATA_AMF3,
	MEDIA_VIDEO,
	type MediaMessage,
} from "@millrace/core/flv";
import { configurationKey, isBlankConfiguration, ownCopy } from "../../hub/index.ts";

/** What a file begins with. */
export type FileHead = {
	/** The newest `onMetaData`. */
	readonly metadata: MediaMessage | undefined;
	/** The newest configuration of each track, in the order in which tracks appeared. */
	readonly configurations: readonly MediaMessage[];
};

/** Keeps what each file of a recording begins with: the stream's metadata and the configurations of its codecs. */
export class StreamHead {
	readonly #configurations = new Map<string, MediaMessage>();
	#metadata: MediaMessage | undefined;
	#hasVideo = false;

	/** The stream has shown video, if only its configuration. */
	get hasVideo(): boolean {
		return this.#hasVideo;
	}

	/** What a file that begins now begins with. */
	snapshot(): FileHead {
		return { metadata: this.#metadata, configurations: [...this.#configurations.values()] };
	}

	/** Sees each message. */
	note(message: MediaMessage): void {
		if (message.type === MEDIA_VIDEO) this.#hasVideo = true;
		if (isMetadata(message)) this.#metadata = message;
		else if (isConfiguration(message)) this.#configurations.set(configurationKey(message), ownCopy(message));
	}
}

/** A codec's configuration with content. */
export function isConfiguration(message: MediaMessage): boolean {
	return (message.flags & (FLAG_CONFIGURATION | FLAG_METADATA)) !== 0 && !isBlankConfiguration(message);
}

/** A frame of sound or picture: what moves a file's clock. */
export function isFrame({ flags, type, payload }: MediaMessage): boolean {
	if (type !== MEDIA_AUDIO && type !== MEDIA_VIDEO) return false;
	return (flags & (FLAG_CONFIGURATION | FLAG_METADATA)) === 0 && payload.length > 0;
}

/** `onMetaData`, which describes the stream. */
export function isMetadata({ type, payload }: MediaMessage): boolean {
	if (type !== MEDIA_DATA && type !== MEDIA_DATA_AMF3) return false;
	const start = type === MEDIA_DATA_AMF3 && payload[0] === 0 ? 1 : 0;
	for (let i = 0; i < METADATA_HEAD.length; i++) if (payload[start + i] !== METADATA_HEAD[i]) return false;
	return true;
}

/** An AMF0 string `onMetaData`. */
const METADATA_HEAD = new Uint8Array([2, 0, 10, ...new TextEncoder().encode("onMetaData")]);
