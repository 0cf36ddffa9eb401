import fc from "fast-check";
import { expect, test } from "vitest";
import { UsageError } from "../fault/index.ts";
import { ByteQueue } from "./byte-queue.ts";

test("bytes inside one chunk are a view, bytes across chunks a copy", () => {
	const queue = new ByteQueue();
	const first = Uint8Array.of(1, 2, 3);
	queue.push(first);
	queue.push(Uint8Array.of(4, 5));
	expect(queue.take(2).buffer).toBe(first.buffer);
	const across = queue.peek(2);
	expect(across).toEqual(Uint8Array.of(3, 4));
	expect(across.buffer).not.toBe(first.buffer);
	expect(queue.length).toBe(3);
	expect(queue.take(3)).toEqual(Uint8Array.of(3, 4, 5));
	expect(queue.length).toBe(0);
});

test.each([-1, 3, Number.NaN])("asking for %d of two bytes is refused and takes nothing", count => {
	const queue = new ByteQueue();
	queue.push(Uint8Array.of(1, 2));
	expect(() => queue.peek(count)).toThrow(UsageError);
	expect(() => queue.take(count)).toThrow(UsageError);
	expect(() => queue.skip(count)).toThrow(UsageError);
	expect(queue.length).toBe(2);
});

test("nothing can be taken from an empty queue, which is an empty array", () => {
	expect(new ByteQueue().take(0)).toEqual(new Uint8Array(0));
});

test("any sequence of pushes, takes and skips answers the bytes in order", () => {
	const step = fc.oneof(
		fc.record({ push: fc.nat(9) }),
		fc.record({ take: fc.nat(30) }),
		fc.record({ skip: fc.nat(30) }),
	);
	fc.assert(
		fc.property(fc.array(step, { maxLength: 300 }), steps => {
			const queue = new ByteQueue();
			let pushed = 0;
			let consumed = 0;
			for (const each of steps) {
				if ("push" in each) {
					queue.push(Uint8Array.from({ length: each.push }, () => pushed++));
				} else if ("take" in each) {
					const count = Math.min(each.take, queue.length);
					expect([...queue.take(count)]).toEqual(Array.from({ length: count }, () => consumed++ & 255));
				} else {
					const count = Math.min(each.skip, queue.length);
					queue.skip(count);
					consumed += count;
				}
				expect(queue.length).toBe(pushed - consumed);
			}
		}),
	);
});

test("a queue that never runs empty stays in order over thousands of chunks", () => {
	const queue = new ByteQueue();
	let next = 0;
	for (let round = 0; round < 5000; round++) {
		queue.push(Uint8Array.of(round & 255));
		if (round >= 100) expect(queue.take(1)[0]).toBe(next++ & 255);
	}
	expect(queue.length).toBe(100);
});
