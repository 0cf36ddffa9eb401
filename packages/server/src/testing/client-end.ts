import { NetStatusError } from "@millrace/client";
import type { AmfValue } from "@millrace/core/amf";
import { type NetStatus, netStatus, type Responder } from "@millrace/core/rtmp";
import {
	decodeSharedObjectMessage,
	encodeSharedObjectMessage,
	SHARED_OBJECT_ANSWER_LIMITS,
	sharedObjectType,
} from "@millrace/core/shared-object";
import {
	type ApplicationInstance,
	type ClientFacts,
	type ClientLine,
	type ClientStats,
	emptyClientStats,
	type InstanceClient,
	type SharedObjectType,
	type StreamFacts,
} from "../app/index.ts";
import { FakeSharedObject } from "./fake-shared-object.ts";
import { plainValue, wireValue } from "./wire-value.ts";

/** How a fake client connects, and what it answers. What is absent is that of a program on the same machine. */
export type FakeClientOptions = {
	/** Methods that the application may call, by name; there from the first moment on, as `on` cannot be. */
	readonly methods?: Readonly<Record<string, (...args: AmfValue[]) => unknown>>;
	/** What it gives `connect` behind the address. Default: nothing. */
	readonly args?: readonly AmfValue[];
	/** Default `127.0.0.1`. */
	readonly ip?: string;
	/** Default `rtmp`. */
	readonly protocol?: string;
	/** Default: whether the protocol is one over TLS. */
	readonly secure?: boolean;
	/** Default: that of the instance on `localhost`. */
	readonly uri?: string;
	/** Without the question mark. Default: empty. */
	readonly query?: string;
	/** Default: empty. */
	readonly pageUrl?: string;
	/** Default: empty. */
	readonly referrer?: string;
	/** Default: that of the last Flash Player. */
	readonly agent?: string;
	/** Default 3, AMF3. */
	readonly objectEncoding?: 0 | 3;
	/** The answer to `client.ping()`, in milliseconds. Default 10. */
	readonly ping?: number;
	/** The answer to `client.checkBandwidth()`. Default: none comes. */
	readonly bandwidth?: Readonly<Record<string, AmfValue>>;
	/** What differs from zero in the answer to `client.stats()`. Default: nothing. */
	readonly stats?: Partial<ClientStats>;
};

const PING_MILLIS = 10;
const OVER_TLS = /^(rtmpts|rtmps|wss|https)$/;

type Waiting = { resolve(value: AmfValue): void; reject(error: unknown): void };

/** A fake client as its instance sees it. */
export class ClientEnd implements InstanceClient {
	readonly facts: ClientFacts;
	readonly line: ClientLine;
	isConnected = false;
	closeStatus: NetStatus | undefined;
	bandwidthLimit: { readonly toClient: number; readonly fromClient: number } | undefined;
	readonly #instance: ApplicationInstance;
	readonly #onCall: (name: string, args: readonly AmfValue[]) => unknown;
	readonly #calls = new Map<number, Waiting>();
	/** What fails when the client goes, and has not been answered. */
	readonly #asks = new Set<(error: unknown) => void>();
	/** What is told when the client goes: the ends of its streams. */
	readonly #streams = new Set<() => void>();
	readonly #objects = new Map<string, FakeSharedObject>();
	#connecting: { resolve(): void; reject(error: unknown): void } | undefined;
	#nextCall = 1;
	#isGone = false;

	/** `onCall` answers the application's calls; what it throws is an error for an answer. */
	constructor(
		id: string,
		instance: ApplicationInstance,
		options: FakeClientOptions,
		onCall: (name: string, args: readonly AmfValue[]) => unknown,
	) {
		const { protocol = "rtmp", objectEncoding = 3, query = "" } = options;
		const path = `${instance.application}/${instance.instance}`;
		this.#instance = instance;
		this.#onCall = onCall;
		this.facts = {
			id,
			remoteAddress: options.ip ?? "127.0.0.1",
			protocol,
			secure: options.secure ?? OVER_TLS.test(protocol),
			tcUrl: options.uri ?? `${protocol}://localhost/${path}${query === "" ? "" : `?${query}`}`,
			pageUrl: options.pageUrl ?? "",
			swfUrl: options.referrer ?? "",
			flashVer: options.agent ?? "WIN 32,0,0,465",
			query,
			objectEncoding,
			args: (options.args ?? []).map(value => wireValue(value, objectEncoding)),
		};
		this.line = {
			setBandwidthLimit: (toClient, fromClient) => {
				this.bandwidthLimit = { toClient, fromClient };
			},
			bandwidthLimit: { serverToClient: Number.POSITIVE_INFINITY, clientToServer: Number.POSITIVE_INFINITY },
			ping: onAnswer => onAnswer(options.ping ?? PING_MILLIS),
			checkBandwidth: onDone => {
				onDone(options.bandwidth && { ...options.bandwidth });
				return true;
			},
			stats: () => ({ ...emptyClientStats(), ...options.stats }),
		};
	}

	/** Begins to use a shared object. */
	async sharedObject(name: string, persistent: boolean): Promise<FakeSharedObject> {
		this.#demandConnection();
		const { objectEncoding } = this.facts;
		const object = new FakeSharedObject(name, persistent, message => {
			const type = sharedObjectType(objectEncoding);
			this.#instance.sharedObject(this, type, encodeSharedObjectMessage(message, objectEncoding));
		});
		this.#objects.set(name, object);
		await object.subscribe();
		return object;
	}

	/** Asks to be let in. */
	connect(): Promise<void> {
		return new Promise((resolve, reject) => {
			this.#connecting = { resolve, reject };
			this.#instance.connect(this);
		});
	}

	call(name: string, args: readonly AmfValue[]): Promise<AmfValue> {
		return new Promise((resolve, reject) => {
			this.#demandConnection();
			const sent = args.map(value => this.#wire(value));
			const call = this.#nextCall++;
			this.#calls.set(call, { resolve, reject });
			this.#instance.call(this, call, name, sent);
		});
	}

	send(name: string, args: readonly AmfValue[]): void {
		this.#demandConnection();
		this.#instance.call(
			this,
			0,
			name,
			args.map(value => this.#wire(value)),
		);
	}

	/** Asks for a permission, behind the calls that came before. */
	ask(kind: "publish" | "play", stream: StreamFacts): Promise<void> {
		return new Promise((resolve, reject) => {
			this.#demandConnection();
			this.#asks.add(reject);
			const ask = () => {
				this.#instance.ask(kind, this, stream, refusal => {
					this.#asks.delete(reject);
					if (refusal === undefined) resolve();
					else reject(new NetStatusError(this.#plainStatus(refusal)));
				});
			};
			if (!this.#instance.whenCallsAreHandled(this, ask)) ask();
		});
	}

	/** Remembers what is done when the client goes, or as soon as what it returns is called. */
	keep(onEnd: () => void): () => void {
		const end = () => {
			if (this.#streams.delete(end)) onEnd();
		};
		this.#streams.add(end);
		return end;
	}

	disconnect(): void {
		if (this.#isGone) return;
		for (const end of [...this.#streams]) end();
		this.#instance.disconnect(this);
		this.#leave(netStatus("NetConnection.Connect.Closed"));
	}

	// ── what the instance does ──

	holdOutput(): void {}

	releaseOutput(): void {}

	accept(): void {
		this.isConnected = true;
		this.#connecting?.resolve();
		this.#connecting = undefined;
	}

	reject(status: NetStatus): void {
		this.closeStatus = this.#plainStatus(status);
		this.#instance.disconnect(this);
		this.#leave(this.closeStatus);
	}

	sendResult(call: number, value: AmfValue): void {
		const waiting = this.#take(call);
		try {
			waiting?.resolve(this.#wire(value));
		} catch (error) {
			// What the application answered cannot be said in this client's encoding.
			waiting?.reject(new NetStatusError(netStatus("NetConnection.Call.Failed", messageOf(error))));
		}
	}

	sendError(call: number, status: NetStatus): void {
		this.#take(call)?.reject(new NetStatusError(this.#plainStatus(status)));
	}

	answerCall(call: number): void {
		this.#take(call)?.resolve(undefined);
	}

	callMethod(name: string, args: readonly AmfValue[], responder?: Responder): void {
		const answer = this.#answerCall(
			name,
			args.map(value => this.#wire(value)),
		);
		answer.then(
			value => responder?.onResult(value),
			(error: unknown) => {
				const info = error instanceof NetStatusError ? error.info : undefined;
				responder?.onError(info ?? netStatus("NetConnection.Call.Failed", messageOf(error)));
			},
		);
	}

	sendSharedObject(type: SharedObjectType, body: Uint8Array): void {
		const message = decodeSharedObjectMessage(type, body, SHARED_OBJECT_ANSWER_LIMITS);
		this.#objects.get(message.name)?.receive(message);
	}

	close(status?: NetStatus): void {
		this.closeStatus = status && this.#plainStatus(status);
		this.disconnect();
	}

	#demandConnection(): void {
		if (!this.isConnected) throw new NetStatusError(netStatus("NetConnection.Call.Failed", "It is not connected."));
	}

	async #answerCall(name: string, args: readonly AmfValue[]): Promise<AmfValue> {
		return this.#wire((await this.#onCall(name, args)) as AmfValue);
	}

	#wire<Value extends AmfValue>(value: Value): Value {
		return wireValue(value, this.facts.objectEncoding);
	}

	#plainStatus(status: NetStatus): NetStatus {
		return plainValue(this.#wire(status)) as NetStatus;
	}

	#take(call: number): Waiting | undefined {
		const waiting = this.#calls.get(call);
		this.#calls.delete(call);
		return waiting;
	}

	#leave(status: NetStatus): void {
		this.#isGone = true;
		this.isConnected = false;
		this.#connecting?.reject(new NetStatusError(status));
		this.#connecting = undefined;
		const failed = new NetStatusError(netStatus("NetConnection.Call.Failed", "The connection has ended."));
		for (const { reject } of this.#calls.values()) reject(failed);
		for (const reject of this.#asks) reject(failed);
		this.#calls.clear();
		this.#asks.clear();
		this.#streams.clear();
		for (const object of this.#objects.values()) object.leave();
		this.#objects.clear();
	}
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
