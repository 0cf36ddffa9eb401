import type { PortFacts } from "./admin/index.ts";
import { plainAddress } from "./net/index.ts";
import type { ServerAddress } from "./server-listeners.ts";

/** Who asks where a server listens. */
export type Visitor = {
	/** The client's address: the one that a trusted proxy named, otherwise the peer's. */
	readonly address: string;
	/** The peer's address. */
	readonly peerAddress: string;
	/** The address of this machine that was connected to. */
	readonly localAddress: string;
};

/** What is offered inside the protocols of listeners. */
export type OfferedProtocols = {
	/** RTMPT and its kin. */
	readonly tunnel: boolean;
	/** RTMPE. */
	readonly encryption: boolean;
};

/**
 * The ports that a visitor may be told of: those of listeners for all addresses, and those of the address that the
 * visitor came to. Whoever came by a proxy is told nothing of listeners that are there for the proxy.
 */
export function portsFor(
	addresses: readonly ServerAddress[],
	offered: OfferedProtocols,
	visitor: Visitor,
): readonly PortFacts[] {
	return addresses
		.filter(({ host }) => isWithinReach(host, visitor))
		.map(({ port, protocols }) => ({
			port,
			protocols: protocols.flatMap(protocol => clientProtocols(protocol, offered)),
		}));
}

function clientProtocols(protocol: ServerAddress["protocols"][number], offered: OfferedProtocols): string[] {
	const { tunnel, encryption } = offered;
	if (protocol === "rtmp") return encryption ? ["rtmp", "rtmpe"] : ["rtmp"];
	if (protocol === "rtmps") return ["rtmps"];
	if (protocol === "https") return tunnel ? ["wss", "rtmpts"] : ["wss"];
	return ["ws", ...(tunnel ? ["rtmpt"] : []), ...(tunnel && encryption ? ["rtmpte"] : [])];
}

function isWithinReach(host: string, { address, peerAddress, localAddress }: Visitor): boolean {
	if (host === "::" || host === "0.0.0.0") return true;
	if (plainAddress(address) !== plainAddress(peerAddress)) return false;
	const local = plainAddress(localAddress);
	if (isLoopback(host) || isLoopback(local)) return isLoopback(host) && isLoopback(local);
	// A name may stand for the address: whoever came to this machine by the network knows a name of it.
	return !/^[\d.]+$|:/.test(host) || plainAddress(host) === local;
}

function isLoopback(host: string): boolean {
	return host === "localhost" || host === "::1" || host.startsWith("127.");
}
