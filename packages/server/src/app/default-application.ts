import { resolve } from "node:path";
import { netStatus } from "@millrace/core/rtmp";
import { type SharedObjectRoom, SharedObjectShare, type SharedObjectStore } from "../shared-object/index.ts";
import { type HostFolders, placeOf } from "./application-place.ts";
import { InstanceStores, openRoom, receiveSharedObject } from "./instance-room.ts";
import type { ApplicationHost, ApplicationPort, PortEffect, PortEvent, PortListener } from "./port.ts";

/** How much of an unknown method's name is repeated in the answer, which must not grow with the call. */
const SHOWN_NAME = 100;

const DEFAULT_SHARED_OBJECT_BYTES = 64 * 1024 * 1024;

export type DefaultHostOptions = {
	/** Holds a folder for each application. Without it no shared object is persistent. */
	readonly folder?: string;
	/** The same of virtual hosts. Default: there are none. */
	readonly hostFolders?: HostFolders | undefined;
	/** What all shared objects may hold together: nobody's code bounds what clients make. Default 64 MiB. */
	readonly sharedObjectBytes?: number;
	/** Told when shared objects of an instance that has ended could not be written. */
	onFault?(error: unknown): void;
};

/**
 * Runs applications without code of their own: everybody is let in, every stream is allowed that the server's policy
 * allowed before, there are shared objects, and no methods. It lives in the media process and answers at once.
 */
export class DefaultApplicationHost implements ApplicationHost {
	readonly #folder: string | undefined;
	readonly #hostFolders: HostFolders | undefined;
	readonly #onFault: (error: unknown) => void;
	readonly #stores = new InstanceStores();
	readonly #share: SharedObjectShare;
	/** Shared objects that are being written for instances that have ended. */
	readonly #closing = new Set<Promise<void>>();

	constructor({
		folder,
		hostFolders,
		sharedObjectBytes = DEFAULT_SHARED_OBJECT_BYTES,
		onFault = () => {},
	}: DefaultHostOptions = {}) {
		this.#folder = folder;
		this.#hostFolders = hostFolders;
		this.#share = new SharedObjectShare(sharedObjectBytes);
		this.#onFault = onFault;
	}

	/** Resolves when all is written that instances which have ended are to leave. */
	async settled(): Promise<void> {
		while (this.#closing.size > 0) await Promise.all(this.#closing);
	}

	open(application: string, instance: string, listener: PortListener): ApplicationPort {
		const place = this.#folder === undefined ? undefined : placeOf(application, this.#folder, this.#hostFolders);
		const folder = place && resolve(place.root, place.name);
		const takeStore = () => (folder === undefined ? undefined : this.#stores.take(folder, instance));
		return new DefaultPort(takeStore, this.#share, listener, closed => {
			const done = closed.catch(this.#onFault).finally(() => {
				if (folder !== undefined) this.#stores.release(folder, instance);
				this.#closing.delete(done);
			});
			this.#closing.add(done);
		});
	}
}

class DefaultPort implements ApplicationPort {
	readonly #listener: PortListener;
	readonly #makeRoom: () => SharedObjectRoom;
	/** Made when the first client uses a shared object: most applications have none. */
	#room: SharedObjectRoom | undefined;
	readonly #onClosing: (closed: Promise<void>) => void;
	#handled = 0;
	#isOpen = true;

	constructor(
		takeStore: () => SharedObjectStore | undefined,
		share: SharedObjectShare,
		listener: PortListener,
		onClosing: (closed: Promise<void>) => void,
	) {
		this.#listener = listener;
		this.#onClosing = onClosing;
		this.#makeRoom = () =>
			openRoom({
				store: takeStore(),
				share,
				emit: effect => this.#emit(effect),
				accessOf: () => undefined,
				onFault: (text, error) => this.#emit({ kind: "log", level: "warn", text: withError(text, error) }),
			});
	}

	send(event: PortEvent): void {
		if (!this.#isOpen) return;
		this.#handled++;
		if (event.kind === "shared-object") {
			this.#room ??= this.#makeRoom();
			receiveSharedObject(this.#room, event, effect => this.#emit(effect));
			return;
		}
		if (event.kind === "disconnect") this.#room?.disconnect(event.client);
		const effect = answer(event);
		if (effect !== undefined) this.#emit(effect);
	}

	answer(): void {}

	close(): void {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		if (this.#room !== undefined) this.#onClosing(this.#room.close());
	}

	#emit(effect: PortEffect): void {
		if (this.#isOpen) this.#listener.onEffects([effect], this.#handled);
	}
}

function answer(event: PortEvent): PortEffect | undefined {
	switch (event.kind) {
		case "connect":
			// As the stock `live` and `vod` of Flash Media Server take their argument `autoSenseBW`.
			return { kind: "accept", client: event.client.id, isMeasured: event.client.args[0] === true };
		case "publish":
		case "play":
			return { kind: "allow", client: event.client, request: event.request };
		case "call":
			return {
				kind: "error",
				client: event.client,
				call: event.call,
				status: netStatus("NetConnection.Call.Failed", `Method not found (${event.name.slice(0, SHOWN_NAME)}).`),
			};
		default:
			return undefined;
	}
}

function withError(text: string, error: unknown): string {
	return error === undefined ? text : `${text}: ${error instanceof Error ? error.message : String(error)}`;
}
