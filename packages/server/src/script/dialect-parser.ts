import { type Node, type Options, Parser, tokTypes } from "acorn";

/** A stretch of one line of the source, and what stands there instead, of one line too. */
export type Edit = { readonly start: number; readonly end: number; readonly text: string };

/** The names by which rewritten code reaches what the realm does for it. */
export const HELPERS = {
	each: "$each$",
	evaluate: "$eval$",
	rewrite: "$dialect$",
	thrown: "$thrown$",
	pattern: "$pattern$",
} as const;

/** Words that ECMAScript 3 reserved and SpiderMonkey took as names all the same; V8 does not. */
const FORMERLY_NAMES = new Set(["class", "enum", "extends", "super"]);
const LOOPS = new Set(["WhileStatement", "DoWhileStatement", "ForStatement"]);
/** What makes a declaration of a `let` that it stands behind. */
const BEHIND_LET = new Set<unknown>([tokTypes.bracketL, tokTypes.braceL, tokTypes.name]);
/** What a loop's left side cannot begin with before `of`. */
const NOT_BEFORE_OF = new Set(["let", "async"]);

type Positioned = Node & {
	name?: string;
	kind?: string;
	callee?: Positioned;
	object?: Positioned;
	property?: Positioned;
	optional?: boolean;
	regex?: { readonly flags: string };
	test?: Positioned | null;
	arguments?: Positioned[];
	argument?: Positioned;
	param?: Positioned;
	body?: Positioned;
	block?: Positioned;
	left?: Positioned;
	right?: Positioned;
	handler?: Positioned | null;
	finalizer?: Positioned | null;
};

/** What acorn's parser is inside: its methods are made to be overridden, but its types do not tell of them. */
type Internals = {
	readonly input: string;
	readonly start: number;
	readonly end: number;
	readonly type: unknown;
	readonly value: unknown;
	readonly options: { readonly ecmaVersion: number };
	parse(): Node;
	next(): void;
	eat(type: unknown): boolean;
	expect(type: unknown): void;
	raise(position: number, message: string): never;
	unexpected(position?: number): never;
	startNode(): Positioned;
	finishNode(node: Positioned, type: string): Positioned;
	finishToken(type: unknown, value: unknown): void;
	enterScope(flags: number): void;
	exitScope(): void;
	parseExpression(): Positioned;
	parseBindingAtom(): Positioned;
	parseBlock(createsScope?: boolean): Positioned;
	checkLValPattern(node: Positioned, binding: number): void;
	parseIdent(liberal?: boolean): Positioned;
	parseExprAtom(...context: unknown[]): Positioned;
	parseForStatement(node: Positioned): Positioned;
	parseForIn(node: Positioned, init: Positioned): Positioned;
	readWord1(): string;
	readWord(): void;
	pos: number;
	readEscapedChar(inTemplate: boolean): string;
};

const Base = Parser as unknown as new (options: Options, input: string) => Internals;

/** Acorn's names for them are its own (`scopeflags.js`). */
const SCOPE_SIMPLE_CATCH = 32;
const BIND_SIMPLE_CATCH = 4;
const BIND_LEXICAL = 2;

/**
 * Reads a script and notes what must be rewritten for V8: `for each`, catches with a condition, `const` as the old engine
 * meant it, names that are reserved today, escapes without digits, `while (/x/g.exec(text))`, which relies on a literal's
 * being one object for ever (ECMA-262 3rd edition §7.8.5). Besides, `eval` is given source of the same dialect, under
 * another name too, and `throw` notes its place.
 */
export class DialectParser extends Base {
	readonly edits: Edit[] = [];
	/** Loops that are `for each`, with the place of the word. */
	readonly #each = new Map<Positioned, number>();
	readonly #unit: number;
	/** Names in expressions that are another name for V8. */
	readonly #renamed = new Map<Positioned, string>();
	/** Regular expressions that are written where their `exec` is called. */
	readonly #patterns: Positioned[] = [];
	#catches = 0;

	constructor(source: string, ecmaVersion: 5 | "latest", unit: number) {
		super({ ecmaVersion, sourceType: "script", allowReserved: true, allowHashBang: true }, source);
		this.#unit = unit;
	}

	get #isOld(): boolean {
		return this.options.ecmaVersion < 6;
	}

	override readWord(): void {
		if (!this.#isOld) return super.readWord();
		const start = this.start;
		if (!this.input.startsWith("const", start) || /[\w$\\]/.test(this.input[start + 5] ?? "")) return super.readWord();
		// A declaration of the function, as `var` is.
		this.readWord1();
		this.finishToken(tokTypes._var, "var");
	}

	/** An escape that lacks its digits is the letter alone, as in `"C:\users"`. */
	override readEscapedChar(inTemplate: boolean): string {
		const backslash = this.pos;
		const escaped = this.input.slice(backslash + 1, backslash + 6);
		if (!this.#isOld || !/^[ux]/.test(escaped) || /^(u[\da-f]{4}|x[\da-f]{2})/i.test(escaped)) {
			return super.readEscapedChar(inTemplate);
		}
		this.#replace(backslash, backslash + 1, "");
		this.pos += 2;
		return escaped[0] ?? "";
	}

	override parseIdent(liberal?: boolean): Positioned {
		// What follows would be taken for a module's by V8.
		if (liberal !== true && this.value === "import") this.unexpected();
		const node = super.parseIdent(liberal);
		if (this.#isOld && liberal !== true && FORMERLY_NAMES.has(node.name ?? "")) this.#insert(node.end, "$");
		return node;
	}

	override parse(): Node {
		const program = super.parse();
		for (const [{ start, end }, name] of this.#renamed) this.#replace(start, end, name);
		return program;
	}

	override parseExprAtom(...context: unknown[]): Positioned {
		const node = super.parseExprAtom(...context);
		// But where it is called directly, which is known later.
		if (isNamed(node, "eval")) this.#renamed.set(node, HELPERS.evaluate);
		// Spelled so, it begins no declaration.
		if (this.#isOld && isNamed(node, "let") && BEHIND_LET.has(this.type)) this.#renamed.set(node, "l\\u0065t");
		return node;
	}

	override parseForStatement(node: Positioned): Positioned {
		const each = /^(?:\s|\/\*[\s\S]*?\*\/)*each(?![\w$])/.exec(this.input.slice(this.end, this.end + 200))?.[0];
		if (each !== undefined) {
			this.next();
			this.#each.set(node, this.start);
		}
		const loop = super.parseForStatement(node);
		if (this.#each.has(node)) this.raise(this.#each.get(node) ?? 0, "A for each loop needs `in`");
		return loop;
	}

	override parseForIn(node: Positioned, init: Positioned): Positioned {
		const each = this.#each.get(node);
		const operator = this.start;
		if (each === undefined || this.type !== tokTypes._in) return super.parseForIn(node, init);
		this.#each.delete(node);
		const loop = super.parseForIn(node, init);
		const { left, right } = loop;
		this.#replace(each, each + "each".length, "");
		if (left?.type === "Identifier" && NOT_BEFORE_OF.has(left.name ?? "")) {
			this.#insert(left.start, "(");
			this.#insert(left.end, ")");
		}
		this.#replace(operator, operator + "in".length, "of");
		this.#wrap(right, HELPERS.each);
		return loop;
	}

	parseTryStatement(node: Positioned): Positioned {
		this.next();
		node.block = this.parseBlock();
		node.handler = null;
		const catches: CatchClause[] = [];
		while (this.type === tokTypes._catch) {
			if (catches.length > 0 && catches.at(-1)?.test === undefined) {
				this.raise(this.start, "A catch cannot follow one without a condition");
			}
			catches.push(this.#parseCatch());
			node.handler = catches[0]?.node ?? null;
		}
		node.finalizer = this.eat(tokTypes._finally) ? this.parseBlock() : null;
		if (node.handler === null && node.finalizer === null) this.raise(node.start, "Missing catch or finally clause");
		this.#rewriteCatches(catches);
		return this.finishNode(node, "TryStatement");
	}

	override finishNode(node: Positioned, type: string): Positioned {
		const finished = super.finishNode(node, type);
		if (type === "VariableDeclaration" && this.#isOld && this.input.startsWith("const", finished.start)) {
			this.#replace(finished.start, finished.start + "const".length, "var  ");
		} else if (type === "CallExpression") {
			const { callee, optional } = finished;
			const [code] = finished.arguments ?? [];
			if (isNamed(callee, "eval") && optional !== true && code !== undefined && code.type !== "SpreadElement") {
				this.#renamed.delete(callee);
				this.#wrap(code, HELPERS.rewrite);
			}
			const { object, property } = callee ?? {};
			if (object?.regex?.flags.includes("g") && isNamed(property, "exec")) this.#patterns.push(object);
		} else if (LOOPS.has(type) && finished.test) {
			this.#keepPatterns(finished.test);
		} else if (type === "ThrowStatement") {
			this.#wrap(finished.argument, HELPERS.thrown);
		} else if (type === "ImportExpression") {
			this.unexpected(finished.start);
		}
		return finished;
	}

	#parseCatch(): CatchClause {
		const node = this.startNode();
		let test: number | undefined;
		this.next();
		if (this.eat(tokTypes.parenL)) {
			const param = this.parseBindingAtom();
			const isSimple = param.type === "Identifier";
			this.enterScope(isSimple ? SCOPE_SIMPLE_CATCH : 0);
			this.checkLValPattern(param, isSimple ? BIND_SIMPLE_CATCH : BIND_LEXICAL);
			if (this.type === tokTypes._if) {
				test = this.start;
				this.next();
				this.parseExpression();
			}
			this.expect(tokTypes.parenR);
			node.param = param;
		} else {
			if (this.#isOld) this.unexpected();
			this.enterScope(0);
		}
		node.body = this.parseBlock(false);
		this.exitScope();
		return { node: this.finishNode(node, "CatchClause"), test };
	}

	/**
	 * `catch (a if A) {…} catch (b) {…}` becomes
	 * `catch (c) { c: { try { throw c; } catch (a) { if (A) { {…} break c; } } try { throw c; } catch (b) {…} } }`:
	 * each clause sees its own name and no other's, and what its body throws reaches no other clause.
	 */
	#rewriteCatches(catches: readonly CatchClause[]): void {
		const last = catches.at(-1);
		if (last === undefined || (catches.length === 1 && last.test === undefined)) return;
		const caught = `$caught${++this.#catches}$`;
		for (const [index, { node, test }] of catches.entries()) {
			const { body } = node;
			if (index === 0) this.#insert(node.start, `catch (${caught}) { ${caught}: { `);
			this.#insert(node.start, `try { throw ${caught}; } `);
			if (body !== undefined && test !== undefined) {
				this.#replace(test, test + "if".length, ") { if (");
				this.#insert(body.start, "{ ");
				this.#insert(body.end, ` break ${caught}; } }`);
			}
		}
		this.#insert(last.node.end, last.test === undefined ? " } }" : ` throw ${caught}; } }`);
	}

	/** Within a loop's test a literal is the same object each time, or the loop would not end. */
	#keepPatterns({ start, end }: Positioned): void {
		for (const pattern of this.#patterns) {
			if (pattern.start < start || pattern.end > end) continue;
			this.#insert(pattern.start, `${HELPERS.pattern}("${this.#unit}:${pattern.start}", `);
			this.#insert(pattern.end, ")");
		}
	}

	#wrap(node: Positioned | undefined, helper: string): void {
		if (node === undefined) return;
		const isSequence = node.type === "SequenceExpression";
		this.#insert(node.start, isSequence ? `${helper}((` : `${helper}(`);
		this.#insert(node.end, isSequence ? "))" : ")");
	}

	#insert(at: number, text: string): void {
		this.edits.push({ start: at, end: at, text });
	}

	#replace(start: number, end: number, text: string): void {
		this.edits.push({ start, end, text });
	}
}

/** `test`: where the `if` stands. */
type CatchClause = { readonly node: Positioned; readonly test: number | undefined };

function isNamed(node: Positioned | undefined, name: string): node is Positioned {
	return node?.type === "Identifier" && node.name === name;
}
