import { NetStatusError } from "@millrace/client";
import type { AmfValue } from "@millrace/core/amf";
import { type NetStatus, netStatus, type Responder } from "@millrace/core/rtmp";
import type { ApplicationInstance, ClientFacts, ClientQuestion, InstanceClient, StreamFacts } from "../app/index.ts";
import { wireValue } from "./wire-value.ts";

/** Who a fake client says it is, and what it answers when its connection is measured. */
export type ClientEndOptions = {
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
	/** The answer to `client.checkBandwidth()`. Default: it fails. */
	readonly bandwidth?: Readonly<Record<string, AmfValue>>;
	/** The answer to `client.stats()`. Default: it fails. */
	readonly stats?: Readonly<Record<string, AmfValue>>;
};

const PING_MILLIS = 10;
const OVER_TLS = /^(rtmpts|rtmps|wss)$/;

type Waiting = { resolve(value: AmfValue): void; reject(error: unknown): void };

/** A fake client as its instance sees it. */
export class ClientEnd implements InstanceClient {
	readonly facts: ClientFacts;
	isConnected = false;
	closeStatus: NetStatus | undefined;
	bandwidthLimit: { readonly toClient: number; readonly fromClient: number } | undefined;
	readonly #instance: ApplicationInstance;
	readonly #options: ClientEndOptions;
	readonly #onCall: (name: string, args: readonly AmfValue[]) => unknown;
	readonly #calls = new Map<number, Waiting>();
	/** What fails when the client goes, and has not been answered. */
	readonly #asks = new Set<(error: unknown) => void>();
	/** What is told when the client goes: the ends of its streams. */
	readonly #streams = new Set<() => void>();
	#connecting: { resolve(): void; reject(error: unknown): void } | undefined;
	#nextCall = 1;
	#isGone = false;

	/** `onCall` answers the application's calls; what it throws is an error for an answer. */
	constructor(
		id: string,
		instance: ApplicationInstance,
		options: ClientEndOptions,
		onCall: (name: string, args: readonly AmfValue[]) => unknown,
	) {
		const { protocol = "rtmp", objectEncoding = 3, query = "" } = options;
		const path = `${instance.application}/${instance.instance}`;
		this.#instance = instance;
		this.#options = options;
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
					else reject(new NetStatusError(refusal));
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

	accept(): void {
		this.isConnected = true;
		this.#connecting?.resolve();
		this.#connecting = undefined;
	}

	reject(status: NetStatus): void {
		this.closeStatus = status;
		this.#instance.disconnect(this);
		this.#leave(status);
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
		this.#take(call)?.reject(new NetStatusError(this.#wire(status)));
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

	/** Shared objects are a matter between the application and clients that use them; this one does not. */
	sendSharedObject(): void {}

	setBandwidthLimit(toClient: number, fromClient: number): void {
		this.bandwidthLimit = { toClient, fromClient };
	}

	async answer(question: ClientQuestion): Promise<AmfValue> {
		const { ping = PING_MILLIS, bandwidth, stats } = this.#options;
		if (question === "ping") return ping;
		const found = question === "client-stats" ? stats : bandwidth;
		if (found !== undefined) return { ...found };
		const option = question === "client-stats" ? "stats" : "bandwidth";
		throw new Error(`A fake client has no figures but those that connect({ ${option}: … }) gives it.`);
	}

	close(status?: NetStatus): void {
		this.closeStatus = status;
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
	}
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
