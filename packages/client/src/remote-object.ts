import { type AmfObject, type AmfValue, type ObjectEncoding, writeSol } from "@millrace/core/amf";
import { UsageError } from "@millrace/core/fault";
import { type ClientConnection, NET_STATUS, type NetStatus, netStatus, type StatusCode } from "@millrace/core/rtmp";
import {
	encodeSharedObjectMessage,
	type SharedObjectMessage,
	SharedObjectReplica,
	type SharedObjectSync,
	sharedObjectType,
} from "@millrace/core/shared-object";
import { flashValue } from "./callback.ts";
import type { ConnectionInside } from "./connection-inside.ts";
import { NetStatusError } from "./errors.ts";
import type { SyncChange } from "./events.ts";
import { insideOf, type NetConnection } from "./net-connection.ts";
import type { RemoteCopy } from "./remote-copy.ts";
import type { RemoteLink } from "./remote-objects.ts";
import type { SharedObjectBody, SharedObjectFace } from "./shared-object-body.ts";

/** What a remote shared object is. */
export type RemoteObjectOptions = {
	readonly name: string;
	/** The address of the connection that it may be connected by. */
	readonly uri: string;
	/** Whether the server keeps it on disk. */
	readonly persistent: boolean;
	/** Where the client keeps a copy. Default: nowhere. */
	readonly copy?: RemoteCopy | undefined;
	/** What `objectEncoding` says before it is connected. */
	readonly encoding: ObjectEncoding;
	readonly onClose: () => void;
};

/** As many as the frames of an ordinary movie. */
const DEFAULT_FPS = 24;

/** A remote shared object: its members, the connection to its server, and the copy that the client may keep. */
export class RemoteObject implements SharedObjectBody, RemoteLink {
	readonly name: string;
	/** Members that are set or deleted here are sent; who changes what is inside one must call `setDirty`. */
	readonly data: AmfObject;
	readonly #face: SharedObjectFace;
	readonly #options: RemoteObjectOptions;
	readonly #replica: SharedObjectReplica;
	#nc: NetConnection | undefined;
	#inside: ConnectionInside | undefined;
	#connection: ClientConnection | undefined;
	#encoding: ObjectEncoding;
	#fps = DEFAULT_FPS;
	#stopTimer: (() => void) | undefined;
	#sentAt = Number.NEGATIVE_INFINITY;
	/** Those who wait for the first list of changes. */
	#waiting: { resolve(): void; reject(error: unknown): void }[] = [];

	constructor(face: SharedObjectFace, options: RemoteObjectOptions) {
		this.#face = face;
		this.#options = options;
		this.name = options.name;
		this.#encoding = options.encoding;
		const kept = this.#readCopy();
		this.#replica = new SharedObjectReplica(
			options.name,
			{
				send: message => this.#send(message),
				onSync: list => this.#onSync(list),
				onSend: (handler, args) => face.onCall(handler, args),
				onStatus: (code, level) => this.#onStatus(statusOf(code, level)),
			},
			{ persistent: options.persistent, data: kept?.data ?? Object.create(null), version: kept?.version ?? 0 },
		);
		for (const name of kept?.unconfirmed ?? []) this.#replica.setDirty(name);
		this.data = new Proxy(this.#replica.data, {
			set: (data, name, value: AmfValue) => {
				data[name as string] = value;
				if (typeof name === "string" && typeof (value as unknown) !== "function") this.setDirty(name);
				return true;
			},
			deleteProperty: (data, name) => {
				const isThere = Object.hasOwn(data, name);
				delete data[name as string];
				if (isThere && typeof name === "string") this.setDirty(name);
				return true;
			},
		});
	}

	get size(): number {
		const { data } = this.#replica;
		if (Object.keys(data).length === 0) return 0;
		return writeSol({ name: this.name, objectEncoding: this.objectEncoding, data }, { avmPlus: true }).length;
	}

	/** That of the connection, while there is one; setting it changes nothing then. */
	get objectEncoding(): ObjectEncoding {
		return this.#connection?.objectEncoding ?? this.#encoding;
	}

	set objectEncoding(value: ObjectEncoding) {
		this.#encoding = value;
	}

	get fps(): number {
		return this.#fps;
	}

	/** 0: changes are not sent any more. Below: the default again. */
	set fps(value: number) {
		this.#fps = value >= 0 ? value : DEFAULT_FPS;
		this.#stopTimer?.();
		this.#stopTimer = undefined;
		this.#plan();
	}

	setProperty(name: string, value: AmfValue): void {
		this.data[name] = value;
	}

	setDirty(name: string): void {
		this.#replica.setDirty(name);
		this.#plan();
	}

	/** Writes the copy. What the server keeps is its own business. */
	flush(): undefined {
		const { data, version, unconfirmed } = this.#replica;
		this.#options.copy?.write({ data, version, unconfirmed });
	}

	/** As in Flash Player, what is here is gone and the object is not connected any more; the server's is as it was. */
	clear(): void {
		this.#detach();
		this.#replica.close();
		const { data } = this.#replica;
		for (const name of Object.keys(data)) delete data[name];
		this.#options.copy?.remove();
	}

	close(): void {
		this.#options.onClose();
		// Before what is not confirmed is forgotten: the copy keeps it for the next time.
		const { copy } = this.#options;
		if (copy !== undefined) this.flush();
		this.#detach();
		this.#replica.close();
	}

	connect(connection: NetConnection): boolean {
		this.#detach();
		const inside = insideOf(connection);
		this.#nc = connection;
		this.#inside = inside;
		if (!this.#isOfThatAddress()) return false;
		inside.remoteObjects.add(this);
		if (inside.session.connection !== undefined) this.onConnected(inside.session.connection);
		return true;
	}

	connectAsync(connection: NetConnection): Promise<void> {
		return new Promise((resolve, reject) => {
			this.connect(connection);
			this.#waiting.push({ resolve, reject });
		});
	}

	/** What was changed before goes before it. */
	send(handler: string, args: readonly AmfValue[]): void {
		this.#replica.call(handler, ...args);
		if (this.#connection !== undefined) this.#inside?.session.planFlush();
	}

	onConnected(connection: ClientConnection): void {
		if (!this.#isOfThatAddress()) return;
		this.#connection = connection;
		this.#replica.connect();
	}

	onEnded(): void {
		this.#connection = undefined;
		this.#replica.disconnected();
		this.#failWaiting(netStatus("NetConnection.Connect.Closed"));
	}

	receive(message: SharedObjectMessage): void {
		const events = message.events.map(event => {
			if ("value" in event) return { ...event, value: flashValue(event.value) };
			return event.kind === "send" ? { ...event, args: event.args.map(value => flashValue(value)) } : event;
		});
		this.#guard(() => this.#replica.receive({ ...message, events }));
	}

	#detach(): void {
		this.#stopTimer?.();
		this.#stopTimer = undefined;
		this.#replica.release();
		this.#inside?.remoteObjects.remove(this);
		this.#connection = undefined;
		this.#inside = undefined;
		this.#nc = undefined;
		this.#failWaiting(netStatus("NetConnection.Connect.Closed", "The shared object was closed."));
	}

	/** An address that is not known yet will be looked at when the connection is there. */
	#isOfThatAddress(): boolean {
		const { uri } = this.#nc!;
		if (uri === "" || withoutSlash(uri) === withoutSlash(this.#options.uri)) return true;
		queueMicrotask(() => this.#onStatus(netStatus("SharedObject.UriMismatch")));
		return false;
	}

	#send(message: SharedObjectMessage): void {
		const connection = this.#connection;
		if (connection === undefined) return;
		const { objectEncoding } = connection;
		const body = encodeSharedObjectMessage(message, objectEncoding);
		connection.sendSharedObject(sharedObjectType(objectEncoding), body);
		this.#inside?.session.planFlush();
	}

	/** Sends what has changed, as often as `fps` says. */
	#plan(): void {
		const inside = this.#inside;
		if (inside === undefined || this.#stopTimer !== undefined || this.#fps === 0) return;
		if (this.#replica.state !== "live" || !this.#replica.isDirty) return;
		const { platform } = inside;
		const wait = Math.max(0, this.#sentAt + 1000 / this.#fps - platform.now());
		this.#stopTimer = platform.after(wait, () => {
			this.#stopTimer = undefined;
			this.#sentAt = platform.now();
			this.#guard(() => this.#replica.flush());
		});
	}

	/** A value that cannot be sent is the program's fault, which no call is there to throw to. */
	#guard(action: () => void): void {
		try {
			action();
		} catch (error) {
			if (!(error instanceof UsageError)) throw error;
			this.#face.report(`A member of the shared object ${this.name} was not sent`, error);
		}
	}

	#onSync(list: readonly SharedObjectSync[]): void {
		this.#face.onSync(list.map(changeOf));
		for (const { resolve } of this.#waiting.splice(0)) resolve();
	}

	#onStatus(info: NetStatus): void {
		this.#face.onStatus(info);
		if (this.#replica.state === "detached") this.#failWaiting(info);
	}

	#failWaiting(info: NetStatus): void {
		for (const { reject } of this.#waiting.splice(0)) reject(new NetStatusError(info));
	}

	#readCopy() {
		try {
			return this.#options.copy?.read();
		} catch (error) {
			this.#face.report(`The copy of the shared object ${this.name} cannot be read`, error);
			return undefined;
		}
	}
}

function changeOf({ code, name, oldValue }: SharedObjectSync): SyncChange {
	return code === "clear" ? { code } : { code, name, oldValue };
}

function statusOf(code: string, level: string): NetStatus {
	return Object.hasOwn(NET_STATUS, code) ? netStatus(code as StatusCode) : { level, code, description: "" };
}

function withoutSlash(uri: string): string {
	return uri.replace(/\/$/, "");
}
