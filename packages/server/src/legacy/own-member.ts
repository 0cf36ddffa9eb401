import type { ScriptFunction, ScriptObject, ScriptRealm, ScriptValue } from "../script/index.ts";

/** Finds the functions of a script's object that others may call by name: those that scripts have put there. */
export class ScriptHandlers {
	readonly #natives: ReadonlyMap<string, ScriptValue>;
	readonly #reserved: ReadonlySet<string>;

	/**
	 * @param type a class of ours, just defined: what its prototype holds now is not for others to call
	 * @param reserved events, which the server alone may call
	 */
	constructor(type: ScriptFunction, reserved: readonly string[]) {
		const { prototype } = type as unknown as { readonly prototype: ScriptObject };
		const names = Object.entries(Object.getOwnPropertyDescriptors(prototype));
		this.#natives = new Map(names.map(([name, { value }]) => [name, value]));
		this.#reserved = new Set(["constructor", "__proto__", "__resolve", ...reserved]);
	}

	/**
	 * The function by a name, `say` or `chat/say` or `chat.say`, and the object that it is a member of. `undefined`: there
	 * is none, or it is none of a script's.
	 */
	find(object: ScriptObject, name: string): { readonly holder: ScriptObject; readonly fn: ScriptFunction } | undefined {
		let holder: ScriptObject = object;
		let value = this.#member(object, name);
		if (value === undefined) {
			for (const part of name.split(/[/.]/)) {
				holder = (value as ScriptObject | undefined) ?? object;
				value = holder === object ? this.#member(holder, part) : ownMember(holder, part);
				if (value === undefined || value === null || !/^(object|function)$/.test(typeof value)) return undefined;
			}
		}
		return typeof value === "function" ? { holder, fn: value as ScriptFunction } : undefined;
	}

	/** A member that a script has put on the object, or on the prototype of its class. */
	#member(object: ScriptObject, name: string): ScriptValue {
		if (this.#reserved.has(name)) return undefined;
		const own = ownMember(object, name);
		if (own !== undefined) return own;
		const inherited = ownMember(Object.getPrototypeOf(object) as ScriptObject, name);
		return this.#natives.has(name) && this.#natives.get(name) === inherited ? undefined : inherited;
	}
}

/** Calls what another has called; `undefined` where there is nothing to call. What it throws is reported as a fault. */
export function callHandler(
	realm: ScriptRealm,
	handlers: ScriptHandlers,
	object: ScriptObject,
	name: string,
	args: readonly ScriptValue[],
): { readonly value: ScriptValue; readonly failed: boolean } | undefined {
	const found = handlers.find(object, name);
	if (found === undefined) return undefined;
	const { failed, value } = realm.invokeFunction(found.fn, found.holder, args, name);
	return { failed, value };
}

/** Members by accessors are a script's own affair. */
function ownMember(object: ScriptObject, name: string): ScriptValue {
	return Object.getOwnPropertyDescriptor(object, name)?.value;
}
