import { types } from "node:util";
import type { ScriptObject, ScriptValue } from "./native-class.ts";
import type { ScriptRealm } from "./script-realm.ts";

const NAME = /^[A-Za-z_$][\w$]*$/;

/** Defines `uneval` and the `toSource` that every object has in SpiderMonkey: the text that would make the value. */
export function defineToSource(realm: ScriptRealm): void {
	const { prototype } = (realm.global as { readonly Object: { readonly prototype: ScriptObject } }).Object;
	const toSource = realm.makeFunction("toSource", self => sourceOf(Object(self)));
	Object.defineProperty(prototype, "toSource", { value: toSource, writable: true, configurable: true });
	realm.defineGlobal("uneval", ([value]) => inner(value, new Set()));
}

/** Source text that makes the value; objects stand in parentheses, so that it is an expression anywhere. */
function sourceOf(value: ScriptValue): string {
	const text = inner(value, new Set());
	return text.startsWith("{") ? `(${text})` : text;
}

function inner(value: ScriptValue, seen: Set<object>): string {
	switch (typeof value) {
		case "string":
			return quoted(value);
		case "number":
			return Object.is(value, -0) ? "-0" : String(value);
		case "function":
			return Function.prototype.toString.call(value);
		case "object":
			return value === null ? "null" : ofObject(value, seen);
		default:
			return String(value);
	}
}

function ofObject(value: object, seen: Set<object>): string {
	if (types.isDate(value)) return `(new Date(${Date.prototype.getTime.call(value)}))`;
	if (types.isRegExp(value)) return String(value);
	if (types.isNativeError(value)) return `(new ${value.name}(${quoted(value.message)}))`;
	if (types.isNumberObject(value)) return `(new Number(${Number(value)}))`;
	if (types.isStringObject(value)) return `(new String(${quoted(String(value))}))`;
	if (types.isBooleanObject(value)) return `(new Boolean(${Boolean.prototype.valueOf.call(value)}))`;
	// What stands in it already is left empty: SpiderMonkey refers to it by a number, which V8 does not understand.
	const isEmpty = seen.has(value);
	seen.add(value);
	const members = value as Record<string, ScriptValue>;
	if (Array.isArray(value)) {
		return `[${isEmpty ? "" : Array.from(value, item => inner(item, seen)).join(", ")}]`;
	}
	const entries = isEmpty
		? []
		: Object.keys(value).map(key => `${NAME.test(key) ? key : quoted(key)}:${inner(members[key], seen)}`);
	return `{${entries.join(", ")}}`;
}

function quoted(text: string): string {
	return JSON.stringify(text);
}
