import type { AmfValue } from "@millrace/core/amf";
import type { Application, Client, ProxyTarget, StreamUse } from "../application/index.ts";
import type { ScriptObject, ScriptRealm } from "../script/index.ts";

/** What an info object of a script holds: `code` and `level` always, the rest as its code has it. */
export type LegacyInfo = {
	/** `NetStream.Publish.Start`, … */
	readonly code: string;
	/** `status`, `warning` or `error`. */
	readonly level: "status" | "warning" | "error";
	readonly description?: string;
	readonly [name: string]: AmfValue;
};

/** The objects of the class `Stream`. */
export interface StreamObjects {
	/** As `Stream.get(name)` gives it. Throws an `Error` where no stream can be called so. */
	get(name: string): ScriptObject;
	/** The object for what a client publishes from now on. */
	publish(use: StreamUse): ScriptObject;
	/** The same, for what the client publishes no longer. */
	unpublish(use: StreamUse): ScriptObject;
}

/**
 * One instance of an old application: its realm, the instance of the public API beneath it, and what its classes have
 * to know of each other. Each class is defined by a function that is given this.
 */
export interface LegacyInstance {
	readonly realm: ScriptRealm;
	/** The instance beneath. */
	readonly app: Application;
	/** The script's `application`. */
	readonly application: ScriptObject;
	/** The script's object for a client: the same one as long as the instance runs and the client is known. */
	clientObject(client: Client): ScriptObject;
	/** The client behind a script's object; `undefined`: it is no object of the class `Client`. */
	clientOf(object: unknown): Client | undefined;
	/** The script's objects for streams. */
	readonly streams: StreamObjects;
	/** Says that an object can stand behind `application.registerProxy`: `Client` and `NetConnection` do. */
	setRemote(object: ScriptObject, target: ProxyTarget): void;
	/** Whose methods are called through an object; `undefined`: it is none that can be called. */
	remoteOf(object: unknown): ProxyTarget | undefined;
	/** Calls `onStatus` of an object with an info object; where it has none, that of `application`. */
	reportStatus(target: ScriptObject, info: LegacyInfo): void;
	/** A line of the application's log, where `trace` goes too. */
	log(level: "debug" | "info" | "warn" | "error", text: string): void;
	/** Calls `action` when the instance ends. */
	onClose(action: () => void): void;
}
