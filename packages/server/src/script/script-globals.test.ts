import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type RealmFixture, realmFixture } from "./realm-fixture.ts";
import { ScriptError } from "./script-fault.ts";
import { MAX_TIMERS } from "./script-timers.ts";

describe("trace", () => {
	it("takes anything", () => {
		const { realm, traces } = realmFixture();
		realm.run("trace(); trace(undefined); trace(null); trace([1, [2]]); trace({}); trace('a', 1)", "main.asc");
		expect(traces).toEqual(["", "undefined", "null", "1,2", "[object Object]", "a 1"]);
		const source = "try { trace({ toString: function () { throw 'mine' } }) } catch (e) { e }";
		expect(realm.run(source, "main.asc")).toBe("mine");
	});
});

describe("load", () => {
	let root: string;
	let fixture: RealmFixture;

	beforeEach(() => {
		root = mkdtempSync(join(tmpdir(), "load-"));
	});
	afterEach(() => rmSync(root, { recursive: true }));

	/** Runs the main file of an application with these files, by paths below the application's folder. */
	function run(files: Record<string, string>, main = "main.asc"): void {
		for (const [name, text] of Object.entries(files)) {
			const path = join(root, "app", name);
			mkdirSync(dirname(path), { recursive: true });
			writeFileSync(path, text, "latin1");
		}
		fixture = realmFixture({
			folder: join(root, "app"),
			libraries: [join(root, "first"), join(root, "second")],
			builtIn: new Map([["netservices.asc", realm => realm.trace("built in")]]),
		});
		fixture.realm.runFile(join(root, "app", main));
	}

	it("runs a file at once, and each only once", () => {
		run({
			"main.asc": "trace(1); load('lib/a.asc'); trace(a); load('./lib/A.ASC'); load('lib\\\\b.asc')",
			"lib/a.asc": "trace('in'); var a = 2; load('lib/b.asc')",
			"lib/b.asc": "trace('b'); load('lib/a.asc')",
		});
		expect(fixture.traces).toEqual(["1", "in", "b", "2"]);
		expect(fixture.faults).toEqual([]);
	});

	it("looks beside the main file, then in the application's folder, the libraries, and among those built in", () => {
		run(
			{
				"scripts/main.asc": "load('a.asc'); load('b.asc'); load('c.asc'); load('d.asc'); load('NetServices.asc')",
				"scripts/a.asc": "trace('beside')",
				"a.asc": "trace('wrong')",
				"b.asc": "trace('folder')",
				"../first/c.asc": "trace('first')",
				"../second/c.asc": "trace('wrong')",
				"../second/d.asc": "trace('second')",
			},
			"scripts/main.asc",
		);
		expect(fixture.traces).toEqual(["beside", "folder", "first", "second", "built in"]);
	});

	it("reports what is missing, or outside, and goes on", () => {
		run({
			"main.asc": "load('none.asc')\n;load('../secret.asc'); load('lib'); load('/etc/hosts'); load(''); trace('on')",
			"../secret.asc": "trace('secret')",
			"lib/x.asc": "",
		});
		expect(fixture.traces).toEqual(["on"]);
		expect(fixture.faults).toHaveLength(5);
		expect(fixture.faults[0]).toMatchObject({
			message: "Error: The file none.asc is neither in the application nor in a library",
			file: "main.asc",
			line: 1,
		});
		expect(fixture.places[1]).toBe('load("../secret.asc")');
	});

	it("reports what a file throws with its own place, and goes on", () => {
		run({
			"main.asc": "load('bad.asc'); load('worse.asc'); trace('on')",
			"bad.asc": "\r\rvar x = y.z;",
			"worse.asc": "\nvar = 1;",
		});
		expect(fixture.traces).toEqual(["on"]);
		expect(fixture.faults).toMatchObject([
			{ file: "bad.asc", line: 3, sourceLine: "var x = y.z;", message: "ReferenceError: y is not defined" },
			{ file: "worse.asc", line: 2, message: "SyntaxError: Unexpected token =" },
		]);
		expect(fixture.faults[0]?.stack).toContain("at (main.asc:1)");
	});

	it("throws where the main file itself is at fault", () => {
		expect(() => run({ "main.asc": "x.y" })).toThrow(ScriptError);
		expect(() => run({ "main.asc": "x.y" })).toThrow("main.asc:1: ReferenceError: x is not defined");
	});

	it.each([
		["UTF-8 with a byte-order mark", "\u00ef\u00bb\u00bftrace('\u00c3\u00a9')"],
		["UTF-8", "trace('\u00c3\u00a9')"],
		["Latin-1", "trace('\u00e9')"],
		["UTF-16", "\u00ff\u00fet\0r\0a\0c\0e\0(\0'\0\u00e9\0'\0)\0"],
	])("reads %s", (_name, text) => {
		run({ "main.asc": text });
		expect(fixture.traces).toEqual(["é"]);
	});

	it("looks beside the main file also where secure.asc has loaded files of other folders", () => {
		run({ "lib/a.asc": "trace('a')", "lib/b.asc": "trace('wrong')", "scripts/b.asc": "trace('b')" }, "lib/a.asc");
		const { realm, traces } = realmFixture({ folder: join(root, "app") });
		writeFileSync(join(root, "app", "secure.asc"), "load('lib/a.asc')");
		writeFileSync(join(root, "app", "scripts", "main.asc"), "load('b.asc')");
		realm.runSecureFile(join(root, "app", "secure.asc"));
		realm.runFile(join(root, "app", "scripts", "main.asc"));
		expect(traces).toEqual(["a", "b"]);
	});

	it("gives secure.asc what exists only there", () => {
		run({ "main.asc": "" });
		writeFileSync(
			join(root, "app", "secure.asc"),
			`var inner = { secret: 7, read: function (n) { return this.secret + n } };
			getGlobal().guarded = protectObject(inner); inner = null; load = null;
			setAttributes(getGlobal(), "guarded", false, true, true);`,
		);
		fixture.realm.runSecureFile(join(root, "app", "secure.asc"));
		const source = `guarded = 1; delete this.guarded; var listed = "";
			for (var i in this) if (i == "guarded") listed = i;
			[guarded.read(1), guarded.secret, typeof getGlobal, typeof protectObject, listed, load].join()`;
		expect(fixture.realm.run(source, "main.asc")).toBe("8,,undefined,undefined,,");
	});
});

describe("setInterval", () => {
	beforeEach(() => {
		vi.useFakeTimers();
	});
	afterEach(() => {
		vi.useRealTimers();
	});

	it("calls a function, or a method that is looked up each time, with arguments", () => {
		const { realm, traces } = realmFixture();
		realm.run(
			`var o = { n: 0, tick: function (by) { this.n += by; trace(this.n) } };
			var first = setInterval(function (a, b) { trace(a + b + (this == o)) }, 100, "x", "y");
			var second = setInterval(o, "tick", 160, 5);`,
			"main.asc",
		);
		vi.advanceTimersByTime(330);
		expect(traces).toEqual(["xyfalse", "5", "xyfalse", "xyfalse", "10"]);
		realm.run("clearInterval(first); o.tick = function () { trace('other') }", "main.asc");
		vi.advanceTimersByTime(160);
		expect(traces.slice(5)).toEqual(["other"]);
		realm.run("o.tick = null; clearInterval(99); clearInterval()", "main.asc");
		vi.advanceTimersByTime(160);
		expect(traces).toHaveLength(6);
	});

	it("goes on where the handler throws, and ends with the realm", () => {
		const { realm, faults, places } = realmFixture();
		realm.run("setInterval(function () {\n nothing.here }, 10)", "main.asc");
		vi.advanceTimersByTime(25);
		expect(faults).toHaveLength(2);
		expect(faults[1]).toMatchObject({ file: "main.asc", line: 2 });
		expect(places).toEqual(["setInterval", "setInterval"]);
		realm.close();
		expect(vi.getTimerCount()).toBe(0);
		realm.run("clearInterval(setInterval(trace, 10)); setInterval(trace, 10)", "main.asc");
		expect(vi.getTimerCount()).toBe(0);
	});

	it("is refused to an instance that has very many", () => {
		const { realm, faults } = realmFixture();
		realm.run("var ids = [], f = function () {}; function more() { ids.push(setInterval(f, 1000)) }", "main.asc");
		realm.run(`for (var i = 0; i < ${MAX_TIMERS}; i++) more()`, "main.asc");
		realm.invoke(realm.global, "more", []);
		expect(faults).toMatchObject([{ message: `RangeError: An instance has ${MAX_TIMERS} timers at most.`, line: 1 }]);
		realm.run("clearInterval(ids.pop()); more()", "main.asc");
		expect(faults).toHaveLength(1);
		realm.close();
	});

	it.each(["setInterval(undefined, 10)", "setInterval({}, 10)", "setInterval(null, 'x', 10)", "setInterval()"])(
		"%s is an error of the script",
		source => {
			const { realm } = realmFixture();
			expect(realm.run(`try { ${source} } catch (e) { e instanceof TypeError }`, "main.asc")).toBe(true);
		},
	);
});

describe("errors", () => {
	it("know their file and line, as in SpiderMonkey", () => {
		const { realm } = realmFixture();
		const source =
			"try {\n\nnothing() } catch (e) { e.fileName + ':' + e.lineNumber + (e.lineNumber = 9) + e.lineNumber }";
		expect(realm.run(source, "lib/a.asc")).toBe("lib/a.asc:399");
	});
});
