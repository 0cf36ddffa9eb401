import { types } from "node:util";
import type { ScriptValue } from "./native-class.ts";
import type { ScriptFault } from "./script-fault.ts";
import { lineOf } from "./source-text.ts";

/** How much of a line, of a message and of a chain of calls a fault tells. */
const SHOWN_LINE = 200;
const SHOWN_MESSAGE = 1000;
const SHOWN_CALLS = 20;

type Source = { readonly file: string; readonly text: string };
/** A place in a script: its address, and a line of it. */
export type Place = { readonly url: string; readonly line: number };

/** Finds out where in which script something was thrown. Scripts are known by the address under which V8 runs them. */
export class FaultReader {
	readonly #sources = new Map<string, Source>();
	/** The last value without a stack that was thrown, and the stack of that place. */
	#noted: { readonly value: ScriptValue; readonly stack: string } | undefined;

	addSource(url: string, source: Source): void {
		this.#sources.set(url, source);
	}

	/** Remembers the place where a value is thrown that does not know its own. */
	noteThrown(value: ScriptValue, stack: string): void {
		this.#noted = { value, stack };
	}

	/** The place in a script that a stack tells of, the innermost; `undefined`: there is none. */
	placeIn(stack: string): Place | undefined {
		return this.#callsIn(stack)[0];
	}

	/** What is told of a thrown value. Whatever the value is made to do, nothing is thrown. */
	read(thrown: ScriptValue): ScriptFault {
		// The value's text may be made by a script, which throws itself.
		const calls = this.#callsIn(this.#stackOf(thrown));
		const message = textOf(thrown).slice(0, SHOWN_MESSAGE);
		const [place] = calls;
		return this.#fault(
			thrown,
			message,
			place,
			calls.map(call => call.text),
		);
	}

	/** A fault of compiling, whose place is known. */
	at(url: string, line: number, message: string, thrown: ScriptValue): ScriptFault {
		return this.#fault(thrown, message, { url, line }, []);
	}

	#fault(thrown: ScriptValue, message: string, place: Place | undefined, calls: readonly string[]): ScriptFault {
		const source = place === undefined ? undefined : this.#sources.get(place.url);
		const line = source === undefined ? 0 : (place?.line ?? 0);
		return {
			message,
			file: source?.file ?? "",
			line,
			sourceLine: source === undefined ? "" : lineOf(source.text, line).trim().slice(0, SHOWN_LINE),
			stack: [message, ...calls].join("\n"),
			thrown,
		};
	}

	#stackOf(thrown: ScriptValue): string {
		if (types.isNativeError(thrown)) {
			try {
				const { stack } = thrown;
				return typeof stack === "string" ? stack : "";
			} catch {
				// A script made it a getter that throws.
				return "";
			}
		}
		return this.#noted !== undefined && Object.is(this.#noted.value, thrown) ? this.#noted.stack : "";
	}

	/** The calls of scripts in a stack, innermost first. */
	#callsIn(stack: string): (Place & { readonly text: string })[] {
		const calls: (Place & { readonly text: string })[] = [];
		for (const entry of stack.split("\n")) {
			// Code of an `eval` is placed where that was called: `at eval (eval at f (main.asc:3:5), <anonymous>:1:1)`.
			const [, called = "", url = "", line = ""] = /^\s*at (?:(.*) \()?(\S+?):(\d+)(?::\d+)?\)/.exec(`${entry})`) ?? [];
			const source = this.#sources.get(url);
			if (source === undefined) continue;
			const name = called === "" ? "" : `${called.replace(/ \(.*/, "")} `;
			calls.push({ url, line: Number(line), text: `    at ${name}(${source.file}:${line})` });
			if (calls.length === SHOWN_CALLS) break;
		}
		return calls;
	}
}

function textOf(thrown: ScriptValue): string {
	try {
		return String(thrown);
	} catch {
		// An object without toString, or with one that throws.
		return types.isNativeError(thrown) ? "Error" : Object.prototype.toString.call(thrown);
	}
}
