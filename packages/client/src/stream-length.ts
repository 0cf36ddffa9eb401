import { netStatus } from "@millrace/core/rtmp";
import { NetStatusError } from "./errors.ts";
import type { NetConnection } from "./net-connection.ts";

/**
 * Asks the server how long a recorded stream is (its method `getStreamLength`).
 *
 * @returns seconds; 0 for a stream that is live or unknown, where the server says so
 * @throws NetStatusError where the server does not know the method or refuses
 */
export async function getStreamLength(connection: NetConnection, name: string): Promise<number> {
	const value = await connection.callAsync("getStreamLength", name);
	if (typeof value === "number" && value >= 0) return value;
	throw new NetStatusError(netStatus("NetConnection.Call.Failed", "The server's getStreamLength gave no number."));
}
