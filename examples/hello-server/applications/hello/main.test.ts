import assert from "node:assert/strict";
import { test } from "node:test";
import { startApplication } from "millrace/testing";
import app from "./main.ts";

test("a client with a name is greeted, known, and dismissed", async t => {
	const running = await startApplication(app, { name: "hello" });
	t.after(() => running.stop());
	const words: unknown[] = [];
	const anna = await running.connect({
		args: [" Anna "],
		ip: "192.0.2.7",
		methods: { lastWords: text => void words.push(text) },
	});
	assert.deepEqual(await anna.nextCall("serverMessage"), ["Hello, Anna!"]);
	const { name, ip, clients } = await anna.remote.whoAmI();
	assert.deepEqual({ name, ip, clients }, { name: "Anna", ip: "192.0.2.7", clients: 1 });
	anna.send("goodbye");
	await running.settled();
	assert.deepEqual(words, ["Goodbye, Anna!"]);
	assert.equal(anna.isConnected, false);
	assert.match(running.log.at(-1)?.text ?? "", /^Anna was here for \d+ s\.$/);
});

test("a client without a name is told what to do", async t => {
	const running = await startApplication(app, { name: "hello" });
	t.after(() => running.stop());
	await assert.rejects(running.connect({ args: [42] }), (error: { info?: { application?: unknown } }) => {
		assert.deepEqual(error.info?.application, { hint: "connect(address, name)" });
		return true;
	});
});
