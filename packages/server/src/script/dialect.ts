import { DialectParser, type Edit } from "./dialect-parser.ts";

/** A script that cannot be compiled: where, and why. */
export class DialectError extends Error {
	/** Counts from 1. */
	readonly line: number;

	constructor(message: string, line: number) {
		super(message);
		this.name = "DialectError";
		this.line = line;
	}
}

/**
 * Makes of a script in the dialect of the old server (JavaScript 1.5) what V8 runs. Every line stays the line that it
 * was, so that errors name the right one. Modern JavaScript is taken too, where the old dialect does not fit.
 *
 * @param unit tells the texts of one realm apart
 *
 * Throws a `DialectError`.
 */
export function rewriteDialect(source: string, unit = 0): string {
	try {
		return applied(source, parsed(source, 5, unit));
	} catch (error) {
		const fault = faultOf(error);
		try {
			return applied(source, parsed(source, "latest", unit));
		} catch (modernError) {
			const modern = faultOf(modernError);
			// The reading that came further is the one that was meant.
			throw explained(source, modern.pos > fault.pos ? modern : fault);
		}
	}
}

type SyntaxFault = { readonly pos: number; readonly line: number; readonly message: string };

function parsed(source: string, ecmaVersion: 5 | "latest", unit: number): readonly Edit[] {
	const parser = new DialectParser(source, ecmaVersion, unit);
	parser.parse();
	return parser.edits;
}

function applied(source: string, edits: readonly Edit[]): string {
	let code = "";
	let at = 0;
	for (const { start, end, text } of [...edits].sort((a, b) => a.start - b.start)) {
		code += source.slice(at, start) + text;
		at = end;
	}
	return code + source.slice(at);
}

/** What acorn throws: a `SyntaxError` with a place. */
function faultOf(error: unknown): SyntaxFault {
	if (error instanceof SyntaxError && "pos" in error && "loc" in error) {
		const { pos, loc, message } = error as SyntaxError & { pos: number; loc: { line: number } };
		return { pos, line: loc.line, message: message.replace(/ \(\d+:\d+\)$/, "") };
	}
	throw error;
}

/** Constructs of other languages that stand in old scripts by mistake. */
const HINTS: readonly (readonly [before: RegExp, after: RegExp, hint: string])[] = [
	[/(^|\n|\r)[ \t]*$/, /^#\s*include\b/, "#include is of the client; use load()"],
	[/^/, /^import\b/, "import is of the client; use load()"],
	[/[\w$)]\s*$/, /^:\s*(\*|[\w$.]+)/, "types of variables are of ActionScript 2 and 3; leave them out"],
	[/(^|[=(,:?;{}[&|]|return)\s*$/, /^<[A-Za-z>]/, "XML literals are not supported; use new XML(text)"],
];

function explained(source: string, { pos, line, message }: SyntaxFault): DialectError {
	const before = source.slice(Math.max(0, pos - 200), pos);
	const after = source.slice(pos, pos + 200);
	const hint = HINTS.find(([left, right]) => left.test(before) && right.test(after))?.[2];
	const [token] = /^([\w$]+|\S)/.exec(after) ?? [];
	let text = message;
	if (message === "Unexpected token")
		text = token === undefined ? "Unexpected end of the script" : `${message} ${token}`;
	return new DialectError(hint === undefined ? text : `${text} (${hint})`, line);
}
