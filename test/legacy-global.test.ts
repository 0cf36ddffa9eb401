import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LegacyFixture } from "./legacy-fixture.ts";

/** The global functions of old scripts, as clients see what they do over the wire. */

let server: LegacyFixture;

beforeAll(async () => {
	server = await LegacyFixture.start({ code: { isolation: "thread" } });
});

afterAll(() => server[Symbol.asyncDispose]());

const RUN = "Client.prototype.run = function (code) { var client = this; return eval(code); };";

describe("global functions", () => {
	it("trace writes to the server's log", async () => {
		await server.connect(
			server.app("trace('It is ' + 6 * 7); application.onConnect = function () { trace({}); return true; };"),
		);
		await server.logged(/^It is 42$/);
		await server.logged(/^\[object Object\]$/);
	});

	it("load runs a file once, and what it makes is everybody's", async () => {
		const name = server.app(
			"var loads = 0; load('lib/a.asc'); load('lib/a.asc'); Client.prototype.ask = function () { return [loads, made()]; };",
			{
				"lib/a.asc": "loads++; function made() { return 'in a'; }",
			},
		);
		expect(await (await server.connect(name)).call("ask")).toEqual([1, "in a"]);
	});

	it("setInterval calls functions and methods with arguments, until clearInterval", async () => {
		const client = await server.connect(
			server.app(`${RUN}
			var clock = { n: 0, tick: function (by) { this.n += by; if (this.n >= 6) { clearInterval(id); client.call("done", null, this.n); } } };
			var id, client;
			Client.prototype.start = function () { client = this; id = setInterval(clock, "tick", 5, 2); return typeof id; };
			Client.prototype.startFunction = function () {
				var me = this, other = setInterval(function (a, b) { clearInterval(other); me.call("called", null, a + b); }, 5, 1, 2);
			};`),
		);
		expect(await client.call("start")).toBe("number");
		expect(await client.calls("done")).toEqual([[6]]);
		await client.call("startFunction");
		expect(await client.calls("called")).toEqual([[3]]);
		expect(await client.call("run", "clock.n")).toBe(6);
	});

	it("setInterval goes on where what it calls throws, and ends with the instance", async () => {
		const name = server.app(`
			var n = 0;
			application.onStatus = function (info) { trace("told " + info.description); };
			setInterval(function () { n++; if (n == 1) nothing.at.all(); if (n == 3) trace("goes on"); }, 5);
			Client.prototype.end = function () { application.shutdown(); };`);
		const client = await server.connect(name);
		await server.logged(/^goes on$/);
		await server.logged(/^told ReferenceError: nothing is not defined$/);
		client.connection.call("end", null);
		await client.until(() => client.codes.includes("Connect.Closed"));
	});

	it("setAttributes hides and protects properties", async () => {
		const client = await server.connect(
			server.app(`var o = { shown: 1, hidden: 2, fixed: 3 };
				setAttributes(o, "hidden", false, false, false); setAttributes(o, "fixed", true, true, true);
				o.fixed = 4; delete o.fixed;
				Client.prototype.ask = function () { var names = []; for (var i in o) names.push(i); return [names, o.fixed, o.hidden]; };`),
		);
		expect(await client.call("ask")).toEqual([["shown", "fixed"], 3, 2]);
	});

	it("getGlobal and protectObject are there in secure.asc, and nowhere else", async () => {
		const client = await server.connect(
			server.app(
				`Client.prototype.ask = function () { return [safe.get(), typeof safe.secret, typeof getGlobal, typeof protectObject, seen]; };`,
				{
					"secure.asc": `var keeper = { secret: 7, get: function () { return this.secret; } }; getGlobal().safe = protectObject(keeper); var seen = typeof getGlobal; keeper = null;`,
				},
			),
		);
		expect(await client.call("ask")).toEqual([7, "undefined", "undefined", "undefined", "function"]);
	});

	it("undeclared variables are the instance's own, and `this` of a function is the global object", async () => {
		const name = server.app(
			`${RUN} function f() { made = "here"; return this === getThis(); } function getThis() { return this; }`,
		);
		const ann = await server.connect(`${name}/a`);
		const bob = await server.connect(`${name}/b`);
		expect(await ann.call("run", "f()")).toBe(true);
		expect(await ann.call("run", "made")).toBe("here");
		expect(await bob.call("run", "typeof made")).toBe("undefined");
	});

	it("MaxTimeOut of Application.xml ends a handler that does not end", async () => {
		const name = server.app(`Client.prototype.loop = function () { for (;;); };`, {
			"Application.xml": "<Application><JSEngine><MaxTimeOut>0.3</MaxTimeOut></JSEngine></Application>",
		});
		const client = await server.connect(name);
		client.connection.call("loop", null);
		await client.until(() => client.codes.includes("Connect.AppShutdown"));
		await server.logged(/did not let the event loop turn for 300 ms/);
	});
});
