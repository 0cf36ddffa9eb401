import { describe, expect, it } from "vitest";
import { AddressRule } from "./address-rule.ts";

describe("a rule of addresses", () => {
	it("lets all in where nothing is said", () => {
		expect(new AddressRule({ allow: [], deny: [] }).admits("192.0.2.1")).toBe(true);
	});

	it("lets only those in that are allowed, and of them nobody who is denied", () => {
		const rule = new AddressRule({ allow: ["10.0.0.0/8", "::1"], deny: ["10.1.0.0/16"] });
		const judged = ["10.0.0.1", "::ffff:10.0.0.1", "::1", "10.1.2.3", "192.0.2.1", ""].map(text => rule.admits(text));
		expect(judged).toEqual([true, true, true, false, false, false]);
	});

	it("keeps those out that are denied where all are allowed", () => {
		const rule = new AddressRule({ allow: [], deny: ["192.0.2.0/24"] });
		expect([rule.admits("192.0.2.9"), rule.admits("198.51.100.1")]).toEqual([false, true]);
	});
});
