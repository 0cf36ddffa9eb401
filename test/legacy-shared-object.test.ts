import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endAll, type ScriptClient, ScriptServer, until } from "./script-fixture.ts";

/** The class `SharedObject` of old scripts, over the wire. Each test has an instance of its own. */

const MAIN = `
application.onStatus = function(info) { this.broadcastMsg("untold", info.code, info.details); };
application.onConnect = function(client, right) {
	if (right == "reader") client.writeAccess = "";
	if (right == "nobody") client.readAccess = "";
	return true;
};
Client.prototype.run = function(code) { return eval(code); };
function get(name, persistence) {
	var so = SharedObject.get(name, persistence);
	so.onSync = function(list) {
		var text = [];
		for (var i = 0; i < list.length; i++) text.push(list[i].code + " " + list[i].name + " " + list[i].oldValue);
		application.broadcastMsg("sync", text.join(", "), this === so);
	};
	so.onStatus = function(info) { application.broadcastMsg("told", info.code, info.level); };
	so.say = function(text, number) { application.broadcastMsg("said", text, number, this === so); };
	so.broken = function() { nothing.at.all; };
	return so;
}
`;

let server: ScriptServer;
let instances = 0;

beforeAll(async () => {
	server = await new ScriptServer({ "data/main.asc": MAIN }, { code: { isolation: "thread" } }).start();
});

afterAll(endAll);

const newRoom = () => `data/r${++instances}`;

async function connect(room = newRoom(), ...args: string[]): Promise<ScriptClient & { readonly room: string }> {
	return Object.assign(await server.connect(room, ...args), { room });
}

describe("a script's shared objects", { timeout: 60_000 }, () => {
	it("SharedObject.get gives the same object, SharedObject.name, and what clients see of SharedObject.setProperty", async () => {
		const ann = await connect();
		expect(await ann.call("run", "get('board') === SharedObject.get('board') && SharedObject.get('board').name")).toBe(
			"board",
		);
		const use = await ann.object("board");
		expect(await ann.call("run", "get('board').setProperty('a', {deep: [1, 'x']})")).toBe(true);
		await until(() => use.data["a"] !== undefined);
		expect(use.data).toEqual({ a: { deep: [1, "x"] } });
		expect(use.lists).toEqual(["clear", "change a"]);
		await ann.call("run", "get('board').setProperty('a', null)");
		await until(() => use.lists.includes("delete a"));
		expect(await ann.call("run", "typeof SharedObject.get()")).toBe("object");
	});

	it("SharedObject.getProperty, getPropertyNames, size: the value is a reference that tells nobody", async () => {
		const ann = await connect();
		const use = await ann.object("board");
		await ann.call("run", "so = get('board'); so.setProperty('list', [1]); so.getProperty('list').push(2); 1");
		await until(() => use.lists.length > 1);
		expect(use.data).toEqual({ list: [1] });
		expect(
			await ann.call(
				"run",
				"[so.getProperty('list'), so.getPropertyNames(), so.size(), typeof so.getProperty('none')]",
			),
		).toEqual([[1, 2], ["list"], 1, "undefined"]);
		use.object.setProperty("list", [7]);
		await ann.told("sync");
		expect(await ann.call("run", "so.getProperty('list')")).toEqual([7]);
	});

	it("SharedObject.onSync is told what clients change, one list a message, with old values, and not what the script does", async () => {
		const ann = await connect();
		await ann.call("run", "get('board').setProperty('a', 1)");
		const use = await ann.object("board");
		use.object.setProperty("a", 2);
		use.object.setProperty("b", "x");
		expect(await ann.told("sync")).toEqual(["change a 1, change b undefined", true]);
		use.object.setProperty("a", null);
		await ann.told("sync", "delete a 2");
		expect(ann.received.filter(([name]) => name === "sync")).toHaveLength(2);
	});

	it("SharedObject.handlerName: clients' send calls the script's functions, and none of the class", async () => {
		const ann = await connect();
		await ann.call(
			"run",
			"SharedObject.prototype.shared = function(x) { application.broadcastMsg('said', 'prototype', x); }; get('board').setProperty('a', 1)",
		);
		const use = await ann.object("board");
		use.object.send("say", "hi", 7);
		expect(await ann.told("said")).toEqual(["hi", 7, true]);
		use.object.send("shared", 3);
		await ann.told("said", "prototype", 3);
		for (const name of ["clear", "close", "onSync", "onStatus", "constructor", "setProperty", "broken"])
			use.object.send(name, []);
		use.object.send("say", "last");
		await ann.told("said", "last");
		expect(await ann.call("run", "get('board').getProperty('a')")).toBe(1);
		expect(ann.received.filter(([name]) => name === "told")).toEqual([]);
		await server.logged(/nothing is not defined/);
	});

	it("SharedObject.send and SharedObject.mark call clients; a mark comes with the changes before it", async () => {
		const ann = await connect();
		const use = await ann.object("board");
		expect(await ann.call("run", "get('board').send('draw', 1, 'x')")).toBe(true);
		await until(() => use.sent.length > 0);
		expect(use.sent).toEqual([["draw", 1, "x"]]);
		const seen: unknown[] = [];
		use.object.client = { done: () => seen.push({ ...use.data }) };
		expect(
			await ann.call(
				"run",
				"so = get('board'); so.lock(); so.setProperty('a', 1); so.setProperty('b', 2); var r = so.mark('done'); so.unlock(); r",
			),
		).toBe(true);
		await until(() => seen.length > 0);
		expect(seen).toEqual([{ a: 1, b: 2 }]);
		expect(use.lists.at(-1)).toBe("change a, change b");
	});

	it("SharedObject.lock and unlock count; what clients want waits until the last unlock", async () => {
		const ann = await connect();
		const use = await ann.object("board");
		expect(await ann.call("run", "so = get('board'); [so.lock(), so.lock(), so.unlock()]")).toEqual([1, 2, 1]);
		use.object.setProperty("mine", 1);
		await ann.call("run", "so.setProperty('theirs', 2)");
		expect(await ann.call("run", "so.getPropertyNames()")).toEqual(["theirs"]);
		expect(await ann.call("run", "so.unlock()")).toBe(0);
		await ann.told("sync", "change mine undefined");
		await until(() => use.data["theirs"] === 2);
	});

	it("SharedObject.clear, SharedObject.version, SharedObject.purge, SharedObject.resyncDepth", async () => {
		const ann = await connect();
		const use = await ann.object("board");
		expect(
			await ann.call(
				"run",
				"so = get('board'); var before = so.version; so.setProperty('a', 1); so.setProperty('b', 2); so.version - before",
			),
		).toBe(2);
		expect(await ann.call("run", "[so.clear(), so.size(), so.purge(so.version)]")).toEqual([true, 0, true]);
		await until(() => use.lists.at(-1) === "clear");
		expect(use.data).toEqual({});
		expect(await ann.call("run", "var d = so.resyncDepth; so.resyncDepth = 5; [d, so.resyncDepth]")).toEqual([-1, 5]);
	});

	it("SharedObject.autoCommit, isDirty, flush and SharedObject.commit bring persistent ones to the disk", async () => {
		const ann = await connect();
		expect(
			await ann.call(
				"run",
				"so = get('kept', true); var a = so.autoCommit; so.autoCommit = false; so.setProperty('a', {n: 1}); [a, so.autoCommit, so.isDirty, so.flush()]",
			),
		).toEqual([true, false, true, true]);
		while ((await ann.call("run", "so.isDirty")) === true);
		expect(
			await ann.call("run", "so.setProperty('b', 2); [so.isDirty, SharedObject.commit('kept'), SharedObject.commit()]"),
		).toEqual([true, true, true]);
		while ((await ann.call("run", "so.isDirty")) === true);
		await ann.call("run", "application.shutdown()");
		await until(() => ann.codes.includes("Connect.AppShutdown"));
		const bob = await connect(ann.room);
		expect(
			await bob.call("run", "so = SharedObject.get('kept', true); [so.getProperty('a').n, so.getProperty('b')]"),
		).toEqual([1, 2]);
		expect(await bob.call("run", "SharedObject.get('volatile').flush()")).toBe(true);
	});

	it("SharedObject.get with another persistence is refused with BadPersistence at application.onStatus", async () => {
		const ann = await connect();
		expect(await ann.call("run", "get('board', true); SharedObject.get('board', false)")).toBeNull();
		expect(await ann.told("untold", "SharedObject.BadPersistence")).toEqual(["SharedObject.BadPersistence", "board"]);
	});

	it("SharedObject.onStatus is told what clients are refused", async () => {
		const ann = await connect();
		await ann.call("run", "get('board').setProperty('a', 1)");
		const reader = await connect(ann.room, "reader");
		const use = await reader.object("board");
		use.object.setProperty("a", 2);
		await ann.told("told", "SharedObject.NoWriteAccess", "error");
		await until(() => use.codes.includes("SharedObject.NoWriteAccess"));
		const nobody = await connect(ann.room, "nobody");
		expect((await nobody.object("board")).codes).toEqual(["SharedObject.NoReadAccess"]);
	});

	it("SharedObject.close lets go of it: a volatile one without users is gone", async () => {
		const ann = await connect();
		await ann.call(
			"run",
			"application.old = get('board'); application.old.setProperty('a', 1); application.old.close(); 1",
		);
		expect(
			await ann.call(
				"run",
				"[SharedObject.get('board') === application.old, SharedObject.get('board').size(), application.old.setProperty('b', 1)]",
			),
		).toEqual([false, 0, false]);
	});

	it("takes clients and other objects of the server as values without harm", async () => {
		const ann = await connect();
		const use = await ann.object("board");
		await ann.call("run", "so = get('board'); so.setProperty('who', {client: this, so: so, app: application}); 1");
		await until(() => use.lists.length > 1);
		expect(Object.keys(use.data["who"] as object).sort()).toEqual(["app", "client", "so"]);
	});
});
