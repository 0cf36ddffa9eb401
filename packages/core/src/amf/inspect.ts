import { AmfEcmaArray, AmfTypedObject, type AmfValue, AmfVector, AmfXml } from "./amf-types.ts";

/** How much of a value is shown. */
export type AmfInspectOptions = {
	/** Characters in all. Default 500. */
	maxLength?: number;
	/** Containers inside containers. Default 6. */
	depth?: number;
	/** Members or items of one container. Default 30. */
	members?: number;
	/** Characters of one string. Default 100. */
	stringLength?: number;
};

/**
 * A value on one line for logs, in the manner of an object literal. Bounded in length and work whatever the peer sent,
 * and safe for cycles and control characters; what is left out shows as `…`. It is not meant to be parsed.
 */
export function inspectAmf(value: AmfValue, options: AmfInspectOptions = {}): string {
	const inspector = new Inspector(options);
	inspector.value(value);
	return inspector.text;
}

const SHOWN_BYTES = 16;

/** What JSON leaves as it is, though terminals and log viewers obey it: C1 controls, line separators, text direction. */
const UNSAFE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escaped(character: string): string {
	return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

class Inspector {
	text = "";
	readonly #maxLength: number;
	readonly #depth: number;
	readonly #members: number;
	readonly #stringLength: number;
	/** The containers that are open, outermost first. */
	readonly #open: object[] = [];
	#isFull = false;

	constructor(options: AmfInspectOptions) {
		this.#maxLength = options.maxLength ?? 500;
		this.#depth = options.depth ?? 6;
		this.#members = options.members ?? 30;
		this.#stringLength = options.stringLength ?? 100;
	}

	value(value: AmfValue): void {
		if (typeof value === "string") this.#add(this.#quoted(value));
		else if (typeof value !== "object" || value === null) this.#add(Object.is(value, -0) ? "-0" : String(value));
		else if (value instanceof Date) this.#add(Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString());
		else if (value instanceof AmfXml) this.#add(`xml ${this.#quoted(value.text)}`);
		else if (value instanceof Uint8Array) this.#add(`bytes(${value.length})${hexOf(value)}`);
		else if (ArrayBuffer.isView(value)) this.#numbers(value);
		else this.#container(value);
	}

	#container(value: Exclude<AmfValue, undefined | null | boolean | number | string>): void {
		if (this.#open.includes(value)) {
			this.#add("<cycle>");
		} else if (this.#open.length >= this.#depth) {
			this.#add("…");
		} else {
			this.#open.push(value);
			this.#contents(value);
			this.#open.pop();
		}
	}

	#contents(value: object): void {
		if (Array.isArray(value)) {
			this.#list("[", value as AmfValue[], "]");
		} else if (value instanceof AmfVector) {
			this.#list(`vector<${this.#clipped(value.typeName)}>[`, value.items, "]");
		} else if (value instanceof AmfEcmaArray) {
			this.#pairs("ecma [", value.entries, value.dense.length > 0 ? "; " : "]");
			if (value.dense.length > 0) this.#list("", value.dense, "]");
		} else if (value instanceof Map) {
			this.#pairs("map {", value as Map<AmfValue, AmfValue>, "}");
		} else if (value instanceof AmfTypedObject) {
			this.#pairs(`${this.#clipped(value.className)} {`, membersOf(value.members), "}");
		} else {
			this.#pairs("{", membersOf(value), "}");
		}
	}

	#list(opening: string, items: readonly AmfValue[], closing: string): void {
		this.#add(opening);
		for (let index = 0; index < items.length && !this.#isFull; index++) {
			if (index > 0) this.#add(", ");
			if (index >= this.#members) {
				this.#add("…");
				break;
			}
			this.value(items[index]);
		}
		this.#add(closing);
	}

	#pairs(opening: string, pairs: Iterable<readonly [AmfValue, AmfValue]>, closing: string): void {
		this.#add(opening);
		let count = 0;
		for (const [key, value] of pairs) {
			if (this.#isFull) break;
			if (count > 0) this.#add(", ");
			if (count++ >= this.#members) {
				this.#add("…");
				break;
			}
			if (typeof key === "string" && /^[\w$.-]{1,100}$/.test(key)) this.#add(key);
			else this.value(key);
			this.#add(": ");
			this.value(value);
		}
		this.#add(closing);
	}

	#numbers(vector: Int32Array | Uint32Array | Float64Array): void {
		const shown = Array.from(vector.subarray(0, this.#members), String).join(", ");
		const rest = vector.length > this.#members ? ", …" : "";
		this.#add(`${vector.constructor.name}(${vector.length})[${shown}${rest}]`);
	}

	#quoted(text: string): string {
		const rest = text.length > this.#stringLength ? "…" : "";
		return JSON.stringify(text.slice(0, this.#stringLength)).replace(UNSAFE, escaped) + rest;
	}

	/** A name without quotes, on which nothing may hang that a terminal would obey. */
	#clipped(text: string): string {
		return this.#quoted(text).replaceAll('"', "");
	}

	/** Appends, up to the length in all. */
	#add(text: string): void {
		if (this.#isFull) return;
		if (this.text.length + text.length > this.#maxLength) {
			this.text = `${(this.text + text).slice(0, Math.max(this.#maxLength - 1, 0))}…`;
			this.#isFull = true;
		} else {
			this.text += text;
		}
	}
}

/** The members one by one: those that are not shown are not read. */
function* membersOf(object: object): Generator<readonly [string, AmfValue]> {
	for (const key in object) {
		if (Object.hasOwn(object, key)) yield [key, (object as { [key: string]: AmfValue })[key]];
	}
}

function hexOf(bytes: Uint8Array): string {
	const digits = Array.from(bytes.subarray(0, SHOWN_BYTES), byte => byte.toString(16).padStart(2, "0")).join("");
	return bytes.length === 0 ? "" : ` ${digits}${bytes.length > SHOWN_BYTES ? "…" : ""}`;
}
