import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { closeServer, listen, portOf } from "./listener.ts";
import { canBorrow, readBorrowed, readOrdinarily } from "./read-borrowed.ts";

const open: { server: Server; sockets: Socket[] } = { server: createServer(), sockets: [] };

afterEach(async () => {
	for (const socket of open.sockets.splice(0)) socket.destroy();
	await closeServer(open.server);
});

async function pair(): Promise<{ client: Socket; taken: Socket }> {
	open.server = createServer({ noDelay: true });
	await listen(open.server, { host: "127.0.0.1", port: 0 });
	const taken = new Promise<Socket>(resolve => open.server.once("connection", resolve));
	const client = connect(portOf(open.server), "127.0.0.1");
	const both = { client, taken: await taken };
	open.sockets.push(both.client, both.taken);
	return both;
}

/** Bytes that say where in the stream they stand. */
const pattern = (length: number): Buffer =>
	Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255));

async function until(condition: () => boolean): Promise<void> {
	const end = Date.now() + 5000;
	while (!condition()) {
		if (Date.now() > end) throw new Error("It did not happen within 5 s.");
		await new Promise(resolve => setTimeout(resolve, 2));
	}
}

describe("a socket that is read into borrowed memory", () => {
	it("is what this Node's servers give", async () => {
		const { taken } = await pair();
		expect(canBorrow(taken)).toBe(true);
	});

	it("brings every byte in order, always in the same memory", async () => {
		const { client, taken } = await pair();
		const sent = pattern(1_000_000);
		const parts: Buffer[] = [];
		const memory = new Set<ArrayBufferLike>();
		let bytes = 0;
		readBorrowed(taken, part => {
			memory.add(part.buffer);
			parts.push(Buffer.from(part));
			bytes += part.length;
		});
		client.write(sent);
		await until(() => bytes === sent.length);
		expect(Buffer.concat(parts).equals(sent)).toBe(true);
		expect(memory.size).toBe(1);
	});

	it("stops at once when it is paused, and goes on", async () => {
		const { client, taken } = await pair();
		let bytes = 0;
		readBorrowed(taken, part => {
			bytes += part.length;
			if (bytes === 10) taken.pause();
		});
		client.write(pattern(10));
		await until(() => bytes === 10);
		client.write(pattern(100_000));
		await new Promise(resolve => setTimeout(resolve, 50));
		expect(bytes).toBe(10);
		taken.resume();
		await until(() => bytes === 100_010);
	});

	it("tells its end", async () => {
		const { client, taken } = await pair();
		let closed = false;
		taken.on("close", () => {
			closed = true;
		});
		readBorrowed(taken, () => undefined);
		client.end(pattern(3));
		await until(() => closed);
	});

	it("is given to another listener, and then to whoever reads an ordinary socket", async () => {
		const { client, taken } = await pair();
		const read: string[] = [];
		const note = (who: string) => (part: Uint8Array) => void read.push(`${who}:${Buffer.from(part)}`);
		const first = note("first");
		readBorrowed(taken, first);
		client.write("a");
		await until(() => read.length === 1);
		const second = note("second");
		readBorrowed(taken, second);
		client.write("b");
		await until(() => read.length === 2);
		readOrdinarily(taken, second);
		taken.on("data", note("ordinary"));
		client.write("c");
		await until(() => read.length === 3);
		taken.pause();
		client.write("d");
		await new Promise(resolve => setTimeout(resolve, 20));
		expect(read).toEqual(["first:a", "second:b", "ordinary:c"]);
		taken.resume();
		await until(() => read.length === 4);
		expect(read[3]).toBe("ordinary:d");
	});
});
