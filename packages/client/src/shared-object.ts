import type { AmfObject, AmfValue, ObjectEncoding } from "@millrace/core/amf";
import type { NetStatus } from "@millrace/core/rtmp";
import { findCallback } from "./callback.ts";
import { ArgumentError, NetStatusError } from "./errors.ts";
import { EventDispatcher } from "./event-dispatcher.ts";
import { NetStatusEvent, type SyncChange, SyncEvent } from "./events.ts";
import { LocalObject, type LocalObjectOptions } from "./local-object.ts";
import type { NetConnection } from "./net-connection.ts";
import { RemoteCopy } from "./remote-copy.ts";
import { RemoteObject } from "./remote-object.ts";
import type { SharedObjectBody, SharedObjectFace } from "./shared-object-body.ts";
import { type SharedObjectStore, sharedObjectPlace } from "./shared-object-place.ts";

export type { LocalObjectOptions } from "./local-object.ts";

/** What `flush` answers (ActionScript 3). */
export const SharedObjectFlushStatus = { FLUSHED: "flushed", PENDING: "pending" } as const;

/** What `flush` answers: written; or the program was asked for more room, and the outcome comes as a status. */
export type SharedObjectFlush = (typeof SharedObjectFlushStatus)[keyof typeof SharedObjectFlushStatus];

/**
 * Data that a program keeps or shares (ActionScript 1, 2 and 3). A local object's members are written to a `.sol` file
 * of Flash Player's format and read again the next time: at `flush`, at `close` and, in Node, when the process exits. A
 * remote object's members are those of all who are connected to it. This class needs a store; the package's entries give
 * it one.
 */
export class SharedObject extends EventDispatcher implements Disposable {
	/** The encoding of objects that are made from now on. Default AMF3, as in ActionScript 3. */
	static defaultObjectEncoding: ObjectEncoding = 3;

	/** The object whose methods `send` of a remote object calls; the object itself by default. */
	client: object = this;
	/** ActionScript 1 and 2: takes the info objects that `netStatus` listeners get. */
	onStatus?: (info: NetStatus) => void;
	/** ActionScript 1 and 2: takes the lists that `sync` listeners get. */
	onSync?: (list: readonly SyncChange[]) => void;
	/** Callbacks that others call by `send` may be members of the object. */
	[callback: `on${string}`]: unknown;

	readonly #body: SharedObjectBody;

	/** Objects are made by `getLocal` and `getRemote`. */
	constructor(warn: (text: string) => void, makeBody: (face: SharedObjectFace) => SharedObjectBody) {
		super(warn);
		this.#body = makeBody({
			onStatus: info => this.dispatchEvent(new NetStatusEvent(info)),
			onSync: list => this.#onSync(list),
			onCall: (handler, args) => this.#onCall(handler, args),
			report: (what, error) => this.reportError(what, error),
		});
	}

	/**
	 * The members. Whatever AMF can hold may be put there; the object itself stays the same. Members of a remote object
	 * that are set or deleted are sent to the others.
	 */
	get data(): AmfObject {
		return this.#body.data;
	}

	/** The size of the members as a file, in bytes; 0 without members. */
	get size(): number {
		return this.#body.size;
	}

	/** The encoding of a local object's file: that which was found, or `defaultObjectEncoding`. Of a remote one, that of its connection. */
	get objectEncoding(): ObjectEncoding {
		return this.#body.objectEncoding;
	}

	/** @throws ArgumentError for another number than 0 and 3 */
	set objectEncoding(value: ObjectEncoding) {
		if (value !== 0 && value !== 3) throw new ArgumentError("objectEncoding is 0 (AMF0) or 3 (AMF3).");
		this.#body.objectEncoding = value;
	}

	/** How often a second changes of a remote object are sent. Default 24; 0: never; below 0: the default again. */
	get fps(): number {
		return this.#body.fps;
	}

	set fps(value: number) {
		this.#body.fps = value;
	}

	/** ActionScript 1 and 2: the same as setting `fps`. */
	setFps(value: number): boolean {
		this.#body.fps = value;
		return true;
	}

	/** ActionScript 1 and 2: the same as `size`. */
	getSize(): number {
		return this.size;
	}

	/** The same as `data[name] = value`. */
	setProperty(name: string, value: AmfValue = null): void {
		this.#body.setProperty(name, value);
	}

	/** A member has changed inside, which nobody sees: it is to be sent. Does nothing for a local object. */
	setDirty(name: string): void {
		this.#body.setDirty(name);
	}

	/**
	 * Writes the file at once, in one piece. A local object without members has none; a remote one has one where it was
	 * asked for.
	 *
	 * @param minDiskSpace bytes that it will need later, which are asked for now
	 * @returns "pending" where the program is asked for room: `SharedObject.Flush.Success` or `.Failed` follows. False
	 * where it failed and the object wears the face of ActionScript 1 and 2 (`onStatus` is set and nobody listens for
	 * `netStatus`).
	 * @throws FileError where it failed otherwise; UsageError for members that cannot be written
	 */
	flush(minDiskSpace = 0): SharedObjectFlush | false {
		try {
			return this.#body.flush(minDiskSpace) === undefined
				? SharedObjectFlushStatus.FLUSHED
				: SharedObjectFlushStatus.PENDING;
		} catch (error) {
			if (typeof this.onStatus === "function" && !this.hasEventListener(NetStatusEvent.NET_STATUS)) return false;
			throw error;
		}
	}

	/** `flush` as a promise, which resolves when it is written. Rejects with what `flush` throws, or a `NetStatusError`. */
	async flushAsync(minDiskSpace = 0): Promise<void> {
		const info = await this.#body.flush(minDiskSpace);
		if (info?.level === "error") throw new NetStatusError(info);
	}

	/**
	 * Takes all members away and removes the file. A remote object is not connected any more; the others keep theirs.
	 *
	 * @throws FileError where it cannot be removed
	 */
	clear(): void {
		this.#body.clear();
	}

	/**
	 * Writes what has changed. The next `getLocal` of the name reads the file anew. A remote object is not connected any
	 * more; what it holds stays.
	 *
	 * @throws what `flush` throws
	 */
	close(): void {
		this.#body.close();
	}

	[Symbol.dispose](): void {
		this.close();
	}

	/**
	 * Connects a remote object; `sync` follows when it is in step with its server, also when it holds nothing. It stays
	 * connected when the connection is opened anew. What is changed before is sent then.
	 *
	 * @param connection one to the address that was given to `getRemote`; it need not be open yet
	 * @param _params means nothing
	 * @returns false for a connection to another address: `SharedObject.UriMismatch` follows
	 * @throws UsageError for a local object
	 */
	connect(connection: NetConnection, _params?: string | null): boolean {
		return this.#body.connect(connection);
	}

	/** `connect` as a promise, which resolves with the first `sync`. Rejects with a `NetStatusError` whose `info` says why. */
	async connectAsync(connection: NetConnection): Promise<void> {
		await this.#body.connectAsync(connection);
	}

	/**
	 * Calls a method of everybody who is connected to a remote object, oneself too: of `client`, or of the object itself.
	 *
	 * @throws UsageError for arguments that cannot be sent, and for a local object
	 */
	send(handler: string, ...args: AmfValue[]): void {
		this.#body.send(handler, args);
	}

	#onSync(list: readonly SyncChange[]): void {
		this.dispatchEvent(new SyncEvent(list));
		const { onSync } = this;
		if (typeof onSync === "function") this.guard("onSync threw", () => onSync.call(this, list));
	}

	#onCall(handler: string, args: readonly AmfValue[]): void {
		// What is told to the program is not for others to say.
		const method = OWN_HANDLERS.has(handler) ? undefined : findCallback(this.client, handler, LIBRARY_PROTOTYPES);
		if (method === undefined) this.reportMissing(handler, false);
		else this.guard(`The callback ${handler} threw`, () => method(...args));
	}
}

const OWN_HANDLERS: ReadonlySet<string> = new Set(["onStatus", "onSync"]);
const LIBRARY_PROTOTYPES: ReadonlySet<object> = new Set([SharedObject.prototype, EventDispatcher.prototype]);

/** The objects of one store: who asks for the same twice gets the same. */
export class SharedObjectShelf {
	readonly store: SharedObjectStore;
	readonly warn: (text: string) => void;
	readonly #objects = new Map<string, SharedObject>();

	constructor(store: SharedObjectStore, warn: (text: string) => void) {
		this.store = store;
		this.warn = warn;
	}

	/** @throws ArgumentError for a name or path that is not allowed */
	getLocal<T extends SharedObject>(
		make: SharedObjectClass<T>,
		name: string,
		localPath: string | null,
		options: LocalObjectOptions,
	): T {
		const place = sharedObjectPlace(name, localPath, options.host ?? "localhost");
		return this.#get(make, place.path, options, face => {
			const encoding = make.defaultObjectEncoding;
			return new LocalObject(face, this.store, place, options, encoding, () => this.#objects.delete(place.path));
		});
	}

	/** @throws ArgumentError for a name or path that is not allowed */
	getRemote<T extends SharedObject>(
		make: SharedObjectClass<T>,
		name: string,
		uri: string,
		persistence: RemotePersistence,
		options: LocalObjectOptions,
	): T {
		const localPath = typeof persistence === "string" ? persistence : undefined;
		const { path } = sharedObjectPlace(name, localPath ?? "/", options.host ?? "localhost");
		const kept = path.replace(/sol$/, "sor");
		const copy = localPath === undefined ? undefined : new RemoteCopy(this.store, kept, name);
		const persistent = persistence !== false && persistence !== null;
		const key = JSON.stringify([uri, name, persistence]);
		return this.#get(make, key, options, face => {
			const encoding = make.defaultObjectEncoding;
			const onClose = () => void this.#objects.delete(key);
			return new RemoteObject(face, { name, uri, persistent, copy, encoding, onClose });
		});
	}

	/** Writes what has changed in any object. What fails is a warning: nobody is left to be told otherwise. */
	closeAll(): void {
		for (const object of [...this.#objects.values()]) {
			try {
				object.close();
			} catch (error) {
				this.warn((error as Error).message);
			}
		}
	}

	#get<T extends SharedObject>(
		make: SharedObjectClass<T>,
		key: string,
		options: LocalObjectOptions,
		makeBody: (face: SharedObjectFace) => SharedObjectBody,
	): T {
		const known = this.#objects.get(key);
		if (known !== undefined) return known as T;
		const made = new make(options.warn ?? this.warn, makeBody);
		this.#objects.set(key, made);
		return made;
	}
}

/** `false`: nobody keeps the object. `true`: the server does. A path: the client keeps a copy there, too. */
export type RemotePersistence = boolean | string | null;

type SharedObjectClass<T extends SharedObject> = {
	new (warn: (text: string) => void, makeBody: (face: SharedObjectFace) => SharedObjectBody): T;
	readonly defaultObjectEncoding: ObjectEncoding;
};
