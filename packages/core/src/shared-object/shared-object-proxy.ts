import type { AmfValue, ObjectEncoding } from "../amf/index.ts";
import { LimitError } from "../fault/index.ts";
import { netStatus } from "../rtmp/index.ts";
import { type ProxyRequest, ProxyRequests } from "./proxy-requests.ts";
import type { SharedObjectSubscriber } from "./shared-object-master-handler.ts";
import { SHARED_OBJECT_PERSISTENT, type SharedObjectEvent, type SharedObjectMessage } from "./shared-object-message.ts";
import { SlotValue } from "./slot-value.ts";

/** What a proxy does and asks. Methods must not throw. */
export interface SharedObjectProxyHandler {
	/** Sends a message to the owner, of which the proxy is one subscriber. Called only between `connect` and `disconnected`. */
	sendToOwner(message: SharedObjectMessage): void;
	/** Sends a message to subscribers of the proxy. */
	send(receivers: readonly SharedObjectSubscriber[], message: SharedObjectMessage): void;
	mayWrite?(id: string): boolean;
	/** The owner said something: that the proxy may not subscribe, or that a request was refused. */
	onStatus?(code: string, level: string): void;
}

/** What may wait for the owner, in bytes of the messages that it came in. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** Requests that the owner has not answered. */
const MAX_WAITING = 50_000;
/** A first answer is cut where it becomes longer, so that no message passes RTMP's 16 MiB. */
const ANSWER_BYTES = 1024 * 1024;

/**
 * A shared object that another server owns, for clients of this one, without I/O. The proxy is one subscriber of the
 * owner and hands on: what its clients ask for goes to the owner in the order in which it came, and what the owner makes
 * of that, and of others' requests, goes to all of them in the owner's order and with its versions. So a client sees
 * what it would see at the owner, but that the deletions of a message come one by one.
 *
 * What was asked for and not answered when the connection was lost is asked for again on the next: once more than
 * needed, perhaps, but never in vain. Calls of all subscribers are not repeated.
 */
export class SharedObjectProxy {
	readonly name: string;
	readonly persistent: boolean;
	readonly #handler: SharedObjectProxyHandler;
	readonly #slots = new Map<string, SlotValue>();
	/** By their ids; `isLive`: it has been told that it is subscribed. */
	readonly #subscribers = new Map<string, { readonly to: SharedObjectSubscriber; isLive: boolean }>();
	readonly #requests = new ProxyRequests();
	/** Messages that wait for the owner's connection. */
	#waiting: Waiting[] = [];
	#waitingBytes = 0;
	#version = 0;
	#state: "detached" | "pending" | "live" = "detached";
	/** The owner has been asked for everything again. */
	#isResyncing = false;

	constructor(name: string, persistent: boolean, handler: SharedObjectProxyHandler) {
		this.name = name;
		this.persistent = persistent;
		this.#handler = handler;
	}

	/** The owner's, as far as it is known. */
	get version(): number {
		return this.#version;
	}

	/** `pending`: subscribed at the owner, which has not answered. */
	get state(): "detached" | "pending" | "live" {
		return this.#state;
	}

	get subscriberCount(): number {
		return this.#subscribers.size;
	}

	// ── the connection to the owner ──

	/** The owner can be reached: the proxy subscribes. */
	connect(): void {
		this.#state = "pending";
		this.#toOwner([{ kind: "use" }], this.#version);
	}

	/** The connection to the owner has ended. What clients ask for waits from now on. */
	disconnected(): void {
		this.#state = "detached";
		this.#isResyncing = false;
		const again = this.#requests.takeAll();
		// What became of it is not known: the owner must tell everything.
		if (again.length > 0) this.#version = 0;
		const waiting = again.map(({ author, event, version }) => {
			return { author, message: { name: this.name, version, flags: 0, events: [event] }, bytes: 0 };
		});
		this.#waiting.unshift(...waiting);
	}

	/** Leaves the owner. Subscribers are told nothing any more. */
	close(): void {
		if (this.#state !== "detached") this.#toOwner([{ kind: "release" }], this.#version);
		this.#state = "detached";
		this.#subscribers.clear();
		this.#requests.takeAll();
		this.#waiting = [];
		this.#waitingBytes = 0;
	}

	// ── subscribers ──

	/**
	 * Takes a message of a client of this server. Requests of one who has not subscribed are left out.
	 *
	 * @param bytes the message's length, for what waits is counted
	 * @throws LimitError SHARED_OBJECT_TOO_LARGE where too much waits for the owner: the client must be closed
	 */
	receive(id: string, encoding: ObjectEncoding, message: SharedObjectMessage, bytes: number): void {
		let requests: SharedObjectEvent[] = [];
		for (const event of message.events) {
			if (event.kind !== "use" && event.kind !== "release") {
				requests.push(event);
				continue;
			}
			this.#request(id, { ...message, events: requests }, bytes);
			requests = [];
			if (event.kind === "use") this.#use({ id, encoding });
			else this.unsubscribe(id);
		}
		this.#request(id, { ...message, events: requests }, bytes);
	}

	/** Is no subscriber any more, by its own wish or because its connection has ended. */
	unsubscribe(id: string): void {
		this.#subscribers.delete(id);
	}

	isSubscribed(id: string): boolean {
		return this.#subscribers.has(id);
	}

	#use(to: SharedObjectSubscriber): void {
		const subscriber = { to, isLive: false };
		this.#subscribers.set(to.id, subscriber);
		if (this.#state === "live") this.#admit(subscriber);
	}

	/** Tells a subscriber all that is there. */
	#admit(subscriber: { readonly to: SharedObjectSubscriber; isLive: boolean }): void {
		const { to } = subscriber;
		subscriber.isLive = true;
		let events: SharedObjectEvent[] = [{ kind: "use-success" }, { kind: "clear" }];
		let bytes = 0;
		for (const [name, value] of this.#slots) {
			const { length } = value.form(to.encoding);
			if (bytes > 0 && bytes + length > ANSWER_BYTES) {
				this.#send([to], events);
				// Each part says that it is no answer to a request.
				events = [{ kind: "use-success" }];
				bytes = 0;
			}
			bytes += length;
			events.push(changeOf(name, value));
		}
		this.#send([to], events);
	}

	#request(id: string, message: SharedObjectMessage, bytes: number): void {
		const subscriber = this.#subscribers.get(id);
		const events = message.events.filter(isRequest);
		if (subscriber === undefined || events.length === 0) return;
		if (this.#handler.mayWrite?.(id) === false) {
			const { code, level } = netStatus("SharedObject.NoWriteAccess");
			this.#send([subscriber.to], [{ kind: "status", code, level }, ...this.#corrections(events)]);
			return;
		}
		const waiting = { author: subscriber.to, message: { ...message, events }, bytes };
		if (this.#state === "live") {
			this.#checkRoom(events.length);
			this.#forward(waiting);
			return;
		}
		this.#checkRoom(events.length, bytes);
		this.#waiting.push(waiting);
		this.#waitingBytes += bytes;
	}

	#checkRoom(events: number, bytes = 0): void {
		const count = this.#waiting.length + this.#requests.size + events;
		if (count <= MAX_WAITING && this.#waitingBytes + bytes <= MAX_WAITING_BYTES) return;
		throw new LimitError("SHARED_OBJECT_TOO_LARGE", `${this.name}: too much waits for its owner's answer.`);
	}

	/** What is in force in place of what was asked for. */
	#corrections(events: readonly SharedObjectEvent[]): SharedObjectEvent[] {
		return events.flatMap((event): SharedObjectEvent[] => {
			if (event.kind !== "request-change" && event.kind !== "request-remove") return [];
			const value = this.#slots.get(event.name);
			return [value === undefined ? { kind: "remove", name: event.name } : changeOf(event.name, value)];
		});
	}

	#forward({ author, message }: Pick<Waiting, "author" | "message">): void {
		const { version } = message;
		const events = message.events.map(event =>
			event.kind === "request-change" ? { ...event, forms: event.forms ?? new SlotValue(event.value) } : event,
		);
		for (const event of events) if (event.kind !== "send") this.#requests.add({ author, event, version });
		for (const group of inGroups(events)) this.#toOwner(group, version);
	}

	// ── the owner ──

	/** Takes a message of the owner. */
	receiveFromOwner(message: SharedObjectMessage): void {
		if (this.#state === "detached") return;
		const { events, version } = message;
		const has = (...kinds: SharedObjectEvent["kind"][]) => events.some(({ kind }) => kinds.includes(kind));
		const isFirst = has("use-success");
		const isAnswer = has("success", "change-echo") || (version === this.#version && !isFirst);
		const told: Told[] = [];
		for (const event of events) this.#take(event, events, { isFirst, isAnswer }, told);
		this.#version = version;
		this.#tell(told);
		if (this.#state !== "live") return;
		for (const subscriber of this.#subscribers.values()) if (!subscriber.isLive) this.#admit(subscriber);
		const waiting = this.#waiting;
		this.#waiting = [];
		this.#waitingBytes = 0;
		for (const each of waiting) this.#forward(each);
	}

	#take(
		event: SharedObjectEvent,
		all: readonly SharedObjectEvent[],
		{ isFirst, isAnswer }: { readonly isFirst: boolean; readonly isAnswer: boolean },
		told: Told[],
	): void {
		const requests = this.#requests;
		switch (event.kind) {
			case "use-success":
				this.#state = "live";
				this.#isResyncing = false;
				told.push({ common: event });
				return;
			case "status":
				this.#onStatus(event, all, told);
				return;
			case "clear":
				this.#slots.clear();
				if (!isFirst) requests.takeClear();
				told.push({ common: event });
				return;
			case "change": {
				const value = slotOf(event);
				const change = changeOf(event.name, value);
				if (!isAnswer) {
					this.#slots.set(event.name, value);
					told.push({ common: change });
					return;
				}
				// It tells what is in force in place of what was asked for: the others have it already.
				const refused = requests.take(event.name);
				if (refused !== undefined) told.push({ author: refused.author, own: change });
				if (refused === undefined || !this.#slots.has(event.name)) this.#resync();
				return;
			}
			case "remove": {
				const wasThere = this.#slots.delete(event.name);
				const answered = isAnswer ? requests.take(event.name) : requests.takeRemove(event.name);
				const isForAll = wasThere || !isAnswer;
				told.push({ ...(isForAll && { common: event }), ...(answered && { author: answered.author, own: event }) });
				return;
			}
			case "success":
			case "change-echo": {
				const granted = requests.takeChange(event.name);
				const value = event.kind === "change-echo" ? slotOf(event) : grantedValue(granted);
				if (value === undefined) {
					this.#resync();
					return;
				}
				this.#slots.set(event.name, value);
				const common = changeOf(event.name, value);
				told.push({
					common,
					...(granted && { author: granted.author, own: { kind: "success", name: event.name } as const }),
				});
				return;
			}
			case "send":
				told.push({ common: event });
		}
	}

	#onStatus(
		event: Extract<SharedObjectEvent, { kind: "status" }>,
		all: readonly SharedObjectEvent[],
		told: Told[],
	): void {
		this.#handler.onStatus?.(event.code, event.level);
		if (this.#state === "pending") {
			this.#state = "detached";
			const refused = [...this.#subscribers.values()].filter(({ isLive }) => !isLive);
			for (const { to } of refused) this.#subscribers.delete(to.id);
			this.#send(
				refused.map(({ to }) => to),
				[event],
			);
			return;
		}
		// It stands in front of what is in force in place of what was asked for: that tells whose request it was.
		const slot = all.find(({ kind }) => kind === "change" || kind === "remove");
		const author = slot !== undefined && "name" in slot ? this.#requests.find(slot.name)?.author : undefined;
		if (author !== undefined) told.push({ author, own: event });
	}

	/**
	 * A deletion that finds nothing is answered in the words of one by others, so that answers can be taken for those to
	 * other requests. In the end one comes for a request that nobody has made: then the owner is asked for everything.
	 */
	#resync(): void {
		if (this.#isResyncing) return;
		this.#isResyncing = true;
		this.#toOwner([{ kind: "use" }], 0);
	}

	/** Everyone gets what concerns all, and authors what concerns them in its place. */
	#tell(told: readonly Told[]): void {
		const authors = new Set(told.flatMap(({ author }) => author ?? []));
		const live = [...this.#subscribers.values()].filter(({ isLive }) => isLive).map(({ to }) => to);
		for (const author of authors) {
			if (!live.includes(author)) continue;
			const events = told.flatMap(each => (each.author === author ? each.own : each.common) ?? []);
			this.#send([author], events);
		}
		this.#send(
			live.filter(to => !authors.has(to)),
			told.flatMap(({ common }) => common ?? []),
		);
	}

	#send(receivers: readonly SharedObjectSubscriber[], events: readonly SharedObjectEvent[]): void {
		if (receivers.length === 0 || events.length === 0) return;
		this.#handler.send(receivers, { name: this.name, version: this.#version, flags: this.#flags, events });
	}

	#toOwner(events: readonly SharedObjectEvent[], version: number): void {
		this.#handler.sendToOwner({ name: this.name, version, flags: this.#flags, events });
	}

	get #flags(): number {
		return this.persistent ? SHARED_OBJECT_PERSISTENT : 0;
	}
}

/** A message of a client for the owner. */
type Waiting = {
	readonly author: SharedObjectSubscriber;
	readonly message: SharedObjectMessage;
	readonly bytes: number;
};

/** What is told of one event: `own` to its author in place of `common`. */
type Told = {
	readonly common?: SharedObjectEvent;
	readonly author?: SharedObjectSubscriber;
	readonly own?: SharedObjectEvent;
};

function isRequest({ kind }: SharedObjectEvent): boolean {
	return ["request-change", "request-remove", "clear", "request-clear", "send"].includes(kind);
}

/**
 * Changes together, each deletion by itself, and calls behind what they follow: where something of a message is refused
 * and a deletion of it is granted, the answer could not be told from what others do.
 */
function inGroups(events: readonly SharedObjectEvent[]): SharedObjectEvent[][] {
	const groups: SharedObjectEvent[][] = [];
	let last: SharedObjectEvent["kind"] | undefined;
	for (const event of events) {
		const { kind } = event;
		const mayJoin = last === undefined || kind === "send" || (kind === "request-change" && kind === last);
		if (groups.length === 0 || !mayJoin) groups.push([]);
		if (kind !== "send") last = kind;
		groups.at(-1)!.push(event);
	}
	return groups;
}

function slotOf({ value, forms }: { readonly value: AmfValue; readonly forms?: SlotValue }): SlotValue {
	return forms ?? new SlotValue(value);
}

function grantedValue(request: ProxyRequest | undefined): SlotValue | undefined {
	return request?.event.kind === "request-change" ? slotOf(request.event) : undefined;
}

function changeOf(name: string, value: SlotValue): SharedObjectEvent {
	return { kind: "change", name, value: value.value, forms: value };
}
