import { type BandwidthCheckOptions, DEFAULT_BANDWIDTH_CHECK } from "@millrace/core/rtmp";

/** How a client's bandwidth is measured. */
export type BandwidthDetection = BandwidthCheckOptions & {
	/** Whether the server itself answers `checkBandwidth`, `_checkbw` and `checkBandwidthUp`. Default true. */
	readonly enabled: boolean;
	/** Who asks again within this time, in milliseconds, is told what the last check found. Default 5 s. */
	readonly restMillis: number;
};

/** What an application's clients may send and are sent. Limits are in bytes a second; 0 means none. */
export type BandwidthRules = {
	/** Default 0. */
	readonly serverToClient: number;
	/** Default 0. */
	readonly clientToServer: number;
	/** What either limit may be raised to. Default 0. */
	readonly cap: number;
	readonly detection: BandwidthDetection;
};

export const DEFAULT_BANDWIDTH_RULES: BandwidthRules = {
	serverToClient: 0,
	clientToServer: 0,
	cap: 0,
	detection: { ...DEFAULT_BANDWIDTH_CHECK, enabled: true, restMillis: 5000 },
};

/**
 * The limit that results from a wish, in bytes a second, infinite for none. A wish of 0 leaves it as it is.
 *
 * @param wish as `setBandwidthLimit` of Server-Side ActionScript has it; `Infinity` wishes for no limit
 */
export function limitAfter(wish: number, before: number, { cap }: BandwidthRules): number {
	if (!(wish > 0)) return before;
	return cap > 0 ? Math.min(wish, cap) : wish;
}

/** A limit of the rules as a number that limits compare with: 0 becomes infinite. */
export function initialLimit(configured: number): number {
	return configured > 0 ? configured : Number.POSITIVE_INFINITY;
}
