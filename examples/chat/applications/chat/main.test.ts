import assert from "node:assert/strict";
import { test } from "node:test";
import { startApplication } from "millrace/testing";
import app from "./main.ts";

const start = async (t: { after(action: () => Promise<void>): void }) => {
	const room = await startApplication(app, { name: "chat", instance: "lobby" });
	t.after(() => room.stop());
	return room;
};

test("everybody sees who is there and what is said", async t => {
	const room = await start(t);
	const anna = await room.connect({ args: ["Anna"] });
	const users = await anna.sharedObject("users");
	assert.deepEqual(Object.keys(users.data), ["Anna"]);
	await anna.remote.say("Is anybody here?");
	const bert = await room.connect({ args: ["Bert"] });
	const line = { from: "Anna", text: "Is anybody here?" };
	assert.deepEqual(await bert.nextCall("history"), [[line]]);
	await bert.remote.say("I am.");
	assert.deepEqual(await anna.nextCall("said"), [line]);
	assert.deepEqual(await anna.nextCall("said"), [{ from: "Bert", text: "I am." }]);
	assert.deepEqual(Object.keys(users.data), ["Anna", "Bert"]);
	bert.disconnect();
	await room.settled();
	assert.deepEqual(Object.keys(users.data), ["Anna"]);
});

test("nobody but the application changes the list of users", async t => {
	const room = await start(t);
	const anna = await room.connect({ args: ["Anna"] });
	const users = await anna.sharedObject("users");
	users.set("Nobody", {});
	await room.settled();
	assert.deepEqual(users.statuses, ["SharedObject.NoWriteAccess"]);
	assert.deepEqual(room.app.sharedObjects.get("users").keys, ["Anna"]);
});

test("a whisper reaches one, and comes back with whether it was shown", async t => {
	const room = await start(t);
	const anna = await room.connect({ args: ["Anna"] });
	const bert = await room.connect({ args: ["Bert"], methods: { whispered: () => true } });
	await room.connect({ args: ["Carl"] });
	assert.equal(await anna.remote.whisper("Bert", "psst"), true);
	assert.deepEqual(await bert.nextCall("whispered"), [{ from: "Anna", text: "psst" }]);
	await assert.rejects(anna.remote.whisper("Dora", "psst"), /There is no Dora here/);
	// Carl's client has no such method.
	await assert.rejects(anna.remote.whisper("Carl", "psst"), /Method not found/);
});

test("names are unique, and what is no text is not taken", async t => {
	const room = await start(t);
	const anna = await room.connect({ args: ["Anna"] });
	for (const name of ["Anna", "", "x".repeat(31), 7, undefined]) await assert.rejects(room.connect({ args: [name] }));
	for (const text of ["", "x".repeat(501), 7, { toString: "x" }]) await assert.rejects(anna.call("say", text));
	anna.disconnect();
	await room.settled();
	await room.connect({ args: ["Anna"] });
});

test("those who come later find the last twenty lines", async t => {
	const room = await start(t);
	const anna = await room.connect({ args: ["Anna"] });
	for (let number = 1; number <= 25; number++) await anna.remote.say(`line ${number}`);
	const bert = await room.connect({ args: ["Bert"] });
	const [lines] = await bert.nextCall("history");
	assert(Array.isArray(lines) && lines.length === 20);
	assert.deepEqual(lines[0], { from: "Anna", text: "line 6" });
});
