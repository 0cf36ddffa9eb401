import assert from "node:assert/strict";
import { test } from "node:test";
import { startApplication } from "millrace/testing";
import app from "./main.ts";

test("files follow each other without end, each put behind the one that plays", async t => {
	const channel = await startApplication(app, { files: [{ name: "mp4:b.mp4" }, { name: "a" }] });
	t.after(() => channel.stop());
	const played = () => channel.streamDeeds.map(({ stream, action, args }) => `${stream} ${action} ${args[0]}`);
	assert.deepEqual(played(), ["tv play a"]);
	assert.deepEqual(channel.streamDeeds[0]?.args[1], { start: 0, reset: false });
	const anna = await channel.connect();
	for (const details of ["a", "mp4:b.mp4", "a"]) {
		channel.tellStream("tv", "NetStream.Play.Start", { details });
		assert.deepEqual(await anna.nextCall("nowPlaying"), [details]);
		await channel.settled();
	}
	assert.deepEqual(played(), ["tv play a", "tv play mp4:b.mp4", "tv play a", "tv play mp4:b.mp4"]);
	assert.deepEqual(await anna.remote.programme(), { playing: "a", next: [] });
	const bert = await channel.connect();
	assert.deepEqual(await bert.nextCall("nowPlaying"), ["a"]);
});

test("it tries again where a file fails or there is none", async t => {
	t.mock.timers.enable({ apis: ["setTimeout"] });
	const channel = await startApplication(app, { files: [] });
	t.after(() => channel.stop());
	assert.match(channel.log.at(-1)?.text ?? "", /no files/);
	channel.tellStream("tv", "NetStream.Play.StreamNotFound", { description: "gone was not found." });
	await channel.settled();
	assert.match(channel.log.at(-1)?.text ?? "", /gone was not found/);
	const before = channel.log.length;
	t.mock.timers.tick(5000);
	await channel.settled();
	assert(channel.log.length > before);
});

test("nobody else makes the programme", async t => {
	const channel = await startApplication(app, { files: [{ name: "a" }] });
	t.after(() => channel.stop());
	const client = await channel.connect();
	await assert.rejects(client.publish("tv"), { code: "NetStream.Publish.Denied" });
	await client.play("tv");
});
