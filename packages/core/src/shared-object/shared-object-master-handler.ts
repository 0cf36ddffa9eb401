import type { AmfValue, ObjectEncoding } from "../amf/index.ts";
import type { NetStatus } from "../rtmp/index.ts";
import type { SharedObjectMessage } from "./shared-object-message.ts";
import type { SharedObjectState } from "./shared-object-state.ts";
import type { SharedObjectSync } from "./shared-object-sync.ts";
import type { SharedObjectQuota } from "./slot-table.ts";

/** One who has subscribed: the caller's name for it, and how messages to it are encoded. */
export type SharedObjectSubscriber = { readonly id: string; readonly encoding: ObjectEncoding };

/**
 * What a master reports and asks. Methods may use the master; what they do to it follows what is being told. `onSync`,
 * `onSend` and `onStatus` are for the code of the application.
 */
export interface SharedObjectMasterHandler {
	/** Sends a message: the same for all, so that it needs to be encoded once for each encoding. */
	send(receivers: readonly SharedObjectSubscriber[], message: SharedObjectMessage): void;
	/** Whether it may subscribe. Without this method everyone may. */
	mayRead?(subscriberId: string): boolean;
	/** Whether it may change the object and call its subscribers. Without this method everyone may. */
	mayWrite?(subscriberId: string): boolean;
	/** Whether it may come to hold that many bytes. Without this method its quota alone decides. */
	mayHold?(bytes: number): boolean;
	/** What it holds in bytes, after each batch of changes. */
	onSize?(bytes: number): void;
	/** The state differs from what was saved. */
	onDirty?(): void;
	/** Clients have changed slots: called once for each of their messages. */
	onSync?(list: readonly SharedObjectSync[]): void;
	/** A client has called the subscribers; they get it too. */
	onSend?(handler: string, args: readonly AmfValue[], subscriberId: string): void;
	/** A client was refused something. */
	onStatus?(status: NetStatus, subscriberId: string): void;
}

export type SharedObjectMasterOptions = {
	readonly quota?: SharedObjectQuota;
	/**
	 * Refuses changes whose author did not know the slot's last change; he gets the value that is in force, and Flash
	 * reports `reject`. Default false: the newest change wins, as with Flash Media Server.
	 */
	readonly strict?: boolean;
	/** How many versions a client may be behind to be told only what has changed. Default −1: any number. */
	readonly resyncDepth?: number;
	/** How long the application may lock the object, in milliseconds. Default −1: as long as it likes. */
	readonly lockTimeoutMillis?: number;
	/** Requests that wait for a lock to end: messages, and their bytes. Default 10,000 and 16 MiB. */
	readonly lockQueue?: { readonly messages: number; readonly bytes: number };
	/**
	 * The version of the first change. A persistent object that may have had an earlier life, of which clients remember
	 * something, begins at a random one. Default 1.
	 */
	readonly firstVersion?: number;
	/**
	 * How far behind the saved version the first change is. What clients were told after the last save and is lost must
	 * not be taken for what is told now: it should be more than changes can be lost, and another number each time.
	 * Default 4,096.
	 */
	readonly versionStep?: number;
	/** What was saved of it. */
	readonly state?: SharedObjectState | undefined;
};

/** Figures of an object, under the names of Flash Media Server's `getSharedObjectStats`. */
export type SharedObjectStats = {
	readonly version: number;
	readonly num_properties: number;
	readonly msg_in: number;
	readonly msg_out: number;
	readonly total_connects: number;
	readonly total_disconnects: number;
	readonly connected: number;
	readonly resync_depth: number;
	/** How often the application has locked it without unlocking. */
	readonly lock_count: number;
	/** Messages that wait for the lock's end. */
	readonly lock_queue: number;
	/** Locks that were ended because they lasted too long. */
	readonly lock_timeouts: number;
	/** Bytes of all names and values in AMF3. */
	readonly bytes: number;
};
