import type { AmfClassRegistry, AmfConstructor, AmfValue } from "@millrace/core/amf";
import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import type {
	ClientFacts,
	InstanceStats,
	PortEffect,
	PortEnd,
	PortEvent,
	PortQuestion,
	PortReply,
	StreamFacts,
} from "../app/index.ts";
import { type InstanceStores, openRoom, receiveSharedObject, SERVER_CALLS } from "../app/index.ts";
import type { SharedObjectRoom } from "../shared-object/index.ts";
import type { Application, ApplicationConfig, ApplicationLog, ApplicationTimer } from "./application.ts";
import { CallProxies, type ProxyTarget } from "./call-proxy.ts";
import { CallError, Client, type ClientPort } from "./client.ts";
import {
	type ApplicationDefinition,
	type MaybeDecision,
	type MemoryUse,
	type Methods,
	Refusal,
	UNKNOWN_CALL,
} from "./definition.ts";
import { findMethod } from "./method-lookup.ts";
import { SharedObjectCollection } from "./shared-object.ts";
import { StreamCollection } from "./stream.ts";

/** Any application: the runtime knows nothing of its types. */
export type AnyDefinition = ApplicationDefinition<unknown, unknown, Methods<unknown, unknown>>;

/** What an instance is started with. */
export type InstanceSetup = {
	readonly application: string;
	/** The virtual host; empty for the default one. */
	readonly virtualHost: string;
	readonly instance: string;
	readonly config: ApplicationConfig;
	/** The classes of the application, which all its instances share. */
	readonly classes: AmfClassRegistry;
	/** The application's folder, where persistent shared objects are kept. Without it there are none. */
	readonly folder: string | undefined;
	/** The stores of the application's instances. */
	readonly stores: InstanceStores;
	/** Sends an effect. Throws a `UsageError` for values that cannot be sent. */
	emit(effect: PortEffect): void;
	/** Asks, and stands still until the answer is there. Throws an `Error` where it cannot. */
	askNow(ask: PortEffect): PortReply;
};

/** How much of an unknown method's name is repeated in the answer, which must not grow with the call. */
const SHOWN_NAME = 100;

/** Runs the code of one instance: takes the events of its port, calls the application's handlers, makes the effects. */
export class InstanceRuntime implements Application, ClientPort<unknown, unknown, object> {
	readonly name: string;
	readonly application: string;
	readonly virtualHost: string;
	readonly instance: string;
	readonly config: ApplicationConfig;
	readonly state: unknown;
	readonly streams: StreamCollection;
	readonly sharedObjects: SharedObjectCollection;
	readonly log: ApplicationLog;
	readonly #definition: AnyDefinition;
	readonly #setup: InstanceSetup;
	readonly #room: SharedObjectRoom;
	readonly #proxies = new CallProxies();
	/** All that the media side has told of; `clients` has those that are let in. */
	readonly #known = new Map<string, Client>();
	readonly #accepted = new Map<string, Client>();
	readonly #asks = new Map<number, Waiting>();
	readonly #calls = new Map<number, WaitingCall>();
	readonly #timers = new Set<NodeJS.Timeout>();
	/** Those of the calls that the server answers itself which come here first. */
	readonly #serverCalls: readonly string[];
	#nextNumber = 1;
	/** What `state` of the definition threw. */
	#stateFault: { readonly error: unknown } | undefined;
	/** Events that came before `onStart` was done. */
	#early: PortEvent[] | undefined = [];
	#isEnded = false;

	constructor(definition: AnyDefinition, setup: InstanceSetup) {
		this.#definition = definition;
		this.#setup = setup;
		this.application = setup.application;
		this.virtualHost = setup.virtualHost;
		this.instance = setup.instance;
		this.name = `${setup.application}/${setup.instance}`;
		this.config = setup.config;
		this.log = {
			debug: text => this.#log("debug", text),
			info: text => this.#log("info", text),
			warn: text => this.#log("warn", text),
			error: text => this.#log("error", text),
		};
		this.streams = new StreamCollection({
			emit: effect => this.emit(effect),
			ask: (question, args) => this.ask(question, args),
			askNow: (question, args) => this.askNow(question, args),
			onFault: error => this.reportFault("onStatus", error),
		});
		this.#room = openRoom({
			store: setup.folder === undefined ? undefined : setup.stores.take(setup.folder, setup.instance),
			emit: effect => this.emit(effect),
			accessOf: client => this.#known.get(client),
			onFault: (text, error) => (error === undefined ? this.#log("warn", text) : this.reportFault(text, error)),
		});
		this.sharedObjects = new SharedObjectCollection(this.#room, (where, error) => this.reportFault(where, error));
		this.#serverCalls = (definition.serverCalls ?? Object.keys(definition.methods ?? {})).filter(name =>
			SERVER_CALLS.includes(name),
		);
		try {
			this.state = definition.state?.();
		} catch (error) {
			this.#stateFault = { error };
		}
	}

	get app(): Application {
		return this;
	}

	get clients(): ReadonlyMap<string, Client> {
		return this.#accepted;
	}

	/** Calls `onStart`. When that fails, or `state` has, the instance ends. */
	async start(): Promise<void> {
		if (this.#serverCalls.length > 0) this.emit({ kind: "handles", names: this.#serverCalls });
		if (this.#stateFault !== undefined) {
			this.reportFault("state", this.#stateFault.error);
			this.shutdown();
			return;
		}
		try {
			await this.#definition.onStart?.(this);
		} catch (error) {
			this.reportFault("onStart", error);
			this.shutdown();
			return;
		}
		const early = this.#early ?? [];
		this.#early = undefined;
		for (const event of early) this.handle(event);
	}

	/** Takes an event. What the application's handlers throw is logged; nothing is thrown. */
	handle(event: PortEvent): void {
		// What the application asked for itself comes while it starts: it may be waiting for that.
		const isAnswer = event.kind === "reply" || event.kind === "stream-status";
		if (this.#early !== undefined && !isAnswer) {
			this.#early.push(event);
			return;
		}
		switch (event.kind) {
			case "connect":
				return this.#connect(event.client);
			case "disconnect":
				return this.#disconnect(event.client);
			case "call":
				return this.#call(event.client, event.call, event.name, event.args);
			case "answer":
				return this.#takeAnswer(event.call, event.failed, event.value);
			case "publish":
				return this.#askPermission("onPublish", event.client, event.request, event.stream);
			case "play":
				return this.#askPermission("onPlay", event.client, event.request, event.stream);
			case "unpublish":
				return this.#tell("onUnpublish", event.client, event.stream);
			case "stop":
				return this.#tell("onStop", event.client, event.stream);
			case "idle":
				return this.#askToStay();
			case "recorded":
				return this.#run("onRecord", () => this.#definition.onRecord?.(this, event.file));
			case "stream-status":
				return this.streams.tell(event.stream, event.status, event.push);
			case "reply":
				return this.#takeReply(event.ask, event.failed, event.value);
			case "shared-object":
				return receiveSharedObject(this.#room, event, effect => this.emit(effect));
		}
	}

	/** The application's memory is low. */
	tellLowMemory(memory: MemoryUse): void {
		this.#run("onLowMemory", () => this.#definition.onLowMemory?.(this, memory));
	}

	/** The instance is unloaded. Resolves when `onShutdown` is done. */
	async end(reason: PortEnd): Promise<void> {
		this.#isEnded = true;
		for (const timer of this.#timers) clearTimeout(timer);
		this.#timers.clear();
		for (const client of [...this.#known.keys()]) this.#disconnect(client);
		for (const { reject } of [...this.#asks.values(), ...this.#calls.values()]) {
			reject(new Error("The instance has ended."));
		}
		try {
			await this.#definition.onShutdown?.(this, reason);
		} catch (error) {
			this.reportFault("onShutdown", error);
		}
		this.sharedObjects.closeProxies();
		await this.#room.close().catch((error: unknown) => this.reportFault("shared objects", error));
		const { stores, folder, instance } = this.#setup;
		if (folder !== undefined) stores.release(folder, instance);
	}

	// ── what the application may do ──

	broadcast(name: string, ...args: AmfValue[]): void {
		this.emit({ kind: "broadcast", name, args });
	}

	registerClass(alias: string, type: AmfConstructor): void {
		this.#setup.classes.registerClass(alias, type);
	}

	registerProxy(method: string, target: ProxyTarget | null, targetMethod: string = method): boolean {
		return this.#proxies.register(method, target, targetMethod);
	}

	setTimeout(action: () => unknown, millis: number): ApplicationTimer {
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			this.#run("timer", action);
		}, millis);
		return this.#keep(timer);
	}

	setInterval(action: () => unknown, millis: number): ApplicationTimer {
		return this.#keep(setInterval(() => this.#run("timer", action), millis));
	}

	async stats(): Promise<InstanceStats> {
		return (await this.ask("instance-stats", [])) as unknown as InstanceStats;
	}

	shutdown(): void {
		this.emit({ kind: "shutdown" });
	}

	emit(effect: PortEffect): void {
		if (!this.#isEnded) this.#setup.emit(effect);
	}

	ask(question: PortQuestion, args: readonly AmfValue[]): Promise<AmfValue> {
		return new Promise((resolve, reject) => {
			const ask = this.#nextNumber++;
			this.emit({ kind: "ask", ask, question, args, isAwaited: false });
			this.#asks.set(ask, { resolve, reject });
		});
	}

	askNow(question: PortQuestion, args: readonly AmfValue[]): AmfValue {
		if (this.#isEnded) throw new Error("The instance has ended.");
		const ask = this.#nextNumber++;
		const { failed, value } = this.#setup.askNow({ kind: "ask", ask, question, args, isAwaited: true });
		if (failed) throw new Error(String(value));
		return value;
	}

	statsNow(): InstanceStats {
		return this.askNow("instance-stats", []) as unknown as InstanceStats;
	}

	callClient(client: string, name: string, args: readonly AmfValue[]): Promise<AmfValue> {
		return new Promise((resolve, reject) => {
			if (!this.#known.has(client)) throw new Error("The client has gone.");
			const call = this.#nextNumber++;
			this.emit({ kind: "call", client, call, name, args });
			// When the answer comes, nothing tells any more who asked for it.
			const place: { stack?: string } = {};
			Error.captureStackTrace(place, Client.prototype.call);
			this.#calls.set(call, { client, name, place, resolve, reject });
		});
	}

	/** Logs what a handler threw, with the place in the application's code. */
	reportFault(where: string, error: unknown): void {
		this.#log("error", `${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
	}

	// ── events ──

	#connect(facts: ClientFacts): void {
		let client: Client | undefined;
		this.#decide(
			"onConnect",
			() => {
				client = new Client(facts, this, this.#definition.clientState?.());
				this.#known.set(facts.id, client);
				return this.#definition.onConnect?.(client, ...facts.args);
			},
			refusal => {
				if (refusal !== undefined) {
					this.#known.delete(facts.id);
					this.emit({ kind: "reject", client: facts.id, status: rejection(refusal) });
				} else if (client?.isConnected) {
					this.#accepted.set(facts.id, client);
					this.emit({ kind: "accept", client: facts.id });
					this.#run("onConnected", () => this.#definition.onConnected?.(client!));
				}
			},
		);
	}

	#disconnect(id: string): void {
		const client = this.#known.get(id);
		if (client === undefined) return;
		this.#known.delete(id);
		client.leave();
		this.#room.disconnect(id);
		for (const [call, waiting] of this.#calls) {
			if (waiting.client !== id) continue;
			this.#calls.delete(call);
			waiting.reject(madeAt(waiting.place, new Error("The client has gone.")));
		}
		if (this.#accepted.delete(id)) this.#run("onDisconnect", () => this.#definition.onDisconnect?.(client));
	}

	#call(id: string, call: number, name: string, args: readonly AmfValue[]): void {
		const client = this.#known.get(id);
		if (client === undefined) return;
		const fail = (error: unknown) => {
			if (call !== 0) this.emit({ kind: "error", client: id, call, status: callFailed(error) });
		};
		const decline = () => {
			if (this.#serverCalls.includes(name)) this.emit({ kind: "decline", client: id, call });
			else fail(new Error(`Method not found (${name.slice(0, SHOWN_NAME)}).`));
		};
		const { methods, onCall } = this.#definition;
		const proxy = this.#proxies.find(name);
		const method = findMethod(methods, name);
		if (proxy === undefined && method === undefined && onCall === undefined) {
			decline();
			return;
		}
		const finish = (result: unknown) => {
			if (result === UNKNOWN_CALL) {
				decline();
				return;
			}
			if (result instanceof Refusal) fail(result);
			if (call === 0 || result instanceof Refusal) return;
			try {
				this.emit({ kind: "result", client: id, call, value: result as AmfValue });
			} catch (error) {
				this.reportFault(`result of ${name}`, error);
				fail(error);
			}
		};
		const breakOff = (error: unknown) => {
			// A refusal is meant.
			if (!(error instanceof Refusal)) this.reportFault(name, error);
			fail(error);
		};
		const run = () => {
			if (proxy !== undefined) return proxy(args, call !== 0);
			return method === undefined ? onCall!(client, name, ...args) : method(client, ...(args as never[]));
		};
		try {
			const result = run();
			if (isThenable(result)) Promise.resolve(result).then(finish, breakOff);
			else finish(result);
		} catch (error) {
			breakOff(error);
		}
	}

	#askPermission(handler: "onPublish" | "onPlay", id: string, request: number, stream: StreamFacts): void {
		const client = this.#known.get(id);
		if (client === undefined) return;
		this.#decide(
			handler,
			() => this.#definition[handler]?.(client, stream),
			refusal => {
				if (refusal === undefined) {
					this.emit({ kind: "allow", client: id, request });
					return;
				}
				const code = handler === "onPublish" ? "NetStream.Publish.Denied" : "NetStream.Play.Failed";
				this.emit({ kind: "refuse", client: id, request, status: netStatus(code, refusal.description) });
			},
		);
	}

	/** One that cannot say whether it wants to stay does not. */
	#askToStay(): void {
		const finish = (stays: unknown) => {
			if (stays !== false) this.emit({ kind: "unload" });
		};
		const fail = (error: unknown) => {
			this.reportFault("onIdle", error);
			finish(undefined);
		};
		try {
			const answer = this.#definition.onIdle?.(this);
			if (isThenable(answer)) Promise.resolve(answer).then(finish, fail);
			else finish(answer);
		} catch (error) {
			fail(error);
		}
	}

	#tell(handler: "onUnpublish" | "onStop", id: string, stream: StreamFacts): void {
		const client = this.#known.get(id);
		if (client !== undefined) this.#run(handler, () => this.#definition[handler]?.(client, stream));
	}

	#takeAnswer(call: number, failed: boolean, value: AmfValue): void {
		const waiting = this.#calls.get(call);
		this.#calls.delete(call);
		if (failed) waiting?.reject(madeAt(waiting.place, new CallError(waiting.name, value)));
		else waiting?.resolve(value);
	}

	#takeReply(ask: number, failed: boolean, value: AmfValue): void {
		const waiting = this.#asks.get(ask);
		this.#asks.delete(ask);
		if (failed) waiting?.reject(new Error(String(value)));
		else waiting?.resolve(value);
	}

	/** Runs a handler that decides; a decision that is there at once takes effect at once. */
	#decide(where: string, handler: () => MaybeDecision, onDecided: (refusal: Refusal | undefined) => void): void {
		const finish = (decision: Awaited<MaybeDecision>) => {
			const refusal = decision === false ? new Refusal("Connection failed.", undefined, undefined) : decision;
			onDecided(refusal instanceof Refusal ? refusal : undefined);
		};
		const fail = (error: unknown) => {
			if (error instanceof Refusal) {
				onDecided(error);
				return;
			}
			this.reportFault(where, error);
			onDecided(new Refusal("The application failed.", undefined, undefined));
		};
		try {
			const decision = handler();
			if (isThenable(decision)) Promise.resolve(decision).then(finish, fail);
			else finish(decision);
		} catch (error) {
			fail(error);
		}
	}

	/** Runs a handler of which nothing is wanted. */
	#run(where: string, handler: () => unknown): void {
		try {
			const result = handler();
			if (isThenable(result)) Promise.resolve(result).catch((error: unknown) => this.reportFault(where, error));
		} catch (error) {
			this.reportFault(where, error);
		}
	}

	#keep(timer: NodeJS.Timeout): ApplicationTimer {
		if (this.#isEnded) clearTimeout(timer);
		else this.#timers.add(timer);
		return {
			cancel: () => {
				clearTimeout(timer);
				this.#timers.delete(timer);
			},
		};
	}

	#log(level: "debug" | "info" | "warn" | "error", text: string): void {
		this.#setup.emit({ kind: "log", level, text });
	}
}

type Waiting = {
	readonly resolve: (value: AmfValue) => void;
	readonly reject: (error: Error) => void;
};

type WaitingCall = Waiting & {
	readonly client: string;
	readonly name: string;
	readonly place: Place;
};

/** Where something was called for; the stack is made into text only when it is read. */
type Place = { readonly stack?: string };

/** Gives an error the stack of the place that it is about. */
function madeAt(place: Place, error: Error): Error {
	error.stack = `${error.name}: ${error.message}\n${place.stack?.replace(/^.*\n/, "") ?? ""}`;
	return error;
}

function rejection({ description, application, address }: Refusal): NetStatus {
	return netStatus("NetConnection.Connect.Rejected", `[ Server.Reject ] : ${description}`, {
		...(application !== undefined && { application }),
		...(address !== undefined && { ex: { code: 302, redirect: address } }),
	});
}

/** What a client is told of an error; the stack is for the log alone. */
function callFailed(error: unknown): NetStatus {
	if (error instanceof Refusal) {
		const { description, application } = error;
		return netStatus("NetConnection.Call.Failed", description, application === undefined ? {} : { application });
	}
	const text = error instanceof Error ? error.message : String(error);
	return netStatus("NetConnection.Call.Failed", text);
}

function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
	return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
