import { describe, expect, it } from "vitest";
import { AddressSet, isNetwork, plainAddress } from "./address-set.ts";

describe("a set of addresses", () => {
	it.each([
		[["127.0.0.1"], ["127.0.0.1", "::ffff:127.0.0.1"], ["127.0.0.2", "::1", ""]],
		[
			["10.0.0.0/8", "fd00::/8"],
			["10.255.0.1", "::ffff:10.0.0.1", "fd12::1"],
			["11.0.0.1", "fe80::1", "no address"],
		],
		[["0.0.0.0/0"], ["192.0.2.1"], ["2001:db8::1"]],
		[[], [], ["127.0.0.1", "::1"]],
	])("of %j has what is in it", (networks, inside, outside) => {
		const set = new AddressSet(networks);
		expect(set.isEmpty).toBe(networks.length === 0);
		for (const address of inside) expect(set.has(address), address).toBe(true);
		for (const address of outside) expect(set.has(address), address).toBe(false);
	});

	it.each(["10.0.0.0/33", "10.0.0/8", "::/129", "localhost", "10.0.0.1/", "fe80::1%eth0", ""])("has no %j", text => {
		expect(isNetwork(text)).toBe(false);
		expect(() => new AddressSet([text])).toThrow(RangeError);
	});
});

describe("an address", () => {
	it.each([
		["::ffff:192.0.2.1", "192.0.2.1"],
		["::ffff:1:2", "::ffff:1:2"],
		["2001:db8::1", "2001:db8::1"],
	])("%s is shown as %s", (given, shown) => expect(plainAddress(given)).toBe(shown));
});
