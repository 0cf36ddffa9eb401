import assert from "node:assert/strict";
import { test } from "node:test";
import { AmfTypedObject } from "millrace/app";
import { startApplication } from "millrace/testing";
import app from "./main.ts";

const config = { ann: "secret" };

test("everybody may ask for prices", async t => {
	const shop = await startApplication(app, { name: "shop", config });
	t.after(() => shop.stop());
	const visitor = await shop.connect({ protocol: "http" });
	assert.deepEqual(await visitor.remote.catalogue.items(), ["apple", "pear", "plum"]);
	assert.equal(await visitor.remote.catalogue.price("pear", 3), 135);
	await assert.rejects(visitor.remote.catalogue.price("grape", 1), /There is no grape here/);
	await assert.rejects(visitor.remote.catalogue.price("pear", -1), /How many/);
	await assert.rejects(visitor.remote.orders.list(), /Who are you/);
});

test("orders are those of a customer, at every request", async t => {
	const shop = await startApplication(app, { name: "shop", config });
	t.after(() => shop.stop());
	const ann = () => shop.connect({ protocol: "http", args: ["ann", "secret"] });
	// A fake client knows no classes: it sees their names.
	const placed: unknown = await (await ann()).remote.orders.place({ item: "plum", count: 10, total: 0 });
	assert.ok(placed instanceof AmfTypedObject);
	assert.deepEqual([placed.className, placed.members["total"]], ["shop.Order", 120]);
	assert.equal((await (await ann()).remote.orders.list()).length, 1);
	await assert.rejects(shop.connect({ protocol: "http", args: ["ann", "wrong"] }), /Wrong name or password/);
	await assert.rejects(shop.connect({ protocol: "http", args: ["constructor", "x"] }), /Wrong name or password/);
});
