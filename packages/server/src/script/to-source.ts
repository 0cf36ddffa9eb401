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
			return ofFunction(value);
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
		return isEmpty ? "[]" : ofArray(value, seen);
	}
	const entries = isEmpty
		? []
		: Object.keys(value).map(key => `${NAME.test(key) ? key : quoted(key)}:${inner(members[key], seen)}`);
	return `{${entries.join(", ")}}`;
}

/** A function without a name is an expression only in parentheses. */
function ofFunction(value: object): string {
	const text: string = Function.prototype.toString.call(value);
	return /^function\s*\(/.test(text) ? `(${text})` : text;
}

/** Gaps stay gaps; one at the end needs a comma of its own. */
function ofArray(array: readonly ScriptValue[], seen: Set<object>): string {
	const items = Array.from(array, (item, index) => (index in array ? inner(item, seen) : ""));
	return `[${items.join(", ")}${items.at(-1) === "" ? "," : ""}]`;
}

/** In ASCII, as SpiderMonkey writes it. */
function quoted(text: string): string {
	const escaped = text.replace(/[^ !#-[\]-~]/g, character => {
		const code = character.charCodeAt(0);
		const hex = code.toString(16).toUpperCase();
		return ESCAPES[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`);
	});
	return `"${escaped}"`;
}

const ESCAPES: Readonly<Record<string, string>> = {
	"\b": "\\b",
	"\t": "\\t",
	"\n": "\\n",
	"\v": "\\v",
	"\f": "\\f",
	"\r": "\\r",
	'"': '\\"',
	"\\": "\\\\",
};
