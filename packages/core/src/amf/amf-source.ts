import { ByteReader } from "../bytes/index.ts";
import { type FaultCode, LimitError, PeerError } from "../fault/index.ts";
import { AmfClassRegistry } from "./amf-class-registry.ts";
import { AMF_LIMITS, type AmfLimits } from "./amf-limits.ts";

/** How values are read. */
export type AmfReadOptions = {
	/** Default `AMF_LIMITS`. */
	limits?: AmfLimits;
	/** The classes that typed objects become. Default: none, and the externalizable classes of Flex. */
	classes?: AmfClassRegistry;
};

const DEFAULT_CLASSES = new AmfClassRegistry();

/**
 * What the readers of one message share: the bytes and what is left of the limits. AMF3 values inside AMF0 draw on the
 * same budget, and so do several readers where AMF values stand between other things.
 */
export class AmfSource {
	readonly input: ByteReader;
	readonly classes: AmfClassRegistry;
	readonly #limits: AmfLimits;
	#valuesLeft: number;
	#depth = 0;

	constructor(bytes: Uint8Array, options: AmfReadOptions) {
		this.input = new ByteReader(bytes, "AMF_TRUNCATED");
		this.classes = options.classes ?? DEFAULT_CLASSES;
		this.#limits = options.limits ?? AMF_LIMITS;
		this.#valuesLeft = this.#limits.values;
	}

	/** How many containers are open. */
	get depth(): number {
		return this.#depth;
	}

	/** Counts a value. */
	spend(): void {
		if (--this.#valuesLeft < 0) this.#exceeded("AMF_TOO_MANY_VALUES", `The limit is ${this.#limits.values}.`);
	}

	/** Opens a container. After an error depth is not restored: whoever catches one reads no further. */
	enter(): void {
		if (++this.#depth > this.#limits.depth) this.#exceeded("AMF_TOO_DEEP", `The limit is ${this.#limits.depth}.`);
	}

	leave(): void {
		this.#depth--;
	}

	/** Refuses a count of elements, each of so many bytes at least, that the rest of the message cannot hold. */
	mustHold(count: number, elementBytes: number): void {
		const left = this.input.remaining;
		if (count * elementBytes > left) {
			this.#exceeded("AMF_COUNT_TOO_LARGE", `${count} are announced, ${left} bytes are left.`);
		}
	}

	/** Refuses a member's name that is too long. */
	mustBeKey(byteLength: number): void {
		if (byteLength > this.#limits.keyBytes) {
			this.#exceeded("AMF_KEY_TOO_LONG", `${byteLength} bytes; the limit is ${this.#limits.keyBytes}.`);
		}
	}

	/** The error for a marker that cannot stand there; the marker was just read. */
	badMarker(marker: number): PeerError {
		return new PeerError(
			"AMF_BAD_MARKER",
			`0x${marker.toString(16).padStart(2, "0")} at byte ${this.input.position - 1}.`,
			this.input.position - 1,
		);
	}

	/** The error for an index past the end of a table; the reference was just read. */
	badReference(index: number, tableLength: number): PeerError {
		return new PeerError(
			"AMF_BAD_REFERENCE",
			`Index ${index} of ${tableLength} at byte ${this.input.position}.`,
			this.input.position,
		);
	}

	#exceeded(code: FaultCode, detail: string): never {
		throw new LimitError(code, `${detail} At byte ${this.input.position}.`, this.input.position);
	}
}
