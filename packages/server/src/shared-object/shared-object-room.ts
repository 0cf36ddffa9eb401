import { randomInt } from "node:crypto";
import { FileError, LimitError, MillraceError, UsageError } from "@millrace/core/fault";
import { type NetStatus, netStatus, type StatusCode } from "@millrace/core/rtmp";
import {
	decodeSharedObjectMessage,
	encodeForSubscribers,
	encodeSharedObjectMessage,
	SHARED_OBJECT_PERSISTENT,
	type SharedObjectMasterOptions,
	type SharedObjectMessage,
	type SharedObjectMessageLimits,
	SharedObjectProxy,
	type SharedObjectState,
	type SharedObjectStats,
	type SharedObjectSubscriber,
	type SharedObjectType,
	sharedObjectEncoding,
	sharedObjectRefusal,
	sharedObjectType,
} from "@millrace/core/shared-object";
import { checkObjectName, matchesObject } from "./object-name.ts";
import { RoomObject, type RoomObjectHost } from "./room-object.ts";
import type { ServerSharedObject } from "./server-shared-object.ts";
import type { SharedObjectStore } from "./shared-object-store.ts";

/** What a room reports and asks. `client` is the name that the caller gave with the client's message. */
export interface SharedObjectRoomHandler {
	/** Sends a message to clients, in this order for each of them. `body` is the same for all and must not be changed. */
	send(clients: readonly string[], type: SharedObjectType, body: Uint8Array): void;
	/** Whether a client may subscribe to an object. Without this method every client may. */
	mayRead?(client: string, object: string): boolean;
	/** Whether a client may make an object, change it and call its subscribers. Without this method every client may. */
	mayWrite?(client: string, object: string): boolean;
	/** A client was refused something, or a file could not be read or written (`error`). */
	onTrouble?(object: string, status: NetStatus, client: string | undefined, error?: FileError): void;
	/** The application's code threw when it was told of something. */
	onError(object: string, error: unknown): void;
}

export type SharedObjectRoomOptions = Omit<SharedObjectMasterOptions, "state" | "firstVersion" | "versionStep"> & {
	/** Where persistent objects are kept. Default: nowhere, and clients are refused them. */
	readonly store?: SharedObjectStore | undefined;
	/** Objects in memory. Default 50,000. */
	readonly maxObjects?: number;
	/** Objects that one client may be subscribed to. Default 1,000. */
	readonly maxObjectsPerClient?: number;
	/** Bytes of all objects in memory together, in AMF3. Default 256 MiB. */
	readonly maxBytes?: number;
	/** Bytes that several rooms may hold together. Default: each has its own. */
	readonly share?: SharedObjectShare | undefined;
	/** What one message may hold. Default `SHARED_OBJECT_REQUEST_LIMITS`. */
	readonly messageLimits?: SharedObjectMessageLimits;
	/** Whether changes of persistent objects are written by themselves. Default true. */
	readonly autoCommit?: boolean;
};

/** What a proxy's messages go to. */
export type ProxyEnds = {
	/** To the server that owns the object. */
	toOwner(message: SharedObjectMessage): void;
	/** To the application's code. */
	toFace(message: SharedObjectMessage): void;
	/** What the owner says of the proxy itself, or of a request that it refuses. */
	onStatus(code: string, level: string): void;
};

/** As whom the application's code subscribes to a proxy: no client is called so. */
export const FACE = "";

/** What the objects of several rooms may hold together, in AMF3, and what they hold. */
export class SharedObjectShare {
	readonly limitBytes: number;
	usedBytes = 0;

	constructor(limitBytes: number) {
		this.limitBytes = limitBytes;
	}
}

const MAX_OBJECTS = 50_000;
const MAX_OBJECTS_PER_CLIENT = 1000;
const MAX_BYTES = 256 * 1024 * 1024;
/** What may wait for an object that is being read from disk, in bytes. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/**
 * All shared objects of one application instance. It takes clients' messages and gives messages for clients; an object
 * is made by the first who asks for it, read from disk where it is kept there, and leaves the memory after the last.
 */
export class SharedObjectRoom implements RoomObjectHost {
	readonly #handler: SharedObjectRoomHandler;
	readonly #options: SharedObjectRoomOptions;
	readonly #objects = new Map<string, RoomObject>();
	/** Objects that others own, by their names here. */
	readonly #proxies = new Map<string, SharedObjectProxy>();
	/** The objects that clients are subscribed to, or wait for. */
	readonly #clients = new Map<string, Set<RoomObject>>();
	#bytes = 0;
	#isClosed = false;

	constructor(handler: SharedObjectRoomHandler, options: SharedObjectRoomOptions = {}) {
		this.#handler = handler;
		this.#options = options;
	}

	// ── clients ──

	/**
	 * Takes the body of a client's message of type 19 or 16.
	 *
	 * @throws PeerError for a message that is none; LimitError for more than the limits. The client must be closed then.
	 */
	receive(client: string, type: SharedObjectType, body: Uint8Array): void {
		if (this.#isClosed) return;
		const message = decodeSharedObjectMessage(type, body, this.#options.messageLimits);
		const subscriber = { id: client, encoding: sharedObjectEncoding(type) };
		const isUse = message.events.some(event => event.kind === "use");
		const proxy = this.#proxies.get(message.name);
		if (proxy !== undefined) {
			if (!isUse || this.#maySubscribe(subscriber, message, proxy.persistent)) {
				proxy.receive(client, subscriber.encoding, message, body.length);
			}
			return;
		}
		const object = isUse ? this.#objectFor(subscriber, message) : this.#objects.get(message.name);
		if (object === undefined) return;
		if (isUse) this.#objectsOf(client).add(object);
		if (object.isLoaded) this.#give(object, subscriber, message, body.length);
		else object.wait({ subscriber, message, bytes: body.length }, MAX_WAITING_BYTES);
	}

	/** The client's connection has ended. */
	disconnect(client: string): void {
		for (const proxy of this.#proxies.values()) proxy.unsubscribe(client);
		const objects = this.#clients.get(client);
		this.#clients.delete(client);
		for (const object of objects ?? []) {
			object.forget(client);
			this.onUseChanged(object);
		}
	}

	#objectFor(subscriber: SharedObjectSubscriber, message: SharedObjectMessage): RoomObject | undefined {
		const { name } = message;
		const client = subscriber.id;
		const persistent = (message.flags & SHARED_OBJECT_PERSISTENT) !== 0;
		const known = this.#objects.get(name);
		const refuse = (code: StatusCode, text?: string): undefined => this.#refuse(subscriber, message, code, text);
		if (this.#handler.mayRead?.(client, name) === false) return refuse("SharedObject.NoReadAccess");
		const limit = this.#options.maxObjectsPerClient ?? MAX_OBJECTS_PER_CLIENT;
		const own = this.#clients.get(client);
		if (own !== undefined && own.size >= limit && (known === undefined || !own.has(known))) {
			return refuse("SharedObject.ObjectCreationFailed", `A client may use ${limit} shared objects.`);
		}
		if (known !== undefined) {
			return known.persistent === persistent ? known : refuse("SharedObject.BadPersistence");
		}
		try {
			const made = this.#make(name, persistent);
			if (persistent) this.#load(made);
			else this.#begin(made, undefined);
			return made;
		} catch (error) {
			if (!(error instanceof MillraceError)) throw error;
			return refuse("SharedObject.ObjectCreationFailed", error.message);
		}
	}

	/** Whether a client may use an object that others own. */
	#maySubscribe(subscriber: SharedObjectSubscriber, message: SharedObjectMessage, persistent: boolean): boolean {
		const isMeant = (message.flags & SHARED_OBJECT_PERSISTENT) !== 0;
		const mayRead = this.#handler.mayRead?.(subscriber.id, message.name) !== false;
		if (!mayRead) this.#refuse(subscriber, message, "SharedObject.NoReadAccess");
		else if (isMeant !== persistent) this.#refuse(subscriber, message, "SharedObject.BadPersistence");
		return mayRead && isMeant === persistent;
	}

	/** Hands a message to an object that is there. */
	#give(object: RoomObject, subscriber: SharedObjectSubscriber, message: SharedObjectMessage, bytes: number): void {
		const { id } = subscriber;
		if (!object.isMade && this.#handler.mayWrite?.(id, object.name) === false) {
			this.#refuse(subscriber, message, "SharedObject.NoWriteAccess");
		} else {
			object.isMade = true;
			object.master.receive(id, subscriber.encoding, message, bytes);
		}
		if (object.master.isSubscribed(id)) return;
		this.#clients.get(id)?.delete(object);
		this.onUseChanged(object);
	}

	#refuse(to: SharedObjectSubscriber, message: SharedObjectMessage, code: StatusCode, text?: string): undefined {
		const status = netStatus(code, text);
		const answer = encodeSharedObjectMessage(sharedObjectRefusal(message, status), to.encoding);
		this.#handler.send([to.id], sharedObjectType(to.encoding), answer);
		this.#handler.onTrouble?.(message.name, status, to.id);
	}

	#objectsOf(client: string): Set<RoomObject> {
		let objects = this.#clients.get(client);
		if (objects === undefined) {
			objects = new Set();
			this.#clients.set(client, objects);
		}
		return objects;
	}

	// ── the application ──

	/**
	 * The object of that name for the application's code, which keeps it in memory until `close`; the same object for all
	 * who ask. One that is on disk is read at once: only where nothing else is kept waiting by that.
	 *
	 * @throws UsageError SHARED_OBJECT_NAME, SHARED_OBJECT_PERSISTENCE; LimitError SHARED_OBJECT_TOO_LARGE; FileError
	 * SHARED_OBJECT_FILE
	 */
	get(name: string, persistent = false): ServerSharedObject {
		const object = this.#known(name, persistent) ?? this.#make(name, persistent);
		if (object.isLoaded) return object.open();
		try {
			this.#begin(object, persistent ? this.#store.loadNow(name) : undefined);
		} catch (error) {
			this.#giveUp(object, error);
			throw error;
		}
		const face = object.open();
		this.#giveWaiting(object);
		return face;
	}

	/**
	 * An object of another server under a name of this room, for its clients and for the subscriber `FACE` that the
	 * application's code is.
	 *
	 * @throws UsageError SHARED_OBJECT_NAME, and USAGE where there is an object of that name
	 */
	openProxy(name: string, persistent: boolean, ends: ProxyEnds): SharedObjectProxy {
		checkObjectName(name);
		if (this.#isClosed) throw new UsageError("USAGE", "The application instance is closed.");
		if (this.#objects.has(name) || this.#proxies.has(name)) {
			throw new UsageError("USAGE", `There is a shared object ${JSON.stringify(name)} already.`);
		}
		const proxy = new SharedObjectProxy(name, persistent, {
			sendToOwner: message => ends.toOwner(message),
			send: (receivers, message) => {
				if (receivers.some(({ id }) => id === FACE)) ends.toFace(message);
				this.deliver(
					receivers.filter(({ id }) => id !== FACE),
					message,
				);
			},
			mayWrite: client => client === FACE || this.mayWrite(client, name),
			onStatus: (code, level) => ends.onStatus(code, level),
		});
		this.#proxies.set(name, proxy);
		return proxy;
	}

	/** Ends what `openProxy` began. Its clients hear nothing more of it. */
	closeProxy(name: string): void {
		this.#proxies.get(name)?.close();
		this.#proxies.delete(name);
	}

	/** `get` without keeping anything waiting. */
	async open(name: string, persistent = false): Promise<ServerSharedObject> {
		const object = this.#known(name, persistent) ?? this.#make(name, persistent);
		object.pins++;
		try {
			if (!object.isLoaded) await (object.loading ?? this.#load(object));
			if (object.loadError !== undefined) throw object.loadError;
			return this.get(name, persistent);
		} finally {
			object.pins--;
		}
	}

	/** Brings all changes of persistent objects to the disk, or of one. Throws a `FileError` where that failed. */
	async commit(name?: string): Promise<void> {
		const objects = name === undefined ? [...this.#objects.values()] : [this.#objects.get(name)];
		await Promise.all(objects.map(object => (object?.isLoaded === true ? object.flush() : undefined)));
	}

	/**
	 * Clears the objects whose names match and removes their files (`application.clearSharedObjects`): `*` stands for any
	 * characters, `?` for one, `/` for all. Subscribers are told. Answers whether there was one.
	 */
	async clear(pattern: string): Promise<boolean> {
		const live = [...this.#objects.values()].filter(({ name }) => matchesObject(pattern, name));
		const { store } = this.#options;
		const kept = store === undefined ? [] : await store.list(pattern);
		for (const object of live) await object.wipe();
		for (const name of kept) if (!this.#objects.has(name)) await store!.remove(name);
		return live.length > 0 || kept.length > 0;
	}

	/**
	 * `clear` for those who go on at once: whoever gets one of the objects afterwards finds it empty. `done` resolves when
	 * the files are gone, and rejects with a `FileError`.
	 */
	clearNow(pattern: string): { readonly found: boolean; readonly done: Promise<unknown> } {
		const kept = this.#options.store?.listNow(pattern) ?? [];
		const opened = kept.filter(name => !this.#objects.has(name)).map(name => this.get(name, true));
		const live = [...this.#objects.values()].filter(({ name }) => matchesObject(pattern, name));
		const done = Promise.all(live.map(object => object.wipe()));
		for (const object of opened) object.close();
		return { found: live.length > 0, done };
	}

	/** The names of the objects in memory. */
	get names(): { readonly persistent: string[]; readonly volatile: string[] } {
		const all = [...this.#objects.values()].filter(object => object.isLoaded);
		const of = (kind: boolean) => all.filter(({ persistent }) => persistent === kind).map(({ name }) => name);
		return { persistent: of(true), volatile: of(false) };
	}

	/** Bytes of all objects in memory together, in AMF3. */
	get bytes(): number {
		return this.#bytes;
	}

	/** Figures of an object in memory. */
	stats(name: string): SharedObjectStats | undefined {
		const object = this.#objects.get(name);
		return object?.isLoaded === true ? object.master.stats : undefined;
	}

	/** The instance is unloaded: what is to be kept is written, and nothing is taken or sent any more. */
	async close(): Promise<void> {
		this.#isClosed = true;
		const objects = [...this.#objects.values()];
		for (const name of [...this.#proxies.keys()]) this.closeProxy(name);
		this.#objects.clear();
		this.#clients.clear();
		const ends = await Promise.allSettled(objects.map(object => object.end()));
		if (this.#options.share !== undefined) this.#options.share.usedBytes -= this.#bytes;
		this.#bytes = 0;
		for (const end of ends) if (end.status === "rejected") throw end.reason;
	}

	// ── objects ──

	get store(): SharedObjectStore | undefined {
		return this.#options.store;
	}

	/** Encodes a master's message once for each encoding. */
	deliver(receivers: readonly SharedObjectSubscriber[], message: SharedObjectMessage): void {
		for (const encoding of [0, 3] as const) {
			const clients: string[] = [];
			for (const { id, encoding: its } of receivers) if (its === encoding) clients.push(id);
			if (clients.length === 0) continue;
			for (const body of encodeForSubscribers(message, encoding)) {
				this.#handler.send(clients, sharedObjectType(encoding), body);
			}
		}
	}

	mayRead(client: string, object: string): boolean {
		return this.#handler.mayRead?.(client, object) !== false;
	}

	mayWrite(client: string, object: string): boolean {
		return this.#handler.mayWrite?.(client, object) !== false;
	}

	mayHold({ countedBytes }: RoomObject, bytes: number): boolean {
		const more = bytes - countedBytes;
		const { maxBytes = MAX_BYTES, share } = this.#options;
		if (more <= 0) return true;
		return this.#bytes + more <= maxBytes && (share === undefined || share.usedBytes + more <= share.limitBytes);
	}

	onSize(object: RoomObject, bytes: number): void {
		this.#bytes += bytes - object.countedBytes;
		if (this.#options.share !== undefined) this.#options.share.usedBytes += bytes - object.countedBytes;
		object.countedBytes = bytes;
	}

	onTrouble(object: string, status: NetStatus, client: string | undefined, error?: FileError): void {
		this.#handler.onTrouble?.(object, status, client, error);
	}

	onError(object: string, error: unknown): void {
		this.#handler.onError(object, error);
	}

	/** An object may have lost its last user. */
	onUseChanged(object: RoomObject): void {
		if (this.#objects.get(object.name) !== object || object.isUsed) return;
		if (object.mustBeSaved) {
			// It comes back here when it is saved; after a failure it is tried again.
			if (!object.isSaving) void object.flush().catch(error => object.onSaveFailed(error));
			return;
		}
		this.#objects.delete(object.name);
		object.drop();
	}

	get #store(): SharedObjectStore {
		const { store } = this.#options;
		if (store === undefined) throw new UsageError("USAGE", "Persistent shared objects have no place to be kept here.");
		return store;
	}

	#known(name: string, persistent: boolean): RoomObject | undefined {
		if (this.#proxies.has(name)) throw new UsageError("USAGE", `${JSON.stringify(name)} is another server's.`);
		const object = this.#objects.get(name);
		if (object !== undefined && object.persistent !== persistent) {
			throw new UsageError("SHARED_OBJECT_PERSISTENCE", JSON.stringify(name));
		}
		return object;
	}

	#make(name: string, persistent: boolean): RoomObject {
		if (this.#isClosed) throw new UsageError("USAGE", "The application instance is closed.");
		checkObjectName(name);
		const limit = this.#options.maxObjects ?? MAX_OBJECTS;
		if (this.#objects.size >= limit) {
			throw new LimitError("SHARED_OBJECT_TOO_LARGE", `${limit} shared objects are in use.`);
		}
		if (persistent) this.#store.check(name);
		const object = new RoomObject(name, persistent, this.#options.autoCommit ?? true, this);
		this.#objects.set(name, object);
		return object;
	}

	/** Reads an object from disk. The promise does not reject: `loadError` tells. */
	#load(object: RoomObject): Promise<void> {
		const load = async (): Promise<void> => {
			try {
				const state = await this.#store.load(object.name);
				// Code that could not wait may have been faster, or the room was closed.
				if (object.isLoaded || this.#objects.get(object.name) !== object) return;
				this.#begin(object, state);
			} catch (error) {
				this.#giveUp(object, error);
				return;
			}
			this.#giveWaiting(object);
		};
		object.loading = load();
		return object.loading;
	}

	#begin(object: RoomObject, state: SharedObjectState | undefined): void {
		// A new life of a persistent object must not be taken for an earlier one that a client remembers.
		const life = object.persistent
			? { firstVersion: randomInt(1, 2 ** 30), versionStep: randomInt(2 ** 12, 2 ** 17) }
			: undefined;
		object.begin({ ...this.#options, ...life, state });
		object.isMade = state !== undefined;
	}

	/** What has come while it was read. */
	#giveWaiting(object: RoomObject): void {
		for (const { subscriber, message, bytes } of object.takeWaiting()) this.#give(object, subscriber, message, bytes);
		this.onUseChanged(object);
	}

	/** It cannot be read: who waits is refused. */
	#giveUp(object: RoomObject, error: unknown): void {
		object.loadError = error;
		if (this.#objects.get(object.name) !== object || object.isLoaded) return;
		this.#objects.delete(object.name);
		object.drop();
		const text = error instanceof Error ? error.message : String(error);
		for (const { subscriber, message } of object.takeWaiting()) {
			this.#clients.get(subscriber.id)?.delete(object);
			// Where files are is none of a client's business.
			this.#refuse(subscriber, message, "SharedObject.ObjectCreationFailed");
		}
		const fault = error instanceof FileError ? error : new FileError("SHARED_OBJECT_FILE", text, { cause: error });
		this.#handler.onTrouble?.(object.name, netStatus("SharedObject.ObjectCreationFailed", text), undefined, fault);
	}
}
