import { type AmfValue, encodeValues, type ObjectEncoding } from "../amf/index.ts";
import { UsageError } from "../fault/index.ts";
import { amf0Form } from "./amf0-form.ts";

/** The longest form of one value, in bytes: a message ends at 16 MiB and holds more than the value. */
const MAX_FORM_BYTES = 8 * 1024 * 1024;

/**
 * The value of a slot, or a handler's arguments, and its form in each encoding. A form is made once, however many
 * clients get it. It is a snapshot: what is done to the value afterwards does not show in forms that exist.
 */
export class SlotValue {
	readonly value: AmfValue;
	readonly #amf3: Uint8Array;
	#amf0: Uint8Array | undefined;

	/** @throws UsageError AMF_UNENCODABLE for what AMF3 cannot hold, and for more than 8 MiB */
	constructor(value: AmfValue) {
		this.value = value;
		this.#amf3 = encodeSlotValue(value, 3);
	}

	/** The size that quotas count: that of the form for AMF3, which holds everything. */
	get byteLength(): number {
		return this.#amf3.length;
	}

	/**
	 * The bytes, as they stand behind the slot's name. What AMF0 has not becomes `undefined`, and vectors arrays; a value
	 * that is too large in AMF0, which repeats what AMF3 refers to, becomes `undefined` altogether.
	 */
	form(encoding: ObjectEncoding): Uint8Array {
		if (encoding === 3) return this.#amf3;
		this.#amf0 ??= this.#makeAmf0();
		return this.#amf0;
	}

	#makeAmf0(): Uint8Array {
		for (const attempt of [() => this.value, () => amf0Form(this.value)]) {
			try {
				return encodeSlotValue(attempt(), 0);
			} catch (error) {
				if (!(error instanceof UsageError)) throw error;
			}
		}
		return encodeSlotValue(undefined, 0);
	}
}

/**
 * One value with reference tables of its own, so that it may stand in any message (Red5 resets them for each slot too).
 *
 * @throws UsageError AMF_UNENCODABLE
 */
export function encodeSlotValue(value: AmfValue, encoding: ObjectEncoding): Uint8Array {
	return encodeValues([value], encoding, { maxBytes: MAX_FORM_BYTES });
}
