import { types } from "node:util";
import {
	AMF_LIMITS,
	AmfEcmaArray,
	type AmfObject,
	AmfTypedObject,
	type AmfValue,
	AmfVector,
	AmfXml,
} from "@millrace/core/amf";
import { LimitError } from "@millrace/core/fault";
import type { NativeClass, ScriptFunction, ScriptObject, ScriptValue } from "./native-class.ts";

/** What the conversion needs of a realm. */
export type AmfRealm = {
	newObject(): ScriptObject;
	newArray(): ScriptObject;
	newDate(millis: number): ScriptObject;
	/** Constructs without arguments. Throws what the constructor throws. */
	construct(type: ScriptFunction): ScriptObject;
	/** The native class of an object. */
	nativeOf(object: ScriptObject): NativeClass | undefined;
	readonly nativeClasses: Iterable<NativeClass>;
	/** Code of a script threw while a value was converted. */
	onFault(error: unknown, where: string): void;
};

/** An array with gaps is sent whole, with `undefined` in the gaps, up to this length or this many gaps for each item. */
const SMALL_ARRAY = 1024;
const GAPS_EACH = 3;
const INDEX = /^(0|[1-9]\d*)$/;

/** Brings values of AMF into a realm and out of it. */
export class AmfBridge {
	readonly #realm: AmfRealm;
	readonly #classes = new Map<string, ScriptFunction>();
	/** The class names of received objects whose class is not registered: they are sent back under it. */
	readonly #names = new WeakMap<ScriptObject, string>();

	constructor(realm: AmfRealm) {
		this.#realm = realm;
	}

	/** Gives a class its name on the wire; `null` takes it away. */
	registerClass(name: string, type: ScriptFunction | null): void {
		if (type === null) this.#classes.delete(name);
		else this.#classes.set(name, type);
	}

	/** A value of AMF as the realm's own. Throws a `LimitError` for what is nested too deep. */
	toScript(value: AmfValue): ScriptValue {
		return this.#in(value, new Map(), 0);
	}

	/**
	 * A value of the realm as AMF. Functions are left out, or `undefined` where something must stand. Throws a `LimitError`
	 * for what is nested too deep or holds too many values; what getters throw goes to `onFault`, and the member is left
	 * out.
	 */
	fromScript(value: ScriptValue): AmfValue {
		return this.#out(value, { memo: new Map(), values: 0 }, 0);
	}

	// ── into the realm ──

	#in(value: AmfValue, memo: Map<object, ScriptValue>, depth: number): ScriptValue {
		if (typeof value !== "object" || value === null) return value;
		const known = memo.get(value);
		if (known !== undefined) return known;
		if (depth >= AMF_LIMITS.depth) throw new LimitError("AMF_TOO_DEEP");
		const remember = <T extends ScriptObject>(made: T): T => {
			memo.set(value, made);
			return made;
		};
		if (Array.isArray(value)) return this.#inItems(value, remember(this.#realm.newArray()), memo, depth);
		if (value instanceof Date) return remember(this.#realm.newDate(value.getTime()));
		if (value instanceof AmfTypedObject) {
			const object = remember(this.#instance(value.className));
			return this.#inMembers(Object.entries(value.members), object, memo, depth);
		}
		if (value instanceof AmfEcmaArray) {
			const array = this.#inItems(value.dense, remember(this.#realm.newArray()), memo, depth);
			// The length is the array's own.
			const entries = [...value.entries].filter(([key]) => key !== "length");
			return this.#inMembers(entries, array, memo, depth);
		}
		for (const { fromAmf } of this.#realm.nativeClasses) {
			const made = fromAmf?.(value);
			if (made !== undefined) return remember(made);
		}
		if (value instanceof AmfXml) return value.text;
		if (value instanceof AmfVector) return this.#inItems(value.items, remember(this.#realm.newArray()), memo, depth);
		if (ArrayBuffer.isView(value)) return this.#inItems([...value], remember(this.#realm.newArray()), memo, depth);
		const object = remember(this.#realm.newObject());
		if (!(value instanceof Map)) return this.#inMembers(Object.entries(value), object, memo, depth);
		const entries = [...value].map(([key, item]): [string, AmfValue] => [
			isContainer(key) ? "[object Object]" : String(key),
			item,
		]);
		return this.#inMembers(entries, object, memo, depth);
	}

	#inItems(
		items: readonly AmfValue[],
		array: ScriptObject,
		memo: Map<object, ScriptValue>,
		depth: number,
	): ScriptObject {
		const target = array as ScriptValue[];
		for (let index = 0; index < items.length; index++) target[index] = this.#in(items[index], memo, depth + 1);
		return array;
	}

	#inMembers(
		entries: readonly (readonly [string, AmfValue])[],
		object: ScriptObject,
		memo: Map<object, ScriptValue>,
		depth: number,
	): ScriptObject {
		for (const [key, item] of entries) this.#set(object, key, this.#in(item, memo, depth + 1));
		return object;
	}

	/** Sets a received member. A peer must not replace methods of the object's class. */
	#set(object: ScriptObject, key: string, value: ScriptValue): void {
		const inherited = Object.hasOwn(object, key) ? undefined : describeInherited(object, key);
		if (inherited?.set !== undefined) {
			try {
				Reflect.set(object, key, value);
			} catch (error) {
				this.#realm.onFault(error, `setter ${key}`);
			}
			return;
		}
		if (typeof inherited?.value === "function" && !Array.isArray(object)) return;
		Reflect.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
	}

	#instance(className: string): ScriptObject {
		const type = this.#classes.get(className);
		if (type !== undefined) {
			try {
				return this.#realm.construct(type);
			} catch (error) {
				this.#realm.onFault(error, `constructor of ${className}`);
			}
		}
		const object = this.#realm.newObject();
		this.#names.set(object, className);
		return object;
	}

	// ── out of the realm ──

	#out(value: ScriptValue, state: OutState, depth: number): AmfValue {
		if (++state.values > AMF_LIMITS.values) throw new LimitError("AMF_TOO_MANY_VALUES");
		switch (typeof value) {
			case "boolean":
			case "number":
			case "string":
			case "undefined":
				return value;
			case "bigint":
				return Number(value);
			case "function":
			case "symbol":
				return undefined;
		}
		if (value === null || typeof value !== "object") return null;
		const known = state.memo.get(value);
		if (known !== undefined) return known;
		if (depth >= AMF_LIMITS.depth) throw new LimitError("AMF_TOO_DEEP");
		if (types.isDate(value)) return keep(state, value, new Date(Date.prototype.getTime.call(value)));
		if (types.isBoxedPrimitive(value)) return this.#out(unboxed(value), state, depth);
		const toAmf = this.#realm.nativeOf(value)?.toAmf;
		if (toAmf !== undefined) return keep(state, value, toAmf(value));
		if (Array.isArray(value)) return this.#outArray(value, state, depth);
		const members: AmfObject = Object.create(null);
		const className = this.#nameOf(value);
		state.memo.set(value, className === undefined ? members : new AmfTypedObject(className, members));
		if (types.isNativeError(value)) this.#outMember(value, "message", members, state, depth);
		for (const key of Object.keys(value)) this.#outMember(value, key, members, state, depth);
		return state.memo.get(value);
	}

	#outMember(object: ScriptObject, key: string, members: AmfObject, state: OutState, depth: number): void {
		const item = this.#read(object, key);
		if (typeof item !== "function") members[key] = this.#out(item, state, depth + 1);
	}

	#outArray(array: readonly unknown[], state: OutState, depth: number): AmfValue {
		const keys = Object.keys(array);
		const indices = keys.filter(key => INDEX.test(key));
		const named = keys.filter(key => !INDEX.test(key) && typeof this.#read(array, key) !== "function");
		const isDense = array.length <= SMALL_ARRAY || array.length <= indices.length * (1 + GAPS_EACH);
		if (named.length === 0 && isDense) {
			const items: AmfValue[] = [];
			state.memo.set(array, items);
			for (let index = 0; index < array.length; index++) {
				items.push(this.#out(this.#read(array, String(index)), state, depth + 1));
			}
			return items;
		}
		const ecma = new AmfEcmaArray();
		state.memo.set(array, ecma);
		for (const key of [...indices, ...named]) {
			const item = this.#out(this.#read(array, key), state, depth + 1);
			if (key === String(ecma.dense.length)) ecma.dense.push(item);
			else ecma.entries.set(key, item);
		}
		return ecma;
	}

	/** Reads a member; a getter that throws gives a function's place: nothing. */
	#read(object: object, key: string): ScriptValue {
		try {
			return (object as Record<string, ScriptValue>)[key];
		} catch (error) {
			this.#realm.onFault(error, `getter ${key}`);
			return undefined;
		}
	}

	#nameOf(object: ScriptObject): string | undefined {
		const prototype = Object.getPrototypeOf(object);
		for (const [name, type] of this.#classes) {
			if (prototype !== null && prototype === (type as { prototype?: unknown }).prototype) return name;
		}
		return this.#names.get(object);
	}
}

type OutState = { readonly memo: Map<object, AmfValue>; values: number };

function keep(state: OutState, object: object, value: AmfValue): AmfValue {
	state.memo.set(object, value);
	return value;
}

function isContainer(value: AmfValue): boolean {
	return typeof value === "object" && value !== null;
}

/** What classes say of a member. What every object inherits is not theirs: `__proto__` is no setter, `watch` a name. */
function describeInherited(object: ScriptObject, key: string): PropertyDescriptor | undefined {
	for (let type = Object.getPrototypeOf(object); type !== null; ) {
		const above = Object.getPrototypeOf(type);
		if (above === null) break;
		const descriptor = Object.getOwnPropertyDescriptor(type, key);
		if (descriptor !== undefined) return descriptor;
		type = above;
	}
	return undefined;
}

function unboxed(value: object): ScriptValue {
	if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value);
	if (types.isStringObject(value)) return String.prototype.valueOf.call(value);
	if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value);
	return undefined;
}
