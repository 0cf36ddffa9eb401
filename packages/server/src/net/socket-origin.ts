import type { IncomingHttpHeaders } from "node:http";
import { isIP, type Socket } from "node:net";
import { type AddressSet, plainAddress } from "./address-set.ts";

/** Where a connection comes from, as far as a listener found out. */
export type SocketOrigin = {
	/** The client's address, without port: the one that a trusted proxy named, otherwise the peer's. */
	readonly address: string;
	/** Whether TLS ends here. */
	readonly secure: boolean;
};

const origins = new WeakMap<object, SocketOrigin>();

/** Keeps what a listener found out about a socket. */
export function setOrigin(socket: Socket, origin: SocketOrigin): void {
	origins.set(socket, origin);
}

/** Where a socket comes from: what `setOrigin` kept, otherwise what the socket itself says. */
export function originOf(socket: Socket): SocketOrigin {
	return origins.get(socket) ?? { address: plainAddress(socket.remoteAddress ?? ""), secure: false };
}

/** As much of a request as says where it comes from. */
type OriginRequest = { readonly socket: Socket; readonly headers: IncomingHttpHeaders };

/**
 * Where a request comes from. From a trusted proxy, `X-Forwarded-For` counts from its end up to the first address that
 * is not trusted (what stands before it anybody may have written), and `X-Forwarded-Proto` says whether the client's
 * own connection was secure.
 */
export function requestOrigin({ socket, headers }: OriginRequest, trusted: AddressSet): SocketOrigin {
	const origin = originOf(socket);
	if (trusted.isEmpty || !trusted.has(origin.address)) return origin;
	const hops = listOf(headers["x-forwarded-for"]);
	let { address } = origin;
	for (const hop of hops.reverse()) {
		const plain = hopAddress(hop);
		if (plain === undefined) break;
		address = plain;
		if (!trusted.has(plain)) break;
	}
	const scheme = listOf(headers["x-forwarded-proto"]).at(-1);
	return { address, secure: scheme === undefined ? origin.secure : scheme.toLowerCase() === "https" };
}

function listOf(header: string | string[] | undefined): string[] {
	const items = String(header ?? "").split(",");
	return items.map(item => item.trim()).filter(item => item !== "");
}

/** Some proxies add the port; anything that is no address ends the list. */
function hopAddress(hop: string): string | undefined {
	const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(hop)?.[1];
	const address = bracketed ?? (hop.includes(".") ? hop.replace(/:\d{1,5}$/, "") : hop);
	const plain = plainAddress(isIP(hop) === 0 ? address : hop);
	return isIP(plain) === 0 ? undefined : plain;
}
