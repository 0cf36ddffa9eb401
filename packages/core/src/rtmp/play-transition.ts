import type { AmfValue } from "../amf/index.ts";
import { membersOf } from "./command-object.ts";
import { lengthMillis, startMillis } from "./play-time.ts";

/** How `play2` changes what is played (ActionScript 3.0 Reference, NetStreamPlayTransitions). */
export type PlayTransition = "append" | "appendAndWait" | "reset" | "resume" | "stop" | "swap" | "switch";

/** The argument of `play2`, with its times in milliseconds. */
export type TransitionCommand = {
	readonly streamName: AmfValue;
	/** Empty: the one that plays. */
	readonly oldStreamName: string;
	readonly transition: PlayTransition;
	/** As in `PlayRequest`. */
	readonly startMillis: number;
	readonly lengthMillis: number;
	/** Where to switch, on the player's clock; −1: as soon as possible. */
	readonly offsetMillis: number;
	/** The playlist begins anew. */
	readonly reset: boolean;
};

/**
 * Reads the options of `play2`. Flash Player sends its NetStreamPlayOptions as they are, so times are in seconds, unlike
 * those of `play`; −2000 and −1000 mean −2 and −1. `undefined`: it is no object, or its transition is unknown; without
 * one it is `switch`, Flash's default.
 */
export function readTransition(value: AmfValue): TransitionCommand | undefined {
	const members = membersOf(value);
	if (members === undefined) return undefined;
	const transition = members["transition"] ?? "switch";
	if (typeof transition !== "string" || !isTransition(transition)) return undefined;
	const { streamName, oldStreamName, start, len, offset } = members;
	// A resume tells where the old connection ended.
	const resumesAt = transition === "resume" && isPosition(offset) ? offset : start;
	return {
		streamName,
		oldStreamName: typeof oldStreamName === "string" ? oldStreamName : "",
		transition,
		startMillis: startMillis(inMillis(resumesAt)),
		lengthMillis: lengthMillis(inMillis(len)),
		offsetMillis: isPosition(offset) ? Math.min(offset * 1000, 0xffffffff) : -1,
		reset: transition === "reset",
	};
}

const TRANSITIONS: readonly string[] = ["append", "appendAndWait", "reset", "resume", "stop", "swap", "switch"];

function isTransition(text: string): text is PlayTransition {
	return TRANSITIONS.includes(text);
}

function isPosition(value: AmfValue): value is number {
	return typeof value === "number" && value >= 0;
}

function inMillis(value: AmfValue): AmfValue {
	return isPosition(value) ? value * 1000 : value;
}
