import { patternOf } from "./chunk-case.ts";
import type { ClientScript, ServerSession } from "./server-session.ts";

/** What a client sends, and what must come of it: in events of the handler and in answers. */
export type Scenario = {
	readonly name: string;
	readonly script: () => ClientScript;
	readonly events: readonly string[];
	/** Left out where only the events count. */
	readonly sent?: readonly string[];
	/** What is not seen in events, and what it must be. */
	readonly facts?: (session: ServerSession) => unknown;
	readonly expected?: unknown;
};

/** The answer to `connect`, in the order that every client takes. */
export const CONNECTED = [
	"window 2500000",
	"bandwidth 2500000 2",
	"begin 0",
	"chunk size 4096",
	'_result #0 1 {"fmsVer":"FMS/5,0,15,5004","capabilities":255,"mode":1} "NetConnection.Connect.Success"',
	"onBWDone #0 0 null",
];
/** What comes of `publish` on a stream. */
export const publishStarted = (id: number) => [`begin ${id}`, `onStatus #${id} 0 null "NetStream.Publish.Start"`];
/** What comes of `play` that resets the playlist. */
export const playStarted = (id: number) => [
	`begin ${id}`,
	`onStatus #${id} 0 null "NetStream.Play.Reset"`,
	`onStatus #${id} 0 null "NetStream.Play.Start"`,
	`data #${id} |RtmpSampleAccess true true`,
];
/** What comes of the end of publishing. */
export const unpublished = (id: number) => `onStatus #${id} 0 null "NetStream.Unpublish.Success"`;
/** A message that is one chunk, or a few where they are small. */
export const SOUND = patternOf(300);
