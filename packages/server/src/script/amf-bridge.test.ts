import {
	AmfEcmaArray,
	AmfTypedObject,
	type AmfValue,
	AmfVector,
	AmfXml,
	decodeAmf0,
	encodeAmf0,
} from "@millrace/core/amf";
import { LimitError } from "@millrace/core/fault";
import { describe, expect, it } from "vitest";
import type { ScriptFunction } from "./native-class.ts";
import { realmFixture } from "./realm-fixture.ts";

/** What a script's value is as AMF. */
function sent(source: string): AmfValue {
	const { realm } = realmFixture();
	return realm.fromScript(realm.run(source, "main.asc"));
}

/** What a script says of a received value `v`. */
function received(value: AmfValue, source: string): unknown {
	const { realm } = realmFixture();
	realm.setOwn(realm.global, "v", realm.toScript(value));
	return realm.run(source, "main.asc");
}

const plain = (members: Record<string, AmfValue>): AmfValue => Object.assign(Object.create(null), members);

describe("a value that a script sends", () => {
	it.each<[source: string, expected: AmfValue]>([
		["undefined", undefined],
		["null", null],
		["-1.5", -1.5],
		["'text'", "text"],
		["new String('a')", "a"],
		["[new Number(2), new Boolean(false)]", [2, false]],
		["(function () {})", undefined],
		["new Date(86400000)", new Date(86_400_000)],
		["({ a: 1, f: function () {}, b: undefined, c: null })", plain({ a: 1, b: undefined, c: null })],
		["[1, 'a', [2]]", [1, "a", [2]]],
		["[1, function () {}, 3]", [1, undefined, 3]],
		["var a = []; a[2] = 1; a", [undefined, undefined, 1]],
		["var a = [1, 2]; a.name = 'n'; a", new AmfEcmaArray([["name", "n"]], [1, 2])],
		["var a = []; a.x = 1; a.f = function () {}; a", new AmfEcmaArray([["x", 1]])],
		["var a = [1]; a.f = function () {}; a", [1]],
		["var a = [7]; a[4000000000] = 1; a", new AmfEcmaArray([["4000000000", 1]], [7])],
		[
			"var a = ['x']; a[3] = 1; a.n = 2; a",
			new AmfEcmaArray(
				[
					["3", 1],
					["n", 2],
				],
				["x"],
			),
		],
		["function P() { this.own = 1 } P.prototype.inherited = 2; new P()", plain({ own: 1 })],
		["new TypeError('wrong')", plain({ message: "wrong" })],
		["/x/", plain({})],
		["(function () { return arguments })(1, 2)", plain({ 0: 1, 1: 2 })],
	])("%s", (source, expected) => {
		expect(sent(source)).toEqual(expected);
	});

	it("may hold itself, and one thing twice", () => {
		const value = sent("var o = { list: [] }; o.self = o; o.list.push(o, o.list); o") as { [key: string]: AmfValue };
		expect(value["self"]).toBe(value);
		expect(value["list"]).toEqual([value, value["list"]]);
		expect(() => encodeAmf0(value)).not.toThrow();
	});

	it("loses members whose getters throw, and all else goes on", () => {
		const { realm, faults, places } = realmFixture();
		const source = `function P() { this.a = 1 }
			P.prototype.__defineGetter__("bad", function () { throw "never" });
			var o = new P(); o.__defineGetter__("worse", function () {\n throw "own" }); o.b = [o]; o`;
		const value = realm.fromScript(realm.run(source, "main.asc")) as { [key: string]: AmfValue };
		expect(Object.keys(value)).toEqual(["a", "worse", "b"]);
		expect(value["worse"]).toBeUndefined();
		expect(faults).toMatchObject([{ message: "own", line: 4 }]);
		expect(places).toEqual(["getter worse"]);
	});

	it("is refused with a script's error where it is too deep or too large", () => {
		expect(() => sent("var o = {}; for (var i = 0; i < 70; i++) o = { o: o }; o")).toThrow(LimitError);
		expect(() => sent("var a = []; for (var i = 0; i < 100001; i++) a.push(i); a")).toThrow(LimitError);
		const { realm } = realmFixture();
		realm.defineGlobal("send", ([value]) => void realm.fromScript(value));
		const source =
			"var o = []; for (var i = 0; i < 70; i++) o = [o]; try { send(o) } catch (e) { e instanceof Error && e.message }";
		expect(realm.run(source, "main.asc")).toMatch(/^AMF values are nested deeper/);
	});
});

describe("a value that a script receives", () => {
	it.each<[value: AmfValue, source: string, expected: unknown]>([
		[undefined, "v === undefined", true],
		[null, "v === null", true],
		[new Date(5), "v instanceof Date && v.getTime()", 5],
		[[1, [2], undefined], "v instanceof Array && v.length + v[1][0] + String(v[2])", "5undefined"],
		[{ a: { b: 1 } }, "v instanceof Object && v.a.b", 1],
		[
			new AmfEcmaArray(
				[
					["x", 1],
					["length", 9],
					["4", 2],
				],
				["a"],
			),
			"[v instanceof Array, v.x, v.length, v[0], v[4]].join()",
			"true,1,5,a,2",
		],
		[new AmfEcmaArray([["duration", 3]]), "var n = 0; for (var i in v) n++; n + v.length + v.duration", 4],
		[new AmfXml("<a/>"), "v", "<a/>"],
		[new Uint8Array([1, 2]), "v.join()", "1,2"],
		[new AmfVector("", [1, { a: 2 }]), "v[1].a", 2],
		[
			new Map<AmfValue, AmfValue>([
				["k", 1],
				[2, 3],
				[{}, 4],
			]),
			"v.k + v[2] + v['[object Object]']",
			8,
		],
		[
			decodeAmf0(encodeAmf0({ ["__proto__"]: { evil: 1 }, toString: "x" }))[0],
			"v.evil + ':' + v.toString + ({}).evil",
			"undefined:xundefined",
		],
	])("%o answers %s", (value, source, expected) => {
		expect(received(value, source)).toBe(expected);
	});

	it("may hold itself, and one thing twice", () => {
		const value: { [key: string]: AmfValue } = { list: [] };
		value["self"] = value;
		(value["list"] as AmfValue[]).push(value, value["list"]);
		expect(received(value, "v.self === v && v.list[0] === v && v.list[1] === v.list")).toBe(true);
	});

	it("is refused where it is too deep", () => {
		let deep: AmfValue = 1;
		for (let i = 0; i < 70; i++) deep = [deep];
		expect(() => received(deep, "v")).toThrow(LimitError);
	});
});

describe("a typed object", () => {
	const typed = (members: Record<string, AmfValue>): AmfTypedObject =>
		new AmfTypedObject("chat.User", plain(members) as never);

	it("keeps its class where none is registered", () => {
		const { realm } = realmFixture();
		const value = realm.toScript(typed({ name: "ada" }));
		realm.setOwn(realm.global, "v", value);
		expect(realm.run("v.name = v.name + '!'; v.constructor == Object", "main.asc")).toBe(true);
		expect(realm.fromScript(value)).toEqual(typed({ name: "ada!" }));
	});

	it("is made by its class, whose methods it cannot replace, and sent under its name", () => {
		const { realm } = realmFixture();
		const type = realm.run(
			`function User() { this.made = arguments.length; this.name = "nobody" }
			User.prototype.hello = function () { return "I am " + this.name };
			User.prototype.rank = 1;
			User.prototype.__defineSetter__("age", function (v) { this.years = v * 2 });
			User`,
			"main.asc",
		) as ScriptFunction;
		realm.registerClass("chat.User", type);
		const value = realm.toScript(typed({ name: "ada", hello: "no", rank: 2, age: 4, watch: 6, "": 5 }));
		realm.setOwn(realm.global, "v", value);
		const source = "[v instanceof User, v.made, v.hello(), v.rank, v.years, v.watch, v['']].join()";
		expect(realm.run(source, "main.asc")).toBe("true,0,I am ada,2,8,6,5");
		expect(realm.fromScript(value)).toEqual(typed({ made: 0, name: "ada", rank: 2, years: 8, watch: 6, "": 5 }));
		realm.registerClass("chat.User", null);
		expect(realm.fromScript(value)).not.toBeInstanceOf(AmfTypedObject);
	});

	it("becomes a plain object where the class fails, and that is reported", () => {
		const { realm, faults, places } = realmFixture();
		const source = `function User() {\n nothing() } User.prototype.__defineSetter__("x", function () { throw 1 }); User`;
		realm.registerClass("chat.User", realm.run(source, "main.asc") as ScriptFunction);
		expect(realm.fromScript(realm.toScript(typed({ x: 1 })))).toEqual(typed({ x: 1 }));
		expect(faults).toMatchObject([{ line: 2 }]);
		expect(places).toEqual(["constructor of chat.User"]);
	});
});

describe("a native class", () => {
	it("says what its objects are in AMF, and makes them of what is received", () => {
		const { realm } = realmFixture();
		const bytes = new WeakMap<object, Uint8Array>();
		const type = realm.defineClass({
			name: "ByteArray",
			construct: self => void bytes.set(self, new Uint8Array(3)),
			accessors: { length: { get: self => bytes.get(self)?.length } },
			toAmf: self => bytes.get(self),
			fromAmf(value) {
				if (!(value instanceof Uint8Array)) return undefined;
				const self = realm.instantiate(type);
				bytes.set(self, value);
				return self;
			},
		});
		expect(realm.fromScript(realm.run("[new ByteArray()]", "main.asc"))).toEqual([new Uint8Array(3)]);
		const value = realm.toScript(new Uint8Array(5));
		realm.setOwn(realm.global, "v", value);
		expect(realm.run("v instanceof ByteArray && v.length", "main.asc")).toBe(5);
		expect(realm.fromScript(value)).toEqual(new Uint8Array(5));
	});
});
