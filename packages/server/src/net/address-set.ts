import { BlockList, isIP } from "node:net";

/** Addresses and networks, such as those of proxies that are believed. */
export class AddressSet {
	readonly #list = new BlockList();
	readonly isEmpty: boolean;

	/**
	 * @param networks addresses, or networks in CIDR notation: `10.0.0.0/8`, `fd00::/8`. Throws a `RangeError` that names
	 * the one that is neither.
	 */
	constructor(networks: readonly string[]) {
		this.isEmpty = networks.length === 0;
		for (const network of networks) {
			const parsed = parseNetwork(network);
			if (parsed === undefined) throw new RangeError(`${network} is no address and no network such as 10.0.0.0/8`);
			this.#list.addSubnet(parsed.address, parsed.bits, parsed.family);
		}
	}

	/** Whether an address, without port, is one of them. IPv4 may be written as IPv6. */
	has(address: string): boolean {
		const plain = plainAddress(address);
		const family = isIP(plain);
		return family !== 0 && this.#list.check(plain, family === 6 ? "ipv6" : "ipv4");
	}
}

/** Whether a text is an address or a network in CIDR notation. */
export function isNetwork(text: string): boolean {
	return parseNetwork(text) !== undefined;
}

/** IPv4 addresses that arrive through an IPv6 listener are shown as what they are. */
export function plainAddress(address: string): string {
	return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

function parseNetwork(text: string): { address: string; bits: number; family: "ipv4" | "ipv6" } | undefined {
	const slash = text.indexOf("/");
	const address = slash < 0 ? text : text.slice(0, slash);
	const family = isIP(address);
	// A zone (`fe80::1%eth0`) is of this machine alone and cannot be compared.
	if (family === 0 || address.includes("%")) return undefined;
	const maximum = family === 6 ? 128 : 32;
	const bits = slash < 0 ? String(maximum) : text.slice(slash + 1);
	if (!/^\d{1,3}$/.test(bits) || Number(bits) > maximum) return undefined;
	return { address, bits: Number(bits), family: family === 6 ? "ipv6" : "ipv4" };
}
