import type { ScriptFunction, ScriptObject, ScriptRealm } from "../script/index.ts";

/** A function that a client may call, and what `this` is inside it. */
export type RemoteMethod = { readonly call: ScriptFunction; readonly self: ScriptObject };

/**
 * The functions of an object that clients may call: those that scripts have put on it or on prototypes that it inherits
 * from, and on objects that stand there as namespaces. What the server itself has put there is not for clients.
 */
export class RemoteMethods {
	readonly #realm: ScriptRealm;
	/** All that was there before the first script was run, and what libraries of ours have brought. */
	readonly #builtIn: Set<unknown>;

	/** To be made when all classes are defined. `hidden` are prototypes of those that are no globals. */
	constructor(realm: ScriptRealm, hidden: readonly ScriptObject[]) {
		this.#realm = realm;
		this.#builtIn = new Set([...functionsOf(hidden), ...classFunctions(realm)]);
	}

	/** Runs what defines more that is the server's own. */
	defineMore(define: (realm: ScriptRealm) => void): void {
		const before = new Set(classFunctions(this.#realm));
		define(this.#realm);
		for (const each of classFunctions(this.#realm)) if (!before.has(each)) this.#builtIn.add(each);
	}

	/**
	 * Finds a function by the name that a client called: `name`, `folder/name` or `folder.name`; `this` of the latter is
	 * the folder. What getters throw is thrown.
	 */
	find(object: ScriptObject, name: string): RemoteMethod | undefined {
		const direct = this.#member(object, name);
		if (typeof direct === "function") return { call: direct as ScriptFunction, self: object };
		const parts = name.split(/[/.]/);
		let self = object;
		for (const part of parts.slice(0, -1)) {
			const next = this.#member(self, part);
			if (typeof next !== "object" || next === null) return undefined;
			self = next;
		}
		const found = parts.length > 1 ? this.#member(self, parts.at(-1)!) : undefined;
		return typeof found === "function" ? { call: found as ScriptFunction, self } : undefined;
	}

	#member(object: ScriptObject, name: string): unknown {
		for (let holder: object | null = object; holder !== null; holder = Object.getPrototypeOf(holder)) {
			const descriptor = Object.getOwnPropertyDescriptor(holder, name);
			if (descriptor === undefined) continue;
			if (descriptor.get !== undefined && this.#builtIn.has(descriptor.get)) return undefined;
			const value: unknown =
				descriptor.get === undefined ? descriptor.value : Reflect.apply(descriptor.get, object, []);
			return this.#builtIn.has(value) ? undefined : value;
		}
		return undefined;
	}
}

/** The functions on all classes that are globals, and on their prototypes. */
function classFunctions(realm: ScriptRealm): unknown[] {
	const globals = Object.values(Object.getOwnPropertyDescriptors(realm.global)).map(({ value }) => value as unknown);
	const types = globals.filter(value => typeof value === "function") as unknown as readonly { prototype?: unknown }[];
	return functionsOf(types.flatMap(type => [type, type.prototype]));
}

function functionsOf(objects: readonly unknown[]): unknown[] {
	const members = objects.flatMap(object => Object.values(Object.getOwnPropertyDescriptors(object ?? {})));
	return members.map(({ get, value }) => get ?? (value as unknown)).filter(member => typeof member === "function");
}
