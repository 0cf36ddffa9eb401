import { afterEach, describe, expect, it } from "vitest";
import { countingHandler, pattern, Received, SocketFixture } from "./socket-fixture.ts";
import { SocketWire } from "./socket-wire.ts";
import { descriptorOf, writeDirectly } from "./write-directly.ts";

const sockets = new SocketFixture();

afterEach(() => sockets.close());

describe("a socket that is written to past its stream", () => {
	it("takes bytes at once, and nothing when it is closed, whoever has its number then", async () => {
		const { client, taken } = await sockets.pair();
		const all = new Received(client);
		const descriptor = descriptorOf(taken);
		expect(descriptor).toBeGreaterThan(0);
		expect(writeDirectly(taken, descriptor, pattern(100, 0))).toBe(100);
		expect(taken.writableLength).toBe(0);
		await expect.poll(() => all.length).toBe(100);
		taken.destroy();
		expect(writeDirectly(taken, descriptor, pattern(100, 0))).toBe(0);
	});

	it("takes nothing once it has been ended", async () => {
		const { taken } = await sockets.pair();
		taken.end();
		expect(writeDirectly(taken, descriptorOf(taken), pattern(100, 0))).toBe(0);
	});

	it("is never one of TLS", async () => {
		const { taken } = await sockets.pair(true);
		expect(descriptorOf(taken)).toBe(-1);
		expect(writeDirectly(taken, -1, pattern(100, 0))).toBe(0);
	});
});

describe("a wire", () => {
	it("sends everything in order to a client that reads late, and says when it has been taken", async () => {
		const { client, taken } = await sockets.pair();
		client.pause();
		const state = countingHandler();
		const wire = new SocketWire(taken, state);
		const blocks = Array.from({ length: 100 }, (_, i) => pattern(200_000 + i, i));
		for (const block of blocks) wire.write(block);
		expect(wire.backlog).toBeGreaterThan(0);
		expect(wire.isSpent).toBe(false);
		wire.notifyDrain();
		const all = new Received(client);
		client.resume();
		await expect.poll(() => state.drains, { timeout: 10_000 }).toBe(1);
		expect([wire.backlog, wire.isSpent]).toEqual([0, true]);
		const sent = Buffer.concat(blocks);
		await expect.poll(() => all.length, { timeout: 10_000 }).toBe(sent.length);
		expect(all.bytes.equals(sent)).toBe(true);
		expect(wire.bytesWritten).toBe(sent.length);
		// Behind what waited, it is written to directly again.
		wire.write(pattern(10, 1));
		wire.end();
		await expect.poll(() => state.closed).toEqual([undefined]);
		expect(all.length).toBe(sent.length + 10);
	});

	it("reports the end of a client that has gone, as its stream would", async () => {
		const { client, taken } = await sockets.pair();
		const state = countingHandler();
		const wire = new SocketWire(taken, state);
		client.resetAndDestroy();
		const block = pattern(1000, 0);
		await expect
			.poll(() => {
				wire.write(block);
				return state.closed.length;
			})
			.toBe(1);
		expect((state.closed[0] as NodeJS.ErrnoException).code).toMatch(/^(ECONNRESET|EPIPE)$/);
	});
});
