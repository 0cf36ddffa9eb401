import type { ScriptFunction, ScriptObject, ScriptValue } from "./native-class.ts";
import type { ScriptRealm } from "./script-realm.ts";

/** Defines the global functions of the old server that need nothing but the realm. */
export function defineGlobals(realm: ScriptRealm): void {
	realm.defineGlobal("trace", args => realm.trace(args.map(String).join(" ")));
	realm.defineGlobal("load", ([name]) => realm.load(String(name)));
	realm.defineGlobal("setInterval", args => realm.timers.set(args));
	realm.defineGlobal("clearInterval", ([id]) => realm.timers.clear(id));
	realm.defineGlobal("setAttributes", setAttributes);
	definePlaceOfErrors(realm);
}

/**
 * Defines what exists while `secure.asc` is run, and returns what takes it away again: `getGlobal`, and `protectObject`,
 * which gives an object whose methods call those of another that scripts cannot reach.
 */
export function defineSecureGlobals(realm: ScriptRealm): () => void {
	realm.defineGlobal("getGlobal", () => realm.global);
	realm.defineGlobal("protectObject", ([object]) => {
		if (!isObject(object)) throw new TypeError("protectObject needs an object");
		const guard = realm.newObject();
		for (const name in object) {
			if (typeof object[name] !== "function") continue;
			const call = realm.makeFunction(name, (_self, args) => {
				const method = object[name];
				if (typeof method !== "function") throw new TypeError(`${name} is not a function`);
				return Reflect.apply(method as ScriptFunction, object, args);
			});
			Object.defineProperty(guard, name, { value: call, enumerable: true, writable: true, configurable: true });
		}
		return guard;
	});
	return () => {
		Reflect.deleteProperty(realm.global, "getGlobal");
		Reflect.deleteProperty(realm.global, "protectObject");
	};
}

/** `fileName` and `lineNumber` of errors, which SpiderMonkey has. */
function definePlaceOfErrors(realm: ScriptRealm): void {
	const { prototype } = (realm.global as { readonly Error: { readonly prototype: ScriptObject } }).Error;
	const place = { fileName: "file", lineNumber: "line" } as const;
	for (const [name, part] of Object.entries(place)) {
		Object.defineProperty(prototype, name, {
			get: realm.makeFunction(name, self => realm.scriptError(self).fault[part]),
			set: realm.makeFunction(name, (self, [value]) => {
				if (isObject(self)) realm.setOwn(self, name, value);
			}),
			configurable: true,
		});
	}
}

/** `setAttributes(object, property, enumerable, readOnly, permanent)`. What is permanent stays as it is. */
function setAttributes([object, property, enumerable, readOnly, permanent]: readonly ScriptValue[]): void {
	if (!isObject(object)) throw new TypeError("setAttributes needs an object");
	const name = String(property);
	const former = Reflect.getOwnPropertyDescriptor(object, name) ?? { value: object[name] };
	const isAccessor = former.get !== undefined || former.set !== undefined;
	Reflect.defineProperty(object, name, {
		...former,
		enumerable: Boolean(enumerable),
		...(!isAccessor && { writable: !readOnly }),
		configurable: !permanent,
	});
}

function isObject(value: ScriptValue): value is Record<string, ScriptValue> {
	return (typeof value === "object" && value !== null) || typeof value === "function";
}
