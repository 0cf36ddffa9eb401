import { describe, expect, it } from "vitest";
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
		realm.run("var thing = new Thing(); var list = thing.list();", "main.asc");
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
		"Thing.prototype.extra = function () { return this.x }; var t = new Thing(); t.x = 4; t.extra() == 4",
		"var t = new Thing(); t.name = 'other'; t.name == 'thing'",
		"function Sub() { Thing.call(this); this.y = 1 } Sub.prototype = new Thing(); new Sub() instanceof Thing",
		"undeclared = 5; this.undeclared == 5",
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
	});
});
