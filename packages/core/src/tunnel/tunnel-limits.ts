/** Ceilings on what the clients of tunnels may make a server hold. */
export type TunnelLimits = {
	/** Sessions that were opened and in which nothing was asked yet; above it, the oldest one is given up. Default 1000. */
	readonly unusedSessions: number;
	/** What may wait for a client's next request, in bytes; above it, the session is closed. Default 4 MiB. */
	readonly queuedBytes: number;
	/** Most bytes of one answer; the rest follows in the next one. Default 128 KiB. */
	readonly answerBytes: number;
	/**
	 * The longest body of one request, in bytes. Bodies are handed on as they come, so this is no memory. librtmp sends a
	 * message of up to 16 MiB, with its chunk headers, in one body. Default 17 MiB.
	 */
	readonly bodyBytes: number;
	/** How many requests may overtake one that is missing; those further ahead get 404. Default 8. */
	readonly earlyRequests: number;
	/** What is kept of bodies whose turn has not come, in bytes; beyond it they are not read on. Default 64 KiB. */
	readonly earlyBytes: number;
	/**
	 * How many requests may queue behind one whose body is not wanted now, in place of `earlyRequests`: librtmp does not
	 * wait for answers. Default 256.
	 */
	readonly fullRequests: number;
};

export const DEFAULT_TUNNEL_LIMITS: TunnelLimits = {
	unusedSessions: 1000,
	queuedBytes: 4 * 1024 * 1024,
	answerBytes: 128 * 1024,
	bodyBytes: 17 * 1024 * 1024,
	earlyRequests: 8,
	earlyBytes: 64 * 1024,
	fullRequests: 256,
};

/** How long the server of a tunnel waits, in milliseconds. */
export type TunnelTimes = {
	/** How long a poll is held when there is nothing to say; 0: answered at once. Default 500. */
	readonly holdMillis: number;
	/** A session in which nothing was asked for this long is closed. Default 60,000. */
	readonly sessionMillis: number;
	/** An opened session in which nothing was asked at all is forgotten after this time. Default 10,000. */
	readonly unusedMillis: number;
	/** How long requests wait for one that is missing before the session is closed. Default 5000. */
	readonly gapMillis: number;
	/**
	 * Clients begin to count at 0 or at 1. Where 1 comes first, 0 may still be on its way on another connection, and is
	 * waited for this long. Default 100.
	 */
	readonly firstMillis: number;
	/** How long a client may take to fetch the last bytes of a session that the server ends. Default 5000. */
	readonly endMillis: number;
};

export const DEFAULT_TUNNEL_TIMES: TunnelTimes = {
	holdMillis: 500,
	sessionMillis: 60_000,
	unusedMillis: 10_000,
	gapMillis: 5000,
	firstMillis: 100,
	endMillis: 5000,
};
