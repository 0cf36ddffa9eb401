import { MillraceError, UsageError } from "@millrace/core/fault";
import {
	SharedObjectRoom,
	type SharedObjectShare,
	SharedObjectStore,
	sharedObjectFolder,
} from "../shared-object/index.ts";
import { accessAllows } from "./access-list.ts";
import type { ClientId, PortEffect, PortEvent } from "./port.ts";

export type InstanceRoomOptions = {
	/** Where persistent objects are kept. `undefined`: there are none. */
	readonly store: SharedObjectStore | undefined;
	/** What it may hold together with others. Default: it has its own. */
	readonly share?: SharedObjectShare;
	emit(effect: PortEffect): void;
	/** A client's rights; `undefined`: everything is allowed. */
	accessOf(client: ClientId): { readonly readAccess: string; readonly writeAccess: string } | undefined;
	/** What is wrong, with the error where code or the disk threw one. */
	onFault(text: string, error?: unknown): void;
};

/** The shared objects of an instance, on the application's side of its port. */
export function openRoom(options: InstanceRoomOptions): SharedObjectRoom {
	const { store, share, emit, accessOf, onFault } = options;
	return new SharedObjectRoom(
		{
			send: (clients, type, body) => emit({ kind: "shared-object", clients, type, body }),
			mayRead: (client, object) => accessAllows(accessOf(client)?.readAccess ?? "/", object),
			mayWrite: (client, object) => accessAllows(accessOf(client)?.writeAccess ?? "/", object),
			onTrouble: (object, status, client, error) =>
				onFault(`shared object ${object}: ${status.code}${client === undefined ? "" : ` for ${client}`}`, error),
			onError: (object, error) => onFault(`shared object ${object}`, error),
		},
		{ store, share },
	);
}

/**
 * The stores of instances. One that is unloaded may be wanted again before all of it is written: its next room has the
 * same store, which knows what is on the way.
 */
export class InstanceStores {
	readonly #stores = new Map<string, { readonly store: SharedObjectStore; users: number }>();

	/**
	 * `folder` is the application's. Call `release` when the instance's room has been closed. `undefined`: the instance
	 * has a name that no folder can have.
	 */
	take(folder: string, instance: string): SharedObjectStore | undefined {
		const path = folderOf(folder, instance);
		if (path === undefined) return undefined;
		let known = this.#stores.get(path);
		if (known === undefined) {
			known = { store: new SharedObjectStore(path), users: 0 };
			this.#stores.set(path, known);
		}
		known.users++;
		return known.store;
	}

	release(folder: string, instance: string): void {
		const path = folderOf(folder, instance);
		const known = path === undefined ? undefined : this.#stores.get(path);
		if (path !== undefined && known !== undefined && --known.users === 0) this.#stores.delete(path);
	}
}

function folderOf(folder: string, instance: string): string | undefined {
	try {
		return sharedObjectFolder(folder, instance);
	} catch (error) {
		if (error instanceof UsageError) return undefined;
		throw error;
	}
}

/** Gives a room what a client sent. A client that sends nonsense is closed. */
export function receiveSharedObject(
	room: SharedObjectRoom,
	event: Extract<PortEvent, { kind: "shared-object" }>,
	emit: (effect: PortEffect) => void,
): void {
	try {
		room.receive(event.client, event.type, event.body);
	} catch (error) {
		if (!(error instanceof MillraceError)) throw error;
		emit({ kind: "log", level: "warn", text: `${event.client} is closed (${error.code}): ${error.message}` });
		emit({ kind: "close", client: event.client });
	}
}
