import type { AmfValue } from "@millrace/core/amf";
import { describe, expect, it } from "vitest";
import { LegacyFixture } from "./legacy-fixture.ts";
import { RawRtmpClient } from "./raw-rtmp-client.ts";

/** Code that asks the server and stands still until it has the answer. */

const CODE = `
import { defineApplication } from "millrace/app";
export default defineApplication({
	onShutdown(app, reason) { app.log.info("ended: " + reason); },
	methods: {
		stats: client => client.app.statsNow(),
		mine: client => client.statsNow(),
		length: (client, name) => client.app.streams.lengthNow(name),
		live: (client, name) => client.app.streams.statsNow(name),
		many(client, count) {
			let bytes = 0;
			for (let i = 0; i < count; i++) bytes += client.app.statsNow().bytesIn;
			return bytes > 0;
		},
		sweep: client => [...client.app.clients.values()].map(each => each.isAlive()),
		order(client) {
			client.send("before");
			client.app.broadcast("large", "x".repeat(1_000_000));
			const { messagesOut } = client.statsNow();
			client.send("after");
			return messagesOut;
		},
		loop(client) { for (;;) client.app.statsNow(); },
		end(client) { client.app.shutdown(); try { return client.app.statsNow().connects; } catch (error) { client.app.log.info("said: " + error.message); } },
		FCPublish(client, name) { client.send("asked", name); return "mine"; },
		getStreamLength: () => 12.5,
	},
});
`;

describe.each(["process", "thread"])("code that stands still for an answer (isolation: %s)", isolation => {
	const start = (code: Record<string, AmfValue> = {}) =>
		LegacyFixture.start({ files: { "app/main.ts": CODE }, code: { isolation, turnMillis: 1000, ...code } });

	it("learns figures and lengths at once", async () => {
		await using fixture = await start();
		const ann = await fixture.connect("app");
		await fixture.connect("app");
		expect(await ann.call("stats")).toMatchObject({ connects: 2, disconnects: 0, messagesDropped: 0 });
		expect(await ann.call("mine")).toMatchObject({ bytesIn: expect.any(Number), playing: [] });
		expect(await ann.call("length", "missing")).toBe(0);
		expect(await ann.call("live", "missing")).toMatchObject({ description: "missing is not live." });
		expect(await ann.call("many", 300)).toBe(true);
	});

	it("finds what it did before done, and what it does afterwards follows", async () => {
		await using fixture = await start();
		const ann = await fixture.connect("app");
		const before = (await ann.call("mine")) as { messagesOut: number };
		// The answer to `mine`, `before` and `large`.
		expect(await ann.call("order")).toBe(before.messagesOut + 3);
		expect(ann.received.map(([name]) => name).filter(name => name !== "onBWDone")).toEqual([
			"before",
			"large",
			"after",
		]);
	});

	it("is ended all the same when it never lets the event loop turn", async () => {
		await using fixture = await start({ turnMillis: 300 });
		const ann = await fixture.connect("app");
		ann.connection.call("loop", null);
		await ann.until(() => ann.codes.includes("Connect.AppShutdown"));
		await fixture.logged(/did not let the event loop turn for 300 ms/);
	});

	it("is not ended while it waits for the server, and learns who is dead about all of them in a second", async () => {
		await using fixture = await start({ turnMillis: 300 });
		const ann = await fixture.connect("app");
		const dead = await Promise.all([1, 2, 3].map(() => RawRtmpClient.tcp(fixture.port)));
		// They answer nothing by themselves, and no ping either.
		for (const client of dead) await client.connect("app").until("Connect.Success");
		const begun = performance.now();
		expect(await ann.call("sweep")).toEqual([true, false, false, false]);
		expect(performance.now() - begun).toBeGreaterThan(900);
		expect(await ann.call("stats")).toMatchObject({ connects: 4 });
		for (const client of dead) client.socket.destroy();
	});

	it("gets an error for an answer when its instance has ended", async () => {
		await using fixture = await start();
		const ann = await fixture.connect("app");
		ann.connection.call("end", null);
		await fixture.logged(/^said: The instance has ended\.$/);
		await fixture.logged(/^ended: ended$/);
	});

	it("takes calls that the server answers otherwise", async () => {
		await using fixture = await start();
		const ann = await fixture.connect("app");
		expect(await ann.call("FCPublish", "cam")).toBe("mine");
		expect(await ann.calls("asked")).toEqual([["cam"]]);
		expect(await ann.call("getStreamLength", "film")).toBe(12.5);
		expect(await ann.call("releaseStream", "cam")).toBeUndefined();
		expect(ann.received.some(([name]) => name === "onFCPublish")).toBe(false);
	});
});
