import { type AmfObject, type AmfValue, type ObjectEncoding, readSol, writeSol } from "@millrace/core/amf";
import { FileError, PeerError, UsageError } from "@millrace/core/fault";
import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import { flashValue } from "./callback.ts";
import type { SharedObjectBody, SharedObjectFace } from "./shared-object-body.ts";
import type { SharedObjectPlace, SharedObjectStore } from "./shared-object-place.ts";

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

/** A local shared object: its members, and the file that they are written to. */
export class LocalObject implements SharedObjectBody {
	readonly data: AmfObject;
	/** Without effect. */
	fps = 0;
	objectEncoding: ObjectEncoding;
	readonly #face: SharedObjectFace;
	readonly #store: SharedObjectStore;
	readonly #place: SharedObjectPlace;
	readonly #options: LocalObjectOptions;
	readonly #onClose: () => void;
	#quota: number;
	/** What the store holds. */
	#stored: Uint8Array | undefined;

	constructor(
		face: SharedObjectFace,
		store: SharedObjectStore,
		place: SharedObjectPlace,
		options: LocalObjectOptions,
		encoding: ObjectEncoding,
		onClose: () => void,
	) {
		this.#face = face;
		this.#store = store;
		this.#place = place;
		this.#options = options;
		this.#onClose = onClose;
		this.#quota = options.quotaBytes ?? Number.POSITIVE_INFINITY;
		this.objectEncoding = encoding;
		this.data = this.#read();
	}

	get size(): number {
		return this.#encode()?.length ?? 0;
	}

	setProperty(name: string, value: AmfValue): void {
		this.data[name] = value;
	}

	/** Changes are found by themselves. */
	setDirty(): void {}

	flush(minDiskSpace: number): Promise<NetStatus> | undefined {
		const bytes = this.#encode();
		const needed = Math.max(minDiskSpace, bytes?.length ?? 0);
		const { onSpaceRequest } = this.#options;
		if (needed > this.#quota) {
			if (onSpaceRequest !== undefined) return this.#askForSpace(needed, onSpaceRequest);
			throw new FileError("FILE_UNREADABLE", `${this.#place.path}: ${needed} bytes; ${this.#quota} are allowed.`);
		}
		this.#write(bytes);
		return undefined;
	}

	clear(): void {
		for (const key of Object.keys(this.data)) delete this.data[key];
		this.#replace(undefined);
	}

	close(): void {
		this.#onClose();
		this.#write(this.#encode());
	}

	connect(): never {
		throw new UsageError("USAGE", "A local shared object is connected to nothing.");
	}

	connectAsync(): never {
		return this.connect();
	}

	send(): never {
		throw new UsageError("USAGE", "A local shared object is shared with nobody.");
	}

	/** A file that cannot be read is as good as none, as in Flash Player; it stays until something is written. */
	#read(): AmfObject {
		const { path } = this.#place;
		try {
			const bytes = this.#store.read(path);
			if (bytes === undefined) return Object.create(null);
			const { data, objectEncoding } = readSol(bytes);
			this.#stored = bytes;
			this.objectEncoding = objectEncoding;
			return flashValue(data) as AmfObject;
		} catch (error) {
			const what = error instanceof PeerError ? "is no whole shared object" : "cannot be read";
			this.#face.report(`The file ${path} ${what}`, error);
			return Object.create(null);
		}
	}

	#encode(): Uint8Array | undefined {
		if (Object.keys(this.data).length === 0) return undefined;
		return writeSol({ name: this.#place.fileName, objectEncoding: this.objectEncoding, data: this.data });
	}

	#write(bytes: Uint8Array | undefined): void {
		if (!areEqual(bytes, this.#stored)) this.#replace(bytes);
	}

	#replace(bytes: Uint8Array | undefined): void {
		replaceStored(this.#store, this.#place.path, bytes);
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
		this.#face.onStatus(info);
		return info;
	}
}

/**
 * Puts bytes in a store, or takes what is there away.
 *
 * @throws FileError where that fails
 */
export function replaceStored(store: SharedObjectStore, path: string, bytes: Uint8Array | undefined): void {
	try {
		if (bytes === undefined) store.remove(path);
		else store.write(path, bytes);
	} catch (error) {
		throw new FileError("FILE_UNREADABLE", `${path}: ${(error as Error).message}`, { cause: error });
	}
}

function areEqual(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
	if (one === undefined || other === undefined) return one === other;
	return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
