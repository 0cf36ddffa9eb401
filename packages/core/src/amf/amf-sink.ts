import { ByteWriter } from "../bytes/index.ts";
import { MillraceError, UsageError } from "../fault/index.ts";
import { AmfClassRegistry } from "./amf-class-registry.ts";
import { AMF_LIMITS } from "./amf-limits.ts";

/** How values are written. */
export type AmfWriteOptions = {
	/** Bytes of all values together. More: a `UsageError`. Default 16 MiB. */
	maxBytes?: number;
	/** Containers inside containers. More: a `UsageError`. Default 64, which is what the reader takes. */
	depth?: number;
	/** The classes whose instances are written under their alias. Default: none. */
	classes?: AmfClassRegistry;
	/**
	 * AMF0: whether an object that occurs twice in a value is written as a reference (marker 07) the second time.
	 * librtmp and FFmpeg do not know references; without them it is written again, and a cycle is a `UsageError`.
	 * Default true.
	 */
	references?: boolean;
	/**
	 * AMF0: whether what it cannot hold (byte arrays, vectors, maps with other keys than strings) is written as AMF3
	 * behind marker 11. Only for peers that negotiated AMF3. Default false: a `UsageError`.
	 */
	avmPlus?: boolean;
};

const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;
const DEFAULT_CLASSES = new AmfClassRegistry();

/** What the writers of one message share: the bytes, and the bounds. */
export class AmfSink {
	readonly out: ByteWriter;
	readonly classes: AmfClassRegistry;
	readonly #maxDepth: number;
	#depth = 0;

	constructor(options: AmfWriteOptions) {
		this.out = new ByteWriter({ maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES, tooLarge: "AMF_UNENCODABLE" });
		this.classes = options.classes ?? DEFAULT_CLASSES;
		this.#maxDepth = options.depth ?? AMF_LIMITS.depth;
	}

	/** Opens a container. */
	enter(): void {
		if (++this.#depth > this.#maxDepth) throw unencodable(`It is cyclic or nested deeper than ${this.#maxDepth}.`);
	}

	leave(): void {
		this.#depth--;
	}
}

export function unencodable(detail: string): UsageError {
	return new UsageError("AMF_UNENCODABLE", detail);
}

/** Getters and proxies among the values are the application's code: what they throw becomes a `UsageError`. */
export function encodingError(error: unknown): MillraceError {
	if (error instanceof MillraceError) return error;
	return new UsageError("AMF_UNENCODABLE", "Reading a member of it threw an error.", { cause: error });
}
