import { networkInterfaces } from "node:os";

/** This machine's addresses that others can reach, IPv4 first; link-local ones, which need a zone, are left out. */
export function localAddresses(): readonly string[] {
	const addresses = Object.values(networkInterfaces()).flatMap(entries => entries ?? []);
	return addresses
		.filter(({ internal, address }) => !internal && !address.startsWith("fe80:") && !address.startsWith("169.254."))
		.sort((left, right) => left.family.localeCompare(right.family))
		.map(({ address }) => address);
}
