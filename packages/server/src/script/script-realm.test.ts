import { describe, expect, it } from "vitest";
import type { ScriptFunction, ScriptObject } from "./native-class.ts";
import { realmFixture } from "./realm-fixture.ts";
import { ScriptError, type ScriptFault } from "./script-fault.ts";

/** The fault that running a script ends with. */
function faultOf(source: string): ScriptFault {
	try {
		realmFixture().realm.run(source, "main.asc");
	} catch (error) {
		if (error instanceof ScriptError) return error.fault;
		throw error;
	}
	throw new Error("The script did not fail.");
}

describe("a realm", () => {
	it("shows scripts no object of the host, wherever they look", () => {
		const { realm } = realmFixture();
		realm.defineClass({
			name: "Thing",
			construct: self => realm.setOwn(self, "made", true),
			methods: { list: () => realm.newArray([1, realm.newObject({ a: realm.newError("TypeError", "x") })]) },
			statics: { get: () => null },
			accessors: { name: { get: () => "thing" } },
		});
		const source = `var thing = new Thing(), list = thing.list(), caught = [];
			function caller() { caught.push(caller.caller, arguments.callee.caller); }
			Error.prepareStackTrace = function (error, calls) {
				for (var i = 0; i < calls.length; i++) caught.push(calls[i], calls[i].getThis(), calls[i].getFunction());
			};
			function deep(n) { try { thing.list(); deep(n); } catch (e) { caught.push(e); } }
			for (var n = 0; n < 8; n++) (function padded(n) { if (n > 0) padded(n - 1); else deep(); })(n);`;
		realm.run(source, "main.asc");
		realm.invoke(realm.global, "caller", []);
		const seen = new Set<object>();
		const waiting: object[] = [realm.global];
		for (let object = waiting.pop(); object !== undefined; object = waiting.pop()) {
			if (seen.has(object)) continue;
			seen.add(object);
			expect(object instanceof Object).toBe(false);
			const found: unknown[] = [Object.getPrototypeOf(object)];
			for (const descriptor of Object.values(Object.getOwnPropertyDescriptors(object))) {
				found.push(descriptor.value, descriptor.get, descriptor.set);
			}
			for (const value of found) {
				if ((typeof value === "object" && value !== null) || typeof value === "function") waiting.push(value);
			}
		}
		expect(seen.size).toBeGreaterThan(300);
	});

	it.each([
		"trace instanceof Function && trace instanceof Object",
		"Thing instanceof Function && new Thing() instanceof Object && Thing() instanceof Thing",
		"new Thing().list() instanceof Array",
		"try { new Thing().fail() } catch (e) { e instanceof RangeError && e instanceof Error && e.message == 'too far' }",
		"try { new Thing().leak() } catch (e) { e instanceof TypeError }",
		"try { Thing.prototype.fail.call(1) } catch (e) { e instanceof TypeError }",
		"typeof JSON + typeof Map + typeof Promise + typeof setTimeout + typeof console == 'undefinedundefinedundefinedundefinedundefined'",
		"var n = 0; for (var i in {}) n++; for (var i in []) n++; for (var i in new Thing()) n++; n == 0",
		"String(new Thing()) == '[object Thing]'",
		"Thing.prototype.extra = function () { return this.x }; var t = new Thing(); t.x = 4; t.extra() == 4",
		"var t = new Thing(); t.name = 'other'; t.name == 'thing'",
		"function Sub() { Thing.call(this); this.y = 1 } Sub.prototype = new Thing(); new Sub() instanceof Thing",
		"undeclared = 5; this.undeclared == 5",
		"[3, 1, 2, 10].sort(function (a, b) { return a > b }).join() == '1,2,3,10'",
		"[3, 1, 2, 10].sort(function (a, b) { return a < b }).join() == '10,3,2,1'",
		"[3, 1, 2, 10].sort(function (a, b) { return b - a }).join() + [3, 1, 10].sort().join() == '10,3,2,11,10,3'",
	])("makes true of %s", source => {
		const { realm } = realmFixture();
		realm.defineClass({
			name: "Thing",
			construct() {},
			methods: {
				list: () => realm.newArray([1]),
				fail() {
					throw new RangeError("too far");
				},
				leak: () => [],
			},
			accessors: { name: { get: () => "thing" } },
		});
		expect(realm.run(source, "main.asc")).toBe(true);
	});

	it("tells of what was thrown with file, line and the line's text", () => {
		expect(faultOf("var a = 1;\r\rfunction f() {\r  missing();\r}\rf();")).toMatchObject({
			message: "ReferenceError: missing is not defined",
			file: "main.asc",
			line: 4,
			sourceLine: "missing();",
			stack: "ReferenceError: missing is not defined\n    at f (main.asc:4)\n    at (main.asc:6)",
		});
		expect(faultOf("\n\n throw 'plain';")).toMatchObject({ message: "plain", line: 3, sourceLine: "throw 'plain';" });
		expect(faultOf("\nvar x = ;")).toMatchObject({ message: "SyntaxError: Unexpected token ;", line: 2 });
		expect(faultOf("\nfunction f() { f(); }\nf();")).toMatchObject({
			message: "RangeError: Maximum call stack size exceeded",
			line: 2,
		});
		expect(faultOf("\nfunction f() { return 'for each' }\n\neval('f(); x.y')")).toMatchObject({
			line: 4,
			stack: "ReferenceError: x is not defined\n    at eval (main.asc:4)\n    at (main.asc:4)",
		});
		expect(faultOf("var a;\n{ function a() {}\nvar a }")).toMatchObject({
			message: "SyntaxError: Identifier 'a' has already been declared",
			line: 3,
		});
		expect(faultOf("throw { message: 'mine', toString: function () { throw 1 } }")).toMatchObject({
			message: "[object Object]",
			line: 1,
		});
		expect(
			faultOf(
				"var e = new Error('x'); e.toString = null; e.__defineGetter__('stack', function () { throw 1 });\nthrow e",
			),
		).toMatchObject({ message: "Error", file: "", line: 0, sourceLine: "" });
		expect(faultOf("throw undefined")).toMatchObject({ message: "undefined", line: 1 });
		expect(
			faultOf("function Mine(m) { this.message = m }\nMine.prototype = new Error();\nthrow new Mine('m')"),
		).toMatchObject({
			message: "Error: m",
			line: 3,
		});
	});

	it("calls members where they are functions, and reports what they throw", () => {
		const { realm, faults, places } = realmFixture();
		const object = realm.run(
			`({ add: function (a, b) { return this.base + a + b }, base: 1, list: [],
			fail: function () { throw 'failed' }, get bad() { throw 'got' } })`,
			"main.asc",
		) as ScriptObject;
		expect(realm.invoke(object, "add", [2, 3])).toEqual({ called: true, failed: false, value: 6 });
		expect(realm.invoke(object, "list", [])).toEqual({ called: false, failed: false });
		expect(realm.invoke(object, "none", [])).toEqual({ called: false, failed: false });
		expect(realm.invoke(object, "fail", [])).toMatchObject({
			called: true,
			failed: true,
			fault: { message: "failed" },
		});
		expect(realm.invoke(object, "bad", [], "a getter")).toMatchObject({ called: true, failed: true });
		expect(faults.map(({ message, line }) => [message, line])).toEqual([
			["failed", 2],
			["got", 2],
		]);
		expect(places).toEqual(["fail", "a getter"]);
	});

	it("makes objects of native classes for the host, without their constructor", () => {
		const { realm } = realmFixture();
		const type = realm.defineClass({ name: "Client", accessors: { ip: { get: () => "::1" } } });
		realm.setOwn(realm.global, "client", realm.instantiate(type));
		realm.run("Client.prototype.hello = function () { return this.ip }; Client.prototype = {};", "main.asc");
		expect(realm.run("client instanceof Client && client.hello()", "main.asc")).toBe("::1");
		expect(realm.run("try { new Client() } catch (e) { e.message }", "main.asc")).toBe("Client is not a constructor");
		expect(() => realm.instantiate(realm.run("Object", "main.asc") as ScriptFunction)).toThrow(TypeError);
	});

	it("hides classes that are no globals", () => {
		const { realm } = realmFixture();
		realm.defineClass({ name: "Hidden", isHidden: true });
		expect(realm.run("typeof Hidden", "main.asc")).toBe("undefined");
	});

	it("throws again in a script what a script threw inside a native function", () => {
		const { realm } = realmFixture();
		realm.defineGlobal("apply", ([fn]) => Reflect.apply(fn as ScriptFunction, undefined, []));
		realm.defineGlobal("include", ([source]) => realm.run(String(source), "other.asc"));
		expect(realm.run("try { apply(function () { throw apply }) } catch (e) { e === apply }", "main.asc")).toBe(true);
		expect(realm.run("try { include('throw 5') } catch (e) { e }", "main.asc")).toBe(5);
	});

	it("calls back at its end, once, and at once when it has ended", () => {
		const { realm } = realmFixture();
		const ends: number[] = [];
		realm.onClose(() => ends.push(1));
		realm.close();
		realm.close();
		realm.onClose(() => ends.push(2));
		expect(ends).toEqual([1, 2]);
	});
});
