import {
	type NetConnection,
	type NetStatusEvent,
	SharedObject as RemoteObject,
	type SyncEvent,
} from "@millrace/client";
import type { AmfValue } from "@millrace/core/amf";
import type { NetStatus } from "@millrace/core/rtmp";

/** A shared object beneath one of a script: the instance's own, or that of another server. */
export interface SharedObjectFace {
	readonly name: string;
	readonly version: number;
	readonly keys: readonly string[];
	readonly isDirty: boolean;
	autoCommit: boolean;
	resyncDepth: number;
	get(key: string): AmfValue;
	set(key: string, value: AmfValue): boolean;
	delete(key: string): void;
	send(handler: string, ...args: AmfValue[]): boolean;
	mark(handler: string, ...args: AmfValue[]): boolean;
	clear(): boolean;
	purge(version: number): void;
	lock(): number;
	unlock(): number;
	flush(): Promise<boolean>;
	close(): void;
}

/** One change, as `onSync` is told it. */
export type SyncItem = {
	readonly code: string;
	readonly name?: string | undefined;
	readonly oldValue?: AmfValue;
};

/** Takes what happens to a shared object of another server. */
export type SharedObjectListener = {
	onSync(list: readonly SyncItem[]): void;
	onSend(handler: string, args: readonly AmfValue[]): void;
	onStatus(status: NetStatus): void;
};

/** What the other server says of an object that is locked here: nothing is. */
const NOT_LOCKED = -1;

/** A shared object of another server, over a connection of the script's (`SharedObject.get` with a `NetConnection`). */
export class ProxiedSharedObject implements SharedObjectFace {
	readonly name: string;
	/** The other server counts. */
	readonly version = 0;
	/** The other server keeps it, as it wants to. */
	readonly isDirty = false;
	autoCommit = true;
	resyncDepth = -1;
	readonly #object: RemoteObject;

	/** Throws an `ArgumentError` for a name that is none. */
	constructor(name: string, persistent: boolean, connection: NetConnection, listener: SharedObjectListener) {
		this.name = name;
		this.#object = RemoteObject.getRemote(name, connection.uri, persistent);
		this.#object.addEventListener("sync", ({ changeList }: SyncEvent) => listener.onSync(changeList));
		this.#object.addEventListener("netStatus", ({ info }: NetStatusEvent) => listener.onStatus(info));
		this.#object.client = anyMethod((handler, args) => listener.onSend(handler, args));
		this.#object.connect(connection);
	}

	get keys(): readonly string[] {
		return Object.keys(this.#object.data);
	}

	get(key: string): AmfValue {
		return this.#object.data[key];
	}

	set(key: string, value: AmfValue): boolean {
		this.#object.setProperty(key, value);
		return true;
	}

	delete(key: string): void {
		this.#object.setProperty(key, null);
	}

	send(handler: string, ...args: AmfValue[]): boolean {
		this.#object.send(handler, ...args);
		return true;
	}

	mark(handler: string, ...args: AmfValue[]): boolean {
		return this.send(handler, ...args);
	}

	clear(): boolean {
		for (const key of this.keys) this.delete(key);
		return true;
	}

	purge(): void {}

	lock(): number {
		return NOT_LOCKED;
	}

	unlock(): number {
		return NOT_LOCKED;
	}

	async flush(): Promise<boolean> {
		return true;
	}

	close(): void {
		this.#object.close();
	}
}

/** An object that has every method, as far as a peer can tell: for what is called by names that are not known before. */
export function anyMethod(call: (name: string, args: readonly AmfValue[]) => unknown): object {
	const value = (name: string | symbol) => ({
		value: (...args: AmfValue[]) => call(String(name), args),
		configurable: true,
		writable: true,
		enumerable: false,
	});
	return new Proxy({}, { getOwnPropertyDescriptor: (_target, name) => value(name) });
}
