import { describe, expect, it } from "vitest";
import { VirtualClock } from "./virtual-clock.ts";

describe("VirtualClock", () => {
	it("calls timers in the order in which they fall due, each at its own time", () => {
		const clock = new VirtualClock(100);
		const calls: string[] = [];
		clock.schedule(20, () => calls.push(`b ${clock.now()}`));
		clock.schedule(10, () => {
			calls.push(`a ${clock.now()}`);
			clock.schedule(5, () => calls.push(`c ${clock.now()}`));
		});
		clock.advance(19);
		expect(calls).toEqual(["a 110", "c 115"]);
		clock.advance(1);
		expect(calls).toEqual(["a 110", "c 115", "b 120"]);
	});

	it("calls nothing that was cancelled", () => {
		const clock = new VirtualClock();
		const cancel = clock.schedule(1, () => expect.unreachable());
		cancel();
		clock.advance(10);
		expect([clock.timerCount, clock.now()]).toEqual([0, 10]);
	});

	it("calls late what fell due while it was held up", () => {
		const clock = new VirtualClock();
		let calledAt = -1;
		clock.schedule(10, () => {
			calledAt = clock.now();
		});
		clock.stall(30);
		expect(calledAt).toBe(-1);
		clock.advance(0);
		expect(calledAt).toBe(30);
	});
});
