import type { AmfObject } from "@millrace/core/amf";
import { decodeSharedObjectState, encodeSharedObjectState, SlotValue } from "@millrace/core/shared-object";
import { flashValue } from "./callback.ts";
import { replaceStored } from "./local-object.ts";
import type { SharedObjectStore } from "./shared-object-place.ts";

/** What a client keeps of a remote shared object. */
export type RemoteCopyState = {
	readonly data: AmfObject;
	/** The server's version that it is of. */
	readonly version: number;
	/** Members that were changed or deleted here, and that the server has not confirmed. */
	readonly unconfirmed: ReadonlySet<string>;
};

/** In place of the version of a member: it has not been confirmed. */
const UNCONFIRMED = 0;
const CONFIRMED = 1;

/** The copy of a remote shared object in the client's store (`.sor`), so that the next time only changes are sent. */
export class RemoteCopy {
	readonly #store: SharedObjectStore;
	readonly #path: string;
	readonly #name: string;

	constructor(store: SharedObjectStore, path: string, name: string) {
		this.#store = store;
		this.#path = path;
		this.#name = name;
	}

	/** Throws for a copy that is damaged or cannot be read. */
	read(): RemoteCopyState | undefined {
		const bytes = this.#store.read(this.#path);
		if (bytes === undefined) return undefined;
		const { slots, tombstones, version } = decodeSharedObjectState(bytes);
		const data: AmfObject = Object.create(null);
		for (const { name, value } of slots) data[name] = flashValue(value.value);
		const unconfirmed = [...slots, ...tombstones].filter(each => each.version === UNCONFIRMED).map(each => each.name);
		return { data, version, unconfirmed: new Set(unconfirmed) };
	}

	/** Throws a `FileError` where it cannot be written, a `UsageError` for members that cannot. */
	write({ data, version, unconfirmed }: RemoteCopyState): void {
		const versionOf = (name: string) => (unconfirmed.has(name) ? UNCONFIRMED : CONFIRMED);
		const members = Object.entries(data).filter(([, value]) => typeof (value as unknown) !== "function");
		const bytes = encodeSharedObjectState({
			name: this.#name,
			version,
			floor: 0,
			gaps: [],
			slots: members.map(([name, value]) => ({ name, value: new SlotValue(value), version: versionOf(name) })),
			tombstones: [...unconfirmed].flatMap(name => (Object.hasOwn(data, name) ? [] : [{ name, version: UNCONFIRMED }])),
		});
		replaceStored(this.#store, this.#path, bytes);
	}

	/** Throws a `FileError` where it cannot be removed. */
	remove(): void {
		replaceStored(this.#store, this.#path, undefined);
	}
}
