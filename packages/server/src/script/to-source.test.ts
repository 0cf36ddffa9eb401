import { expect, it } from "vitest";
import { realmFixture } from "./realm-fixture.ts";

it.each([
	["uneval({ a: 1, 'b c': [true, null, undefined], d: 'x\"' })", '{a:1, "b c":[true, null, undefined], d:"x\\""}'],
	["({ a: { b: -0 } }).toSource()", "({a:{b:-0}})"],
	["[1, [2]].toSource()", "[1, [2]]"],
	["'abc'.toSource() + (5).toSource() + true.toSource()", '(new String("abc"))(new Number(5))(new Boolean(true))'],
	["uneval('abc') + uneval(5)", '"abc"5'],
	["new Date(5).toSource() + /a\\/b/g.toSource()", "(new Date(5))/a\\/b/g"],
	["new TypeError('wrong').toSource()", '(new TypeError("wrong"))'],
	["uneval([1, , 3]) + uneval([1, ,]) + uneval([,])", "[1, , 3][1, ,][,]"],
	["uneval('\\t\\\\\\x07é€')", '"\\t\\\\\\x07\\xE9\\u20AC"'],
	["uneval(function (a) { return a })", "(function (a) { return a })"],
	["uneval({ f: function f(a) { return a } })", "{f:function f(a) { return a }}"],
	["var o = { n: 1 }; o.self = o; o.list = [o]; uneval(o)", "{n:1, self:{}, list:[{}]}"],
])("%s gives %s", (source, expected) => {
	expect(realmFixture().realm.run(source, "main.asc")).toBe(expected);
});

it("gives source that makes the value again", () => {
	const { realm } = realmFixture();
	const source =
		"var v = { a: [1, , 'two\\x00', { three: null }], d: new Date(7), f: function () {} }; eval(v.toSource()).toSource() == v.toSource()";
	expect(realm.run(source, "main.asc")).toBe(true);
});

it("ends with many objects that know each other", () => {
	const source = "var all = []; for (var i = 0; i < 100; i++) all.push({ all: all }); uneval(all).length";
	expect(realmFixture().realm.run(source, "main.asc")).toBe(1000);
});

it("is in no loop's list", () => {
	expect(realmFixture().realm.run("var n = 0; for (var i in { a: 1 }) n++; n", "main.asc")).toBe(1);
});
