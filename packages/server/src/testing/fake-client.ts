import { NetStatusError } from "@millrace/client";
import type { AmfValue } from "@millrace/core/amf";
import { type NetStatus, netStatus, parseStreamName, remoteMethods } from "@millrace/core/rtmp";
import type { ApplicationInstance, StreamFacts } from "../app/index.ts";
import { ClientEnd, type FakeClientOptions } from "./client-end.ts";
import type { FakeSharedObject } from "./fake-shared-object.ts";
import { plainValue } from "./wire-value.ts";

/** A call that the application has made. */
export type ReceivedCall = { readonly name: string; readonly args: readonly AmfValue[] };

/** A stream that a fake client publishes or plays. */
export type FakeStream = {
	/** Without a query. */
	readonly name: string;
	/** Ends it, which the application is told. */
	close(): void;
};

/** The real one, whatever a test puts in its place. */
const wait = setTimeout;

/**
 * A client without a network. Its values go through AMF in its encoding both ways, and the application meets it as it
 * meets every client; objects that it receives are plain ones, so that tests can compare them with literals.
 *
 * Promises reject with a `NetStatusError`, whose `info` is the status.
 */
export class FakeClient<Remote extends object = object> {
	/** Every call that the application has made, first one first. */
	readonly received: readonly ReceivedCall[];
	/** The methods of the application with their types: `client.remote.sum(1, 2)`. */
	readonly remote: Remote;
	readonly #end: ClientEnd;
	readonly #instance: ApplicationInstance;
	readonly #received: ReceivedCall[] = [];
	readonly #methods: Map<string, (...args: AmfValue[]) => unknown>;
	/** Calls that `nextCall` has given out. */
	readonly #given = new Set<ReceivedCall>();
	#arrivals: (() => void)[] = [];

	/** `startApplication` and `connect` make them. */
	constructor(id: string, instance: ApplicationInstance, options: FakeClientOptions) {
		this.#instance = instance;
		this.#methods = new Map(Object.entries(options.methods ?? {}));
		this.#end = new ClientEnd(id, instance, options, (name, args) => this.#onCall(name, args));
		this.received = this.#received;
		this.remote = remoteMethods<Remote>((name, args) => this.call(name, ...args));
	}

	/** The key of the client in `app.clients`. */
	get id(): string {
		return this.#end.facts.id;
	}

	/** Whether it is let in and has not gone. */
	get isConnected(): boolean {
		return this.#end.isConnected;
	}

	/** What the client was told when the application ended its connection, as far as it was told something. */
	get closeStatus(): NetStatus | undefined {
		return this.#end.closeStatus;
	}

	/** What `setBandwidthLimit` was called with last. */
	get bandwidthLimit(): { readonly toClient: number; readonly fromClient: number } | undefined {
		return this.#end.bandwidthLimit;
	}

	/** The runtime's: asks to be let in. Resolves when it is. */
	connect(): Promise<void> {
		return this.#end.connect();
	}

	/** Calls a method of the application and resolves to its result. Throws a `UsageError` for what cannot be sent. */
	async call(name: string, ...args: AmfValue[]): Promise<AmfValue> {
		return plainValue(await this.#end.call(name, args));
	}

	/** Calls a method of the application without wanting an answer. `settled()` waits until it is handled. */
	send(name: string, ...args: AmfValue[]): void {
		this.#end.send(name, args);
	}

	/**
	 * Gives the client a method that the application may call; its result, or a promise of one, is the answer. Without
	 * one the answer is the error that every client gives. What it throws is the answer too: check in the test itself.
	 */
	on(name: string, method: (...args: AmfValue[]) => unknown): this {
		this.#methods.set(name, method);
		return this;
	}

	/**
	 * The arguments of the next call of that name: of the first one that this method has not given out before, whether it
	 * has come already or is yet to come. Rejects after a time, in milliseconds (default 2000).
	 */
	async nextCall(name: string, timeoutMillis = 2000): Promise<readonly AmfValue[]> {
		let isLate = false;
		const timer = wait(() => {
			isLate = true;
			this.#wake();
		}, timeoutMillis);
		try {
			for (;;) {
				const call = this.#received.find(each => each.name === name && !this.#given.has(each));
				if (call !== undefined) {
					this.#given.add(call);
					return call.args;
				}
				if (isLate) throw new Error(`${name} was not called. What was: ${this.#names() || "nothing"}.`);
				await new Promise<void>(resolve => this.#arrivals.push(resolve));
			}
		} finally {
			clearTimeout(timer);
		}
	}

	/**
	 * Asks to publish a stream, with a query if wanted (`cam?key=…`), and resolves when the application allows it. The
	 * server's own rules (`publish.from`, `publish.key`) come before an application's; they are not asked here.
	 *
	 * @param mode `live`, `record`, `append` or `appendWithGap`
	 */
	publish(name: string, mode = "live"): Promise<FakeStream> {
		return this.#open("publish", "unpublish", streamFacts(name, mode));
	}

	/** Asks to play a stream, and resolves when the application allows it. Nothing is played. */
	play(name: string): Promise<FakeStream> {
		return this.#open("play", "stop", streamFacts(name, "play"));
	}

	/**
	 * Begins to use a shared object, and resolves when the application's data have come. Rejects where the client has no
	 * right to (`client.readAccess`).
	 */
	sharedObject(
		name: string,
		{ persistent = false }: { readonly persistent?: boolean } = {},
	): Promise<FakeSharedObject> {
		return this.#end.sharedObject(name, persistent);
	}

	/** Closes the connection: its streams end, then it is gone. */
	disconnect(): void {
		this.#end.disconnect();
	}

	async #open(ask: "publish" | "play", tell: "unpublish" | "stop", stream: StreamFacts): Promise<FakeStream> {
		await this.#end.ask(ask, stream);
		const close = this.#end.keep(() => this.#instance.tell(tell, this.#end, stream));
		return { name: stream.name, close };
	}

	#onCall(name: string, args: readonly AmfValue[]): unknown {
		const plain = args.map(value => plainValue(value));
		this.#received.push({ name, args: plain });
		this.#wake();
		const method = this.#methods.get(name);
		if (method === undefined) {
			throw new NetStatusError(netStatus("NetConnection.Call.Failed", `Method not found (${name}).`));
		}
		return method(...plain);
	}

	#wake(): void {
		const arrivals = this.#arrivals;
		this.#arrivals = [];
		for (const arrive of arrivals) arrive();
	}

	#names(): string {
		return [...new Set(this.#received.map(({ name }) => name))].join(", ");
	}
}

function streamFacts(address: string, mode: string): StreamFacts {
	const { name, prefix, query } = parseStreamName(address, MAX_NAME_LENGTH);
	return { name, query, mode, ...(prefix !== "" && { prefix }) };
}

/** As on a server. */
const MAX_NAME_LENGTH = 1024;
