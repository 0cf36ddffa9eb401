import { describe, expect, it } from "vitest";
import type { MillraceError } from "../fault/index.ts";
import { DEFAULT_RTMP_LIMITS } from "./limits.ts";
import { RtmpLink } from "./link.ts";
import { OWN_ALLOWANCE_BYTES, SharedBudget } from "./shared-budget.ts";

/** A link whose handshake is done, and why it was closed. */
function linkOn(
	budget: SharedBudget,
	writeOutput?: (link: RtmpLink) => boolean,
): { link: RtmpLink; reason(): MillraceError | undefined } {
	let reason: MillraceError | undefined;
	const handler = {
		onHandshakeDone() {},
		onMessage() {},
		onUserControl() {},
		writeOutput: () => writeOutput?.(link) ?? false,
		onClosed(why: MillraceError | undefined) {
			reason = why;
		},
	};
	const times = { handshakeTimeoutMillis: 1e4, handshakeDeadlineMillis: 2e4, pingIntervalMillis: 1e4 };
	const options = { ...times, readTimeoutMillis: 3e4, limits: DEFAULT_RTMP_LIMITS, budget };
	const handshake = { done: true, receive: () => 0, takeOutput: () => [] };
	const link = new RtmpLink(handshake, handler, options, 0);
	return { link, reason: () => reason };
}

const ANSWER = new Uint8Array(OWN_ALLOWANCE_BYTES);

describe("a link with a shared budget", () => {
	it("is closed when its unread answers go past what is left", () => {
		const budget = new SharedBudget(OWN_ALLOWANCE_BYTES * 2);
		const { link, reason } = linkOn(budget);
		for (let i = 0; i < 2; i++) link.send(3, 20, 0, 0, ANSWER);
		expect(link.closed).toBe(false);
		link.send(3, 20, 0, 0, ANSWER);
		expect(reason()?.code).toBe("SHARED_BYTES_SPENT");
		expect(budget.used).toBe(0);
	});

	it("goes on although others have spent it, as long as its peer takes everything at once", () => {
		const budget = new SharedBudget(OWN_ALLOWANCE_BYTES);
		const slow = linkOn(budget);
		slow.link.send(3, 20, 0, 0, ANSWER);
		slow.link.send(3, 20, 0, 0, ANSWER.subarray(0, OWN_ALLOWANCE_BYTES - 1000));
		const written: number[] = [];
		let isRead = true;
		const fast = linkOn(budget, link => {
			if (!isRead) return false;
			written.push(link.takeOutput().length);
			link.outputSent();
			return true;
		});
		for (let i = 0; i < 4; i++) fast.link.send(3, 20, 0, 0, ANSWER);
		expect([written, fast.link.outputBytes, fast.link.closed, slow.link.closed]).toEqual([[2, 2], 0, false, false]);
		isRead = false;
		for (let i = 0; i < 2; i++) fast.link.send(3, 20, 0, 0, ANSWER);
		expect(fast.reason()?.code).toBe("SHARED_BYTES_SPENT");
	});

	it("counts what its carrier keeps of unfinished messages, and is closed when that goes past what is left", () => {
		const budget = new SharedBudget(OWN_ALLOWANCE_BYTES * 2);
		const { link, reason } = linkOn(budget);
		expect(link.heldByCarrier(OWN_ALLOWANCE_BYTES * 2)).toBe(true);
		expect(budget.used).toBe(OWN_ALLOWANCE_BYTES);
		expect(link.heldByCarrier(0)).toBe(true);
		expect(budget.used).toBe(0);
		expect(link.heldByCarrier(OWN_ALLOWANCE_BYTES * 3)).toBe(true);
		expect(link.heldByCarrier(OWN_ALLOWANCE_BYTES * 3 + 1)).toBe(false);
		expect(reason()?.code).toBe("SHARED_BYTES_SPENT");
		expect(budget.used).toBe(0);
		expect(link.heldByCarrier(1_000_000)).toBe(true);
	});

	it("counts output that was taken until it is said to have left", () => {
		const budget = new SharedBudget(OWN_ALLOWANCE_BYTES * 2);
		const { link } = linkOn(budget);
		link.send(3, 20, 0, 0, ANSWER);
		link.send(3, 20, 0, 0, ANSWER);
		link.takeOutput();
		expect(budget.used).toBeGreaterThan(OWN_ALLOWANCE_BYTES);
		link.outputSent();
		expect(budget.used).toBe(0);
		expect(link.closed).toBe(false);
	});

	it("counts unfinished messages, and no longer when they are complete", () => {
		const budget = new SharedBudget(OWN_ALLOWANCE_BYTES * 8);
		const { link, reason } = linkOn(budget);
		const length = 40_000;
		const size = Uint8Array.of(2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0xff, 0xff);
		link.receive(size, 1);
		link.receive(Uint8Array.of(8, 0, 0, 0, 0, length >> 8, length & 255, 9, 0, 0, 0, 0), 1);
		link.receive(new Uint8Array(20_000), 1);
		expect(budget.used).toBeGreaterThan(10_000);
		link.receive(new Uint8Array(20_000), 1);
		expect(reason()).toBeUndefined();
		expect(budget.used).toBe(0);
	});
});
