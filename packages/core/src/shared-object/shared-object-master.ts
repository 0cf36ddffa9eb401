import type { AmfValue, ObjectEncoding } from "../amf/index.ts";
import { UsageError } from "../fault/index.ts";
import { netStatus, type StatusCode } from "../rtmp/index.ts";
import { RequestQueue, type SharedObjectRequest } from "./request-queue.ts";
import type {
	SharedObjectMasterHandler,
	SharedObjectMasterOptions,
	SharedObjectStats,
	SharedObjectSubscriber,
} from "./shared-object-master-handler.ts";
import { SHARED_OBJECT_PERSISTENT, type SharedObjectEvent, type SharedObjectMessage } from "./shared-object-message.ts";
import type { SharedObjectState } from "./shared-object-state.ts";
import type { SharedObjectSync } from "./shared-object-sync.ts";
import { DEFAULT_SHARED_OBJECT_QUOTA, SlotTable } from "./slot-table.ts";
import { SlotValue } from "./slot-value.ts";

const DEFAULT_VERSION_STEP = 4096;
const MAX_VERSION = 0xffffffff;
/** A first answer is cut where it becomes longer, so that no message passes RTMP's 16 MiB. */
const ANSWER_BYTES = 1024 * 1024;

/**
 * A shared object as the server has it, without I/O: the slots with their versions, the subscribers, and the order in
 * which their requests take effect. What one client sends in one message happens at once: one version, one message to
 * the author, one to the others.
 */
export class SharedObjectMaster {
	readonly name: string;
	readonly persistent: boolean;
	/** How many versions a client may be behind to be told only what has changed; −1: any number. */
	resyncDepth: number;

	readonly #handler: SharedObjectMasterHandler;
	readonly #options: SharedObjectMasterOptions;
	readonly #table: SlotTable;
	readonly #subscribers = new Map<string, SharedObjectSubscriber>();
	#version = 0;
	#savedVersion = 0;
	/** The saved version that it began with, until the first change. */
	#restoredVersion: number;
	#lockCount = 0;
	#lockedAt = 0;
	#lockTimeouts = 0;
	readonly #waiting: RequestQueue;
	/** What the application did since it has locked the object, and whether slots are changed by it. */
	#batch: SharedObjectEvent[] = [];
	#batchChanges = false;
	#messagesIn = 0;
	#messagesOut = 0;
	#totalConnects = 0;
	#totalDisconnects = 0;

	constructor(
		name: string,
		persistent: boolean,
		handler: SharedObjectMasterHandler,
		options: SharedObjectMasterOptions = {},
	) {
		this.name = name;
		this.persistent = persistent;
		this.#handler = handler;
		this.#options = options;
		this.#waiting = new RequestQueue(options.lockQueue);
		this.resyncDepth = options.resyncDepth ?? -1;
		this.#table = new SlotTable(options.quota ?? DEFAULT_SHARED_OBJECT_QUOTA, persistent);
		const { state } = options;
		this.#restoredVersion = state?.version ?? 0;
		if (state === undefined) return;
		this.#version = state.version;
		this.#savedVersion = state.version;
		this.#table.floor = state.floor;
		this.#table.gaps.push(...state.gaps);
		for (const { name: slot, value, version } of state.slots) {
			this.#table.set(slot, { value, version, writer: undefined });
		}
		for (const tombstone of state.tombstones) this.#table.tombstones.set(tombstone.name, tombstone.version);
	}

	/** Rises by one with each batch of changes; 0: never changed. */
	get version(): number {
		return this.#version;
	}

	get subscriberCount(): number {
		return this.#subscribers.size;
	}

	isSubscribed(id: string): boolean {
		return this.#subscribers.has(id);
	}

	/** Whether `state` would differ from what was saved. */
	get isDirty(): boolean {
		return this.#version !== this.#savedVersion || this.#batchChanges;
	}

	/** When `handleTimeout` must be called at the latest. */
	get deadline(): number {
		const { lockTimeoutMillis = -1 } = this.#options;
		return this.#lockCount > 0 && lockTimeoutMillis >= 0
			? this.#lockedAt + lockTimeoutMillis
			: Number.POSITIVE_INFINITY;
	}

	get stats(): SharedObjectStats {
		return {
			version: this.#version,
			num_properties: this.#table.slots.size,
			msg_in: this.#messagesIn,
			msg_out: this.#messagesOut,
			total_connects: this.#totalConnects,
			total_disconnects: this.#totalDisconnects,
			connected: this.subscriberCount,
			resync_depth: this.resyncDepth,
			lock_count: this.#lockCount,
			lock_queue: this.#waiting.length,
			lock_timeouts: this.#lockTimeouts,
			bytes: this.#table.bytes,
		};
	}

	/** Ends a lock that has lasted too long. */
	handleTimeout(now: number): void {
		if (now < this.deadline) return;
		this.#lockTimeouts++;
		this.#lockCount = 0;
		this.#endLock();
	}

	// ── clients ──

	/**
	 * Takes a message of a client. Requests of one who has not subscribed are left out.
	 *
	 * @param bytes the message's length, for what waits is counted
	 * @throws LimitError SHARED_OBJECT_TOO_LARGE where too much waits for the end of a lock: the client must be closed
	 */
	receive(id: string, encoding: ObjectEncoding, message: SharedObjectMessage, bytes: number): void {
		this.#messagesIn++;
		let requests: SharedObjectEvent[] = [];
		for (const event of message.events) {
			if (event.kind !== "use" && event.kind !== "release") {
				requests.push(event);
				continue;
			}
			this.#request(id, requests, message.version, bytes);
			requests = [];
			if (event.kind === "use") this.#use({ id, encoding }, message.version);
			else this.unsubscribe(id);
		}
		this.#request(id, requests, message.version, bytes);
	}

	/** Is no subscriber any more, by its own wish or because its connection has ended. */
	unsubscribe(id: string): void {
		if (this.#subscribers.delete(id)) this.#totalDisconnects++;
	}

	#use(subscriber: SharedObjectSubscriber, known: number): void {
		if (this.#handler.mayRead?.(subscriber.id) === false) {
			this.unsubscribe(subscriber.id);
			this.#refuse(subscriber, "SharedObject.NoReadAccess", []);
			return;
		}
		if (!this.#subscribers.has(subscriber.id)) this.#totalConnects++;
		this.#subscribers.set(subscriber.id, subscriber);
		const isFull = this.#mustBeToldEverything(known);
		// What a lock has changed so far belongs to no version yet: who leaves before its end knows none.
		const version = this.#batchChanges ? 0 : this.#version;
		let events: SharedObjectEvent[] = [{ kind: "use-success" }];
		if (isFull) events.push({ kind: "clear" });
		let bytes = 0;
		for (const [name, { value, version: changedAt }] of this.#table.slots) {
			if (!isFull && changedAt <= known) continue;
			const { length } = value.form(subscriber.encoding);
			if (bytes > 0 && bytes + length > ANSWER_BYTES) {
				this.#send([subscriber], events, version);
				// Each part says that it is no answer to a request, which may have come meanwhile.
				events = [{ kind: "use-success" }];
				bytes = 0;
			}
			bytes += length;
			events.push(changeOf(name, value));
		}
		if (!isFull) {
			for (const [name, goneAt] of this.#table.tombstones) if (goneAt > known) events.push({ kind: "remove", name });
		}
		this.#send([subscriber], events, version);
	}

	#mustBeToldEverything(known: number): boolean {
		if (!this.persistent || known === 0 || known > this.#version || known < this.#table.floor) return true;
		if (this.#table.gaps.some(({ from, to }) => known > from && known < to)) return true;
		return this.resyncDepth >= 0 && this.#version - known > this.resyncDepth;
	}

	#request(id: string, events: readonly SharedObjectEvent[], version: number, bytes: number): void {
		const subscriber = this.#subscribers.get(id);
		if (subscriber === undefined || events.length === 0) return;
		if (this.#handler.mayWrite?.(id) === false) {
			this.#refuse(subscriber, "SharedObject.NoWriteAccess", this.#corrections(events));
			return;
		}
		const request = { subscriber, events, version, bytes };
		if (this.#lockCount > 0) this.#waiting.add(request);
		else this.#apply(request);
	}

	#apply({ subscriber, events, version }: SharedObjectRequest): void {
		const toAuthor: SharedObjectEvent[] = [];
		const toOthers: SharedObjectEvent[] = [];
		const list: SharedObjectSync[] = [];
		const calls: { handler: string; args: readonly AmfValue[] }[] = [];
		const next = this.#nextVersion();
		let hasChanged = false;
		const tell = (event: SharedObjectEvent): void => {
			toAuthor.push(event);
			toOthers.push(event);
		};
		for (const event of events) {
			switch (event.kind) {
				case "request-change": {
					const { name } = event;
					const old = this.#table.slots.get(name);
					const value = this.#isOutdated(name, version, subscriber.id) ? undefined : this.#valueFor(name, event.value);
					if (value === undefined) {
						toAuthor.push(this.#correction(name));
						break;
					}
					this.#table.set(name, { value, version: next, writer: subscriber.id });
					hasChanged = true;
					toAuthor.push({ kind: "success", name });
					toOthers.push(changeOf(name, value));
					list.push({ code: "change", name, oldValue: old?.value.value });
					break;
				}
				case "request-remove": {
					const { name } = event;
					const old = this.#table.slots.get(name);
					if (this.#isOutdated(name, version, subscriber.id)) {
						toAuthor.push(this.#correction(name));
						break;
					}
					toAuthor.push({ kind: "remove", name });
					if (!this.#table.delete(name, next)) break;
					hasChanged = true;
					toOthers.push({ kind: "remove", name });
					list.push({ code: "delete", name, oldValue: old?.value.value });
					break;
				}
				case "clear":
				case "request-clear":
					for (const [name, { value }] of this.#table.slots) {
						list.push({ code: "delete", name, oldValue: value.value });
					}
					this.#table.clear(next);
					hasChanged = true;
					tell({ kind: "clear" });
					break;
				case "send":
					tell(event);
					calls.push(event);
					break;
			}
		}
		if (hasChanged) this.#commit(next);
		this.#tell(subscriber, toAuthor, toOthers);
		if (hasChanged) this.#handler.onDirty?.();
		if (list.length > 0) this.#handler.onSync?.(list);
		for (const { handler, args } of calls) this.#handler.onSend?.(handler, args, subscriber.id);
	}

	/** What is the same for all goes out as one message. */
	#tell(
		author: SharedObjectSubscriber,
		toAuthor: readonly SharedObjectEvent[],
		toOthers: readonly SharedObjectEvent[],
	): void {
		// The author may have left while its request waited.
		const isThere = this.#subscribers.get(author.id) === author;
		const all = [...this.#subscribers.values()];
		if (isThere && toAuthor.length === toOthers.length && toAuthor.every((event, at) => event === toOthers[at])) {
			this.#send(all, toAuthor);
			return;
		}
		if (isThere) this.#send([author], toAuthor);
		this.#send(
			all.filter(each => each !== author),
			toOthers,
		);
	}

	/** In strict mode: somebody else changed the slot since the version that the author knew. */
	#isOutdated(name: string, known: number, author: string): boolean {
		if (this.#options.strict !== true) return false;
		const slot = this.#table.slots.get(name);
		if (slot === undefined) return (this.#table.tombstones.get(name) ?? 0) > known;
		return slot.version > known && slot.writer !== author;
	}

	/** `undefined` where the quota has no room, or the value cannot be sent on. */
	#valueFor(name: string, value: AmfValue): SlotValue | undefined {
		try {
			const made = new SlotValue(value);
			return this.#hasRoom(name, made) ? made : undefined;
		} catch (error) {
			// A few bytes of references may stand for more than can be written.
			if (error instanceof UsageError) return undefined;
			throw error;
		}
	}

	#hasRoom(name: string, value: SlotValue): boolean {
		if (!this.#table.hasRoom(name, value)) return false;
		return this.#handler.mayHold?.(this.#table.bytesWith(name, value)) !== false;
	}

	#refuse(subscriber: SharedObjectSubscriber, code: StatusCode, corrections: readonly SharedObjectEvent[]): void {
		const status = netStatus(code);
		this.#send([subscriber], [{ kind: "status", code, level: status.level }, ...corrections]);
		this.#handler.onStatus?.(status, subscriber.id);
	}

	/** What is in force in place of what was asked for. */
	#corrections(events: readonly SharedObjectEvent[]): SharedObjectEvent[] {
		return events.flatMap(event =>
			event.kind === "request-change" || event.kind === "request-remove" ? [this.#correction(event.name)] : [],
		);
	}

	#correction(name: string): SharedObjectEvent {
		const slot = this.#table.slots.get(name);
		return slot === undefined ? { kind: "remove", name } : changeOf(name, slot.value);
	}

	// ── the application ──

	/** The value itself: what is done to it is not noticed before it is set again. */
	getProperty(name: string): AmfValue {
		return this.#table.slots.get(name)?.value.value;
	}

	getPropertyNames(): string[] {
		return [...this.#table.slots.keys()];
	}

	/** Bytes of all names and values in AMF3. */
	get bytes(): number {
		return this.#table.bytes;
	}

	/** How many slots there are. */
	get size(): number {
		return this.#table.slots.size;
	}

	/**
	 * Sets a slot and tells all subscribers, while locked at the end of the lock. `null` deletes it.
	 *
	 * @returns false where the quota has no room
	 * @throws UsageError AMF_UNENCODABLE for a value that cannot be sent
	 */
	setProperty(name: string, value: AmfValue): boolean {
		if (value === null) {
			this.deleteProperty(name);
			return true;
		}
		const made = new SlotValue(value);
		if (!this.#hasRoom(name, made)) return false;
		this.#table.set(name, { value: made, version: this.#nextVersion(), writer: undefined });
		this.#do(changeOf(name, made), true);
		return true;
	}

	/** Deletes a slot. False where there is none. */
	deleteProperty(name: string): boolean {
		if (!this.#table.delete(name, this.#nextVersion())) return false;
		this.#do({ kind: "remove", name }, true);
		return true;
	}

	/** Deletes all slots. */
	clear(): void {
		this.#table.clear(this.#nextVersion());
		this.#do({ kind: "clear" }, true);
	}

	/**
	 * Calls a method of all subscribers; while locked it goes out with the changes, in its place among them (`mark`).
	 *
	 * @throws UsageError AMF_UNENCODABLE for arguments that cannot be sent
	 */
	send(handler: string, ...args: AmfValue[]): void {
		new SlotValue(args);
		this.#do({ kind: "send", handler, args }, false);
	}

	/**
	 * Holds requests of clients back, and gathers what the application does into one message, until as many `unlock`.
	 *
	 * @param now milliseconds, on the clock of `handleTimeout`
	 * @returns how often it is locked
	 */
	lock(now: number): number {
		if (this.#lockCount === 0) this.#lockedAt = now;
		return ++this.#lockCount;
	}

	/** @returns how often it is still locked */
	unlock(): number {
		if (this.#lockCount > 0 && --this.#lockCount === 0) this.#endLock();
		return this.#lockCount;
	}

	/** Forgets which slots were deleted before that version: clients that knew less are told everything. */
	purge(version: number): void {
		this.#table.purge(version);
	}

	// ── what is kept ──

	/** What is to be saved of it now. What a lock has changed so far is in it, of a version to come. */
	get state(): SharedObjectState {
		const { slots, tombstones, floor, gaps } = this.#table;
		return {
			name: this.name,
			version: this.#version,
			floor,
			gaps: [...gaps],
			slots: Array.from(slots, ([name, { value, version }]) => ({ name, value, version })),
			tombstones: Array.from(tombstones, ([name, version]) => ({ name, version })),
		};
	}

	/** That version has been saved. */
	markSaved(version: number): void {
		this.#savedVersion = version;
	}

	#do(event: SharedObjectEvent, isChange: boolean): void {
		this.#batch.push(event);
		this.#batchChanges ||= isChange;
		if (this.#lockCount === 0) this.#sendBatch();
	}

	#sendBatch(): void {
		const events = this.#batch;
		const hasChanged = this.#batchChanges;
		this.#batch = [];
		this.#batchChanges = false;
		if (hasChanged) this.#commit(this.#nextVersion());
		this.#send([...this.#subscribers.values()], events);
		if (hasChanged) this.#handler.onDirty?.();
	}

	/** What the application did goes out, then clients' requests are done in the order in which they came. */
	#endLock(): void {
		this.#sendBatch();
		// The application may lock again while it hears of a request.
		while (this.#waiting.length > 0 && this.#lockCount === 0) {
			this.#apply(this.#waiting.take()!);
		}
	}

	#nextVersion(): number {
		const { firstVersion = 1, versionStep = DEFAULT_VERSION_STEP } = this.#options;
		if (this.#version === 0) return firstVersion;
		const next = this.#version + (this.#restoredVersion > 0 ? versionStep : 1);
		return next > MAX_VERSION ? 1 : next;
	}

	#commit(version: number): void {
		if (this.#restoredVersion > 0) this.#table.addGap({ from: this.#restoredVersion, to: version });
		this.#restoredVersion = 0;
		if (this.#version === 0) this.#table.floor = version;
		if (version < this.#version) this.#table.renumber(version);
		this.#version = version;
		if (this.resyncDepth >= 0) this.#table.purge(version - this.resyncDepth);
		this.#handler.onSize?.(this.#table.bytes);
	}

	#send(
		receivers: readonly SharedObjectSubscriber[],
		events: readonly SharedObjectEvent[],
		version = this.#version,
	): void {
		if (receivers.length === 0 || events.length === 0) return;
		this.#messagesOut += receivers.length;
		const flags = this.persistent ? SHARED_OBJECT_PERSISTENT : 0;
		this.#handler.send(receivers, { name: this.name, version, flags, events });
	}
}

function changeOf(name: string, value: SlotValue): SharedObjectEvent {
	return { kind: "change", name, value: value.value, forms: value };
}
