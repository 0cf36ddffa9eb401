import { describe, expect, it } from "vitest";
import { realmFixture } from "./realm-fixture.ts";

/** What a script gives. */
const run = (source: string) => realmFixture().realm.run(source, "main.asc");

describe("the language of SpiderMonkey", () => {
	it.each([
		["'aXbX'.replace('X', '-', 'g')", "a-b-"],
		["'a.b.c'.replace('.', '$&$&', 'g')", "a..b..c"],
		["'aXbx'.replace('x', function (found) { return '<' + found + '>' }, 'gi')", "a<X>b<x>"],
		["'aXbX'.replace(/x/i, '-', 'g') + 'aXbX'.replace('X', '-')", "a-bXa-bX"],
		["'AB'.match('b', 'i')[0] + 'AB'.search('b', 'i') + 'AB'.match('b') + 'AB'.search(/B/)", "B1null1"],
	])("takes flags behind a pattern, in %s", (source, expected) => {
		expect(run(source)).toBe(expected);
	});

	it("tells who watches a member of each assignment, and takes what he answers", () => {
		const source = `var log = [], o = { p: 1 };
			o.watch("p", function (name, old, value) { log.push(name + old + value + (this == o)); return value * 2 });
			o.p = 5; o.p++;
			var listed = ""; for (var i in o) listed += i;
			o.unwatch("p"); o.unwatch("q"); o.p = 3;
			log.concat(listed, o.p).join()`;
		expect(run(source)).toBe("p15true,p1011true,p,3");
	});

	it("does not tell him of what he assigns, and forgets him with the member", () => {
		const source = `var o = {};
			o.watch("p", function (name, old, value) { this.p = 7; return value });
			o.p = 2; var first = o.p;
			o.watch("p", function () { return 9 });
			o.p = 1; var second = o.p;
			delete o.p; o.unwatch("p");
			[first, second, "p" in o, typeof o.watch].join()`;
		expect(run(source)).toBe("2,9,false,function");
	});

	it("has a name for the error of calls that go too deep", () => {
		const source = `var log = [];
			function deep() { return deep() + 1 }
			try { deep() } catch (e if e instanceof InternalError) { log.push("deep") }
			try { throw InternalError("x") } catch (e) { log.push(e, e instanceof InternalError, e instanceof Error) }
			log.concat(new Error("x") instanceof InternalError, new RangeError("x") instanceof InternalError).join()`;
		expect(run(source)).toBe("deep,InternalError: x,true,true,false,false");
	});

	it.each([
		["new Function('class', 'for each (var x in [class]) return x')(7)", 7],
		["Function('a, b', 'c', 'return a + b + c // sum')(1, 2, 3)", 6],
		["Function('return this')() == this && Function()() === undefined", true],
		["function f() {} f instanceof Function && f.constructor == Function && Function.prototype == f.__proto__", true],
		["try { new Function('var = 1') } catch (e) { e instanceof SyntaxError }", true],
		["var e = eval; e('for each (x in [4]) x')", 4],
		["this.eval('const A = 1; A') + eval.call(null, '1') + [eval][0]('1') + eval.apply(null, ['1'])", 4],
		["var y = 1; function f() { var y = 2; var e = eval; return eval('y') + e('y') * 10 } f()", 12],
		["typeof eval + (eval === this.eval) + eval(...['5'])", "functiontrue5"],
	])("makes code of texts of the old dialect, in %s", (source, expected) => {
		expect(run(source)).toBe(expected);
	});

	it("places what code of texts throws where it was made", () => {
		const { realm, faults } = realmFixture();
		realm.run(
			`var body = "a.b.c";
			var made = new Function("a", body);
			function call() { made({}) }
			function evaluate() { this.eval("none()") }`,
			"main.asc",
		);
		realm.invoke(realm.global, "call", []);
		realm.invoke(realm.global, "evaluate", []);
		expect(faults).toMatchObject([
			{ file: "main.asc", line: 2, stack: expect.stringContaining("at call (main.asc:3)") },
			{ file: "main.asc", line: 4, message: "ReferenceError: none is not defined" },
		]);
	});

	it.each([
		"this.eval(\"import('fs')\")",
		"var e = eval; e(\"import('fs')\")",
		"eval(...[\"import('fs')\"])",
		"Function(\"return import('fs')\")",
		"(async function () {}).constructor(\"return import('fs')\")",
		"(function* () {}).constructor(\"return import('fs')\")",
	])("imports nothing, for V8 would tell of it by an error of the host: %s", source => {
		expect(() => run(source)).toThrow("SyntaxError: Unexpected token import");
	});
});
