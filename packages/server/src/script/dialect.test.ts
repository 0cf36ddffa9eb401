import { readFileSync } from "node:fs";
import { Script } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DialectError, rewriteDialect } from "./dialect.ts";
import { realmFixture } from "./realm-fixture.ts";

/** What a script traces. */
function traced(source: string): string[] {
	const { realm, traces } = realmFixture();
	realm.run(source, "main.asc");
	return traces;
}

const PLAIN: readonly string[] = [
	"",
	"var a = 'for each (x in y)'; // for each (x in y)\n/* catch (e if e) */ var r = /for each (x in y)/g;",
	"a = b\n/c/g.exec(d);",
	"var let = 1, yield = 2, static = 3, async = 4, of = 5, get = 6, await = 7, each = 8; let = each;",
	"for (each in o) each(1); for (each = 0; each < 3; each++) ;",
	"var o = { const: 1, class: 2, catch: 3, each: 4, if: 5 }; o.const = o.class + o.catch; o.for = o.each;",
	"if (x) { function f() {} } else function g() {}",
	"var n = 0777 + 010 + 08; var s = '\\07\\8'; with (o) { p = 1 }",
	"<!-- hidden\ntrace(1);\n--> end",
	"var a = 1\rvar b = 2\r\nvar c = 3\u2028var d = 4",
	"label: for (var i in o) { continue label }",
	"o = { get x() { return 1 }, set x(v) {} }; o.__defineGetter__('y', function () {});",
	"try { a() } catch (e) { b() } finally { c() }",
	"\\u0061bc = 1; var \\u0063lass2;",
	"constant = 1; var const1; var $const; const_ = 2;",
];

describe("the old dialect", () => {
	it.each(PLAIN)("leaves %j as it is", source => {
		expect(rewriteDialect(source)).toBe(source);
	});

	it.each([
		["for each (var x in [3, 4]) trace(x);", ["3", "4"]],
		["var o = { a: 1, b: 2 }; for each (o.c in { x: 7, y: 8 }) trace(o.c);", ["7", "8"]],
		["var a = []; for each (a[a.length] in { x: 1, y: 2 }) ; trace(a);", ["1,2"]],
		["for each (let in [1]) trace(let); for each (async in [2]) trace(async);", ["1", "2"]],
		["for/**/each(v in(0,[5])) trace(v)", ["5"]],
		["for each(v in 0, [5, 6]) trace(v)", ["5", "6"]],
		["for each (a in [[1, 2], [3]]) for each (b in a) { if (b == 2) continue; trace(b) }", ["1", "3"]],
		["out: for each (a in [1, 2]) for each (b in [8, 9]) { trace(a + ':' + b); continue out }", ["1:8", "2:8"]],
		["for each (x in [1, 2, 3]) { if (x == 2) break; trace(x) }", ["1"]],
		["function f() { for each (x in [1, 2]) if (x == 2) return x } trace(f())", ["2"]],
		["function P() { this.own = 'o' } P.prototype.inherited = 'i'; for each (x in new P()) trace(x)", ["o", "i"]],
		[
			"for each (x in null) trace(1); for each (x in undefined) trace(2); for each (x in 3) trace(3); trace('end')",
			["end"],
		],
		["var o = { a: 1, b: 2, c: 3 }; for each (x in o) { trace(x); delete o.b }", ["1", "3"]],
		["for each (x in { a: 1, f: function () {} }) trace(typeof x)", ["number", "function"]],
		["Array.prototype.extra = 9; for each (x in [1]) trace(x)", ["1", "9"]],
	])("runs %s", (source, expected) => {
		expect(traced(source)).toEqual(expected);
	});

	const CATCHES = `
		function A() { this.name = 'A' } function B() { this.name = 'B' }
		function test(thrown) {
			try {
				if (thrown) throw thrown;
				trace('none');
			} catch (a if a instanceof A) { trace('first ' + a.name); if (thrown.again) throw 'again'; return 1;
			} catch (b if (b instanceof B)) { trace('second ' + b.name + typeof a);
			} LAST finally { trace('finally') }
		}
		function run(thrown) { try { trace(test(thrown)) } catch (e) { trace('out ' + e) } }
		run(null); run(new A()); var again = new A(); again.again = 1; run(again); run(new B()); run('c');`;

	it.each([
		["catch (rest) { trace('rest ' + rest) }", ["rest c", "finally", "undefined"]],
		["", ["finally", "out c"]],
	])("runs catches with conditions, with %j after them", (last, expected) => {
		expect(traced(CATCHES.replace("LAST", last))).toEqual([
			...["none", "finally", "undefined"],
			...["first A", "finally", "1"],
			...["first A", "finally", "out again"],
			...["second Bundefined", "finally", "undefined"],
			...expected,
		]);
	});

	it("runs catches with conditions inside such catches", () => {
		const source = `try { throw 1 } catch (e if e == 1) {
			try { throw 2 } catch (e if e == 3) { trace('wrong') } catch (e if e == 2) { trace('inner ' + e) }
			for each (x in [1]) try { throw x } catch (e if true) { trace(e); continue }
		}`;
		expect(traced(source)).toEqual(["inner 2", "1"]);
	});

	it.each([
		["function f() { if (true) { const x = 1 } return x } trace(f())", ["1"]],
		["const A = 1, B = 2; trace(this.A + B); for (const i in { k: 1 }) trace(i)", ["3", "k"]],
		["const A = 1; const A = 2; trace(A)", ["2"]],
		[
			"var class = 5; function enum(super) { return super + class } trace(enum(2)); extends = { class: 1 }; trace(extends.class)",
			["7", "1"],
		],
		["var let = [1, 2]; let[0] = 7; trace(let)\nlet\n[1] = 5\nlet\nx = 3; trace(let + x)", ["7,2", "7,53"]],
		["let = [0]; for (let[0] in { k: 1 }) trace(let); try { throw let[0] } catch (e) { trace(e) }", ["k", "k"]],
	])("takes for names what V8 reserves, in %s", (source, expected) => {
		expect(traced(source)).toEqual(expected);
	});

	it("takes escapes that lack their digits for letters, as in paths of Windows", () => {
		const source = String.raw`trace("C:\users\x1"); trace('\users\xg\u00e9\x41\u12')`;
		expect(traced(source)).toEqual(["C:usersx1", "usersxgéAu12"]);
	});

	it.each([
		["var y = 2; function f() { var y = 5; return eval('for each (x in [1]) y + x') } trace(f())", ["6"]],
		["trace(eval(7) + eval('const a = 1; a'))", ["8"]],
		["trace(eval('eval(\\'for each (x in [4]) x\\')'))", ["4"]],
		["try { eval('for each (') } catch (e) { trace(e instanceof SyntaxError) }", ["true"]],
	])("gives eval the same dialect, in %s", (source, expected) => {
		expect(traced(source)).toEqual(expected);
	});

	it("takes modern JavaScript too, with the old statements in it", () => {
		const source = `class Room { name = "a" }
			const list = [...[1, 2]].map(x => x * 2);
			for each (let x in list) trace(\`\${x}\`);
			try { throw new Room() } catch (e if e instanceof Room) { trace(e?.name) }`;
		expect(traced(source)).toEqual(["2", "4", "a"]);
	});

	it.each([
		["var n = 0, m; while ((m = /a(.)/g.exec('ab ac ad')) && n++ < 9) trace(m[1])", ["b", "c", "d"]],
		["function f(s) { for (var m; m = /\\d/g.exec(s); ) trace(m) } f('1 2'); f('3')", ["1", "2", "3"]],
		["var t = 0; do t++; while (/x/g.exec('xx') && t < 9); trace(t)", ["3"]],
		["for (var i = 0; i < 2; i++) trace(/x/g.exec('x'))", ["x", "x"]],
		["trace(eval('for (var n = 0; n < 9 && /x/g.exec(\"xx\"); n++) ; n'))", ["2"]],
	])("ends loops that look for the next match of a literal, as in %s", (source, expected) => {
		expect(traced(source)).toEqual(expected);
	});

	it("keeps every line where it was", () => {
		const source = readFileSync(import.meta.filename, "utf8").replace(/[^\n]*/g, line => {
			return /^\t+it\(/.test(line)
				? "try { throw (1,\r2) } catch (e\rif\re) {} catch\r(f) {} for\reach\r(x\rin\ry);"
				: "";
		});
		expect(rewriteDialect(source).split(/\r|\n/)).toHaveLength(source.split(/\r|\n/).length);
	});

	it.each([
		["var x = ;", 1, "Unexpected token ;"],
		["\r\rfoo(", 3, "Unexpected end of the script"],
		["\nfor each (x of y) ;", 2, "Unexpected token of"],
		["for each (i = 0; ;) ;", 1, "A for each loop needs `in`"],
		["try {} catch (e) {}\n catch (f) {}", 2, "A catch cannot follow one without a condition"],
		["try {}", 1, "Missing catch or finally clause"],
		['\n#include "netservices.as"', 2, "Unexpected character '#' (#include is of the client; use load())"],
		["import mx.remoting.*;", 1, "Unexpected token import (import is of the client; use load())"],
		["var i:int = 0;", 1, "Unexpected token : (types of variables are of ActionScript 2 and 3; leave them out)"],
		[
			"function f(a:String) {}",
			1,
			"Unexpected token : (types of variables are of ActionScript 2 and 3; leave them out)",
		],
		["function f():Void {}", 1, "Unexpected token : (types of variables are of ActionScript 2 and 3; leave them out)"],
		["var x = <a>text</a>;", 1, "Unexpected token < (XML literals are not supported; use new XML(text))"],
		["import('fs')", 1, "Unexpected token import (import is of the client; use load())"],
		["'open\n'", 1, "Unterminated string constant"],
	])("says what is wrong with %j", (source, line, message) => {
		let error: unknown;
		try {
			rewriteDialect(source);
		} catch (thrown) {
			error = thrown;
		}
		expect(error).toBeInstanceOf(DialectError);
		expect(error).toMatchObject({ line, message });
	});

	it.each(["(", "{", "[", "!", "if (a) ", "x = ", "function f() {", "x ? ", "for each (x in y) "])(
		"refuses %j nested too deep",
		piece => {
			expect(() => rewriteDialect(piece.repeat(100_000))).toThrow("Not enough stack space to parse input");
		},
	);
});

/** Pieces in which the words of the dialect stand and mean nothing. */
const WORDS = ["for each (x in y)", "catch (e if e)", "const", "class", "throw x", "eval(x)", "import", "*", "let"];
const word = fc.constantFrom(...WORDS);
const inert = fc.oneof(
	word.map(text => `'${text}'`),
	word.map(text => `"\\"${text}"`),
	word.map(text => `(/[/]${text.replace("*", "x")}/)`),
	word.map(text => `1 // ${text}\n`),
	word.map(text => `2 /* ${text.replace("*", "'")} */`),
	fc.constantFrom("o.class", "o.const", "{}.each", "a", "f(1)", "[1, 2]", "function () { return 1 }"),
);
/** Statements that need rewriting, made to trace. */
const active = fc.constantFrom(
	"for each (var v in [1, 2]) trace(v);",
	"try { throw 'a' } catch (e if e == 'b') { trace(1) } catch (e if e == 'a') { trace(e) }",
	"const k = 3; trace(k);",
	"trace(eval('4'));",
);

describe("rewriting", () => {
	it("never touches what stands in strings, comments, regular expressions and names of members", () => {
		fc.assert(
			fc.property(fc.array(inert, { maxLength: 12 }), pieces => {
				const source = pieces.map((piece, index) => `var v${index} = ${piece}\n;`).join("");
				expect(rewriteDialect(source)).toBe(source);
			}),
		);
	});

	it("gives code that V8 takes, with as many lines, whatever stands around", () => {
		fc.assert(
			fc.property(
				fc.array(
					fc.oneof(
						inert.map(text => `v = ${text}\n;`),
						active,
					),
					{ maxLength: 8 },
				),
				pieces => {
					const source = pieces.map(piece => `if (1) {\n${piece} }`).join("\r");
					const code = rewriteDialect(source);
					expect(() => new Script(code)).not.toThrow();
					expect(code.split(/[\r\n]/)).toHaveLength(source.split(/[\r\n]/).length);
				},
			),
		);
	});

	it("gives an error of its own or code, whatever the text", () => {
		const token = fc.constantFrom(
			...[
				"for",
				"each",
				"(",
				")",
				"in",
				"x",
				"{",
				"}",
				"try",
				"catch",
				"if",
				"throw",
				"eval",
				";",
				"const",
				"class",
				"=",
				"/",
				"\n",
			],
		);
		fc.assert(
			fc.property(fc.array(token, { maxLength: 30 }), tokens => {
				try {
					new Script(rewriteDialect(tokens.join(" ")));
				} catch (error) {
					expect(error instanceof DialectError || error instanceof SyntaxError).toBe(true);
				}
			}),
			{ numRuns: 2000 },
		);
	});
});
