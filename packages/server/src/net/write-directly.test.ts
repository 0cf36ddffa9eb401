import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { closeServer, listen, portOf } from "./listener.ts";
import { makeSelfSigned } from "./self-signed.ts";
import { SocketWire } from "./socket-wire.ts";
import type { WireHandler } from "./wire.ts";
import { descriptorOf, writeDirectly } from "./write-directly.ts";

const open: { server: Server; sockets: Socket[] } = { server: createServer(), sockets: [] };

afterEach(async () => {
	for (const socket of open.sockets.splice(0)) socket.destroy();
	await closeServer(open.server);
});

async function pair(isSecure = false): Promise<{ client: Socket; taken: Socket }> {
	const { certificate: cert, key } = makeSelfSigned(["localhost"], Date.now());
	open.server = isSecure ? createTlsServer({ cert, key }) : createServer();
	await listen(open.server, { host: "127.0.0.1", port: 0 });
	const taken = new Promise<Socket>(resolve => {
		open.server.once(isSecure ? "secureConnection" : "connection", resolve);
	});
	const port = portOf(open.server);
	const client = isSecure
		? connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false })
		: connect(port, "127.0.0.1");
	const both = { client, taken: await taken };
	open.sockets.push(both.client, both.taken);
	return both;
}

/** A handler that counts drains and knows when the wire has closed. */
function handler(): WireHandler & { drains: number; closed: unknown[] } {
	return {
		drains: 0,
		closed: [],
		onWireDrain() {
			this.drains++;
		},
		onWireClosed(error) {
			this.closed.push(error);
		},
	};
}

/** What has come, as it grows. */
class Received {
	length = 0;
	readonly #parts: Buffer[] = [];

	constructor(client: Socket) {
		client.on("data", (part: Buffer) => {
			this.#parts.push(part);
			this.length += part.length;
		});
	}

	get bytes(): Buffer {
		return Buffer.concat(this.#parts);
	}
}

const pattern = (length: number, seed: number): Buffer =>
	Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) + seed) & 255));

describe("a socket that is written to past its stream", () => {
	it("takes bytes at once, and nothing when it is closed, whoever has its number then", async () => {
		const { client, taken } = await pair();
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
		const { taken } = await pair();
		taken.end();
		expect(writeDirectly(taken, descriptorOf(taken), pattern(100, 0))).toBe(0);
	});

	it("is never one of TLS", async () => {
		const { taken } = await pair(true);
		expect(descriptorOf(taken)).toBe(-1);
		expect(writeDirectly(taken, -1, pattern(100, 0))).toBe(0);
	});
});

describe("a wire", () => {
	it("sends everything in order to a client that reads late, and says when it has been taken", async () => {
		const { client, taken } = await pair();
		client.pause();
		const state = handler();
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
		const { client, taken } = await pair();
		const state = handler();
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
