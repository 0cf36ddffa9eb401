import { NetStatusError } from "@millrace/client";
import type { AmfValue } from "@millrace/core/amf";
import { NET_STATUS, netStatus, type StatusCode } from "@millrace/core/rtmp";
import { type SharedObjectMessage, SharedObjectReplica, type SharedObjectSync } from "@millrace/core/shared-object";
import type { ReceivedCall } from "./fake-client.ts";
import { plainValue } from "./wire-value.ts";

/** A remote shared object as a fake client has it. What it sets goes to the application at once. */
export class FakeSharedObject {
	/** Its path, `room/board`. */
	readonly name: string;
	/** What `onSync` would have been told, first one first; the subscription itself brings one list. */
	readonly syncs: readonly (readonly SharedObjectSync[])[];
	/** Calls that reached all who use the object, first one first. */
	readonly received: readonly ReceivedCall[];
	/** Statuses that refused something: `SharedObject.NoWriteAccess`, … */
	readonly statuses: readonly string[];
	readonly #replica: SharedObjectReplica;
	readonly #syncs: (readonly SharedObjectSync[])[] = [];
	readonly #received: ReceivedCall[] = [];
	readonly #statuses: string[] = [];
	#subscribing: { resolve(): void; reject(error: unknown): void } | undefined;

	/** `client.sharedObject` makes them. */
	constructor(name: string, persistent: boolean, send: (message: SharedObjectMessage) => void) {
		this.name = name;
		this.syncs = this.#syncs;
		this.received = this.#received;
		this.statuses = this.#statuses;
		this.#replica = new SharedObjectReplica(
			name,
			{
				send,
				onSync: list => {
					this.#syncs.push(list.map(entry => ({ ...entry, oldValue: plainValue(entry.oldValue) })));
					this.#subscribing?.resolve();
					this.#subscribing = undefined;
				},
				onSend: (method, args) => this.#received.push({ name: method, args: args.map(value => plainValue(value)) }),
				onStatus: code => this.#onStatus(code),
			},
			{ persistent },
		);
	}

	/** Its slots, as far as this client knows. */
	get data(): Readonly<Record<string, AmfValue>> {
		return plainValue(this.#replica.data) as Record<string, AmfValue>;
	}

	/** Sets a slot. `settled()` waits until everyone has seen it. */
	set(key: string, value: AmfValue): void {
		this.#replica.setProperty(key, value);
		this.#replica.flush();
	}

	/** Deletes a slot. */
	delete(key: string): void {
		delete this.#replica.data[key];
		this.#replica.setDirty(key);
		this.#replica.flush();
	}

	/** Calls a method of everyone who uses it, this client too. */
	send(method: string, ...args: AmfValue[]): void {
		this.#replica.call(method, ...args);
	}

	/** Stops using it. */
	close(): void {
		this.#replica.close();
	}

	/** The client's: asks to use it. Rejects with a `NetStatusError` where that is refused. */
	subscribe(): Promise<void> {
		return new Promise((resolve, reject) => {
			this.#subscribing = { resolve, reject };
			this.#replica.connect();
		});
	}

	/** The client's: what came for it. */
	receive(message: SharedObjectMessage): void {
		this.#replica.receive(message);
	}

	/** The client's: it has gone. */
	leave(): void {
		this.#replica.disconnected();
		this.#subscribing?.reject(new NetStatusError(netStatus("NetConnection.Connect.Closed")));
		this.#subscribing = undefined;
	}

	#onStatus(code: string): void {
		this.#statuses.push(code);
		const known = Object.hasOwn(NET_STATUS, code) ? (code as StatusCode) : "NetConnection.Call.Failed";
		this.#subscribing?.reject(new NetStatusError(netStatus(known)));
		this.#subscribing = undefined;
	}
}
