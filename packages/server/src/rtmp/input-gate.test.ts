import { describe, expect, it } from "vitest";
import { InputGate } from "./input-gate.ts";

/** A gate whose wire notes whether it is read. */
function gate(mayRest = () => true) {
	const wire = {
		isRead: true,
		waiting: 0,
		readWaiting: () => wire.waiting-- > 0,
		pause() {
			wire.isRead = false;
		},
		resume() {
			wire.isRead = true;
		},
	};
	return { wire, gate: new InputGate(wire, mayRest) };
}

describe("the gate of an input", () => {
	it("opens only when neither the hub nor a limit keeps it shut", () => {
		const { wire, gate: input } = gate();
		input.hold();
		input.setLimited(true);
		input.release();
		expect(wire.isRead).toBe(false);
		input.setLimited(false);
		expect(wire.isRead).toBe(true);
		input.setLimited(true);
		input.hold();
		input.setLimited(false);
		expect(wire.isRead).toBe(false);
		input.release();
		expect(wire.isRead).toBe(true);
	});

	it("is read while the hub keeps it shut, and no limit does", () => {
		const { wire, gate: input } = gate();
		wire.waiting = 2;
		expect(input.read()).toBe(false);
		input.hold();
		expect(input.read()).toBe(true);
		input.setLimited(true);
		expect([input.read(), wire.waiting]).toEqual([false, 1]);
		input.setLimited(false);
		expect([input.read(), input.read(), wire.isRead]).toEqual([true, false, false]);
	});

	it("opens when the hub would keep it shut longer than other things allow", () => {
		let mayRest = true;
		const { wire, gate: input } = gate(() => mayRest);
		input.hold();
		input.hold();
		expect(wire.isRead).toBe(false);
		mayRest = false;
		input.hold();
		expect(wire.isRead).toBe(true);
	});

	it("is not shut for the hub where other things depend on it", () => {
		const { wire, gate: input } = gate(() => false);
		input.hold();
		expect(wire.isRead).toBe(true);
		input.setLimited(true);
		expect(wire.isRead).toBe(false);
		input.release();
		expect(wire.isRead).toBe(false);
	});
});
