import type { AmfClassRegistry } from "@millrace/core/amf";
import type { ClientPlatform, ConnectionSession } from "./connect/index.ts";
import { RemoteObjects } from "./remote-objects.ts";

/** What a connection is made of. */
export type ConnectionParts = {
	readonly session: ConnectionSession;
	readonly platform: ClientPlatform;
	/** The classes that typed objects become. */
	readonly classes: AmfClassRegistry;
	/** Takes what nobody listens for. */
	readonly warn: (text: string) => void;
};

/** What other classes of the library use of a connection; its streams and shared objects hear here how it goes on. */
export class ConnectionInside implements ConnectionParts {
	readonly session: ConnectionSession;
	readonly platform: ClientPlatform;
	readonly classes: AmfClassRegistry;
	readonly warn: (text: string) => void;
	/** Are called once, when the connection has ended or been given up, by the user or not. */
	readonly endListeners = new Set<(byUser: boolean) => void>();
	/** The remote shared objects that use the connection. */
	readonly remoteObjects = new RemoteObjects();
	#drainWaiters: (() => void)[] = [];

	constructor({ session, platform, classes, warn }: ConnectionParts) {
		this.session = session;
		this.platform = platform;
		this.classes = classes;
		this.warn = warn;
	}

	/** Calls it once, when the network has taken what was sent, or the connection has ended. */
	onceDrained(action: () => void): void {
		this.#drainWaiters.push(action);
	}

	/** The network has taken what was sent. */
	onDrain(): void {
		const waiters = this.#drainWaiters;
		this.#drainWaiters = [];
		for (const waiter of waiters) waiter();
	}

	/** The connection has ended or been given up. */
	onEnded(byUser: boolean): void {
		const listeners = [...this.endListeners];
		this.endListeners.clear();
		for (const listener of listeners) listener(byUser);
		this.remoteObjects.onEnded();
		this.onDrain();
	}
}
