import type { AmfValue } from "@millrace/core/amf";

/**
 * An object that lives in a realm; never a host object. What the host keeps of it hangs on it by a `WeakMap`, never by a
 * property.
 */
export type ScriptObject = object;

/** A function of a realm. */
export type ScriptFunction = (...args: unknown[]) => unknown;

/** What scripts see: primitives, objects and functions of the realm. */
export type ScriptValue = unknown;

/** What a native function does: its `this`, which is `undefined` where it was called without, and its arguments. */
export type NativeCall = (self: ScriptValue, args: readonly ScriptValue[]) => ScriptValue;

/** A class that scripts see and the host implements; `ScriptRealm.defineClass` makes its constructor. */
export type NativeClass = {
	readonly name: string;
	/**
	 * Called for `new Name(...)`, for `Name(...)`, and for `Name.call(object, ...)` where the object inherits from the
	 * class. `self` is an object with the prototype. Absent: making one throws a TypeError.
	 */
	construct?(self: ScriptObject, args: readonly ScriptValue[]): void;
	/** Members of the prototype, not enumerable; scripts may replace them. */
	readonly methods?: Readonly<Record<string, (self: ScriptObject, args: readonly ScriptValue[]) => ScriptValue>>;
	/** Members of the constructor. */
	readonly statics?: Readonly<Record<string, (args: readonly ScriptValue[]) => ScriptValue>>;
	/** Members of the prototype, not enumerable. Without `set` an assignment does nothing, as to read-only members. */
	readonly accessors?: Readonly<Record<string, NativeAccessor>>;
	/** What is sent where a script sends such an object. Default: its own enumerable properties. */
	toAmf?(self: ScriptObject): AmfValue;
	/**
	 * Makes an instance of a received value that has a type of its own in AMF: a byte array, a vector, a dictionary,
	 * XML. `undefined`: the value is none of this class.
	 */
	fromAmf?(value: AmfValue): ScriptObject | undefined;
	/** The class is no global. Default: it is. */
	readonly isHidden?: boolean;
};

/** A member that is read and written by functions. */
export type NativeAccessor = {
	get(self: ScriptObject): ScriptValue;
	set?(self: ScriptObject, value: ScriptValue): void;
};
