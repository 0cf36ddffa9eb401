import { MillraceError } from "@millrace/core/fault";
import { SharedObjectRoom, SharedObjectStore, sharedObjectFolder } from "../shared-object/index.ts";
import { accessAllows } from "./access-list.ts";
import type { ClientId, PortEffect, PortEvent } from "./port.ts";

export type InstanceRoomOptions = {
	/** The application's folder, where persistent objects are kept. `undefined`: there are none. */
	readonly folder: string | undefined;
	readonly instance: string;
	emit(effect: PortEffect): void;
	/** A client's rights; `undefined`: everything is allowed. */
	accessOf(client: ClientId): { readonly readAccess: string; readonly writeAccess: string } | undefined;
	/** What is wrong, with the error where code or the disk threw one. */
	onFault(text: string, error?: unknown): void;
};

/** The shared objects of an instance, on the application's side of its port. */
export function openRoom(options: InstanceRoomOptions): SharedObjectRoom {
	const { folder, instance, emit, accessOf, onFault } = options;
	return new SharedObjectRoom(
		{
			send: (clients, type, body) => emit({ kind: "shared-object", clients, type, body }),
			mayRead: (client, object) => accessAllows(accessOf(client)?.readAccess ?? "/", object),
			mayWrite: (client, object) => accessAllows(accessOf(client)?.writeAccess ?? "/", object),
			onTrouble: (object, status, client, error) =>
				onFault(`shared object ${object}: ${status.code}${client === undefined ? "" : ` for ${client}`}`, error),
			onError: (object, error) => onFault(`shared object ${object}`, error),
		},
		{ ...(folder !== undefined && { store: new SharedObjectStore(sharedObjectFolder(folder, instance)) }) },
	);
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
