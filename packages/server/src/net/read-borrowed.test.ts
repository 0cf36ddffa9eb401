import { afterEach, describe, expect, it } from "vitest";
import { canBorrow, readBorrowed, readOrdinarily, readWaiting } from "./read-borrowed.ts";
import { SocketFixture } from "./socket-fixture.ts";
import { SocketWire } from "./socket-wire.ts";
import { descriptorOf } from "./write-directly.ts";

const sockets = new SocketFixture();

afterEach(() => sockets.close());

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
		const { taken } = await sockets.pair();
		expect(canBorrow(taken)).toBe(true);
	});

	it("brings every byte in order, always in the same memory", async () => {
		const { client, taken } = await sockets.pair();
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
		const { client, taken } = await sockets.pair();
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
		const { client, taken } = await sockets.pair();
		let closed = false;
		taken.on("close", () => {
			closed = true;
		});
		readBorrowed(taken, () => undefined);
		client.end(pattern(3));
		await until(() => closed);
	});

	it("is given to another listener, and then to whoever reads an ordinary socket", async () => {
		const { client, taken } = await sockets.pair();
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

describe("a paused socket that is read past its stream", () => {
	it("brings what waits, and only that", async () => {
		const { client, taken } = await sockets.pair();
		const parts: Buffer[] = [];
		readBorrowed(taken, part => parts.push(Buffer.from(part)));
		taken.pause();
		const descriptor = descriptorOf(taken);
		expect(readWaiting(taken, descriptor)).toBe(false);
		const sent = pattern(200_000);
		client.write(sent);
		await until(() => readWaiting(taken, descriptor) && Buffer.concat(parts).length === sent.length);
		expect(Buffer.concat(parts).equals(sent)).toBe(true);
		expect(readWaiting(taken, descriptor)).toBe(false);
		client.write("then");
		taken.resume();
		await until(() => Buffer.concat(parts.slice(-1)).toString() === "then");
	});

	it("leaves it to the stream to find the end", async () => {
		const { client, taken } = await sockets.pair();
		const wire = new SocketWire(taken, { onWireData() {}, onWireDrain() {}, onWireClosed() {} });
		wire.pause();
		client.end();
		await new Promise(resolve => client.once("finish", resolve));
		expect(wire.readWaiting()).toBe(false);
		expect(taken.destroyed).toBe(false);
		wire.resume();
		await until(() => taken.destroyed);
	});

	it("ends with the error that the system reports only once", async () => {
		const { client, taken } = await sockets.pair();
		const errors: (string | undefined)[] = [];
		const wire = new SocketWire(taken, {
			onWireData() {},
			onWireDrain() {},
			onWireClosed: error => errors.push((error as NodeJS.ErrnoException | undefined)?.code),
		});
		wire.pause();
		client.resetAndDestroy();
		await until(() => wire.readWaiting() || errors.length > 0);
		expect(errors).toEqual(["ECONNRESET"]);
		expect(wire.readWaiting()).toBe(false);
	});

	it("is read in its usual way where it was never given borrowed memory", async () => {
		const { client, taken } = await sockets.pair();
		client.write("waits");
		await new Promise(resolve => setTimeout(resolve, 20));
		expect(readWaiting(taken, descriptorOf(taken))).toBe(false);
	});
});
