import type { RoadProtocol } from "./address.ts";
import type { UsedProxy } from "./attempt-list.ts";

/**
 * How an attempt ended, or where it stands:
 *
 * - `trying`: connecting and shaking hands
 * - `chosen`: the first whose handshake is done; `connect` has been sent
 * - `connected`: the server has accepted
 * - `rejected`: the server has refused, which no other road would change
 * - `failed`: no connection, a bad handshake, a time-out, or an end before the answer
 * - `lost`: another was faster
 * - `cancelled`: closed by the user, or the time for all of them was over
 */
export type AttemptOutcome = "trying" | "chosen" | "connected" | "rejected" | "failed" | "lost" | "cancelled";

/** What is known of an attempt. Times are in milliseconds from the call of `connect`. */
export type AttemptRecord = {
	/** Counts from 1 in the order of the starts. */
	readonly number: number;
	readonly protocol: RoadProtocol;
	readonly host: string;
	readonly port: number;
	readonly proxy: UsedProxy;
	readonly outcome: AttemptOutcome;
	readonly startMillis: number;
	/** When the network's connection was open, if it was. */
	readonly openMillis?: number;
	/** When the handshake was done, if it was. */
	readonly handshakeMillis?: number;
	/** When the outcome was known: not there for `trying` and `chosen`. */
	readonly endMillis?: number;
	/** Why it failed or was rejected, in words. */
	readonly reason?: string;
};
