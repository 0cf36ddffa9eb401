import type { AmfValue } from "@millrace/core/amf";
import { remoteMethods } from "@millrace/core/rtmp";
import type { ClientFacts, ClientStats, PortEffect, PortQuestion } from "../app/index.ts";
import type { Application } from "./application.ts";

/** What a client needs of the runtime that it lives in. */
export interface ClientPort<State, ClientState, Remote extends object> {
	readonly app: Application<State, ClientState, Remote>;
	/** Throws a `UsageError` for what cannot be sent. */
	emit(effect: PortEffect): void;
	ask(question: PortQuestion, args: readonly AmfValue[]): Promise<AmfValue>;
	/** The same, and stands still until the answer is there. Throws an `Error` where there is none. */
	askNow(question: PortQuestion, args: readonly AmfValue[]): AmfValue;
	/** Calls a method of the client and waits for the answer. */
	callClient(client: string, name: string, args: readonly AmfValue[]): Promise<AmfValue>;
}

/** A client of an instance (Server-Side ActionScript, class `Client`). It can be read after the client has gone. */
export class Client<State = unknown, ClientState = unknown, Remote extends object = object> {
	/** The instance that it is connected to. */
	readonly app: Application<State, ClientState, Remote>;
	/** Unique as long as the server runs. */
	readonly id: string;
	/** Its address; behind a trusted proxy the one that the proxy tells. */
	readonly ip: string;
	/** `rtmp`, `rtmps`, `rtmpt`, `rtmpts`, `rtmpe`, `rtmpte`, `ws` or `wss`. */
	readonly protocol: string;
	/** The version of RTMP with which it began: 3; of RTMPE 6, 8 or 9, by the kind of encryption. */
	readonly protocolVersion: number;
	/** Whether TLS protects the connection. */
	readonly secure: boolean;
	/** The address that it connected to. */
	readonly uri: string;
	/** The query of that address, without the question mark. */
	readonly query: string;
	/** The address of the page that its SWF file was in; empty where it says none. */
	readonly pageUrl: string;
	/** The address of the SWF file that made the connection. */
	readonly referrer: string;
	/** What it says it is: `WIN 9,0,45,0`, `FMLE/3.0 …`. */
	readonly agent: string;
	/** Whether it speaks AMF0 or AMF3. */
	readonly objectEncoding: 0 | 3;
	/** What it gave `connect` behind the address. */
	readonly args: readonly AmfValue[];
	/** What the application remembers of it. */
	readonly state: ClientState;
	readonly #port: ClientPort<State, ClientState, Remote>;
	#readAccess = "/";
	#writeAccess = "/";
	#audioSampleAccess = "/";
	#videoSampleAccess = "/";
	#virtualKey: string;
	#isConnected = true;
	#remote: RemoteCalls<Remote> | undefined;

	constructor(facts: ClientFacts, port: ClientPort<State, ClientState, Remote>, state: ClientState) {
		this.app = port.app;
		this.id = facts.id;
		this.ip = facts.remoteAddress;
		this.protocol = facts.protocol;
		this.protocolVersion = facts.protocolVersion ?? 3;
		this.secure = facts.secure;
		this.uri = facts.tcUrl;
		this.query = facts.query;
		this.pageUrl = facts.pageUrl;
		this.referrer = facts.swfUrl;
		this.agent = facts.flashVer;
		this.objectEncoding = facts.objectEncoding;
		this.args = facts.args;
		this.#virtualKey = facts.virtualKey ?? "";
		this.state = state;
		this.#port = port;
	}

	/** False once it has gone. */
	get isConnected(): boolean {
		return this.#isConnected;
	}

	/**
	 * Which streams it may play, and which shared objects it may use: paths parted by `;`, each covering the name itself
	 * and what lies in the folder of that name; `/` (the default) covers everything, an empty text nothing.
	 */
	get readAccess(): string {
		return this.#readAccess;
	}

	set readAccess(paths: string) {
		this.#readAccess = paths;
		this.#sendAccess();
	}

	/** Which streams it may publish, and which shared objects it may make and change; paths as in `readAccess`. */
	get writeAccess(): string {
		return this.#writeAccess;
	}

	set writeAccess(paths: string) {
		this.#writeAccess = paths;
		this.#sendAccess();
	}

	/** Of which streams it may use the samples of the sound (`|RtmpSampleAccess`); paths as in `readAccess`. */
	get audioSampleAccess(): string {
		return this.#audioSampleAccess;
	}

	set audioSampleAccess(paths: string) {
		this.#audioSampleAccess = paths;
		this.#sendSampleAccess();
	}

	/** Of which streams it may use the pictures (`|RtmpSampleAccess`); paths as in `readAccess`. */
	get videoSampleAccess(): string {
		return this.#videoSampleAccess;
	}

	set videoSampleAccess(paths: string) {
		this.#videoSampleAccess = paths;
		this.#sendSampleAccess();
	}

	/**
	 * Of the folders of files that are for some clients only (`media.directories` with `virtualKey`), those that are for
	 * it: at first what `media.virtualKeys` gives its version, empty for none. It counts for what is played from now on.
	 */
	get virtualKey(): string {
		return this.#virtualKey;
	}

	set virtualKey(key: string) {
		this.#virtualKey = key;
		this.#port.emit({ kind: "virtual-key", client: this.id, key });
	}

	/**
	 * Calls a method of the client and resolves with its result. Rejects with a `CallError` where the client has no such
	 * method or the method fails, and with an `Error` where the client leaves first.
	 */
	call(name: string, ...args: AmfValue[]): Promise<AmfValue> {
		return this.#port.callClient(this.id, name, args);
	}

	/**
	 * The methods of the client with the types that `clientMethods` of the definition gave: `client.remote.ask(1)` is
	 * `client.call("ask", 1)`, and `client.remote.chat.said("hi")` calls `chat/said`.
	 */
	get remote(): RemoteCalls<Remote> {
		this.#remote ??= remoteMethods<RemoteCalls<Remote>>((name, args) => this.call(name, ...args));
		return this.#remote;
	}

	/** Calls a method of the client, of whose result nothing is wanted. */
	send(name: string, ...args: AmfValue[]): void {
		this.#port.emit({ kind: "call", client: this.id, call: 0, name, args });
	}

	/** Ends its connection. */
	disconnect(): void {
		this.#port.emit({ kind: "close", client: this.id });
	}

	/** Bounds what is sent to it and what is taken from it, in bytes a second; 0 leaves a bound as it is, `Infinity` lifts it. */
	setBandwidthLimit(toClient: number, fromClient: number): void {
		this.#port.emit({ kind: "bandwidth", client: this.id, toClient, fromClient });
	}

	/** Measures how fast data reaches it. Rejects where it does not answer. */
	async checkBandwidth(): Promise<Readonly<Record<string, AmfValue>>> {
		return asRecord(await this.#port.ask("check-bandwidth", [this.id]));
	}

	/** The round trip of a ping, in milliseconds. Rejects where no answer comes. */
	async ping(): Promise<number> {
		return Number(await this.#port.ask("ping", [this.id]));
	}

	/** What it has received and sent, and what waits for it (`Client.getStats`). */
	async stats(): Promise<ClientStats> {
		return (await this.#port.ask("client-stats", [this.id])) as unknown as ClientStats;
	}

	/** What `setBandwidthLimit` and the settings have set, in bytes a second; the instance stands still until the server has said it. */
	bandwidthLimitNow(): { readonly toClient: number; readonly fromClient: number } {
		const { serverToClient, clientToServer } = asRecord(this.#port.askNow("bandwidth-limit", [this.id]));
		return { toClient: Number(serverToClient), fromClient: Number(clientToServer) };
	}

	/** `stats`, and the instance stands still until the server has said it. Throws an error for one that has gone. */
	statsNow(): ClientStats {
		return this.#port.askNow("client-stats", [this.id]) as unknown as ClientStats;
	}

	/**
	 * Whether it has answered lately, or does within a second; the instance stands still meanwhile. Who asks about all
	 * clients in a row waits for those that are dead together.
	 */
	isAlive(): boolean {
		return this.#isConnected && this.#port.askNow("alive", [this.id]) === true;
	}

	/** The runtime's: the client has gone. */
	leave(): void {
		this.#isConnected = false;
	}

	#sendSampleAccess(): void {
		const paths = { audio: this.#audioSampleAccess, video: this.#videoSampleAccess };
		this.#port.emit({ kind: "sample-access", client: this.id, ...paths });
	}

	#sendAccess(): void {
		this.#port.emit({ kind: "access", client: this.id, read: this.#readAccess, write: this.#writeAccess });
	}
}

/** The methods of a client as they are called from afar: with a promise of the result. */
export type RemoteCalls<Remote extends object> = {
	readonly [Name in keyof Remote]: Remote[Name] extends (...args: infer Args) => infer Result
		? (...args: Args) => Promise<Awaited<Result>>
		: Remote[Name] extends object
			? RemoteCalls<Remote[Name]>
			: never;
};

/** A client answered a call with an error: `info` is what it sent, nearly always an info object. */
export class CallError extends Error {
	/** What the client sent. */
	readonly info: AmfValue;

	constructor(method: string, info: AmfValue) {
		const { description } = asRecord(info);
		super(typeof description === "string" && description !== "" ? description : `The client could not do ${method}.`);
		this.name = "CallError";
		this.info = info;
	}
}

export function asRecord(value: AmfValue): Readonly<Record<string, AmfValue>> {
	return typeof value === "object" && value !== null ? (value as Record<string, AmfValue>) : {};
}
