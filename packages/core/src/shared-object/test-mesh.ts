import type { AmfObject, AmfValue } from "../amf/index.ts";
import {
	decodeSharedObjectMessage,
	decodeSharedObjectState,
	encodeForSubscribers,
	encodeSharedObjectMessage,
	encodeSharedObjectState,
	SHARED_OBJECT_ANSWER_LIMITS,
	SharedObjectMaster,
	type SharedObjectMasterHandler,
	type SharedObjectMasterOptions,
	SharedObjectReplica,
	type SharedObjectSync,
	sharedObjectType,
} from "./index.ts";

/** A client in memory: a replica, and the bytes that are under way in both directions. */
export class MeshClient {
	readonly id: string;
	readonly encoding: 0 | 3;
	readonly replica: SharedObjectReplica;
	readonly up: Uint8Array[] = [];
	readonly down: Uint8Array[] = [];
	readonly syncs: (readonly SharedObjectSync[])[] = [];
	readonly calls: [handler: string, ...args: AmfValue[]][] = [];
	readonly statuses: string[] = [];

	constructor(id: string, encoding: 0 | 3, persistent: boolean) {
		this.id = id;
		this.encoding = encoding;
		this.replica = new SharedObjectReplica(
			"so",
			{
				send: message => this.up.push(encodeSharedObjectMessage(message, encoding)),
				onSync: list => this.syncs.push(list),
				onSend: (handler, args) => this.calls.push([handler, ...args]),
				onStatus: code => this.statuses.push(code),
			},
			{ persistent },
		);
	}

	/** The codes and names of all lists so far, a list a line; the lists are forgotten. */
	get told(): string[] {
		return this.syncs.splice(0).map(list => list.map(({ code, name }) => `${code} ${name}`.trim()).join(", "));
	}
}

/** A master with clients around it. Nothing moves until it is told to. */
export class Mesh {
	readonly clients = new Map<string, MeshClient>();
	readonly persistent: boolean;
	readonly #handler: Partial<SharedObjectMasterHandler>;
	readonly #options: SharedObjectMasterOptions;
	master: SharedObjectMaster;
	#lives = 0;

	constructor(
		persistent: boolean,
		options: SharedObjectMasterOptions = {},
		handler: Partial<SharedObjectMasterHandler> = {},
	) {
		this.persistent = persistent;
		this.#options = options;
		this.#handler = handler;
		this.master = this.#make(options);
	}

	/** Adds a client, which is not subscribed. */
	add(id: string, encoding: 0 | 3): MeshClient {
		const client = new MeshClient(id, encoding, this.persistent);
		this.clients.set(id, client);
		return client;
	}

	/** The oldest message of a client arrives. */
	carryUp({ id, encoding, up }: MeshClient): boolean {
		const body = up.shift();
		if (body === undefined) return false;
		const message = decodeSharedObjectMessage(sharedObjectType(encoding), body);
		this.master.receive(id, encoding, message, body.length);
		return true;
	}

	/** The oldest message to a client arrives. */
	carryDown({ encoding, down, replica }: MeshClient): boolean {
		const body = down.shift();
		if (body === undefined) return false;
		replica.receive(decodeSharedObjectMessage(sharedObjectType(encoding), body, SHARED_OBJECT_ANSWER_LIMITS));
		return true;
	}

	/** A client's connection ends, with whatever is under way. */
	disconnect(client: MeshClient): void {
		client.up.length = 0;
		client.down.length = 0;
		this.master.unsubscribe(client.id);
		client.replica.disconnected();
	}

	/** The server ends, and another begins with what was saved. */
	restart(saved: Uint8Array | undefined): void {
		for (const client of this.clients.values()) this.disconnect(client);
		const state = saved === undefined ? undefined : decodeSharedObjectState(saved);
		// Nobody saves a new object before clients know something of it: each life has versions of its own.
		const life = ++this.#lives;
		this.master = this.#make({ ...this.#options, state, firstVersion: life * 1e6, versionStep: life * 5000 });
	}

	save(): Uint8Array {
		return encodeSharedObjectState(this.master.state);
	}

	/** Everybody who is not subscribed does, and all messages arrive. */
	settle(): void {
		while (this.master.unlock() > 0);
		for (const { replica } of this.clients.values()) if (replica.state === "detached") replica.connect();
		for (let moves = true; moves; ) {
			moves = false;
			for (const client of this.clients.values()) {
				client.replica.flush();
				while (this.carryUp(client)) moves = true;
				while (this.carryDown(client)) moves = true;
			}
		}
	}

	/** What the master holds, in the order of the names. */
	get truth(): AmfObject {
		return ordered(Object.fromEntries(this.master.getPropertyNames().map(n => [n, this.master.getProperty(n)])));
	}

	#make(options: SharedObjectMasterOptions): SharedObjectMaster {
		const handler: SharedObjectMasterHandler = {
			...this.#handler,
			send: (receivers, message) => {
				for (const encoding of [0, 3] as const) {
					const bodies = encodeForSubscribers(message, encoding);
					for (const { id, encoding: its } of receivers) {
						if (its === encoding) this.clients.get(id)!.down.push(...bodies);
					}
				}
			},
		};
		return new SharedObjectMaster("so", this.persistent, handler, options);
	}
}

/** The members in the order of their names. */
export function ordered(object: AmfObject): AmfObject {
	return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
