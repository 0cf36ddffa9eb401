import { describe, expect, it } from "vitest";
import { InputGate } from "./input-gate.ts";

/** A gate whose wire notes whether it is read. */
function gate(mayRest = () => true) {
	const wire = {
		isRead: true,
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
