import type { AmfValue } from "@millrace/core/amf";
import type { NetStatus } from "@millrace/core/rtmp";
import type { SharedObjectMaster, SharedObjectStats, SharedObjectSync } from "@millrace/core/shared-object";

/** What a server's shared object needs of the room that it is in. */
export interface ServerObjectRoom {
	/** Holds what lasts longer than the application's hold on it. */
	readonly object: { autoCommit: boolean };
	/** The object was locked or unlocked. */
	onLock(): void;
	/** Brings the object to the disk. */
	flush(): Promise<boolean>;
	/** The application needs it no more. */
	onClosed(): void;
}

/**
 * A shared object as the application's code has it (`SharedObject` of server-side ActionScript). It is there from
 * `SharedObjectRoom.get` to `close`, which keep it in memory together with its subscribers.
 */
export class ServerSharedObject {
	readonly name: string;
	/** Whether it is kept on disk. */
	readonly persistent: boolean;
	/** Clients have changed slots: called once for each of their messages. Codes are `change` and `delete`. */
	onSync: ((list: readonly SharedObjectSync[]) => void) | undefined;
	/** A client has called all subscribers. */
	onSend: ((handler: string, args: readonly AmfValue[], client: string) => void) | undefined;
	/** A client was refused something. */
	onStatus: ((info: NetStatus, client: string) => void) | undefined;
	readonly #master: SharedObjectMaster;
	readonly #room: ServerObjectRoom;
	#isClosed = false;

	/** Objects are made by `SharedObjectRoom.get`. */
	constructor(master: SharedObjectMaster, room: ServerObjectRoom) {
		this.name = master.name;
		this.persistent = master.persistent;
		this.#master = master;
		this.#room = room;
	}

	/** Whether changes are written by themselves. Default: as the room says. */
	get autoCommit(): boolean {
		return this.#room.object.autoCommit;
	}

	set autoCommit(value: boolean) {
		this.#room.object.autoCommit = value;
	}

	/** Rises with each batch of changes. */
	get version(): number {
		return this.#master.version;
	}

	/** Whether it holds changes that are not on the disk. */
	get isDirty(): boolean {
		return this.persistent && this.#master.isDirty;
	}

	/** How many versions a client may be behind to be told only what has changed; −1: any number. */
	get resyncDepth(): number {
		return this.#master.resyncDepth;
	}

	set resyncDepth(depth: number) {
		this.#master.resyncDepth = depth;
	}

	get stats(): SharedObjectStats {
		return this.#master.stats;
	}

	/** The value itself: what is done to it is not noticed before it is set again. */
	getProperty(name: string): AmfValue {
		return this.#master.getProperty(name);
	}

	getPropertyNames(): string[] {
		return this.#master.getPropertyNames();
	}

	/** How many slots there are. */
	size(): number {
		return this.#master.size;
	}

	/**
	 * Sets a slot and tells all subscribers, while locked at the end of the lock. `null` deletes it.
	 *
	 * @returns false where the object may not hold so much
	 * @throws UsageError AMF_UNENCODABLE for a value that cannot be sent
	 */
	setProperty(name: string, value: AmfValue): boolean {
		return this.#master.setProperty(name, value);
	}

	/** Calls a method of all subscribers. Throws a `UsageError` for arguments that cannot be sent. */
	send(handler: string, ...args: AmfValue[]): boolean {
		this.#master.send(handler, ...args);
		return true;
	}

	/** As `send`; between `lock` and `unlock` it comes in one message with the changes, behind those made before. */
	mark(handler: string, ...args: AmfValue[]): boolean {
		return this.send(handler, ...args);
	}

	/** Deletes all slots. */
	clear(): boolean {
		this.#master.clear();
		return true;
	}

	/** Forgets which slots were deleted before that version: clients that knew less are told everything. */
	purge(version: number): void {
		this.#master.purge(version);
	}

	/** Holds requests of clients back and gathers changes into one message. Answers how often it is locked. */
	lock(): number {
		const count = this.#master.lock(performance.now());
		this.#room.onLock();
		return count;
	}

	/** Answers how often it is still locked. */
	unlock(): number {
		const count = this.#master.unlock();
		this.#room.onLock();
		return count;
	}

	/**
	 * Brings all changes to the disk: what it has confirmed survives any crash. False for objects that are not kept.
	 *
	 * @throws FileError SHARED_OBJECT_FILE
	 */
	flush(): Promise<boolean> {
		return this.#room.flush();
	}

	/** The application needs it no more: without subscribers it leaves the memory, and is gone if it is not kept. */
	close(): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.onSync = undefined;
		this.onSend = undefined;
		this.onStatus = undefined;
		while (this.#master.unlock() > 0);
		this.#room.onClosed();
	}
}
