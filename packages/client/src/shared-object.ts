import { type AmfObject, type AmfValue, type ObjectEncoding, readSol, writeSol } from "@millrace/core/amf";
import { FileError, PeerError, UsageError } from "@millrace/core/fault";
import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import { flashValue } from "./callback.ts";
import { ArgumentError, NetStatusError } from "./errors.ts";
import { EventDispatcher } from "./event-dispatcher.ts";
import { NetStatusEvent } from "./events.ts";
import { type SharedObjectStore, sharedObjectPlace } from "./shared-object-place.ts";

/** What `flush` answers (ActionScript 3). */
export const SharedObjectFlushStatus = { FLUSHED: "flushed", PENDING: "pending" } as const;

/** What `flush` answers: written; or the program was asked for more room, and the outcome comes as a status. */
export type SharedObjectFlush = (typeof SharedObjectFlushStatus)[keyof typeof SharedObjectFlushStatus];

/** How local shared objects are kept, beyond ActionScript. */
export type LocalObjectOptions = {
	/** The host under which they stand. Default `localhost`, as for programs that come from no host. */
	readonly host?: string;
	/** How large each may become, in bytes, without anybody being asked. Default: as large as there is room. */
	readonly quotaBytes?: number;
	/**
	 * Is asked where an object needs more than the quota, as Flash Player asks its user. `flush` answers "pending" then.
	 * Default: nobody is asked, and it fails.
	 */
	readonly onSpaceRequest?: (bytes: number) => boolean | Promise<boolean>;
	/** Takes warnings that no listener takes. Default: the console. */
	readonly warn?: (text: string) => void;
};

/**
 * Data that a program keeps (ActionScript 1, 2 and 3): an object whose members are written to a `.sol` file of Flash
 * Player's format and read again the next time. It is written at `flush`, at `close` and, in Node, when the process
 * exits. This class needs a store; the package's entries give it one.
 */
export class SharedObject extends EventDispatcher implements Disposable {
	/** The encoding of objects that are made from now on. Default AMF3, as in ActionScript 3. */
	static defaultObjectEncoding: ObjectEncoding = 3;

	/**
	 * Remote shared objects come in a later version.
	 *
	 * @throws UsageError always
	 */
	static getRemote(_name: string, ..._rest: unknown[]): never {
		throw new UsageError("USAGE", "Remote shared objects are not offered yet.");
	}

	/** The object whose methods remote objects call; without effect for local ones. */
	client: object = this;
	/** ActionScript 1 and 2: takes the info objects that `netStatus` listeners get. */
	onStatus?: (info: NetStatus) => void;

	readonly #store: SharedObjectStore;
	readonly #path: string;
	readonly #fileName: string;
	readonly #options: LocalObjectOptions;
	readonly #onClose: () => void;
	readonly #data: AmfObject;
	#encoding: ObjectEncoding;
	#quota: number;
	/** What the store holds. */
	#stored: Uint8Array | undefined;

	/** Objects are made by `getLocal`. */
	constructor(
		shelf: SharedObjectShelf,
		path: string,
		fileName: string,
		options: LocalObjectOptions,
		onClose: () => void,
	) {
		super(options.warn ?? shelf.warn);
		this.#store = shelf.store;
		this.#path = path;
		this.#fileName = fileName;
		this.#options = options;
		this.#onClose = onClose;
		this.#quota = options.quotaBytes ?? Number.POSITIVE_INFINITY;
		this.#encoding = (new.target as typeof SharedObject).defaultObjectEncoding;
		this.#data = this.#read();
	}

	/** The members. Whatever AMF can hold may be put there; the object itself stays the same. */
	get data(): AmfObject {
		return this.#data;
	}

	/** The size of the file that `flush` would write, in bytes; 0 without members. */
	get size(): number {
		return this.#encode()?.length ?? 0;
	}

	/** The encoding of the file: that which was found, or `defaultObjectEncoding`. */
	get objectEncoding(): ObjectEncoding {
		return this.#encoding;
	}

	/** @throws ArgumentError for another number than 0 and 3 */
	set objectEncoding(value: ObjectEncoding) {
		if (value !== 0 && value !== 3) throw new ArgumentError("objectEncoding is 0 (AMF0) or 3 (AMF3).");
		this.#encoding = value;
	}

	/** ActionScript 1 and 2: the same as `size`. */
	getSize(): number {
		return this.size;
	}

	/** The same as `data[name] = value`. */
	setProperty(name: string, value: AmfValue = null): void {
		this.#data[name] = value;
	}

	/** Changes are found by themselves: it does nothing for a local object. */
	setDirty(_name: string): void {}

	/**
	 * Writes the file at once, in one piece. An object without members has none.
	 *
	 * @param minDiskSpace bytes that it will need later, which are asked for now
	 * @returns "pending" where the program is asked for room: `SharedObject.Flush.Success` or `.Failed` follows. False
	 * where it failed and the object wears the face of ActionScript 1 and 2 (`onStatus` is set and nobody listens for
	 * `netStatus`).
	 * @throws FileError where it failed otherwise; UsageError for members that cannot be written
	 */
	flush(minDiskSpace = 0): SharedObjectFlush | false {
		try {
			return this.#flush(minDiskSpace) === undefined
				? SharedObjectFlushStatus.FLUSHED
				: SharedObjectFlushStatus.PENDING;
		} catch (error) {
			if (typeof this.onStatus === "function" && !this.hasEventListener(NetStatusEvent.NET_STATUS)) return false;
			throw error;
		}
	}

	/** `flush` as a promise, which resolves when it is written. Rejects with what `flush` throws, or a `NetStatusError`. */
	async flushAsync(minDiskSpace = 0): Promise<void> {
		const info = await this.#flush(minDiskSpace);
		if (info?.level === "error") throw new NetStatusError(info);
	}

	/**
	 * Takes all members away and removes the file.
	 *
	 * @throws FileError where it cannot be removed
	 */
	clear(): void {
		for (const key of Object.keys(this.#data)) delete this.#data[key];
		this.#replace(undefined);
	}

	/**
	 * Writes what has changed. The next `getLocal` of the name reads the file anew.
	 *
	 * @throws what `flush` throws
	 */
	close(): void {
		this.#onClose();
		this.#write(this.#encode());
	}

	[Symbol.dispose](): void {
		this.close();
	}

	/**
	 * Remote shared objects come in a later version.
	 *
	 * @throws UsageError always
	 */
	connect(_connection: object, _params?: string): never {
		throw new UsageError("USAGE", "A local shared object is connected to nothing.");
	}

	/**
	 * Remote shared objects come in a later version.
	 *
	 * @throws UsageError always
	 */
	send(_handler: string, ..._args: AmfValue[]): never {
		throw new UsageError("USAGE", "A local shared object is shared with nobody.");
	}

	/** A file that cannot be read is as good as none, as in Flash Player; it stays until something is written. */
	#read(): AmfObject {
		try {
			const bytes = this.#store.read(this.#path);
			if (bytes === undefined) return Object.create(null);
			const { data, objectEncoding } = readSol(bytes);
			this.#stored = bytes;
			this.#encoding = objectEncoding;
			return flashValue(data) as AmfObject;
		} catch (error) {
			const what = error instanceof PeerError ? "is no whole shared object" : "cannot be read";
			this.reportError(`The file ${this.#path} ${what}`, error);
			return Object.create(null);
		}
	}

	/** `undefined`: it is written. Otherwise the program is asked, and the answer follows. */
	#flush(minDiskSpace: number): Promise<NetStatus> | undefined {
		const bytes = this.#encode();
		const needed = Math.max(minDiskSpace, bytes?.length ?? 0);
		const { onSpaceRequest } = this.#options;
		if (needed > this.#quota) {
			if (onSpaceRequest !== undefined) return this.#askForSpace(needed, onSpaceRequest);
			throw new FileError("FILE_UNREADABLE", `${this.#path}: ${needed} bytes; ${this.#quota} are allowed.`);
		}
		this.#write(bytes);
		return undefined;
	}

	#encode(): Uint8Array | undefined {
		if (Object.keys(this.#data).length === 0) return undefined;
		return writeSol({ name: this.#fileName, objectEncoding: this.#encoding, data: this.#data });
	}

	#write(bytes: Uint8Array | undefined): void {
		if (!areEqual(bytes, this.#stored)) this.#replace(bytes);
	}

	#replace(bytes: Uint8Array | undefined): void {
		try {
			if (bytes === undefined) this.#store.remove(this.#path);
			else this.#store.write(this.#path, bytes);
		} catch (error) {
			throw new FileError("FILE_UNREADABLE", `${this.#path}: ${(error as Error).message}`, { cause: error });
		}
		this.#stored = bytes;
	}

	async #askForSpace(bytes: number, ask: NonNullable<LocalObjectOptions["onSpaceRequest"]>): Promise<NetStatus> {
		let info = netStatus("SharedObject.Flush.Failed");
		// The answer never comes before `flush` has said "pending".
		await Promise.resolve();
		try {
			if (await ask(bytes)) {
				this.#quota = Math.max(this.#quota, bytes);
				this.#write(this.#encode());
				info = netStatus("SharedObject.Flush.Success");
			}
		} catch (error) {
			info = netStatus("SharedObject.Flush.Failed", error instanceof Error ? error.message : String(error));
		}
		this.dispatchEvent(new NetStatusEvent(info));
		return info;
	}
}

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
	getLocal(
		make: typeof SharedObject,
		name: string,
		localPath: string | null,
		options: LocalObjectOptions,
	): SharedObject {
		const { path, fileName } = sharedObjectPlace(name, localPath, options.host ?? "localhost");
		const known = this.#objects.get(path);
		if (known !== undefined) return known;
		const made = new make(this, path, fileName, options, () => this.#objects.delete(path));
		this.#objects.set(path, made);
		return made;
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
}

function areEqual(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
	if (one === undefined || other === undefined) return one === other;
	return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
