import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { AddressSet } from "./address-set.ts";
import { originOf, requestOrigin, setOrigin } from "./socket-origin.ts";

const trusted = new AddressSet(["127.0.0.1", "10.0.0.0/8"]);

function origin(peer: string, forwarded: string | undefined, proto?: string, set = trusted) {
	const socket = new Socket();
	setOrigin(socket, { address: peer, secure: false });
	const headers = { ...(forwarded && { "x-forwarded-for": forwarded }), ...(proto && { "x-forwarded-proto": proto }) };
	return requestOrigin({ socket, headers }, set);
}

describe("where a request comes from", () => {
	it.each([
		["192.0.2.1", "198.51.100.1", "192.0.2.1", "an address that is not trusted names nobody"],
		["127.0.0.1", undefined, "127.0.0.1", "a proxy that names nobody stands for itself"],
		["127.0.0.1", "198.51.100.1", "198.51.100.1", "a proxy names its client"],
		["127.0.0.1", "203.0.113.5, 198.51.100.1, 10.1.2.3", "198.51.100.1", "what stands before a stranger is his word"],
		["127.0.0.1", "10.0.0.9, 10.1.2.3", "10.0.0.9", "of proxies alone the first counts"],
		["127.0.0.1", "evil, 198.51.100.1:4711", "198.51.100.1", "a port is left out"],
		["127.0.0.1", "[2001:db8::7]:4711", "2001:db8::7", "a port behind IPv6 too"],
		["127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1", "IPv4 written as IPv6 is IPv4"],
		["127.0.0.1", "198.51.100.1, 1.2.3.999", "127.0.0.1", "nor is a number too large an address"],
		["127.0.0.1", "unknown", "127.0.0.1", "what is no address ends the list"],
	])("%s with %s: %s (%s)", (peer, forwarded, address, _why) => {
		expect(origin(peer, forwarded).address).toBe(address);
	});

	it("is secure where a trusted proxy says so, and nobody else", () => {
		expect(origin("127.0.0.1", "198.51.100.1", "https").secure).toBe(true);
		expect(origin("127.0.0.1", "198.51.100.1", "https, http").secure).toBe(false);
		expect(origin("192.0.2.1", "198.51.100.1", "https").secure).toBe(false);
		expect(origin("127.0.0.1", "198.51.100.1", "https", new AddressSet([])).secure).toBe(false);
	});

	it("is the socket's own address where no listener found out more", () => {
		expect(originOf(new Socket())).toEqual({ address: "", secure: false });
	});
});
