import { type AmfReadOptions, AmfSource } from "./amf-source.ts";
import { AmfEcmaArray, type AmfObject, type AmfValue, AmfXml } from "./amf-types.ts";
import { Amf3Reader } from "./amf3-reader.ts";

/** References have 16 bits, so later containers cannot be referred to. */
const MAX_REFERENCES = 65_536;

/**
 * Reads the AMF0 values of one message (AMF 0 specification §2), whose reference table they share; so do the AMF3
 * values behind marker 11. Faults are `PeerError`s and `LimitError`s with the offset; after one, nothing more can be
 * read.
 *
 * Lenient where encoders are odd: counts of ECMA arrays are ignored (FFmpeg and librtmp write wrong ones), a top-level
 * object or ECMA array may end with the bytes (old FLV writers leave out the end marker), and a member's name may be
 * empty.
 */
export class Amf0Reader {
	readonly #source: AmfSource;
	/** Containers in the order in which they began. */
	readonly #references: AmfValue[] = [];
	#amf3: Amf3Reader | undefined;

	/** The reader of local shared objects passes its own source; `options` do not count then. */
	constructor(bytes: Uint8Array | AmfSource, options: AmfReadOptions = {}) {
		this.#source = bytes instanceof AmfSource ? bytes : new AmfSource(bytes, options);
	}

	/** Bytes read so far. */
	get position(): number {
		return this.#source.input.position;
	}

	/** Whether all bytes are read. */
	get atEnd(): boolean {
		return this.#source.input.remaining === 0;
	}

	/** The next value. */
	read(): AmfValue {
		return this.#value();
	}

	#value(): AmfValue {
		const source = this.#source;
		const input = source.input;
		source.spend();
		const marker = input.u8();
		switch (marker) {
			case 0x00:
				return input.f64();
			case 0x01:
				return input.u8() !== 0;
			case 0x02:
				return input.utf8(input.u16());
			case 0x03:
				return this.#object();
			case 0x05:
				return null;
			case 0x06:
			// "Unsupported" stands where the sender had something that AMF0 cannot say.
			case 0x0d:
				return undefined;
			case 0x07:
				return this.#reference();
			case 0x08:
				return this.#ecmaArray();
			case 0x0a:
				return this.#strictArray();
			case 0x0b:
				return this.#date();
			case 0x0c:
				return input.utf8(input.u32());
			case 0x0f:
				return new AmfXml(input.utf8(input.u32()), true);
			case 0x10:
				return this.#typedObject();
			case 0x11:
				return this.#avmPlus();
			default:
				throw source.badMarker(marker);
		}
	}

	#object(): AmfObject {
		const object: AmfObject = Object.create(null);
		this.#remember(object);
		this.#members(object);
		return object;
	}

	#typedObject(): AmfValue {
		const { input, classes } = this.#source;
		const nameLength = input.u16();
		this.#source.mustBeKey(nameLength);
		const className = input.utf8(nameLength);
		if (className === "") return this.#object();
		const members: AmfObject = Object.create(null);
		const instance = classes.instantiate(className, members, undefined);
		this.#remember(instance);
		this.#members(members);
		classes.complete(instance, members);
		return instance;
	}

	#members(object: AmfObject): void {
		this.#source.enter();
		for (let key = this.#key(); key !== undefined; key = this.#key()) object[key] = this.#value();
		this.#source.leave();
	}

	#ecmaArray(): AmfEcmaArray {
		const array = new AmfEcmaArray();
		this.#remember(array);
		this.#source.input.skip(4);
		this.#source.enter();
		for (let key = this.#key(); key !== undefined; key = this.#key()) array.entries.set(key, this.#value());
		this.#source.leave();
		return array;
	}

	/** A member's name, or `undefined` at the end of the members. */
	#key(): string | undefined {
		const source = this.#source;
		const input = source.input;
		const mayEnd = source.depth === 1;
		if (mayEnd && input.remaining === 0) return undefined;
		const length = input.u16();
		if (length === 0) {
			const next = input.peekU8();
			if (next === 0x09) {
				input.skip(1);
				return undefined;
			}
			return mayEnd && next < 0 ? undefined : "";
		}
		source.mustBeKey(length);
		return input.utf8(length);
	}

	#strictArray(): AmfValue[] {
		const items: AmfValue[] = [];
		this.#remember(items);
		const count = this.#source.input.u32();
		this.#source.mustHold(count, 1);
		this.#source.enter();
		for (let index = 0; index < count; index++) items.push(this.#value());
		this.#source.leave();
		return items;
	}

	#date(): Date {
		const date = new Date(this.#source.input.f64());
		// The time zone: the number is UTC whatever it says (AMF 0 §2.13).
		this.#source.input.skip(2);
		return date;
	}

	#reference(): AmfValue {
		const index = this.#source.input.u16();
		if (index >= this.#references.length) throw this.#source.badReference(index, this.#references.length);
		return this.#references[index];
	}

	#remember(container: AmfValue): void {
		if (this.#references.length < MAX_REFERENCES) this.#references.push(container);
	}

	#avmPlus(): AmfValue {
		this.#amf3 ??= new Amf3Reader(this.#source);
		return this.#amf3.readValue();
	}
}
