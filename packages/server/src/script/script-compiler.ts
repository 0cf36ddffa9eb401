import { types } from "node:util";
import { Script } from "node:vm";
import { DialectError, rewriteDialect } from "./dialect.ts";
import { HELPERS } from "./dialect-parser.ts";
import type { FaultReader } from "./fault-reader.ts";
import type { NativeCall, ScriptFunction, ScriptObject, ScriptValue } from "./native-class.ts";
import { ScriptError } from "./script-fault.ts";

/** What compiling needs of a realm. */
export type CompilerRealm = {
	readonly global: ScriptObject;
	makeFunction(name: string, call: NativeCall): ScriptFunction;
	newError(name: "Error" | "SyntaxError", message: string): ScriptObject;
};

/** What the realm's own code does for rewritten code. */
export type CompilerHelpers = {
	readonly each: ScriptFunction;
	readonly pattern: ScriptFunction;
	/** Makes `Function` and an `eval` of what turns texts into code, and returns the latter. */
	takeCode(code: ScriptFunction): ScriptFunction;
};

/** Makes code of the texts of a realm: of files, and of those that scripts make themselves. */
export class ScriptCompiler {
	readonly #realm: CompilerRealm;
	readonly #faults: FaultReader;
	/** How many texts there have been. */
	#units = 0;

	constructor(realm: CompilerRealm, faults: FaultReader, { each, pattern, takeCode }: CompilerHelpers) {
		this.#realm = realm;
		this.#faults = faults;
		const helpers: readonly (readonly [string, ScriptFunction])[] = [
			[HELPERS.each, each],
			[HELPERS.pattern, pattern],
			[HELPERS.rewrite, realm.makeFunction("eval", (_self, [text]) => this.#rewritten(text))],
			[HELPERS.evaluate, takeCode(realm.makeFunction("code", (_self, [text]) => this.#placed(text)))],
			[HELPERS.thrown, realm.makeFunction("throw", (_self, [value]) => this.#noted(value))],
		];
		for (const [name, value] of helpers) Object.defineProperty(realm.global, name, { value });
	}

	/** Code of a file; `url` is its address. Throws a `ScriptError`. */
	compile(source: string, url: string): Script {
		try {
			return new Script(rewriteDialect(source, this.#units++), { filename: url });
		} catch (error) {
			const { message, stack } = error as Error;
			const line = error instanceof DialectError ? error.line : lineOfCompileError(stack);
			const thrown = this.#realm.newError("SyntaxError", message);
			throw new ScriptError(this.#faults.at(url, line, `SyntaxError: ${message}`, thrown));
		}
	}

	/** What `eval` is given; what is no text stays as it is. */
	#rewritten(text: ScriptValue): ScriptValue {
		if (typeof text !== "string") return text;
		try {
			return rewriteDialect(text, this.#units++);
		} catch (error) {
			throw error instanceof DialectError ? new SyntaxError(error.message) : error;
		}
	}

	/** The same, for code that says of itself to stand where it is made: V8 knows only that this is in no script. */
	#placed(text: ScriptValue): string {
		const code = String(this.#rewritten(text));
		const place = this.#faults.placeIn(this.#stack());
		return place === undefined ? code : `${"\n".repeat(place.line - 1)}${code}\n//# sourceURL=${place.url}`;
	}

	/** Errors know their place themselves. */
	#noted(value: ScriptValue): ScriptValue {
		if (!types.isNativeError(value)) this.#faults.noteThrown(value, this.#stack());
		return value;
	}

	/** The calls that are under way, as V8 tells them. */
	#stack(): string {
		const { stack } = this.#realm.newError("Error", "") as { readonly stack?: unknown };
		return String(stack);
	}
}

/** Where V8 refuses to compile, the stack of its error begins with `file:line`. */
function lineOfCompileError(stack: string | undefined): number {
	return Number(/^.*:(\d+)$/m.exec(stack ?? "")?.[1] ?? 1);
}
