import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startApplication } from "millrace/testing";
import app from "./main.ts";

const persistent = { persistent: true };
const stroke = (colour: unknown, ...points: number[]) => ({ colour: String(colour), points });

function folderFor(t: TestContext): string {
	const folder = mkdtempSync(join(tmpdir(), "whiteboard-"));
	t.after(() => rmSync(folder, { recursive: true }));
	return folder;
}

test("everybody sees what is drawn, and it is there again after a new start", async t => {
	const folder = folderFor(t);
	const first = await startApplication(app, { folder });
	const anna = await first.connect();
	const bert = await first.connect();
	const [colour] = await anna.nextCall("yourColour");
	const hers = await anna.sharedObject("board", persistent);
	const his = await bert.sharedObject("board", persistent);
	hers.set("a1", stroke(colour, 1, 2, 3, 4));
	await first.settled();
	assert.deepEqual(his.data, { a1: stroke(colour, 1, 2, 3, 4) });
	await first.stop();

	const second = await startApplication(app, { folder });
	t.after(() => second.stop());
	const carl = await second.connect();
	const board = await carl.sharedObject("board", persistent);
	assert.deepEqual(board.data, { a1: stroke(colour, 1, 2, 3, 4) });
	assert.equal(await carl.remote.wipe(), true);
	await second.settled();
	assert.deepEqual(board.data, {});
	await assert.rejects(carl.remote.wipe(), /nothing on the board/);
});

test("what is no stroke is taken away, and the oldest of too many", async t => {
	const board = await startApplication(app, { folder: folderFor(t) });
	t.after(() => board.stop());
	const anna = await board.connect();
	const [colour] = await anna.nextCall("yourColour");
	const hers = await anna.sharedObject("board", persistent);
	for (const wrong of ["text", 7, {}, stroke("pink", 1, 2), { colour, points: "1, 2" }])
		hers.set("wrong", wrong as never);
	await board.settled();
	assert.deepEqual(hers.data, {});
	for (let number = 1; number <= 502; number++) hers.set(`a${number}`, stroke(colour, number, number));
	await board.settled();
	assert.equal(Object.keys(hers.data).length, 500);
	assert(!("a2" in hers.data) && "a3" in hers.data);
});

test("clients may write nothing but the board", async t => {
	const board = await startApplication(app, { folder: folderFor(t) });
	t.after(() => board.stop());
	const anna = await board.connect();
	await assert.rejects(anna.sharedObject("mine"));
	await assert.rejects(anna.publish("cam"), { code: "NetStream.Publish.Denied" });
});
