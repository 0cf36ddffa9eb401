/** Whether and how a connection that is lost is opened again, as NetConnectionSmart does. */
export type ReconnectOptions = {
	/** How often it is tried after a loss; 0: for ever. Default 10. */
	readonly maxAttempts?: number;
	/** The longest wait before a try, in milliseconds, without the random part. Default 10 s. */
	readonly maxWaitMillis?: number;
};

/**
 * The wait before the nth try (from 1), in milliseconds: min(longest, (2ⁿ − 1) / 2 seconds), and up to a second more
 * at random, so that a server's clients do not come back all at once.
 *
 * @param random from 0 up to 1
 */
export function reconnectWaitMillis(tries: number, maxWaitMillis: number, random: number): number {
	return Math.min(maxWaitMillis, ((2 ** tries - 1) / 2) * 1000) + random * 1000;
}
