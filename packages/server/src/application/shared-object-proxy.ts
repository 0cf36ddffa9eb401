import { NetConnection, SharedObjectLink } from "@millrace/client";
import type { AmfValue } from "@millrace/core/amf";
import { NET_STATUS, type NetStatus, netStatus, type StatusCode } from "@millrace/core/rtmp";
import {
	type SharedObjectProxy as RelayedObject,
	SharedObjectReplica,
	type SharedObjectSync,
} from "@millrace/core/shared-object";
import { FACE, type SharedObjectRoom } from "../shared-object/index.ts";

/** Whose object it is that clients use here. */
export type SharedObjectProxyOptions = {
	/**
	 * The application that owns it: its address, which is connected to, again after each loss; or a connection of
	 * `millrace/client`, which the application sees to itself (with `reconnect`, it comes back by itself).
	 */
	readonly from: string | NetConnection;
	/** Its name there. Default: its name here. */
	readonly remoteName?: string;
	/** Whether it is kept on disk there. Clients here must say the same. Default false. */
	readonly persistent?: boolean;
};

/** How the connections that proxies open by themselves come back: for ever, with waits of up to 10 s. */
const RECONNECT = { maxAttempts: 0 } as const;
/** A server that is not there when it is first connected to is tried again after this time, in milliseconds. */
const RETRY_MILLIS = 2000;

/**
 * A shared object that another application owns (Server-Side ActionScript, `SharedObject.get` with a connection).
 * Clients of this instance use it as if it were the instance's own; so does the code. Its values and versions are the
 * owner's. While the owner is away, what was asked for waits.
 */
export class SharedObjectProxy {
	/** Slots have changed here: codes are `clear`, `success`, `reject`, `change` and `delete`. */
	onSync: ((list: readonly SharedObjectSync[]) => unknown) | undefined;
	/** Somebody has called all who use the object. */
	onSend: ((handler: string, args: readonly AmfValue[]) => unknown) | undefined;
	/** The owner refuses the object, or a change; what happens to the connection that the proxy has opened. */
	onStatus: ((status: NetStatus) => unknown) | undefined;
	/** Its path in this instance. */
	readonly name: string;
	/** Whether it is kept on disk there. */
	readonly persistent: boolean;
	readonly #replica: SharedObjectReplica;
	readonly #link: SharedObjectLink;
	readonly #onClosed: () => void;
	#batches = 0;
	#isClosed = false;

	/** `SharedObjectCollection.proxy` makes them. */
	constructor(
		room: SharedObjectRoom,
		name: string,
		options: SharedObjectProxyOptions,
		onFault: (where: string, error: unknown) => void,
		onClosed: () => void,
	) {
		const { from, remoteName = name, persistent = false } = options;
		this.name = name;
		this.persistent = persistent;
		const guard = (where: string, handler: () => unknown) => {
			try {
				const result = handler();
				if (result instanceof Promise) result.catch((error: unknown) => onFault(`${name} ${where}`, error));
			} catch (error) {
				onFault(`${name} ${where}`, error);
			}
		};
		const tell = (status: NetStatus) => guard("onStatus", () => this.onStatus?.(status));
		const proxy = room.openProxy(name, persistent, {
			toOwner: message => this.#link.send(message),
			toFace: message => this.#replica.receive(message),
			onStatus: (code, level) => tell(statusOf(code, level)),
		});
		this.#replica = new SharedObjectReplica(
			name,
			{
				send: message => proxy.receive(FACE, 3, message, 0),
				onSync: list => guard("onSync", () => this.onSync?.(list)),
				onSend: (handler, args) => guard("onSend", () => this.onSend?.(handler, args)),
				onStatus: () => {},
			},
			{ persistent },
		);
		this.#replica.connect();
		const owner =
			typeof from === "string" ? new OwnConnection(from, tell, text => onFault(`${name} connection`, text)) : undefined;
		// Between `openProxy` and here nothing is sent: there is no connection yet.
		this.#link = new SharedObjectLink(owner?.connection ?? (from as NetConnection), remoteName, {
			// The link itself is not there yet where the connection is.
			onConnected: () => queueMicrotask(() => this.#onConnected(proxy)),
			onEnded: () => proxy.disconnected(),
			onMessage: message => proxy.receiveFromOwner({ ...message, name }),
		});
		this.#onClosed = () => {
			room.closeProxy(name);
			this.#link.close();
			owner?.close();
			onClosed();
		};
		try {
			owner?.open();
		} catch (error) {
			this.close();
			throw error;
		}
	}

	/** Whether the owner has been reached: until then there is nothing in it. */
	get isSynchronized(): boolean {
		return this.#replica.state === "live";
	}

	/** The owner's version, as far as it is known. */
	get version(): number {
		return this.#replica.version;
	}

	/** Names of its slots. */
	get keys(): readonly string[] {
		return Object.keys(this.#replica.data);
	}

	/** The value of a slot, `undefined` where there is none. What was set here is there at once. */
	get(key: string): AmfValue {
		return Object.hasOwn(this.#replica.data, key) ? this.#replica.data[key] : undefined;
	}

	/** Sets a slot. Whether the owner grants it, `onSync` tells: `success` or `reject`. */
	set(key: string, value: AmfValue): void {
		this.#replica.setProperty(key, value);
		this.#flush();
	}

	/** Deletes a slot. */
	delete(key: string): void {
		this.set(key, null);
	}

	/** Makes several changes that go to the owner together. */
	change<T>(action: (object: this) => T): T {
		this.#batches++;
		try {
			return action(this);
		} finally {
			this.#batches--;
			this.#flush();
		}
	}

	/** Calls a method of everyone who uses it, there and here. */
	send(handler: string, ...args: AmfValue[]): void {
		this.#replica.call(handler, ...args);
	}

	/** Deletes all slots. */
	clear(): void {
		this.change(() => {
			for (const key of this.keys) this.delete(key);
		});
	}

	/** Only the owner can hold others' changes back: nothing is done. @returns −1 */
	lock(): number {
		return -1;
	}

	/** @returns −1, as `lock` does */
	unlock(): number {
		return -1;
	}

	/** Lets go of it: clients here hear nothing more of it, and its name is free. */
	close(): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.#onClosed();
	}

	#onConnected(proxy: RelayedObject): void {
		if (this.#isClosed || !this.#link.isConnected) return;
		if (proxy.state === "detached") proxy.connect();
		// The owner may have refused it the last time.
		if (this.#replica.state === "detached") this.#replica.connect();
	}

	#flush(): void {
		if (this.#batches === 0) this.#replica.flush();
	}
}

/** A connection that a proxy opens by itself, and holds open. */
class OwnConnection {
	readonly connection: NetConnection;
	readonly #address: string;
	#timer: NodeJS.Timeout | undefined;
	#isClosed = false;

	constructor(address: string, tell: (status: NetStatus) => void, warn: (text: string) => void) {
		this.#address = address;
		this.connection = new NetConnection({ reconnect: RECONNECT, proxy: false, warn });
		this.connection.client = {};
		this.connection.addEventListener("netStatus", event => {
			tell(event.info);
			// After a loss it comes back by itself; where it was not let in, it does not.
			if (REFUSALS.has(event.info.code)) this.#retry();
		});
	}

	/** @throws ArgumentError for an address that is none */
	open(): void {
		if (!this.#isClosed) this.connection.connect(this.#address);
	}

	close(): void {
		this.#isClosed = true;
		clearTimeout(this.#timer);
		this.connection.close();
	}

	#retry(): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.open(), RETRY_MILLIS);
	}
}

const REFUSALS: ReadonlySet<string> = new Set([
	"NetConnection.Connect.Failed",
	"NetConnection.Connect.Rejected",
	"NetConnection.Connect.InvalidApp",
]);

function statusOf(code: string, level: string): NetStatus {
	return Object.hasOwn(NET_STATUS, code) ? netStatus(code as StatusCode) : { level, code, description: "" };
}
