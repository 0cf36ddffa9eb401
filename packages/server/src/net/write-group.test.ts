import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { countingHandler, pattern, Received, SocketFixture } from "./socket-fixture.ts";
import { SocketWire } from "./socket-wire.ts";
import { descriptorOf } from "./write-directly.ts";
import { type Membership, WriteGroup } from "./write-group.ts";

const sockets = new SocketFixture();

afterEach(() => sockets.close());

/** A wire in a group, and what its client has received. */
class Member {
	readonly wire: SocketWire;
	readonly client: Socket;
	readonly taken: Socket;
	readonly received: Received;
	readonly state = countingHandler();
	membership: Membership | undefined;
	left = 0;

	constructor({ client, taken }: { client: Socket; taken: Socket }, group: WriteGroup) {
		this.client = client;
		this.taken = taken;
		this.received = new Received(client);
		this.wire = new SocketWire(taken, this.state);
		this.join(group);
	}

	join(group: WriteGroup): void {
		this.membership = this.wire.joinGroup(group, { onLeftGroup: () => this.left++ });
	}

	static async of(group: WriteGroup): Promise<Member> {
		return new Member(await sockets.pair(), group);
	}
}

describe("a group of sockets", () => {
	it("is sent each block, counts for each what it was sent while it was there, and lets go in any order", async () => {
		const group = new WriteGroup();
		const members = [await Member.of(group), await Member.of(group), await Member.of(group)] as const;
		const [first, second, third] = members;
		const blocks = [pattern(1000, 1), pattern(2000, 2), pattern(3000, 3)];
		group.write(blocks[0]!, 2);
		first.membership!.leave();
		first.membership!.leave();
		group.write(blocks[1]!, 3);
		third.membership!.leave();
		first.join(group);
		group.write(blocks[2]!, 4);
		expect(members.map(({ wire }) => wire.bytesWritten)).toEqual([4000, 6000, 3000]);
		expect(members.map(({ membership }) => [membership!.bytes, membership!.messages])).toEqual([
			[3000, 4],
			[6000, 9],
			[3000, 5],
		]);
		expect(members.map(({ left }) => left)).toEqual([1, 0, 1]);
		expect(group.size).toBe(2);
		await expect.poll(() => members.map(({ received }) => received.length)).toEqual([4000, 6000, 3000]);
		expect(first.received.bytes.equals(Buffer.concat([blocks[0]!, blocks[2]!]))).toBe(true);
		expect(second.received.bytes.equals(Buffer.concat(blocks))).toBe(true);
		expect(third.received.bytes.equals(Buffer.concat(blocks.slice(0, 2)))).toBe(true);
		group.dissolve();
		expect([group.size, ...members.map(({ left }) => left)]).toEqual([0, 2, 1, 1]);
	});

	it("lets go of a client that does not read, which gets the rest by its stream, and goes on with the others", async () => {
		const group = new WriteGroup();
		const slow = await Member.of(group);
		const other = await Member.of(group);
		slow.client.pause();
		const blocks: Buffer[] = [];
		while (slow.membership!.place >= 0) {
			const block = pattern(200_000 + blocks.length, blocks.length);
			blocks.push(Buffer.from(block));
			group.write(block, 1);
			// The next one may be made in the same memory.
			block.fill(0);
			await expect.poll(() => other.received.length).toBe(blocks.reduce((sum, { length }) => sum + length, 0));
		}
		expect([slow.left, other.left, group.size]).toEqual([1, 0, 1]);
		expect(slow.wire.backlog).toBeGreaterThan(0);
		slow.join(group);
		expect(slow.membership).toBe(undefined);
		const sent = Buffer.concat(blocks);
		slow.wire.notifyDrain();
		slow.client.resume();
		await expect.poll(() => slow.state.drains).toBe(1);
		expect(slow.wire.bytesWritten).toBe(sent.length);
		slow.join(group);
		const last = pattern(100, 7);
		group.write(last, 1);
		await expect.poll(() => slow.received.length).toBe(sent.length + 100);
		expect(slow.received.bytes.equals(Buffer.concat([sent, last]))).toBe(true);
	});

	it.each<[what: string, close: (member: Member) => void]>([
		["the wire is destroyed", ({ wire }) => wire.destroy()],
		["the wire is ended", ({ wire }) => wire.end()],
		["its socket is destroyed by whoever has it", ({ taken }) => taken.destroy()],
		["the client ends the connection", ({ client }) => client.destroy()],
		["the client breaks the connection", ({ client }) => client.resetAndDestroy()],
	])("never writes to whoever has the descriptor next, when %s", async (_what, close) => {
		const group = new WriteGroup();
		const member = await Member.of(group);
		const descriptor = descriptorOf(member.taken);
		// At the moment in which the descriptor is free the group must know.
		const { _handle: handle } = member.taken as unknown as { _handle: { close: (done: () => void) => void } };
		const { close: closeHandle } = handle;
		let sizeAtClose = -1;
		handle.close = function (done) {
			sizeAtClose = group.size;
			closeHandle.call(this, done);
		};
		close(member);
		await expect.poll(() => member.state.closed.length).toBe(1);
		expect([sizeAtClose, group.size, member.left]).toEqual([0, 0, 1]);
		const next = await sockets.pair();
		expect(Math.min(descriptorOf(next.taken), descriptorOf(next.client))).toBeLessThanOrEqual(descriptor);
		const stray = new Received(next.client);
		next.taken.write("mine");
		group.write(pattern(100, 1), 1);
		await expect.poll(() => stray.bytes.toString()).toBe("mine");
		member.join(group);
		expect(member.membership).toBe(undefined);
	});

	it("has no socket of TLS, and none that is in another group", async () => {
		const group = new WriteGroup();
		const member = new Member(await sockets.pair(true), group);
		expect(member.membership).toBe(undefined);
		const other = await Member.of(group);
		expect(other.wire.joinGroup(new WriteGroup(), { onLeftGroup() {} })).toBe(undefined);
		expect(group.size).toBe(1);
	});
});
