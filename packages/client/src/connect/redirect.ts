import type { AmfObject } from "@millrace/core/amf";
import type { NetStatus } from "@millrace/core/rtmp";
import { ArgumentError } from "../errors.ts";
import { type AddressProtocol, type ConnectAddress, parseConnectAddress, ROAD_PROTOCOLS } from "./address.ts";

/**
 * Where a refusal sends the client: `info.ex` with code 302 and `redirect`. `undefined` where it sends it nowhere, to
 * what is no address of a server, or from a protected connection to one that anyone can read.
 */
export function redirectOf(info: NetStatus, from: AddressProtocol): ConnectAddress | undefined {
	const ex = info["ex"];
	if (typeof ex !== "object" || ex === null) return undefined;
	const { code, redirect } = ex as AmfObject;
	if (code !== 302 || typeof redirect !== "string") return undefined;
	let address: ConnectAddress;
	try {
		address = parseConnectAddress(redirect);
	} catch (error) {
		if (error instanceof ArgumentError) return undefined;
		throw error;
	}
	return isProtected(from) && !isProtected(address.protocol) ? undefined : address;
}

function isProtected(protocol: AddressProtocol): boolean {
	if (protocol === "rtmfp") return true;
	return ROAD_PROTOCOLS[protocol].isSecure || ROAD_PROTOCOLS[protocol].isEncrypted;
}
