import type { AmfConstructor, AmfValue } from "@millrace/core/amf";
import type { InstanceStats } from "../app/index.ts";
import type { ProxyTarget } from "./call-proxy.ts";
import type { Client } from "./client.ts";
import type { SharedObjectCollection } from "./shared-object.ts";
import type { StreamCollection } from "./stream.ts";

/** A running instance of an application, as its code sees it (Server-Side ActionScript, object `application`). */
export interface Application<State = unknown, ClientState = unknown, Remote extends object = object> {
	/** `chat/_definst_`. */
	readonly name: string;
	/** The name of its folder. */
	readonly application: string;
	/** The virtual host that it belongs to, by its name in the configuration; empty for the default one. */
	readonly virtualHost: string;
	/** `_definst_` where the address names none. */
	readonly instance: string;
	/** What `state` of the definition made. */
	readonly state: State;
	/** Those that are let in, by their ids, in the order in which they came. */
	readonly clients: ReadonlyMap<string, Client<State, ClientState, Remote>>;
	/** What `applications.NAME.config` of the server's configuration holds. */
	readonly config: ApplicationConfig;
	/** Writes to the server's log. */
	readonly log: ApplicationLog;
	/** The streams of the instance: what is live, what is recorded, and those that the application plays itself. */
	readonly streams: StreamCollection;
	/** The remote shared objects of the instance. */
	readonly sharedObjects: SharedObjectCollection;
	/** Calls a method of every client that is let in. */
	broadcast(name: string, ...args: AmfValue[]): void;
	/**
	 * Gives a class its name on the wire: its instances are sent as typed objects of that name, and such objects that
	 * come are instances of it. It is made without arguments. Classes hold for all instances of the application.
	 */
	registerClass(alias: string, type: AmfConstructor): void;
	/**
	 * Hands calls of clients to that method on to a connection to another server (`millrace/client`) or to a client, and
	 * its answer back to the caller. It goes before a method of the application's own. `null` ends it.
	 *
	 * @param targetMethod what is called there. Default: `method`
	 * @returns false where there was nothing to end
	 */
	registerProxy(method: string, target: ProxyTarget | null, targetMethod?: string): boolean;
	/** Calls `action` once after a time in milliseconds, unless the instance ends before. What it throws is logged. */
	setTimeout(action: () => unknown, millis: number): ApplicationTimer;
	/** Calls `action` again and again, in milliseconds, until the instance ends. What it throws is logged. */
	setInterval(action: () => unknown, millis: number): ApplicationTimer;
	/** What its clients have received and sent (`Application.getStats`), and how many they are and were. */
	stats(): Promise<InstanceStats>;
	/** `stats`, and the instance stands still until the server has said it. */
	statsNow(): InstanceStats;
	/** Ends the instance: its clients get `NetConnection.Connect.AppShutdown`. The next client starts it anew. */
	shutdown(): void;
}

/** Values by their names. */
export type ApplicationConfig = Readonly<Record<string, ConfigValue>>;

/** What the configuration of an application may hold: text, numbers, `true`, `false`, `null`, and lists and mappings of these. */
export type ConfigValue =
	| string
	| number
	| boolean
	| null
	| readonly ConfigValue[]
	| { readonly [key: string]: ConfigValue };

/** Lines in the server's log, each with the application's name. */
export interface ApplicationLog {
	/** For those who look for a fault; not written by default. */
	debug(text: string): void;
	/** What happens in the ordinary course of things. */
	info(text: string): void;
	/** What somebody should look at. */
	warn(text: string): void;
	/** What has failed. */
	error(text: string): void;
}

/** A timer that can be called off. */
export interface ApplicationTimer {
	/** Calls it off; nothing happens where it has run already. */
	cancel(): void;
}
