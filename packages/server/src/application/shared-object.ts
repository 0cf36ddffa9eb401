import type { AmfValue } from "@millrace/core/amf";
import type { NetStatus } from "@millrace/core/rtmp";
import type { SharedObjectSync } from "@millrace/core/shared-object";
import type { ServerSharedObject, SharedObjectRoom } from "../shared-object/index.ts";

/** The shared objects of an instance. */
export class SharedObjectCollection {
	readonly #room: SharedObjectRoom;
	readonly #onFault: (where: string, error: unknown) => void;
	readonly #objects = new Map<string, SharedObject>();

	constructor(room: SharedObjectRoom, onFault: (where: string, error: unknown) => void) {
		this.#room = room;
		this.#onFault = onFault;
	}

	/**
	 * The shared object of that name, which is made where there is none: the same one as long as it is not closed. A
	 * persistent one is kept on disk. Throws an error where an object of that name is there that differs in that.
	 */
	get(name: string, { persistent = false }: { readonly persistent?: boolean } = {}): SharedObject {
		// It is the same for all who ask, and refused to those who want it otherwise.
		const served = this.#room.get(name, persistent);
		let object = this.#objects.get(name);
		if (object === undefined) {
			object = new SharedObject(served, this.#onFault, () => this.#objects.delete(name));
			this.#objects.set(name, object);
		}
		return object;
	}

	/** Names of all that are there. */
	get names(): { readonly persistent: readonly string[]; readonly volatile: readonly string[] } {
		return this.#room.names;
	}

	/** Writes all changes of persistent objects, or of one. Rejects where that cannot be done. */
	commit(name?: string): Promise<void> {
		return this.#room.commit(name);
	}

	/** Deletes persistent objects by a path in which `*` and `?` stand for anything: `/x*`. False: there were none. */
	clear(pattern: string): Promise<boolean> {
		return this.#room.clear(pattern);
	}

	/** `clear`, at once: whoever gets one of the objects afterwards finds it empty. */
	clearNow(pattern: string): boolean {
		const { found, done } = this.#room.clearNow(pattern);
		done.catch((error: unknown) => this.#onFault(`clear ${pattern}`, error));
		return found;
	}
}

/**
 * A remote shared object, from the side that owns it (Server-Side ActionScript, class `SharedObject`). Clients that use
 * it see every change; changes of clients are seen here before `onSync` is called.
 */
export class SharedObject {
	/** Clients have changed slots, in one message: codes are `change` and `delete`. */
	onSync: ((list: readonly SharedObjectSync[]) => unknown) | undefined;
	/** A client has called all who use the object (`SharedObject.send`). */
	onSend: ((handler: string, args: readonly AmfValue[], client: string) => unknown) | undefined;
	/** A client was refused something. */
	onStatus: ((status: NetStatus, client: string) => unknown) | undefined;
	readonly #served: ServerSharedObject;
	readonly #onClosed: () => void;

	constructor(served: ServerSharedObject, onFault: (where: string, error: unknown) => void, onClosed: () => void) {
		this.#served = served;
		this.#onClosed = onClosed;
		const guard = (where: string, handler: () => unknown) => {
			try {
				const result = handler();
				if (result instanceof Promise) result.catch((error: unknown) => onFault(`${served.name} ${where}`, error));
			} catch (error) {
				onFault(`${served.name} ${where}`, error);
			}
		};
		served.onSync = list => guard("onSync", () => this.onSync?.(list));
		served.onSend = (handler, args, client) => guard("onSend", () => this.onSend?.(handler, args, client));
		served.onStatus = (status, client) => guard("onStatus", () => this.onStatus?.(status, client));
	}

	/** Its path, `room/board`. */
	get name(): string {
		return this.#served.name;
	}

	/** Whether it is kept on disk. */
	get persistent(): boolean {
		return this.#served.persistent;
	}

	/** Rises with each batch of changes. */
	get version(): number {
		return this.#served.version;
	}

	/** Whether changes are written by themselves, soon after they were made: so it is at first. Otherwise `flush` writes them. */
	get autoCommit(): boolean {
		return this.#served.autoCommit;
	}

	set autoCommit(value: boolean) {
		this.#served.autoCommit = value;
	}

	/** Whether it holds changes that are not on the disk yet. */
	get isDirty(): boolean {
		return this.#served.isDirty;
	}

	/** How many versions a client that comes back may be behind to be told only what has changed; −1 (at first): any number. */
	get resyncDepth(): number {
		return this.#served.resyncDepth;
	}

	set resyncDepth(depth: number) {
		this.#served.resyncDepth = depth;
	}

	/** Names of its slots. */
	get keys(): readonly string[] {
		return this.#served.getPropertyNames();
	}

	/** The value of a slot, `undefined` where there is none. */
	get(key: string): AmfValue {
		return this.#served.getProperty(key);
	}

	/** Sets a slot. False: a limit of the object refuses it. */
	set(key: string, value: AmfValue): boolean {
		return this.#served.setProperty(key, value);
	}

	/** Deletes a slot. */
	delete(key: string): void {
		this.#served.setProperty(key, null);
	}

	/** Makes several changes: everyone sees them at once, and no client's change comes between them. */
	change<T>(action: (object: this) => T): T {
		this.#served.lock();
		try {
			return action(this);
		} finally {
			this.#served.unlock();
		}
	}

	/** Calls a method of everyone who uses it. */
	send(handler: string, ...args: AmfValue[]): boolean {
		return this.#served.send(handler, ...args);
	}

	/** As `send`; while it is locked, the call comes in one message with the changes that were made before it. */
	mark(handler: string, ...args: AmfValue[]): boolean {
		return this.#served.mark(handler, ...args);
	}

	/** Deletes all slots. */
	clear(): boolean {
		return this.#served.clear();
	}

	/** Forgets which slots were deleted before that version: clients that come back and knew less are told everything. */
	purge(version: number): void {
		this.#served.purge(version);
	}

	/** Holds back what clients want to change until `unlock` has been called as often. */
	lock(): number {
		return this.#served.lock();
	}

	/** Lets go of one lock. What was held back is done when none is left. */
	unlock(): number {
		return this.#served.unlock();
	}

	/** Writes it. Resolves when it will survive whatever happens; with `false` where it is not persistent or cannot be written. */
	flush(): Promise<boolean> {
		return this.#served.flush();
	}

	/** Lets go of it: it stays as long as clients use it, and what is persistent stays on disk. */
	close(): void {
		this.#served.close();
		this.#onClosed();
	}
}
