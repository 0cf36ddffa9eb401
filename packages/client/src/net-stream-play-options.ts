import { ArgumentError } from "./errors.ts";

/** How `play2` goes from one stream to another (ActionScript 3, `NetStreamPlayTransitions`). */
export const NetStreamPlayTransitions = {
	/** Adds to the playlist, and begins with the first. */
	APPEND: "append",
	/** Adds to the playlist without beginning: a later `append` does that. */
	APPEND_AND_WAIT: "appendAndWait",
	/** Clears the playlist and plays at once. */
	RESET: "reset",
	/** On a new connection: goes on at `start`, without a gap. */
	RESUME: "resume",
	/** Plays to the end of the playlist and stops. */
	STOP: "stop",
	/** Puts a stream in the place of `oldStreamName`; the two need not be the same programme. */
	SWAP: "swap",
	/** The same programme at another rate: the server changes at a keyframe. */
	SWITCH: "switch",
} as const;

/** One of the values of `NetStreamPlayTransitions`. */
export type NetStreamPlayTransition = (typeof NetStreamPlayTransitions)[keyof typeof NetStreamPlayTransitions];

/**
 * What `play2` is told (ActionScript 3, `NetStreamPlayOptions`). Times are in seconds. `play2` takes plain objects with
 * these members too.
 */
export class NetStreamPlayOptions {
	/** The stream to play. */
	streamName = "";
	/** The stream that is left; the one that plays where this is empty. */
	oldStreamName = "";
	/** As in `play`. */
	start = -2;
	/** As in `play`. */
	len = -1;
	/** When to switch, in the stream's time; −1 is as soon as can be. */
	offset = -1;
	transition: NetStreamPlayTransition = NetStreamPlayTransitions.SWITCH;
}

/**
 * All members of `play2`'s command object, in Flash Player's order.
 *
 * @throws ArgumentError for a transition that there is none of, or a missing name
 */
export function playOptions(given: Partial<NetStreamPlayOptions>): NetStreamPlayOptions {
	const { streamName, oldStreamName, start, len, offset, transition } = { ...new NetStreamPlayOptions(), ...given };
	if (!Object.values(NetStreamPlayTransitions).includes(transition)) {
		throw new ArgumentError(`${String(transition)} is none of the NetStreamPlayTransitions.`);
	}
	if (typeof streamName !== "string" || (streamName === "" && transition !== "stop")) {
		throw new ArgumentError("play2 needs a streamName.");
	}
	return { len, offset, oldStreamName, start, streamName, transition };
}
