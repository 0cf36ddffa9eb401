import assert from "node:assert/strict";
import { test } from "node:test";
import { startApplication } from "millrace/testing";
import app from "./main.ts";

const config = { studio: "s3cret", garden: "gr33n" };

test("an encoder publishes the stream whose key it has", async t => {
	const gate = await startApplication(app, { name: "gate", config });
	t.after(() => gate.stop());
	const obs = await gate.connect({ agent: "FMLE/3.0 (compatible; FMSc/1.0)", objectEncoding: 0 });
	const stream = await obs.publish("studio?key=s3cret");
	stream.close();
	await gate.settled();
	assert.match(gate.log.at(-1)?.text ?? "", /^studio is no longer published/);
	const denied = [
		"studio",
		"studio?key=",
		"studio?key=gr33n",
		"cellar?key=s3cret",
		"constructor",
		"studio?key=s3cret2",
	];
	for (const name of denied) {
		await assert.rejects(obs.publish(name), { code: "NetStream.Publish.Denied" });
	}
	// Whoever is refused may try again, and everybody may watch.
	await obs.publish("garden?key=gr33n");
	await (await gate.connect()).play("studio");
});

test("it does not start without keys", async () => {
	await assert.rejects(startApplication(app, { quiet: true }), /holds no keys/);
});
