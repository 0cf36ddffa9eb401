import { FileError, LimitError } from "@millrace/core/fault";
import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import {
	SharedObjectMaster,
	type SharedObjectMasterHandler,
	type SharedObjectMasterOptions,
	type SharedObjectMessage,
	type SharedObjectState,
	type SharedObjectSubscriber,
} from "@millrace/core/shared-object";
import type { WrittenObject } from "./object-writer.ts";
import { ServerSharedObject } from "./server-shared-object.ts";
import type { SharedObjectStore } from "./shared-object-store.ts";

/** What an object needs of its room. */
export interface RoomObjectHost {
	readonly store: SharedObjectStore | undefined;
	deliver(receivers: readonly SharedObjectSubscriber[], message: SharedObjectMessage): void;
	mayRead(client: string, object: string): boolean;
	mayWrite(client: string, object: string): boolean;
	/** Whether it may come to hold that many bytes. */
	mayHold(object: RoomObject, bytes: number): boolean;
	/** It holds that many bytes. */
	onSize(object: RoomObject, bytes: number): void;
	onTrouble(object: string, status: NetStatus, client: string | undefined, error?: FileError): void;
	onError(object: string, error: unknown): void;
	/** It may have lost its last user. */
	onUseChanged(object: RoomObject): void;
}

/** A message that came while the object was being read from disk. */
export type WaitingMessage = {
	readonly subscriber: SharedObjectSubscriber;
	readonly message: SharedObjectMessage;
	readonly bytes: number;
};

/** A shared object in memory: its master, the application's hold on it, and its way to the disk. */
export class RoomObject implements WrittenObject {
	readonly name: string;
	readonly persistent: boolean;
	/** Whether changes are written by themselves. */
	autoCommit: boolean;
	/** Resolves when it is read from disk, or that has failed: then `loadError` says why. */
	loading: Promise<void> | undefined;
	loadError: unknown;
	/** Somebody who may make objects has used it, or it was on disk. */
	isMade = false;
	/** Held while somebody waits for it. */
	pins = 0;
	/** What the room has counted of it. */
	countedBytes = 0;
	readonly #host: RoomObjectHost;
	#master: SharedObjectMaster | undefined;
	#face: ServerSharedObject | undefined;
	#waiting: WaitingMessage[] = [];
	#waitingBytes = 0;
	#flushes = 0;
	#lockTimer: NodeJS.Timeout | undefined;

	constructor(name: string, persistent: boolean, autoCommit: boolean, host: RoomObjectHost) {
		this.name = name;
		this.persistent = persistent;
		this.autoCommit = autoCommit;
		this.#host = host;
	}

	/** Whether `master` is there. */
	get isLoaded(): boolean {
		return this.#master !== undefined;
	}

	get master(): SharedObjectMaster {
		if (this.#master === undefined) throw new Error(`${this.name} is not loaded.`);
		return this.#master;
	}

	/** Whether anybody needs it in memory. */
	get isUsed(): boolean {
		const master = this.#master;
		return master === undefined || this.pins > 0 || this.#face !== undefined || master.subscriberCount > 0;
	}

	/** Whether it must stay until it is on the disk. */
	get mustBeSaved(): boolean {
		return this.persistent && this.master.isDirty && (this.autoCommit || this.#flushes > 0);
	}

	/** Whether `flush` is under way. */
	get isSaving(): boolean {
		return this.#flushes > 0;
	}

	/** It begins with what was on disk, or empty. */
	begin(options: SharedObjectMasterOptions): void {
		const host = this.#host;
		const { name } = this;
		const handler: SharedObjectMasterHandler = {
			send: (receivers, message) => host.deliver(receivers, message),
			mayRead: client => host.mayRead(client, name),
			mayWrite: client => host.mayWrite(client, name),
			mayHold: bytes => host.mayHold(this, bytes),
			onSize: bytes => host.onSize(this, bytes),
			onDirty: () => this.#onDirty(),
			onSync: list => this.#tell(face => face.onSync?.(list)),
			onSend: (method, args, client) => this.#tell(face => face.onSend?.(method, args, client)),
			onStatus: (status, client) => {
				host.onTrouble(name, status, client);
				this.#tell(face => face.onStatus?.(status, client));
			},
		};
		this.#master = new SharedObjectMaster(name, this.persistent, handler, options);
		host.onSize(this, this.#master.bytes);
	}

	/**
	 * Keeps a message until the object is there.
	 *
	 * @throws LimitError SHARED_OBJECT_TOO_LARGE where more waits than that
	 */
	wait(waiting: WaitingMessage, limitBytes: number): void {
		if (this.#waitingBytes + waiting.bytes > limitBytes) {
			throw new LimitError("SHARED_OBJECT_TOO_LARGE", `${this.#waitingBytes} bytes wait for it to be read from disk.`);
		}
		this.#waitingBytes += waiting.bytes;
		this.#waiting.push(waiting);
	}

	/** What has waited, in order. */
	takeWaiting(): WaitingMessage[] {
		const waiting = this.#waiting;
		this.#waiting = [];
		this.#waitingBytes = 0;
		return waiting;
	}

	/** A client has gone. */
	forget(client: string): void {
		this.#waiting = this.#waiting.filter(({ subscriber }) => subscriber.id !== client);
		this.#waitingBytes = this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0);
		this.#master?.unsubscribe(client);
	}

	/** The application's hold on it: the same until it is closed. */
	open(): ServerSharedObject {
		this.isMade = true;
		this.#face ??= new ServerSharedObject(this.master, {
			object: this,
			flush: () => this.flush(),
			onLock: () => this.#armLock(),
			onClosed: () => {
				this.#face = undefined;
				this.#host.onUseChanged(this);
			},
		});
		return this.#face;
	}

	/** Brings it to the disk. False for an object that is not kept. */
	async flush(): Promise<boolean> {
		if (!this.persistent) return false;
		this.#flushes++;
		try {
			if (this.master.isDirty) this.#host.store?.save(this.name, this);
			await this.#host.store?.flush(this.name);
		} finally {
			this.#flushes--;
		}
		this.#host.onUseChanged(this);
		return true;
	}

	/** Deletes all slots and the file; what is changed afterwards is written again. */
	async wipe(): Promise<void> {
		// One that is in memory is empty when this returns.
		if (this.#master === undefined) await this.loading;
		if (this.#master === undefined) return;
		this.#master.clear();
		const { version } = this.#master;
		if (this.persistent) {
			await this.#host.store?.remove(this.name);
			this.#master.markSaved(version);
		}
		this.#host.onUseChanged(this);
	}

	/** The room is closed: what is to be kept is written. */
	async end(): Promise<void> {
		try {
			await this.loading;
			if (this.#master !== undefined && this.mustBeSaved) await this.flush();
		} finally {
			this.drop();
		}
	}

	/** Leaves the memory. */
	drop(): void {
		clearTimeout(this.#lockTimer);
		this.#host.onSize(this, 0);
		if (this.persistent) this.#host.store?.release(this.name, this);
	}

	get state(): SharedObjectState {
		return this.master.state;
	}

	onSaved(version: number): void {
		this.master.markSaved(version);
		this.#host.onUseChanged(this);
	}

	onSaveFailed(error: unknown): void {
		const fault = error instanceof FileError ? error : new FileError("SHARED_OBJECT_FILE", String(error));
		this.#host.onTrouble(this.name, netStatus("SharedObject.Flush.Failed", fault.message), undefined, fault);
	}

	#onDirty(): void {
		if (this.persistent && this.autoCommit) this.#host.store?.save(this.name, this);
	}

	/** Errors of the application's code are its own. */
	#tell(action: (face: ServerSharedObject) => void): void {
		if (this.#face === undefined) return;
		try {
			action(this.#face);
		} catch (error) {
			this.#host.onError(this.name, error);
		}
	}

	#armLock(): void {
		clearTimeout(this.#lockTimer);
		const { deadline } = this.master;
		if (deadline === Number.POSITIVE_INFINITY) return;
		const onTimer = () => {
			this.master.handleTimeout(performance.now());
			// Timers may be a little early: then it waits for the rest.
			this.#armLock();
		};
		this.#lockTimer = setTimeout(onTimer, Math.max(1, deadline - performance.now()));
		this.#lockTimer.unref();
	}
}
