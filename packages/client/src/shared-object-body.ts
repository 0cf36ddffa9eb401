import type { AmfObject, AmfValue, ObjectEncoding } from "@millrace/core/amf";
import type { NetStatus } from "@millrace/core/rtmp";
import type { SyncChange } from "./events.ts";
import type { NetConnection } from "./net-connection.ts";

/** What a `SharedObject` does: a local one with its file, a remote one with its server. */
export interface SharedObjectBody {
	readonly data: AmfObject;
	readonly size: number;
	objectEncoding: ObjectEncoding;
	/** Updates a second. */
	fps: number;
	setProperty(name: string, value: AmfValue): void;
	setDirty(name: string): void;
	/** `undefined`: it is written. Otherwise the program is asked for room, and the answer follows. */
	flush(minDiskSpace: number): Promise<NetStatus> | undefined;
	clear(): void;
	close(): void;
	connect(connection: NetConnection): boolean;
	/** Resolves when the object is in step with its server. */
	connectAsync(connection: NetConnection): Promise<void>;
	send(handler: string, args: readonly AmfValue[]): void;
}

/** The side of a `SharedObject` that the program sees, as its body uses it. */
export interface SharedObjectFace {
	onStatus(info: NetStatus): void;
	onSync(list: readonly SyncChange[]): void;
	onCall(handler: string, args: readonly AmfValue[]): void;
	/** Something failed that no call can tell of. */
	report(what: string, error: unknown): void;
}
