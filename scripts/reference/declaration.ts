/**
 * Reads the exported declarations of our own sources, as the formatter leaves them: a declaration begins at the start of
 * a line, its members are one tab in. That is no parser of TypeScript; what it cannot read throws.
 */

/** An exported declaration. */
export type Declaration = {
	readonly kind: "class" | "interface" | "type" | "function" | "const";
	readonly name: string;
	readonly doc: string;
	/** Without the members and the body, and without `export`. */
	readonly signature: string;
	/** Of a class, an interface, or a type that is one object: those that are for users. */
	readonly members: readonly Member[];
};

export type Member = { readonly name: string; readonly signature: string; readonly doc: string };

const BEGIN = /^export (?:abstract )?(class|interface|type|function|async function|const(?= \w+: unique symbol)) (\w+)/;
/** Members that are no part of what a user sees. */
const HIDDEN = /^(?:static )?(?:async )?(?:get |set )?(?:readonly )?(?:#|private |constructor\()/;
/** How the doc comments of members begin that only our own code calls. */
const INSIDE = /^(?:The runtime's|The client's|`\w+` makes|`[\w.]+` and `\w+` make)/;

/** Reads all of them, in their order. */
export function readDeclarations(source: string): Declaration[] {
	const lines = source.split("\n");
	const found: Declaration[] = [];
	let doc = "";
	for (let at = 0; at < lines.length; ) {
		if (lines[at]!.startsWith("/**")) {
			const [text, next] = readDoc(lines, at);
			doc = text;
			at = next;
			continue;
		}
		const [, kind, name] = BEGIN.exec(lines[at]!) ?? [];
		if (kind !== undefined && name !== undefined) {
			const end = endOf(lines, at);
			found.push(declarationOf(kind, name, doc, lines.slice(at, end)));
			at = end;
		} else at++;
		// Comments for the linter stand between a declaration and its doc comment.
		if (!lines[at - 1]!.startsWith("//")) doc = "";
	}
	return found;
}

function declarationOf(word: string, name: string, doc: string, lines: readonly string[]): Declaration {
	const kind = word === "async function" ? "function" : (word as Declaration["kind"]);
	const hasMembers =
		kind === "class" || kind === "interface" || /^export type [^=]*= \{$/.test(lines[0]!) || isObject(lines);
	if (!hasMembers) {
		const text = kind === "function" ? headOf(lines).text : lines.join("\n");
		if (kind === "const") {
			return { kind, name, doc, signature: text.replace(/^export /, "").replace(/ = [^]*$/, ""), members: [] };
		}
		return { kind, name, doc, signature: text.replace(/^export /, "").replace(/ \{$/, ""), members: [] };
	}
	const head = headOf(lines);
	const signature = head.text.replace(/^export /, "").replace(/(?: =)? \{$/, "");
	return { kind, name, doc, signature, members: membersOf(lines.slice(head.count)) };
}

/** A type whose parameters take several lines, and that is one object. */
function isObject(lines: readonly string[]): boolean {
	return lines[0]!.startsWith("export type ") && lines.at(-1) === "};" && lines.some(line => /^> = \{$/.test(line));
}

function membersOf(lines: readonly string[]): Member[] {
	const members: Member[] = [];
	let doc = "";
	for (let at = 0; at < lines.length; ) {
		const line = lines[at]!;
		if (line.startsWith("\t/**")) {
			const [text, next] = readDoc(lines, at);
			doc = text;
			at = next;
			continue;
		}
		if (!/^\t[^\s}]/.test(line) || line.startsWith("\t//")) {
			at++;
			continue;
		}
		const head = headOf(lines.slice(at));
		at += head.count;
		// The body of a method.
		if (head.text.endsWith("{")) while (lines[at++] !== "\t}");
		addMember(members, head.text.trim(), doc);
		doc = "";
	}
	return members;
}

function addMember(members: Member[], text: string, doc: string): void {
	if (HIDDEN.test(text) || INSIDE.test(doc)) return;
	const setter = /^set (\w+)\(/.exec(text);
	const known = members.find(({ name }) => name === setter?.[1]);
	if (known !== undefined) {
		// What can be set as well is no constant.
		members[members.indexOf(known)] = { ...known, signature: known.signature.replace(/^readonly /, "") };
		return;
	}
	const signature = text
		.replace(/^get (\w+)\(\)/, "readonly $1")
		.replace(/^async /, "")
		.replace(/ = [^>].*;$/, "")
		.replace(/ ?(?:\{\}|[{;])$/, "");
	const name = /^(?:readonly )?(\w+)/.exec(signature)?.[1];
	if (name === undefined) throw new Error(`A member cannot be read: ${text}`);
	members.push({ name, signature, doc });
}

/** What stands before a body, on one line: up to the `{` or `;` that is in no bracket. */
function headOf(lines: readonly string[]): { readonly text: string; readonly count: number } {
	let text = "";
	for (const [index, line] of lines.entries()) {
		const isGlued = text === "" || /[([<]$/.test(text) || /^\s*[)\]>]/.test(line);
		text += `${isGlued ? "" : " "}${index === 0 ? line : line.trim()}`;
		const depth = (text.match(/[([{]/g)?.length ?? 0) - (text.match(/[)\]}]/g)?.length ?? 0);
		const isHead = (depth === 1 && text.endsWith("{")) || (depth === 0 && /(;| \{\})$/.test(text));
		if (isHead) return { text: text.replaceAll(/,(?=[)\]>])/g, ""), count: index + 1 };
	}
	throw new Error(`A declaration does not end: ${lines[0]}`);
}

/** The line behind a declaration. */
function endOf(lines: readonly string[], start: number): number {
	if (/[;}]$/.test(lines[start]!)) return start + 1;
	for (let at = start + 1; at < lines.length; at++) {
		if (/^\};?$/.test(lines[at]!)) return at + 1;
		// A type that is no object ends with its last line.
		if (/^export type /.test(lines[start]!) && /;$/.test(lines[at]!) && !isInside(lines.slice(start, at + 1)))
			return at + 1;
	}
	throw new Error(`A declaration does not end: ${lines[start]}`);
}

function isInside(lines: readonly string[]): boolean {
	const text = lines.join("\n").replaceAll(/\/\*[\s\S]*?\*\//g, "");
	return (text.match(/[({[]/g)?.length ?? 0) !== (text.match(/[)}\]]/g)?.length ?? 0);
}

/** The text of a doc comment: paragraphs are parted by an empty line, tags become sentences. */
function readDoc(lines: readonly string[], start: number): [text: string, next: number] {
	let end = start;
	while (!lines[end]!.includes("*/")) end++;
	const text = lines
		.slice(start, end + 1)
		.map(line =>
			line
				.replace(/^\s*\/?\*+\/?/, "")
				.replace(/\*\/\s*$/, "")
				.trim(),
		)
		.join("\n")
		.trim()
		.split(/\n\n+/)
		.map(paragraph => paragraph.replaceAll("\n@", "\n\n@").replaceAll(/\n(?!\n|@)/g, " "))
		.join("\n\n")
		.replaceAll(/^@param (\w+) (.)/gm, "`$1`: $2")
		.replaceAll(/^@returns (.)/gm, "Returns $1")
		.replaceAll(/^@throws (.)/gm, "Throws $1");
	return [text, end + 1];
}
