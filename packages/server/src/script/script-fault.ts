import type { ScriptValue } from "./native-class.ts";

/** What a script threw, or why it cannot be compiled, with its place. */
export type ScriptFault = {
	/** As `ReferenceError: x is not defined`. */
	readonly message: string;
	/** Relative to the application's folder where it is inside; empty where the place is not known. */
	readonly file: string;
	/** Counts from 1; 0 where the place is not known. */
	readonly line: number;
	/** The text of that line. */
	readonly sourceLine: string;
	/** The message, and the calls in scripts that led there, one a line. */
	readonly stack: string;
	readonly thrown: ScriptValue;
};

/** A script threw, or cannot be compiled. */
export class ScriptError extends Error {
	readonly fault: ScriptFault;

	constructor(fault: ScriptFault) {
		super(fault.file === "" ? fault.message : `${fault.file}:${fault.line}: ${fault.message}`);
		this.name = "ScriptError";
		this.fault = fault;
	}
}
