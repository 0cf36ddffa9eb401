import { describe, expect, it } from "vitest";
import { ConnectionRate } from "./connection-rate.ts";

/** How many of `count` attempts at one moment are admitted. */
function admitted(rate: ConnectionRate, address: string, now: number, count: number): number {
	let admissions = 0;
	for (let i = 0; i < count; i++) if (rate.admit(address, now)) admissions++;
	return admissions;
}

describe("ConnectionRate", () => {
	it("admits as many connections of one address as the limit says, and counts each address by itself", () => {
		const rate = new ConnectionRate(10);
		expect(admitted(rate, "192.0.2.1", 0, 100)).toBe(10);
		expect(admitted(rate, "192.0.2.2", 0, 100)).toBe(10);
	});

	it("admits everybody and remembers nobody where the limit is 0", () => {
		const rate = new ConnectionRate(0);
		expect(admitted(rate, "192.0.2.1", 0, 1000)).toBe(1000);
		expect(rate.addresses).toBe(0);
	});

	it("admits again as the minute slides on, not all at once at its turn", () => {
		const rate = new ConnectionRate(10);
		expect(admitted(rate, "192.0.2.1", 0, 10)).toBe(10);
		expect(admitted(rate, "192.0.2.1", 59_999, 10)).toBe(0);
		expect(admitted(rate, "192.0.2.1", 60_000, 10)).toBe(0);
		expect(admitted(rate, "192.0.2.1", 90_000, 10)).toBe(5);
		expect(admitted(rate, "192.0.2.1", 300_000, 100)).toBe(10);
	});

	it("does not count those that it refused", () => {
		const rate = new ConnectionRate(10);
		expect(admitted(rate, "192.0.2.1", 0, 10_000)).toBe(10);
		expect(admitted(rate, "192.0.2.1", 120_000, 1)).toBe(1);
	});

	it("forgets addresses after two minutes", () => {
		const rate = new ConnectionRate(10);
		for (let i = 0; i < 100; i++) rate.admit(`192.0.2.${i}`, 0);
		rate.admit("198.51.100.1", 120_000);
		expect(rate.addresses).toBe(1);
	});

	it("remembers a bounded number of addresses", () => {
		const rate = new ConnectionRate(10, 1000);
		for (let i = 0; i < 5000; i++) rate.admit(`address ${i}`, i);
		expect(rate.addresses).toBe(1000);
	});
});
