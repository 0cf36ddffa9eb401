import type { AmfObject, AmfValue } from "../amf/index.ts";
import { UsageError } from "../fault/index.ts";
import { REMOVED, type RequestBatch, RequestLog } from "./request-log.ts";
import { SHARED_OBJECT_PERSISTENT, type SharedObjectEvent, type SharedObjectMessage } from "./shared-object-message.ts";
import type { SharedObjectSync } from "./shared-object-sync.ts";

/** What a replica reports. Methods may use the replica; what they do to it follows what is being told. */
export interface SharedObjectReplicaHandler {
	/** Sends a message to the server, or throws a `UsageError` for values that cannot be sent, and sends nothing. */
	send(message: SharedObjectMessage): void;
	/** Slots have changed. The first list after `connect` always comes, even if it is empty. */
	onSync(list: readonly SharedObjectSync[]): void;
	/** A subscriber or the server called a method of all; what was sent before it has been told. */
	onSend(handler: string, args: readonly AmfValue[]): void;
	/** A status of the server, such as `SharedObject.NoReadAccess`. */
	onStatus(code: string, level: string): void;
}

export type SharedObjectReplicaOptions = {
	/** Whether the server keeps the object on disk. */
	readonly persistent: boolean;
	/** What a local copy holds, and the version that it is of. Default: nothing, and 0. */
	readonly data?: AmfObject;
	readonly version?: number;
};

/** Calls that wait for the subscription. More: a `UsageError`. */
const MAX_WAITING_CALLS = 10_000;

type Call = { readonly handler: string; readonly args: readonly AmfValue[] };

/**
 * A shared object as a client has it, without I/O. Changes take effect here at once, and are confirmed or replaced by
 * what the server makes of them. While it is not subscribed, changes and calls wait.
 */
export class SharedObjectReplica {
	readonly name: string;
	readonly persistent: boolean;
	/** The slots. Who changes them here must say so with `setDirty`. */
	readonly data: AmfObject;
	readonly #handler: SharedObjectReplicaHandler;
	#version: number;
	#state: "detached" | "pending" | "live" = "detached";
	/** Slots that were changed here and not sent. */
	readonly #dirty = new Set<string>();
	#calls: Call[] = [];
	readonly #log = new RequestLog();

	constructor(name: string, handler: SharedObjectReplicaHandler, options: SharedObjectReplicaOptions) {
		this.name = name;
		this.persistent = options.persistent;
		this.data = options.data ?? Object.create(null);
		this.#version = options.version ?? 0;
		this.#handler = handler;
	}

	/** The server's version, as far as it is known. */
	get version(): number {
		return this.#version;
	}

	/** `pending`: subscribed, and the server has not answered. */
	get state(): "detached" | "pending" | "live" {
		return this.#state;
	}

	/** The slots that were changed or deleted here and that the server has not confirmed. */
	get unconfirmed(): ReadonlySet<string> {
		return new Set([...this.#dirty, ...this.#log.names()]);
	}

	/** Whether something waits for `flush`. */
	get isDirty(): boolean {
		return this.#dirty.size > 0 || this.#calls.length > 0;
	}

	/** Subscribes; call it when the connection is there. */
	connect(): void {
		this.#state = "pending";
		this.#send([{ kind: "use" }]);
	}

	/** Unsubscribes. The data stays; what has not been sent waits for the next `connect`. */
	release(): void {
		if (this.#state !== "detached") this.#send([{ kind: "release" }]);
		this.disconnected();
	}

	/** Unsubscribes. The data stays; what has not been sent is dropped. */
	close(): void {
		this.release();
		// The server has other values of these: it must tell everything the next time.
		if (this.#dirty.size > 0) this.#version = 0;
		this.#dirty.clear();
		this.#calls = [];
	}

	/** The connection has ended. The data stays; what has not been sent waits for the next `connect`. */
	disconnected(): void {
		this.#state = "detached";
		// What became of requests that were under way is not known: the server must tell everything.
		if (!this.#log.isEmpty) this.#version = 0;
		this.#log.clear();
	}

	/** Sets a slot, or deletes it with `null` or `undefined`; it is sent by the next `flush`. */
	setProperty(name: string, value: AmfValue): void {
		this.data[name] = value;
		this.#dirty.add(name);
	}

	/** The slot was changed or deleted in `data`; it is sent by the next `flush`. */
	setDirty(name: string): void {
		this.#dirty.add(name);
	}

	/**
	 * Calls a method of all subscribers, this one too. Changes that were made before go before it.
	 *
	 * @throws UsageError AMF_UNENCODABLE for arguments that cannot be sent, and where too many calls wait already
	 */
	call(handler: string, ...args: AmfValue[]): void {
		if (this.#calls.length >= MAX_WAITING_CALLS) {
			throw new UsageError("USAGE", `${MAX_WAITING_CALLS} calls of ${this.name} wait for its subscription already.`);
		}
		this.#calls.push({ handler, args });
		if (this.#state === "live") this.flush();
	}

	/**
	 * Sends what was changed, in one message.
	 *
	 * @throws UsageError AMF_UNENCODABLE for values that cannot be sent; everything else is sent
	 */
	flush(): void {
		if (this.#state !== "live" || !this.isDirty) return;
		const events: SharedObjectEvent[] = [];
		for (const name of this.#dirty) {
			const value = Object.hasOwn(this.data, name) ? this.data[name] : undefined;
			if (value === undefined || value === null) {
				// Who sets a slot of a remote object to null or undefined deletes it (Flash Communication Server MX,
				// Client-Side Communication ActionScript, SharedObject.data).
				delete this.data[name];
				events.push({ kind: "request-remove", name });
			} else events.push({ kind: "request-change", name, value });
		}
		for (const call of this.#calls) events.push({ kind: "send", ...call });
		this.#dirty.clear();
		this.#calls = [];
		try {
			this.#request(events);
		} catch (error) {
			if (!(error instanceof UsageError)) throw error;
			this.#requestOneByOne(events);
			throw error;
		}
	}

	/** Takes a message of the server about this object. */
	receive(message: SharedObjectMessage): void {
		if (this.#state === "detached") return;
		const { events, version } = message;
		// A change by somebody else brings a new version; an answer that refuses everything does not. The first state of a
		// large object comes in parts, of one version too.
		const has = (kind: SharedObjectEvent["kind"]) => events.some(event => event.kind === kind);
		const isAnswer = has("success") || (version === this.#version && !has("use-success"));
		const list: SharedObjectSync[] = [];
		const calls: Call[] = [];
		let isSubscribed = false;
		for (const event of events) {
			switch (event.kind) {
				case "use-success":
					isSubscribed = this.#state === "pending";
					this.#state = "live";
					break;
				case "status":
					if (this.#state === "pending") this.#state = "detached";
					this.#handler.onStatus(event.code, event.level);
					break;
				case "clear":
					this.#clear();
					list.push({ code: "clear", name: "", oldValue: undefined });
					break;
				case "change":
				case "remove":
					this.#change(event, isAnswer, list);
					break;
				case "success":
				case "change-echo":
					this.#succeed(event.name, list);
					break;
				case "send":
					calls.push(event);
					break;
			}
		}
		this.#version = version;
		if (isSubscribed || list.length > 0) this.#handler.onSync(list);
		for (const { handler, args } of calls) this.#handler.onSend(handler, args);
		if (isSubscribed) this.flush();
	}

	/** Slots that were changed here and wait keep their values: they will be in force soon. */
	#clear(): void {
		for (const name of Object.keys(this.data)) if (!this.#dirty.has(name)) delete this.data[name];
	}

	#change(
		event: Extract<SharedObjectEvent, { kind: "change" | "remove" }>,
		isAnswer: boolean,
		list: SharedObjectSync[],
	): void {
		const { name } = event;
		const isRefused = isAnswer && this.#log.refuse(name, event.kind === "remove");
		if (this.#dirty.has(name)) return;
		const isKnown = Object.hasOwn(this.data, name);
		const oldValue = this.data[name];
		if (event.kind === "change") this.data[name] = event.value;
		else if (isKnown) delete this.data[name];
		if (isRefused) list.push({ code: "reject", name, oldValue });
		else list.push({ code: event.kind === "change" ? "change" : "delete", name, oldValue });
	}

	#succeed(name: string, list: SharedObjectSync[]): void {
		const value = this.#log.succeed(name);
		// A newer change of ours is in `data` already.
		if (value !== undefined && !this.#dirty.has(name)) {
			if (value.is === REMOVED) delete this.data[name];
			else this.data[name] = value.is;
		}
		list.push({ code: "success", name, oldValue: undefined });
	}

	#request(events: readonly SharedObjectEvent[]): void {
		this.#send(events);
		const batch: RequestBatch = new Map();
		for (const event of events) {
			if (event.kind === "request-change") batch.set(event.name, event.value);
			else if (event.kind === "request-remove") batch.set(event.name, REMOVED);
		}
		if (batch.size > 0) this.#log.add(batch);
	}

	#requestOneByOne(events: readonly SharedObjectEvent[]): void {
		for (const event of events) {
			try {
				this.#request([event]);
			} catch (error) {
				// The caller is told of the first one.
				if (!(error instanceof UsageError)) throw error;
			}
		}
	}

	#send(events: readonly SharedObjectEvent[]): void {
		const flags = this.persistent ? SHARED_OBJECT_PERSISTENT : 0;
		this.#handler.send({ name: this.name, version: this.#version, flags, events });
	}
}
