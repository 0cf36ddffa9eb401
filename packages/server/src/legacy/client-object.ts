import { CallError, type Client } from "../application/index.ts";
import type { NativeAccessor, ScriptFunction, ScriptObject, ScriptValue } from "../script/index.ts";
import type { LegacyInfo, LegacyInstance } from "./legacy-instance.ts";
import { clientFigures } from "./stat-names.ts";

/** What is known of a client as it comes. */
const FACTS: Readonly<Record<string, (client: Client) => ScriptValue>> = {
	agent: client => client.agent,
	id: client => client.id,
	ip: client => client.ip,
	pageUrl: client => client.pageUrl,
	protocol: client => client.protocol,
	protocolVersion: client => String(client.protocolVersion),
	referrer: client => client.referrer,
	secure: client => client.secure,
	uri: client => client.uri,
};

/** Names of streams and shared objects, parted by `;`. */
const PATHS = ["readAccess", "writeAccess", "audioSampleAccess", "videoSampleAccess"] as const;

/** Server-Side ActionScript, class `Client`. Objects of it are made for those who connect; scripts make none. */
export class ClientClass {
	/** The constructor that scripts see. */
	readonly type: ScriptFunction;
	readonly #instance: LegacyInstance;
	readonly #isThere: (client: Client) => boolean;
	readonly #clients = new WeakMap<ScriptObject, Client>();
	readonly #objects = new WeakMap<Client, ScriptObject>();

	/** `isThere`: the client has neither gone nor been turned away. */
	constructor(instance: LegacyInstance, isThere: (client: Client) => boolean) {
		this.#instance = instance;
		this.#isThere = isThere;
		const call = (method: (client: Client, args: readonly ScriptValue[]) => ScriptValue) => {
			return (self: ScriptObject, args: readonly ScriptValue[]) => method(this.#need(self), args);
		};
		this.type = instance.realm.defineClass({
			name: "Client",
			accessors: this.#accessors(),
			methods: {
				call: call((client, args) => this.#call(client, args)),
				checkBandwidth: call(client => {
					client.checkBandwidth().catch((error: unknown) => instance.log("debug", `checkBandwidth: ${String(error)}`));
				}),
				getBandwidthLimit: call((client, [direction]) => {
					const limits = this.#ask(client, () => client.bandwidthLimitNow());
					return Number(direction) === 0 ? (limits?.fromClient ?? 0) : (limits?.toClient ?? 0);
				}),
				setBandwidthLimit: call((client, [toClient, fromClient]) => {
					client.setBandwidthLimit(rate(toClient), rate(fromClient));
				}),
				getStats: call(client => {
					const stats = this.#ask(client, () => client.statsNow());
					return stats === undefined ? null : instance.realm.toScript(clientFigures(stats));
				}),
				getStreamLength: call((client, [name]) => instance.app.streams.lengthNow(String(name), client.virtualKey)),
				ping: call(client => client.isAlive()),
			},
		});
	}

	/** The script's object for a client. */
	objectOf(client: Client): ScriptObject {
		let object = this.#objects.get(client);
		if (object === undefined) {
			object = this.#instance.realm.instantiate(this.type);
			this.#objects.set(client, object);
			this.#clients.set(object, client);
			this.#instance.setRemote(object, client);
			// Scripts say which samples clients may use; before they do, none.
			client.audioSampleAccess = "";
			client.videoSampleAccess = "";
		}
		return object;
	}

	clientOf(object: unknown): Client | undefined {
		return typeof object === "object" && object !== null ? this.#clients.get(object) : undefined;
	}

	#need(self: ScriptObject): Client {
		const client = this.#clients.get(self);
		if (client === undefined) throw new TypeError("This is no Client.");
		return client;
	}

	#accessors(): Record<string, NativeAccessor> {
		const accessors: Record<string, NativeAccessor> = {};
		for (const [name, read] of Object.entries(FACTS)) {
			accessors[name] = {
				get: self => read(this.#need(self)),
				// Old scripts put something of their own in its place.
				set: (self, value) => this.#instance.realm.setOwn(self, name, value),
			};
		}
		for (const name of PATHS) {
			accessors[name] = {
				get: self => this.#need(self)[name],
				set: (self, value) => {
					this.#need(self)[name] = String(value ?? "");
				},
			};
		}
		accessors["virtualKey"] = {
			get: self => this.#need(self).virtualKey,
			set: (self, value) => {
				this.#need(self).virtualKey = virtualKey(value);
			},
		};
		return accessors;
	}

	/** Asks about a client's connection. `undefined`: it has gone, which the script may not have been told yet. */
	#ask<T>(client: Client, question: () => T): T | undefined {
		if (!this.#isThere(client)) return undefined;
		try {
			return question();
		} catch (error) {
			this.#instance.log("debug", `${client.id}: ${String(error)}`);
			return undefined;
		}
	}

	/** `call(method, resultObject, …arguments)`. False: the client has gone, or has been turned away. */
	#call(client: Client, [method, result, ...rest]: readonly ScriptValue[]): boolean {
		if (!this.#isThere(client) || typeof method !== "string") return false;
		const { realm } = this.#instance;
		const args = rest.map(value => realm.fromScript(value));
		if (typeof result !== "object" || result === null) {
			client.send(method, ...args);
			return true;
		}
		client.call(method, ...args).then(
			value => realm.invoke(result, "onResult", [realm.toScript(value)], `onResult of ${method}`),
			(error: unknown) => this.#tellFailure(result, method, error),
		);
		return true;
	}

	#tellFailure(result: ScriptObject, method: string, error: unknown): void {
		const { realm } = this.#instance;
		// A client that ends its connection gives no reason.
		const told = error instanceof CallError ? error.info : undefined;
		const info = told ?? callFailed((error as Error).message);
		const { called } = realm.invoke(result, "onStatus", [realm.toScript(info)], `onStatus of ${method}`);
		if (!called) this.#instance.log("debug", `${method}: ${String(error)}`);
	}
}

function callFailed(description: string): LegacyInfo {
	return { code: "NetConnection.Call.Failed", level: "error", description };
}

function rate(value: ScriptValue): number {
	const bytes = Number(value);
	return bytes > 0 ? bytes : 0;
}

function virtualKey(value: ScriptValue): string {
	const key = String(value ?? "");
	if (/[*:]/.test(key)) throw new TypeError("A virtualKey has neither * nor : in it.");
	return key;
}
