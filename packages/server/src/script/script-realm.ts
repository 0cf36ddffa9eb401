import { readFileSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { constants, createContext, Script } from "node:vm";
import type { AmfValue } from "@millrace/core/amf";
import { AmfBridge } from "./amf-bridge.ts";
import { FaultReader } from "./fault-reader.ts";
import type { NativeCall, NativeClass, ScriptFunction, ScriptObject, ScriptValue } from "./native-class.ts";
import { OLD_LANGUAGE } from "./old-language.ts";
import { OLD_GLOBALS, REALM_PRELUDE } from "./realm-prelude.ts";
import { ScriptCompiler } from "./script-compiler.ts";
import { ScriptError, type ScriptFault } from "./script-fault.ts";
import { findScript } from "./script-finder.ts";
import { defineGlobals, defineSecureGlobals } from "./script-globals.ts";
import { ScriptTimers } from "./script-timers.ts";
import { decodeSource } from "./source-text.ts";
import { defineToSource } from "./to-source.ts";

export type ScriptRealmOptions = {
	/** The application's folder, absolute: `load` finds files in it, and faults name files relative to it. */
	readonly folder: string;
	/** More folders in which `load` finds files, in order (`ScriptLibPath`). */
	readonly libraries: readonly string[];
	/**
	 * Libraries of our own, by their names in lower case: `load` runs them where no folder has the file. Default: none.
	 */
	readonly builtIn?: ReadonlyMap<string, (realm: ScriptRealm) => void>;
	/** Takes what handlers, timers and loaded files throw. `where` names which. */
	onFault(fault: ScriptFault, where: string): void;
	trace(text: string): void;
};

/** What came of calling a script. `failed`: it threw, and `onFault` has been told. */
export type Invoked =
	| { readonly called: false; readonly failed: false; readonly value?: undefined }
	| { readonly called: true; readonly failed: false; readonly value: ScriptValue }
	| { readonly called: true; readonly failed: true; readonly value?: undefined; readonly fault: ScriptFault };

/** The errors of the realm that hosts can make. */
export type ScriptErrorName =
	| "Error"
	| "EvalError"
	| "RangeError"
	| "ReferenceError"
	| "SyntaxError"
	| "TypeError"
	| "URIError";

/** Compiled once for all realms. */
const LANGUAGE = new Script(OLD_LANGUAGE, { filename: "realm" });
const PRELUDE = new Script(REALM_PRELUDE, { filename: "realm" });

/** What the prelude gives. */
type Prelude = {
	readonly made: Readonly<Record<ScriptErrorName | "Object" | "Array" | "Date", new (...args: unknown[]) => object>>;
	/** Returned by a native call that failed; holds what it threw. */
	readonly failed: { thrown: ScriptValue };
	makeFunction(name: string, host: NativeCall): ScriptFunction;
	makeClass(name: string, host: NativeCall): ScriptFunction;
	readonly each: ScriptFunction;
	readonly pattern: ScriptFunction;
};

/**
 * A place of its own in which scripts of the old server run: their globals are the realm's, as are all objects and
 * functions that they see. It keeps careless scripts apart, not malicious ones: those are kept by their process.
 */
export class ScriptRealm {
	readonly global: ScriptObject;
	readonly timers: ScriptTimers;
	readonly #options: ScriptRealmOptions;
	readonly #prelude: Prelude;
	readonly #faults = new FaultReader();
	readonly #compiler: ScriptCompiler;
	readonly #amf: AmfBridge;
	readonly #classes: NativeClass[] = [];
	readonly #byType = new WeakMap<ScriptFunction, NativeClass>();
	readonly #natives = new WeakMap<ScriptObject, NativeClass>();
	readonly #loaded = new Set<string>();
	readonly #onClose: (() => void)[] = [];
	#mainFolder: string | undefined;
	#isClosed = false;

	constructor(options: ScriptRealmOptions) {
		this.#options = options;
		this.global = createContext(constants.DONT_CONTEXTIFY, { codeGeneration: { strings: true, wasm: false } });
		const takeCode = LANGUAGE.runInContext(this.global);
		const prelude = PRELUDE.runInContext(this.global);
		this.#prelude = prelude(this.#callHost, OLD_GLOBALS);
		this.#compiler = new ScriptCompiler(this, this.#faults, { ...this.#prelude, takeCode });
		this.timers = new ScriptTimers(this);
		this.onClose(() => this.timers.close());
		this.#amf = new AmfBridge({
			newObject: () => this.newObject(),
			newArray: () => this.newArray([]),
			newDate: millis => new this.#prelude.made.Date(millis),
			construct: type => this.construct(type),
			nativeOf: object => this.#natives.get(object),
			nativeClasses: this.#classes,
			onFault: (error, where) => this.report(error, where),
		});
		defineToSource(this);
		defineGlobals(this);
	}

	// ── running ──

	/**
	 * Compiles and runs a text. `file` is the name for faults, relative to the application's folder or absolute. Throws a
	 * `ScriptError`.
	 */
	run(source: string, file: string): ScriptValue {
		const path = resolve(this.#options.folder, file);
		const url = pathToFileURL(path).href;
		this.#faults.addSource(url, { file: this.#shown(path), text: source });
		const script = this.#compiler.compile(source, url);
		try {
			return script.runInContext(this.global);
		} catch (error) {
			throw this.scriptError(error);
		}
	}

	/**
	 * Runs a file. `load` finds files beside the first that is run so. Throws a `ScriptError`, and what the file system
	 * throws.
	 */
	runFile(path: string): ScriptValue {
		this.#mainFolder ??= dirname(path);
		return this.#runFile(path);
	}

	/** Runs `secure.asc`, with the functions that exist only there. Throws as `runFile` does. */
	runSecureFile(path: string): void {
		const removeSecure = defineSecureGlobals(this);
		try {
			this.#runFile(path);
		} finally {
			removeSecure();
		}
	}

	/**
	 * What `load()` of scripts does: runs a file at once, unless it has been run. A file that is missing or fails is
	 * reported; the script that loads it goes on.
	 */
	load(name: string): void {
		const { folder, libraries, builtIn } = this.#options;
		const where = `load("${name}")`;
		const path = findScript(name, [this.#mainFolder ?? folder, folder, ...libraries]);
		try {
			if (path !== undefined) {
				if (!this.#loaded.has(path)) this.#runFile(path);
				return;
			}
			const library = name.toLowerCase();
			const define = builtIn?.get(library);
			if (define === undefined)
				throw this.newError("Error", `The file ${name} is neither in the application nor in a library`);
			if (this.#loaded.has(library)) return;
			this.#loaded.add(library);
			define(this);
		} catch (error) {
			this.report(error, where);
		}
	}

	trace(text: string): void {
		this.#options.trace(text);
	}

	// ── calling ──

	/** Calls a member, where it is a function. What it throws goes to `onFault`. */
	invoke(self: ScriptObject, name: string, args: readonly ScriptValue[], where: string = name): Invoked {
		let member: ScriptValue;
		try {
			member = (self as Record<string, ScriptValue>)[name];
		} catch (error) {
			return { called: true, failed: true, fault: this.report(error, where) };
		}
		if (typeof member !== "function") return { called: false, failed: false };
		return this.invokeFunction(member as ScriptFunction, self, args, where);
	}

	/** Calls a function. What it throws goes to `onFault`. */
	invokeFunction(fn: ScriptFunction, self: ScriptValue, args: readonly ScriptValue[], where: string): Invoked {
		try {
			return { called: true, failed: false, value: Reflect.apply(fn, self, args) };
		} catch (error) {
			return { called: true, failed: true, fault: this.report(error, where) };
		}
	}

	/** Tells `onFault` of what was thrown. */
	report(error: unknown, where: string): ScriptFault {
		const { fault } = this.scriptError(error);
		this.#options.onFault(fault, where);
		return fault;
	}

	/** What was thrown by a script or by the host, with its place in a script. */
	scriptError(error: unknown): ScriptError {
		return error instanceof ScriptError ? error : new ScriptError(this.#faults.read(error));
	}

	// ── making ──

	/** Makes a class of the realm; it is a global too unless it is hidden. Returns its constructor. */
	defineClass(spec: NativeClass): ScriptFunction {
		const { name, construct, methods = {}, statics = {}, accessors = {} } = spec;
		const type = this.#prelude.makeClass(name, (self, args) => {
			if (construct === undefined) throw new TypeError(`${name} is not a constructor`);
			this.#natives.set(self as ScriptObject, spec);
			construct(self as ScriptObject, args);
		});
		this.#classes.push(spec);
		this.#byType.set(type, spec);
		const prototype = (type as unknown as { readonly prototype: ScriptObject }).prototype;
		// What `String(object)` says: `[object Client]`.
		defineHidden(prototype, Symbol.toStringTag, name);
		for (const [key, method] of Object.entries(methods)) {
			const call = this.makeFunction(key, (self, args) => method(this.#needObject(self, name, key), args));
			defineHidden(prototype, key, call);
		}
		for (const [key, { get, set }] of Object.entries(accessors)) {
			Object.defineProperty(prototype, key, {
				get: this.makeFunction(key, self => get(this.#needObject(self, name, key))),
				set: this.makeFunction(key, (self, [value]) => set?.(this.#needObject(self, name, key), value)),
				enumerable: false,
				configurable: true,
			});
		}
		for (const [key, call] of Object.entries(statics)) {
			defineHidden(
				type,
				key,
				this.makeFunction(key, (_self, args) => call(args)),
			);
		}
		if (spec.isHidden !== true) defineHidden(this.global, name, type);
		return type;
	}

	/** Defines a global function. */
	defineGlobal(name: string, call: (args: readonly ScriptValue[]) => ScriptValue): void {
		defineHidden(
			this.global,
			name,
			this.makeFunction(name, (_self, args) => call(args)),
		);
	}

	/** A function of the realm that calls the host. What the host throws becomes an error of the realm. */
	makeFunction(name: string, call: NativeCall): ScriptFunction {
		return this.#prelude.makeFunction(name, call);
	}

	/** An object of a native class, without its `construct`: for what the host makes itself. */
	instantiate(type: ScriptFunction): ScriptObject {
		const spec = this.#byType.get(type);
		if (spec === undefined) throw new TypeError("The class is not native.");
		const object = this.newObject();
		Object.setPrototypeOf(object, (type as unknown as { readonly prototype: ScriptObject }).prototype);
		this.#natives.set(object, spec);
		return object;
	}

	/** `new type(...args)`. Throws what the constructor throws. */
	construct(type: ScriptFunction, ...args: readonly ScriptValue[]): ScriptObject {
		return Reflect.construct(type, args);
	}

	newObject(members: Readonly<Record<string, ScriptValue>> = {}): ScriptObject {
		const object = new this.#prelude.made.Object();
		for (const [key, value] of Object.entries(members)) this.setOwn(object, key, value);
		return object;
	}

	newArray(items: readonly ScriptValue[]): ScriptObject {
		const array = new this.#prelude.made.Array() as ScriptValue[];
		for (let index = 0; index < items.length; index++) array[index] = items[index];
		return array;
	}

	newError(name: ScriptErrorName, message: string): ScriptObject {
		return new this.#prelude.made[name](message);
	}

	/** Gives an object a property of its own, as an assignment would if nothing were inherited. */
	setOwn(object: ScriptObject, name: string, value: ScriptValue): void {
		Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
	}

	// ── AMF ──

	/** A value of AMF as the realm's own. Throws a `LimitError`. */
	toScript(value: AmfValue): ScriptValue {
		return this.#amf.toScript(value);
	}

	/** A value of the realm as AMF. Throws a `LimitError`. */
	fromScript(value: ScriptValue): AmfValue {
		return this.#amf.fromScript(value);
	}

	/** Gives a class its name on the wire; `null` takes it away. */
	registerClass(name: string, type: ScriptFunction | null): void {
		this.#amf.registerClass(name, type);
	}

	// ── the end ──

	/** Calls `action` when the realm is closed; at once if it is. */
	onClose(action: () => void): void {
		if (this.#isClosed) action();
		else this.#onClose.push(action);
	}

	/** Ends timers and all that is told by `onClose`. */
	close(): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		for (const action of this.#onClose.splice(0)) action();
	}

	/** Runs a native function for the prelude. */
	readonly #callHost = (call: NativeCall, self: ScriptValue, args: readonly ScriptValue[]): ScriptValue => {
		try {
			// The array is the realm's, and its methods may be a script's.
			const copy: ScriptValue[] = [];
			for (let index = 0; index < args.length; index++) copy.push(args[index]);
			const value = call(self, copy);
			if (value instanceof Object) throw new TypeError("A native function returned an object of the host.");
			return value;
		} catch (error) {
			this.#prelude.failed.thrown = this.#realmError(error);
			return this.#prelude.failed;
		}
	};

	/** What a script is given to catch of what the host threw. */
	#realmError(error: unknown): ScriptValue {
		if (error instanceof ScriptError) return error.fault.thrown;
		if (!(error instanceof Error)) return error instanceof Object ? this.newError("Error", String(error)) : error;
		const name = Object.hasOwn(this.#prelude.made, error.name) ? (error.name as ScriptErrorName) : "Error";
		return this.newError(name, error.message);
	}

	#runFile(path: string): ScriptValue {
		this.#loaded.add(path);
		return this.run(decodeSource(readFileSync(path)), path);
	}

	#needObject(self: ScriptValue, type: string, member: string): ScriptObject {
		if ((typeof self === "object" && self !== null) || typeof self === "function") return self;
		throw new TypeError(`${type}.prototype.${member} called on incompatible ${String(self)}`);
	}

	#shown(path: string): string {
		const inside = relative(this.#options.folder, path);
		return inside.startsWith("..") || isAbsolute(inside) ? path : inside.split(sep).join("/");
	}
}

/** Sets a property that loops do not list, as those of the language are. */
function defineHidden(object: ScriptObject, name: PropertyKey, value: ScriptValue): void {
	Object.defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
}
