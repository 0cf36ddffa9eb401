import { types } from "node:util";
import type { ScriptObject, ScriptValue } from "./native-class.ts";
import type { ScriptRealm } from "./script-realm.ts";

/** How deep a value is written out. */
const MAX_DEPTH = 100;
const NAME = /^[A-Za-z_$][\w$]*$/;

/** Defines `uneval` and the `toSource` that every object has in SpiderMonkey: the text that would make the value. */
export function defineToSource(realm: ScriptRealm): void {
	const { prototype } = (realm.global as { readonly Object: { readonly prototype: ScriptObject } }).Object;
	const toSource = realm.makeFunction("toSource", self => sourceOf(self, []));
	Object.defineProperty(prototype, "toSource", { value: toSource, writable: true, configurable: true });
	realm.defineGlobal("uneval", ([value]) => inner(value, []));
}

/** Source text that makes the value; objects stand in parentheses, so that it is an expression anywhere. */
function sourceOf(value: ScriptValue, outer: readonly unknown[]): string {
	const text = inner(value, outer);
	return text.startsWith("{") ? `(${text})` : text;
}

function inner(value: ScriptValue, outer: readonly unknown[]): string {
	switch (typeof value) {
		case "string":
			return quoted(value);
		case "number":
			return Object.is(value, -0) ? "-0" : String(value);
		case "function":
			return Function.prototype.toString.call(value);
		case "object":
			return value === null ? "null" : ofObject(value, outer);
		default:
			return String(value);
	}
}

function ofObject(value: object, outer: readonly unknown[]): string {
	if (types.isDate(value)) return `(new Date(${Date.prototype.getTime.call(value)}))`;
	if (types.isRegExp(value)) return String(value);
	if (types.isNativeError(value)) return `(new ${value.name}(${quoted(value.message)}))`;
	if (types.isNumberObject(value)) return `(new Number(${Number(value)}))`;
	if (types.isStringObject(value)) return `(new String(${quoted(String(value))}))`;
	if (types.isBooleanObject(value)) return `(new Boolean(${Boolean.prototype.valueOf.call(value)}))`;
	// What is inside itself is left empty there, as SpiderMonkey does.
	const isEmpty = outer.includes(value) || outer.length >= MAX_DEPTH;
	const within = [...outer, value];
	const members = value as Record<string, ScriptValue>;
	if (Array.isArray(value)) {
		return `[${isEmpty ? "" : Array.from(value, item => inner(item, within)).join(", ")}]`;
	}
	const entries = isEmpty
		? []
		: Object.keys(value).map(key => `${NAME.test(key) ? key : quoted(key)}:${inner(members[key], within)}`);
	return `{${entries.join(", ")}}`;
}

function quoted(text: string): string {
	return JSON.stringify(text);
}
