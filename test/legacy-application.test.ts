import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FlvMaker } from "../packages/server/src/library/test-flv-file.ts";
import { LegacyFixture } from "./legacy-fixture.ts";

/** The object `application` of old scripts, as clients see it over the wire. */

let server: LegacyFixture;

beforeAll(async () => {
	server = await LegacyFixture.start({
		code: { isolation: "thread" },
		applications: { configured: { config: { limit: 3, motto: "ours" } } },
	});
});

afterAll(() => server[Symbol.asyncDispose]());

/** Connects to an application of that main file. */
const connectTo = (main: string, files: Record<string, string> = {}) => server.connect(server.app(main, files));

/** What a script gives for an expression, in a method of a client that is let in. */
async function ask(expression: string, before = ""): Promise<unknown> {
	const client = await connectTo(`${before}; Client.prototype.ask = function () { return ${expression}; };`);
	return client.call("ask");
}

describe("what an application says of itself", () => {
	it("application.name is the application's and the instance's name", async () => {
		const name = server.app("Client.prototype.ask = function () { return application.name; }");
		expect(await (await server.connect(name)).call("ask")).toBe(`${name}/_definst_`);
		expect(await (await server.connect(`${name}/room`)).call("ask")).toBe(`${name}/room`);
	});

	it("application.server, application.hostname and application.allowDebug", async () => {
		expect(await ask("application.server")).toMatch(/^Adobe Media Server-(LNX|WIN|MAC)\/5\./);
		expect(await ask("application.hostname")).toBe(hostname());
		expect(await ask("application.allowDebug")).toBe(false);
		expect(await ask("application.allowDebug", "application.allowDebug = true")).toBe(true);
		const byDefault = await connectTo("Client.prototype.ask = function () { return application.allowDebug; }", {
			"Application.xml": "<Application><Debug><AllowDebugDefault>true</AllowDebugDefault></Debug></Application>",
		});
		expect(await byDefault.call("ask")).toBe(true);
	});

	it("application.config holds what Application.xml and the server's configuration say", async () => {
		const xml = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "evil">]>
			<Application><JSEngine><ApplicationObject><config>
				<clearOnAppStop>true</clearOnAppStop><number>12</number><motto>theirs</motto><other>a &amp; b</other>
			</config></ApplicationObject></JSEngine></Application>`;
		server.write("configured/main.asc", "Client.prototype.ask = function () { return application.config; }");
		server.write("configured/Application.xml", xml);
		const client = await server.connect("configured");
		expect(await client.call("ask")).toEqual({
			clearOnAppStop: "true",
			number: "12",
			motto: "ours",
			limit: 3,
			other: "a & b",
		});
	});

	it("application takes properties of the script's own", async () => {
		expect(await ask("[application.users.length, application.x]", "application.users = ['ann']")).toEqual([
			1,
			undefined,
		]);
	});

	it("application.clients is a live list in the order of coming, for loops of all kinds", async () => {
		const name = server.app(`
			var list = application.clients;
			application.onConnect = function (client, name) { client.name = name; return true; };
			Client.prototype.ask = function () {
				var names = [], i, client;
				for (i = 0; i < application.clients.length; i++) names.push(application.clients[i].name);
				for (i in application.clients) names.push(i + application.clients[i].name);
				for each (client in list) names.push(client.name);
				return names;
			};`);
		const ann = await server.connect(name, "ann");
		const bob = await server.connect(name, "bob");
		await server.connect(name, "cid");
		expect(await ann.call("ask")).toEqual(["ann", "bob", "cid", "0ann", "1bob", "2cid", "ann", "bob", "cid"]);
		bob.connection.close();
		await ann.until(() => bob.codes.includes("Connect.Closed"));
		for (let names = ["bob"]; names.includes("bob"); ) names = (await ann.call("ask")) as string[];
		expect(await ann.call("ask")).toEqual(["ann", "cid", "0ann", "1cid", "ann", "cid"]);
	});
});

describe("the life of an instance", () => {
	it("application.onAppStart comes once, behind the main file and before the first client", async () => {
		const client = await connectTo(`
			var order = ["main"];
			application.onAppStart = function () { order.push("start " + (this === application)); };
			application.onConnect = function () { order.push("connect"); return true; };
			Client.prototype.ask = function () { return order; };`);
		expect(await client.call("ask")).toEqual(["main", "start true", "connect"]);
	});

	it("application.shutdown ends the instance: clients are told, application.onAppStop says why, and the next client starts it anew", async () => {
		const name = server.app(`
			var n = 0;
			application.onAppStop = function (info) { trace("stop " + info.code + " " + info.level + " " + application.clients.length); };
			Client.prototype.count = function () { return ++n; };
			Client.prototype.end = function () { application.shutdown(); };`);
		const client = await server.connect(name);
		expect([await client.call("count"), await client.call("count")]).toEqual([1, 2]);
		client.connection.call("end", null);
		await client.until(() => client.codes.includes("Connect.Closed"));
		expect(client.codes).toEqual(["Connect.Success", "Connect.AppShutdown", "Connect.Closed"]);
		await server.logged(/^stop Application\.Shutdown status 0$/);
		const again = await server.connect(name);
		expect(await again.call("count")).toBe(1);
	});

	it("application.onAppStop says that an idle instance is collected", async () => {
		await using idle = await LegacyFixture.start({ code: { idleMillis: 10 } });
		const client = await idle.connect(
			idle.app("application.onAppStop = function (info) { trace('stop ' + info.code); };"),
		);
		client.connection.close();
		await idle.logged(/^stop Application\.GC$/);
	});

	it("application.onAppStop keeps an idle instance by returning false", async () => {
		await using idle = await LegacyFixture.start({ code: { idleMillis: 50 } });
		const name = idle.app(`
			var asked = 0;
			application.onAppStop = function (info) { trace("asked " + ++asked + " " + info.code); return asked > 2; };
			Client.prototype.count = function () { return asked; };`);
		const client = await idle.connect(name);
		client.connection.close();
		await idle.logged(/^asked 2 Application\.GC$/);
		await idle.logged(/^asked 3 Application\.GC$/);
		const again = await idle.connect(name);
		// The third time it let go: what it counted is gone, and it was not asked once more at its end.
		expect(await again.call("count")).toBe(0);
		expect(idle.lines.filter(line => /^asked/.test(line)).length).toBe(3);
	});

	it("application.gc does no harm", async () => {
		expect(await ask("application.gc()")).toBeUndefined();
	});

	it("application.getStats tells at once what was sent and received", async () => {
		const name = server.app("Client.prototype.ask = function () { return application.getStats(); };");
		const client = await server.connect(name);
		const other = await server.connect(name);
		other.connection.close();
		let stats = (await client.call("ask")) as Record<string, number>;
		while (stats["total_disconnects"] === 0) stats = (await client.call("ask")) as Record<string, number>;
		expect(Object.keys(stats).sort()).toEqual([
			...["bw_in", "bw_out", "bytes_in", "bytes_out", "msg_dropped", "msg_in", "msg_out"],
			...["server_bytes_in", "server_bytes_out", "total_connects", "total_disconnects"],
		]);
		expect(stats).toMatchObject({ total_connects: 2, total_disconnects: 1, msg_dropped: 0 });
		expect(stats["bytes_in"]).toBeGreaterThan(300);
	});
});

describe("who is let in", () => {
	it("everybody, where there is no handler", async () => {
		expect((await connectTo("")).codes).toEqual(["Connect.Success"]);
	});

	it("application.onConnect gets the client and the arguments, and decides by true and false", async () => {
		const name = server.app(
			"application.onConnect = function (client, a, b) { client.call('got', null, a, b); return a; };",
		);
		const taken = await server.connect(name, true, { x: 1 });
		expect(await taken.calls("got")).toEqual([[true, { x: 1 }]]);
		const refused = await server.connect(name, false);
		expect(refused.codes[0]).toBe("Connect.Rejected");
	});

	it.each(["1", "0", "null", "undefined", "'true'"])(
		"a client is pending where the handler returns %s",
		async value => {
			const name = server.app(`
			var waiting = [];
			application.onConnect = function (client, name) {
				if (name == "boss") return true;
				waiting.push(client);
				client.call("first", null, application.clients.length);
				return ${value};
			};
			Client.prototype.decide = function () {
				for (var i in waiting) { waiting[i].call("second"); application.acceptConnection(waiting[i]); waiting[i].call("third"); }
				return application.clients.length;
			};`);
			const pending = server.dial(name, "ann");
			const boss = await server.connect(name, "boss");
			expect(pending.codes).toEqual([]);
			expect(await boss.call("decide")).toBe(2);
			await pending.calls("third");
			expect(pending.codes).toEqual(["Connect.Success"]);
			expect(pending.received.map(([method]) => method).filter(method => method !== "onBWDone")).toEqual([
				"first",
				"second",
				"third",
			]);
		},
	);

	it("application.acceptConnection decides first, whatever comes behind it", async () => {
		const client = await connectTo(`application.onConnect = function (client) {
			application.acceptConnection(client);
			application.rejectConnection(client);
			client.call("in", null, application.clients.length, application.clients[0] === client);
			return false;
		};`);
		expect(client.codes).toEqual(["Connect.Success"]);
		expect(await client.calls("in")).toEqual([[1, true]]);
	});

	it("application.rejectConnection tells why, in the forms of both generations", async () => {
		const name = server.app(`application.onConnect = function (client, how) {
			switch (how) {
				case "bare": application.rejectConnection(client); break;
				case "error": application.rejectConnection(client, { reason: 7 }); break;
				case "text": application.rejectConnection(client, "No."); break;
				case "both": application.rejectConnection(client, "No.", { reason: 8 }); break;
			}
			client.call("never");
			return true;
		};`);
		const told = async (how: string) => {
			const client = await server.connect(name, how);
			await client.until(() => client.codes.includes("Connect.Closed"));
			expect(client.codes).toEqual(["Connect.Rejected", "Connect.Closed"]);
			expect(client.received).toEqual([]);
			return [client.statuses[0]!["description"], client.statuses[0]!["application"]];
		};
		expect(await told("bare")).toEqual(["[ Server.Reject ] : Connection failed.", undefined]);
		expect(await told("error")).toEqual(["[ Server.Reject ] : Connection failed.", { reason: 7 }]);
		expect(await told("text")).toEqual(["[ Server.Reject ] : No.", "No."]);
		expect(await told("both")).toEqual(["[ Server.Reject ] : No.", { reason: 8 }]);
	});

	it("application.redirectConnection sends elsewhere, and without an address only away", async () => {
		const name = server.app(`application.onConnect = function (client, url) {
			application.redirectConnection(client, url, "Moved.", { reason: 9 });
		};`);
		const sent = await server.connect(name, "rtmp://other.example/app");
		expect(sent.statuses[0]).toMatchObject({
			code: "NetConnection.Connect.Rejected",
			ex: { code: 302, redirect: "rtmp://other.example/app" },
			application: { reason: 9 },
		});
		const away = await server.connect(name);
		expect(away.statuses[0]).toMatchObject({ code: "NetConnection.Connect.Rejected", application: { reason: 9 } });
		expect(away.statuses[0]).not.toHaveProperty("ex");
	});

	it("application.onConnectAccept and application.onConnectReject come with the framework only", async () => {
		const text = (load: string) => `${load}
			application.onConnect = function (client, ok) {
				if (ok) this.acceptConnection(client); else this.rejectConnection(client);
			};
			application.onConnectAccept = function (client, ok) { trace("accepted ${load} " + ok); client.call("welcome", null, ok); };
			application.onConnectReject = function (client, ok) { trace("rejected ${load} " + ok); };`;
		const name = server.app(text("load('components.asc');"));
		const client = await server.connect(name, 1);
		expect(await client.calls("welcome")).toEqual([[1]]);
		await server.connect(name, 0);
		await server.logged(/^rejected load\('components\.asc'\); 0$/);
		const bare = server.app(text(""));
		const quiet = await server.connect(bare, 1);
		await quiet.calls("onBWDone");
		expect(quiet.received).toEqual([["onBWDone"]]);
	});

	it("a client that leaves while it is pending can be let in no more, and is no client that leaves", async () => {
		const name = server.app(`
			var waiting;
			application.onConnect = function (client, name) { if (name) return true; waiting = client; client.name = "gone"; trace("waits"); };
			application.onDisconnect = function (client) { trace("left " + client.name); };
			Client.prototype.hasLeft = function () { return !waiting.call("x"); };
			Client.prototype.decide = function () {
				application.acceptConnection(waiting);
				return [application.clients.length, waiting.call("x"), application.disconnect(waiting)];
			};`);
		const pending = server.dial(name);
		const boss = await server.connect(name, "boss");
		await server.logged(/^waits$/);
		pending.connection.close();
		while (!(await boss.call("hasLeft")));
		expect(await boss.call("decide")).toEqual([1, false, false]);
		expect(server.lines).not.toContain("left gone");
	});

	it("of a client that has left while it was pending, the framework's events tell nothing", async () => {
		const name = server.app(`
			load("components.asc");
			var waiting, told = [];
			application.onConnect = function (client, name) { if (name) this.acceptConnection(client); else waiting = client; };
			application.onConnectReject = function () { told.push("reject"); };
			application.onConnectAccept = function (client, name) { told.push("accept " + name); };
			Client.prototype.waits = function () { return waiting !== undefined; };
			Client.prototype.hasLeft = function () { return !waiting.call("x"); };
			Client.prototype.decide = function () {
				application.rejectConnection(waiting);
				application.acceptConnection(waiting);
				return told;
			};`);
		const pending = server.dial(name);
		const boss = await server.connect(name, "boss");
		while (!(await boss.call("waits")));
		pending.connection.close();
		while (!(await boss.call("hasLeft")));
		expect(await boss.call("decide")).toEqual(["accept boss"]);
	});
});

describe("what an application does to its clients", () => {
	it("application.disconnect ends a connection, and application.onDisconnect can still read the client", async () => {
		const name = server.app(`
			application.onConnect = function (client, name) { client.name = name; return true; };
			application.onDisconnect = function (client) { trace("left " + client.name + " " + client.ip + " " + application.clients.length); };
			Client.prototype.leave = function () { return application.disconnect(this); };`);
		const client = await server.connect(name, "eve");
		client.connection.call("leave", null);
		await client.until(() => client.codes.includes("Connect.Closed"));
		await server.logged(/^left eve 127\.0\.0\.1 0$/);
	});

	it("application.broadcastMsg calls a method of everybody who is let in", async () => {
		const name = server.app(`
			application.onConnect = function (client, isIn) { if (isIn) { application.acceptConnection(client); application.broadcastMsg("hi", application.clients.length); } };
			Client.prototype.say = function (what) { application.broadcastMsg("said", what, { a: [1] }); };`);
		const ann = await server.connect(name, true);
		const bob = await server.connect(name, true);
		const pending = server.dial(name, false);
		ann.connection.call("say", null, "x");
		expect(await bob.calls("said")).toEqual([["x", { a: [1] }]]);
		expect(await ann.calls("hi", 2)).toEqual([[1], [2]]);
		expect(await bob.calls("hi")).toEqual([[2]]);
		expect(pending.received).toEqual([]);
	});

	it("application.registerClass makes typed objects instances, and sends such", async () => {
		const client = await connectTo(`
			function Point() { this.x = 0; }
			Point.prototype.double = function () { return this.x * 2; };
			application.registerClass("Point", Point);
			Client.prototype.twice = function (p) { var q = new Point(); q.x = p.double(); return [p instanceof Point, q]; };
			Client.prototype.forget = function () { application.registerClass("Point", null); var q = new Point(); return q; };`);
		const point = { x: 21 };
		const { AmfTypedObject } = await import("@millrace/core/amf");
		const [isPoint, twice] = (await client.call("twice", new AmfTypedObject("Point", point))) as [boolean, unknown];
		expect(isPoint).toBe(true);
		expect(twice).toMatchObject({ className: "Point", members: { x: 42 } });
		expect(await client.call("forget")).toEqual({ x: 0 });
	});

	it("application.registerProxy hands calls to another client, and its answer back", async () => {
		const name = server.app(`
			application.onConnect = function (client, isWorker) {
				if (isWorker) trace("proxy " + application.registerProxy("work", client, "doWork"));
				return true;
			};
			Client.prototype.end = function () { return [application.registerProxy("work", null), application.registerProxy("work", {})]; };`);
		const worker = await server.connect(name, true);
		worker.answers["doWork"] = (a, b) => Number(a) * Number(b);
		const asking = await server.connect(name, false);
		expect(await asking.call("work", 6, 7)).toBe(42);
		await server.logged(/^proxy true$/);
		expect(await asking.call("end")).toEqual([true, false]);
		expect(await asking.call("work", 6, 7)).toMatchObject({ description: "Method not found (work)." });
	});

	it("application.clearStreams deletes recordings by their paths, and says so", async () => {
		const name = server.app(`
			application.onStatus = function (info) { trace(info.code + " " + info.details); };
			Client.prototype.clear = function (path) { return application.clearStreams(path); };`);
		const maker = new FlvMaker();
		maker.avcConfiguration();
		maker.key(0);
		const path = (file: string) => `${name}/streams/_definst_/${file}.flv`;
		for (const file of ["report1", "report2", "other"]) server.write(path(file), maker.bytes());
		const client = await server.connect(name);
		expect(await client.call("clear", "/missing*")).toBe(false);
		expect(await client.call("clear", "mp4:/report*")).toBe(false);
		expect(await client.call("clear", "/report*")).toBe(true);
		await server.logged(/^NetStream\.Clear\.Success/);
		const left = () => ["report1", "report2", "other"].filter(file => existsSync(join(server.folder, path(file))));
		await client.until(() => left().join() === "other");
		expect(await client.call("clear", "/")).toBe(true);
		await client.until(() => left().length === 0);
	});

	it("application.clearSharedObjects deletes persistent objects at once", async () => {
		const client = await connectTo(`
			Client.prototype.ask = function () {
				var so = SharedObject.get("scores/high", true);
				so.setProperty("ann", 5);
				var found = [application.clearSharedObjects("/other*"), so.getProperty("ann")];
				return found.concat([application.clearSharedObjects("/scores*"), so.getProperty("ann"), so.size()]);
			};`);
		expect(await client.call("ask")).toEqual([false, 5, true, undefined, 0]);
	});
});

describe("what goes wrong in a script", () => {
	it("application.onStatus is told of it with its place, the log too, and the instance lives on", async () => {
		const name = server.app(
			[
				"application.onStatus = function (info) { this.last = info; };",
				"application.onConnect = function (client) { application.acceptConnection(client); client.missing.thing(); };",
				"Client.prototype.last = function () { return application.last; };",
				"Client.prototype.fail = function () { return undefinedThing.name; };",
			].join("\r"),
		);
		const client = await server.connect(name);
		expect(client.codes).toEqual(["Connect.Success"]);
		expect(await client.call("last")).toMatchObject({
			code: "Application.Script.Error",
			level: "error",
			filename: "main.asc",
			lineno: 2,
			linebuf: expect.stringContaining("client.missing.thing()"),
		});
		expect(await client.call("fail")).toMatchObject({
			code: "NetConnection.Call.Failed",
			description: "ReferenceError: undefinedThing is not defined",
		});
		expect(await client.call("last")).toMatchObject({ lineno: 4 });
		await server.logged(/^main\.asc:4: ReferenceError: undefinedThing is not defined/);
	});

	it.each(["process", "thread"])("application.onStatus is told when memory is low (isolation: %s)", async isolation => {
		await using small = await LegacyFixture.start({ code: { isolation, memory: "32MiB" } });
		const name = small.app(`
			var kept, told;
			application.onStatus = function (info) {
				if (info.code != "Application.Resource.LowMemory") return;
				told = info;
				kept = undefined;
			};
			// In small steps: who fills the memory between two of the engine's collections cannot be told.
			Client.prototype.fill = function () {
				for (var i = 0; i < 1000; i++) kept = { text: "x" + i, next: kept };
				return told;
			};`);
		const client = await small.connect(name);
		let told: unknown;
		while (told === undefined) told = await client.call("fill");
		expect(told).toEqual({
			code: "Application.Resource.LowMemory",
			level: "warning",
			description: expect.stringMatching(/^The application uses \d+ of 32 MiB of memory\.$/),
		});
	});

	it("a handler of faults that throws itself is heard of once", async () => {
		const name = server.app(`
			application.onStatus = function (info) { throw new Error("again and again"); };
			Client.prototype.fail = function () { nothing(); };
			Client.prototype.ok = function () { return "ok"; };`);
		const client = await server.connect(name);
		await client.call("fail");
		expect(await client.call("ok")).toBe("ok");
		expect(server.lines.filter(line => line.includes("again and again"))).toHaveLength(1);
	});

	it("onConnect that throws before it has decided turns the client away", async () => {
		const client = await connectTo("application.onConnect = function (client) { nothing.there(); };");
		expect(client.statuses[0]).toMatchObject({ code: "NetConnection.Connect.Rejected" });
	});

	it("an instance whose main file fails does not end by application.onAppStop", async () => {
		await using own = await LegacyFixture.start({ code: { isolation: "thread" } });
		const client = await own.connect(
			own.app("application.onAppStop = function () { trace('stopped'); };\nthis.is.not.there();"),
		);
		expect(client.codes[0]).toBe("Connect.Rejected");
		await own.logged(/^application-end/);
		expect(own.lines).not.toContain("stopped");
	});

	it("a main file that cannot be compiled or run starts no instance, and the log has its place", async () => {
		const broken = await connectTo("var x = 1;\nif (x { }\n");
		expect(broken.codes[0]).toBe("Connect.Rejected");
		await server.logged(/onStart: main\.asc:2: SyntaxError/);
		const failing = await connectTo("\n\nthis.is.not.there();");
		expect(failing.codes[0]).toBe("Connect.Rejected");
		await server.logged(/onStart: main\.asc:3: TypeError/);
	});
});

describe("where the script is looked for", () => {
	it.each(["main.asc", "main.js", "looked.asc", "looked.js", "scripts/main.asc", "scripts/looked.asc"])(
		"%s",
		async file => {
			await using own = await LegacyFixture.start({
				files: { [`looked/${file}`]: "Client.prototype.ask = function () { return 'found'; }" },
				code: { isolation: "thread" },
			});
			expect(await (await own.connect("looked")).call("ask")).toBe("found");
		},
	);

	it("files that are loaded lie beside the script, in the application, or in its libraries", async () => {
		await using own = await LegacyFixture.start({
			files: {
				"app/scripts/main.asc":
					"var found = []; load('a.asc'); load('lib/b.asc'); load('c.asc'); load('d.asc'); load('missing.asc'); Client.prototype.ask = function () { return found; };",
				"app/scripts/a.asc": "found.push('a');",
				"app/lib/b.asc": "found.push('b'); load('a.asc');",
				"app/mylib/c.asc": "found.push('c');",
				"app/scriptlib/d.asc": "found.push('d');",
				"app/Application.xml":
					"<Application><ScriptEngine><ScriptLibPath>mylib; other</ScriptLibPath></ScriptEngine></Application>",
			},
		});
		expect(await (await own.connect("app")).call("ask")).toEqual(["a", "b", "c", "d"]);
		await own.logged(/missing\.asc/);
	});

	it("Application.xml that is no XML starts no instance", async () => {
		const client = await connectTo("", { "Application.xml": "<Application><JSEngine>" });
		expect(client.codes[0]).toBe("Connect.Rejected");
		await server.logged(/Application\.xml: /);
	});
});
