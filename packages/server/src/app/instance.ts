import type { AmfObject, AmfValue } from "@millrace/core/amf";
import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import { accessAllows } from "./access-list.ts";
import { AliveCheck } from "./alive-check.ts";
import { CallAllowance } from "./call-allowance.ts";
import { type EffectHost, EffectQueue, type EffectQueueOptions, type NarrowEffect } from "./effect-queue.ts";
import type { WideEffect } from "./fan-out.ts";
import type {
	ClientLine,
	ClientQuestion,
	InstanceClient,
	InstanceMedia,
	PermissionHandler,
} from "./instance-client.ts";
import { InstanceTotals } from "./instance-stats.ts";
import type {
	ApplicationHost,
	ApplicationPort,
	ClientId,
	PortEffect,
	PortEnd,
	PortEvent,
	PortQuestion,
	RecordedFacts,
	SharedObjectType,
	StreamFacts,
} from "./port.ts";

/** What one instance and its clients may use. */
export type InstanceLimits = {
	/** Clients at once. More are rejected. */
	readonly clients: number;
	/** Calls that one client may make in a second, on average over ten. More fail. */
	readonly callsPerSecond: number;
};

/** What an instance needs of the server. */
export type InstanceOptions = {
	readonly limits: InstanceLimits;
	/** Makes what the application does with media. Default: it can do nothing. */
	readonly media?: (instance: ApplicationInstance) => InstanceMedia;
	/** Monotonic milliseconds. */
	now(): number;
	/** As in `EffectQueueOptions`. */
	readonly schedule?: EffectQueueOptions["schedule"];
	/** As in `EffectQueueOptions`. */
	readonly waitingBytes?: number;
	log(level: "debug" | "info" | "warn" | "error", event: string, text: string): void;
	/** The application has ended, or wants to: every client has been sent away. */
	onEnded(instance: ApplicationInstance): void;
};

/** Questions that an application may have open at once. */
const MAX_ASKED = 256;
/** Clients whose output waits for the end of a turn: all of it leaves at once then. */
const MAX_TOLD = 64;

/**
 * One instance of an application (`app/instance`): its clients on this side, the application behind its port.
 *
 * What it promises about order (design §5): events and effects keep theirs. What the application does to a client that
 * it has not let in yet follows the answer to `connect`. A client's access rights are those that the application's
 * effects had set when the client's next command is handled. `whenCallsAreHandled` lets a client's `createStream`,
 * `publish` and `play` wait until the application has begun the calls that came before them.
 */
export class ApplicationInstance {
	readonly application: string;
	readonly instance: string;
	readonly #options: InstanceOptions;
	readonly #port: ApplicationPort;
	readonly #media: InstanceMedia | undefined;
	readonly #clients = new Map<ClientId, ClientSlot>();
	readonly #permissions = new Map<number, Permission>();
	/** Clients that wait for calls of theirs to be handled, by the number of the last one. */
	readonly #waiting: { readonly event: number; readonly client: ClientId; readonly proceed: () => void }[] = [];
	#nextRequest = 1;
	/** Events that were sent, and how many of them the application has begun to handle. */
	#sent = 0;
	#handled = 0;
	/** Questions of the application that are not answered yet. */
	#asked = 0;
	/** Calls that the application wants to see. */
	#handles: ReadonlySet<string> = new Set();
	readonly #totals = new InstanceTotals();
	readonly #alive: AliveCheck;
	#isClosed = false;
	readonly #effects: EffectQueue;
	/** While several effects are applied: whom they are for. Each is told of all of them in one write. */
	#told: Set<InstanceClient> | undefined;

	constructor(application: string, instance: string, host: ApplicationHost, options: InstanceOptions) {
		this.application = application;
		this.instance = instance;
		this.#options = options;
		this.#media = options.media?.(this);
		this.#effects = new EffectQueue(this.#effectHost(), options);
		const lines = () => [...this.#clients].map(([id, { client }]) => [id, client.line] as const);
		this.#alive = new AliveCheck(options.now, lines);
		this.#port = host.open(application, instance, {
			onEffects: (effects, handled) => {
				if (!this.#isClosed) this.#effects.take(effects, handled);
			},
			isBusy: () => this.#effects.isBusy,
			onLost: reason => this.end(netStatus("NetConnection.Connect.AppShutdown", reason)),
		});
	}

	get clientCount(): number {
		return this.#clients.size;
	}

	get isClosed(): boolean {
		return this.#isClosed;
	}

	/** Asks the application to let a client in. */
	connect(client: InstanceClient): void {
		if (this.#clients.size >= this.#options.limits.clients) {
			client.reject(netStatus("NetConnection.Connect.Rejected", "[ Server.Reject ] : Too many clients."));
			return;
		}
		const calls = new CallAllowance(this.#options.limits.callsPerSecond, this.#options.now());
		this.#clients.set(client.facts.id, {
			client,
			held: [],
			read: "/",
			write: "/",
			samples: ALL_SAMPLES,
			virtualKey: client.facts.virtualKey ?? "",
			lastCall: 0,
			calls,
		});
		this.#send({ kind: "connect", client: client.facts });
	}

	/** The client has gone, whether it was let in or not. */
	disconnect(client: InstanceClient): void {
		const { id } = client.facts;
		const slot = this.#clients.get(id);
		if (slot === undefined) return;
		if (slot.held === undefined) this.#totals.countDisconnect(client.line.stats());
		this.#clients.delete(id);
		this.#alive.forget(id);
		for (const [request, permission] of this.#permissions) {
			if (permission.client === id) this.#permissions.delete(request);
		}
		this.#send({ kind: "disconnect", client: id });
	}

	call(client: InstanceClient, call: number, name: string, args: readonly AmfValue[]): void {
		const slot = this.#clients.get(client.facts.id);
		if (slot === undefined) return;
		if (!slot.calls.take(this.#options.now())) {
			const text = `More than ${this.#options.limits.callsPerSecond} calls a second.`;
			if (call !== 0) client.sendError(call, netStatus("NetConnection.Call.Failed", text));
			return;
		}
		this.#send({ kind: "call", client: client.facts.id, call, name, args });
		slot.lastCall = this.#sent;
	}

	/** Whether the application wants to see a call that the server could answer (`SERVER_CALLS`). */
	handles(name: string): boolean {
		return this.#handles.has(name);
	}

	/** Whether a client may use the samples of a stream (`|RtmpSampleAccess`). */
	sampleAccess(client: InstanceClient, stream: string): { readonly audio: boolean; readonly video: boolean } {
		const { audio, video } = this.#clients.get(client.facts.id)?.samples ?? ALL_SAMPLES;
		return { audio: accessAllows(audio, stream), video: accessAllows(video, stream) };
	}

	/** The virtual key of a client: it decides in which folders its names of files are looked up. Empty: it has none. */
	virtualKey(client: InstanceClient): string {
		return this.#clients.get(client.facts.id)?.virtualKey ?? "";
	}

	/**
	 * Whether the application has yet to begin one of the client's calls. Where it has, `proceed` is called as soon as
	 * that and what the call did until its first wait are done, unless the client leaves.
	 */
	whenCallsAreHandled(client: InstanceClient, proceed: () => void): boolean {
		const slot = this.#clients.get(client.facts.id);
		if (slot === undefined || slot.lastCall <= this.#handled) return false;
		this.#waiting.push({ event: slot.lastCall, client: client.facts.id, proceed });
		return true;
	}

	sharedObject(client: InstanceClient, type: SharedObjectType, body: Uint8Array): void {
		this.#send({ kind: "shared-object", client: client.facts.id, type, body });
	}

	/** Asks whether a client may publish or play: by the rights that the application gave it, then the application. */
	ask(kind: "publish" | "play", client: InstanceClient, stream: StreamFacts, onAnswer: PermissionHandler): void {
		const slot = this.#clients.get(client.facts.id);
		const list = kind === "publish" ? slot?.write : slot?.read;
		if (list !== undefined && !accessAllows(list, stream.name)) {
			onAnswer(noAccess(kind, stream.name));
			return;
		}
		const request = this.#nextRequest++;
		this.#permissions.set(request, { client: client.facts.id, onAnswer });
		this.#send({ kind, client: client.facts.id, request, stream });
	}

	/** Tells that a client no longer publishes or plays. */
	tell(kind: "unpublish" | "stop", client: InstanceClient, stream: StreamFacts): void {
		this.#send({ kind, client: client.facts.id, stream });
	}

	/** Tells that a recording is finished. */
	tellRecorded(file: RecordedFacts): void {
		this.#send({ kind: "recorded", file });
	}

	/** Tells the application what happens to a stream of its own, or to its publication on another server. */
	tellStream(stream: string, status: NetStatus, push?: number): void {
		this.#send({ kind: "stream-status", stream, status, ...(push !== undefined && { push }) });
	}

	/** There have been no clients for some time: the application may end. */
	tellIdle(): void {
		this.#send({ kind: "idle" });
	}

	/** Sends every client away with a status, and unloads the application. */
	end(status: NetStatus): void {
		if (this.#isClosed) return;
		const clients = [...this.#clients.values()];
		this.close();
		for (const { client, held } of clients) {
			if (held === undefined) client.close(status);
			else client.reject(netStatus("NetConnection.Connect.Rejected", `[ Server.Reject ] : ${status.description}`));
		}
		this.#options.onEnded(this);
	}

	/** Unloads the application. */
	close(reason: PortEnd = "ended"): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.#permissions.clear();
		this.#clients.clear();
		this.#waiting.length = 0;
		this.#effects.clear();
		this.#port.close(reason);
		this.#media?.close();
	}

	#send(event: PortEvent): void {
		if (this.#isClosed) return;
		this.#sent++;
		this.#port.send(event);
	}

	#effectHost(): EffectHost {
		return {
			apply: effect => this.#apply(effect),
			tell: (client, effects) => this.#tellClient(client, effects),
			everybody: () => this.#letIn(),
			beginTurn: count => {
				if (count > 1) this.#told = new Set();
			},
			endTurn: () => {
				const told = this.#told ?? [];
				this.#told = undefined;
				for (const client of told) client.releaseOutput();
			},
			onHandled: events => this.#onHandled(events),
			onFault: (effect, error) => this.#onFault(effect, error),
		};
	}

	/** A value that this client's encoding cannot hold, or a fault of ours. */
	#onFault(effect: PortEffect, error: unknown): void {
		this.#options.log("error", "effect-failed", `${effect.kind}: ${error instanceof Error ? error.stack : error}`);
	}

	#onHandled(events: number): void {
		this.#handled = Math.max(this.#handled, Math.min(events, this.#sent));
		while (this.#waiting.length > 0 && this.#waiting[0]!.event <= this.#handled) {
			const { client, proceed } = this.#waiting.shift()!;
			if (this.#clients.has(client)) proceed();
		}
	}

	/** In one write, with what else happens in the turn; of many clients each has its own, which waits for nobody. */
	#tellClient(id: ClientId, effects: readonly WideEffect[]): void {
		const client = this.#clients.get(id)?.client;
		if (client === undefined) return;
		const told = this.#told;
		if (told !== undefined && told.size < MAX_TOLD) this.#hold(client);
		const isHeld = told?.has(client) ?? false;
		if (!isHeld) client.holdOutput();
		for (const effect of effects) {
			try {
				if (effect.kind === "broadcast") client.callMethod(effect.name, effect.args);
				else client.sendSharedObject(effect.type, effect.body);
			} catch (error) {
				this.#onFault(effect, error);
			}
		}
		if (!isHeld) client.releaseOutput();
	}

	/** Clients that are let in. */
	#letIn(): ClientId[] {
		const ids: ClientId[] = [];
		for (const [id, { held }] of this.#clients) if (held === undefined) ids.push(id);
		return ids;
	}

	#apply(effect: NarrowEffect): void {
		switch (effect.kind) {
			case "stream":
				this.#media?.act(effect.stream, effect.action, effect.args);
				return;
			case "ask":
				this.#reply(effect);
				return;
			case "handles":
				this.#handles = new Set(effect.names);
				return;
			case "log":
				this.#options.log(effect.level, "application", effect.text);
				return;
			case "unload":
				if (this.#clients.size > 0) return;
				this.close("idle");
				this.#options.onEnded(this);
				return;
			case "shutdown":
				this.end(netStatus("NetConnection.Connect.AppShutdown"));
				return;
			default:
				this.#applyToClient(effect);
		}
	}

	#applyToClient(effect: ClientEffect): void {
		// A client may be gone before the application has answered.
		const slot = this.#clients.get(effect.client);
		if (slot === undefined) return;
		const { client, held } = slot;
		if (held !== undefined && isForLater(effect)) {
			held.push(effect);
			return;
		}
		this.#hold(client);
		switch (effect.kind) {
			case "accept":
				if (held === undefined) return;
				slot.held = undefined;
				this.#totals.countConnect();
				client.accept(effect);
				// The client may leave in answer to any of them.
				for (const later of held) this.#applyToClient(later);
				return;
			case "reject":
				return client.reject(effect.status);
			case "result":
				return client.sendResult(effect.call, effect.value);
			case "error":
				return client.sendError(effect.call, effect.status);
			case "call":
				return this.#callClient(client, effect.call, effect.name, effect.args);
			case "allow":
				return this.#permit(effect.client, effect.request, undefined);
			case "refuse":
				return this.#permit(effect.client, effect.request, effect.status);
			case "access":
				slot.read = effect.read;
				slot.write = effect.write;
				return;
			case "bandwidth":
				return client.line.setBandwidthLimit(effect.toClient, effect.fromClient);
			case "sample-access":
				slot.samples = effect;
				return;
			case "virtual-key":
				slot.virtualKey = effect.key;
				return;
			case "decline":
				return client.answerCall(effect.call);
			case "close":
				return client.close();
		}
	}

	/** Lets what a client is told wait for the end of the effects. */
	#hold(client: InstanceClient): void {
		if (this.#told === undefined || this.#told.has(client)) return;
		this.#told.add(client);
		client.holdOutput();
	}

	#callClient(client: InstanceClient, call: number, name: string, args: readonly AmfValue[]): void {
		if (call === 0) {
			client.callMethod(name, args);
			return;
		}
		const { id } = client.facts;
		const answer = (failed: boolean, value: AmfValue) => {
			if (this.#clients.has(id)) this.#send({ kind: "answer", client: id, call, failed, value });
		};
		client.callMethod(name, args, { onResult: value => answer(false, value), onError: value => answer(true, value) });
	}

	#permit(client: ClientId, request: number, refusal: NetStatus | undefined): void {
		const permission = this.#permissions.get(request);
		if (permission?.client !== client) return;
		this.#permissions.delete(request);
		permission.onAnswer(refusal);
	}

	#reply({ ask, question, args, isAwaited }: Extract<PortEffect, { kind: "ask" }>): void {
		const reply = (failed: boolean, value: AmfValue) => {
			if (isAwaited) this.#port.answer({ kind: "reply", ask, failed, value });
			else this.#send({ kind: "reply", ask, failed, value });
		};
		if (this.#asked >= MAX_ASKED) {
			reply(true, `More than ${MAX_ASKED} questions wait for an answer.`);
			return;
		}
		const immediate = isAwaited ? this.#immediateAnswer(question, args) : undefined;
		if (immediate !== undefined) {
			reply(false, immediate);
			return;
		}
		this.#asked++;
		this.#answer(question, args)
			.then(
				value => reply(false, value),
				(error: unknown) => reply(true, error instanceof Error ? error.message : String(error)),
			)
			.catch((error: unknown) => this.#options.log("error", "effect-failed", `${question}: ${error}`))
			.finally(() => {
				this.#asked--;
			});
	}

	/** What is known without a wait: code in this process, which cannot stand still, gets no other answers. */
	#immediateAnswer(question: PortQuestion, args: readonly AmfValue[]): AmfValue {
		if (question === "instance-stats") return this.#stats();
		const line = this.#clients.get(String(args[0]))?.client.line;
		if (question === "client-stats") return line?.stats() as unknown as AmfObject | undefined;
		return question === "bandwidth-limit" && line !== undefined ? { ...line.bandwidthLimit } : undefined;
	}

	async #answer(question: PortQuestion, args: readonly AmfValue[]): Promise<AmfValue> {
		if (question === "instance-stats") return this.#stats();
		if (question === "alive") return this.#alive.ask(String(args[0]));
		if (
			question === "client-stats" ||
			question === "bandwidth-limit" ||
			question === "ping" ||
			question === "check-bandwidth"
		) {
			const slot = this.#clients.get(String(args[0]));
			if (slot === undefined) throw new Error("The client has gone.");
			return askLine(slot.client.line, question);
		}
		if (this.#media === undefined) throw new Error("There is no media here.");
		return this.#media.answer(question, args);
	}

	#stats(): AmfObject {
		const here = [...this.#clients.values()].filter(({ held }) => held === undefined);
		return { ...this.#totals.measure(here.map(({ client }) => client.line.stats())) };
	}
}

function askLine(line: ClientLine, question: Exclude<ClientQuestion, "alive" | "instance-stats">): Promise<AmfValue> {
	return new Promise((resolve, reject) => {
		const answer = (value: AmfValue) => {
			if (value === undefined) reject(new Error("The client did not answer."));
			else resolve(value);
		};
		if (question === "ping") line.ping(answer);
		else if (question === "client-stats") resolve(line.stats() as unknown as AmfObject);
		else if (question === "bandwidth-limit") resolve({ ...line.bandwidthLimit });
		else if (!line.checkBandwidth(answer)) reject(new Error("The client is not connected."));
	});
}

/** An effect that is for one client. */
type ClientEffect = Exclude<
	PortEffect,
	{ kind: "broadcast" | "shared-object" | "stream" | "ask" | "handles" | "log" | "unload" | "shutdown" }
>;

/** A client, and what the application did to it before it let it in: that follows the answer to `connect`. */
type ClientSlot = {
	readonly client: InstanceClient;
	held: ClientEffect[] | undefined;
	read: string;
	write: string;
	samples: { readonly audio: string; readonly video: string };
	virtualKey: string;
	/** The event of its last call. */
	lastCall: number;
	readonly calls: CallAllowance;
};

type Permission = { readonly client: ClientId; readonly onAnswer: PermissionHandler };

const ALL_SAMPLES = { audio: "/", video: "/" };

/** Rights must hold from the client's first command on, so they do not wait for its answer. */
function isForLater({ kind }: ClientEffect): boolean {
	return !["accept", "reject", "close", "access", "sample-access", "virtual-key"].includes(kind);
}

function noAccess(kind: "publish" | "play", name: string): NetStatus {
	const [code, what] =
		kind === "publish"
			? (["NetStream.Publish.Denied", "published"] as const)
			: (["NetStream.Play.Failed", "played"] as const);
	return netStatus(code, `${name} may not be ${what} by this client.`);
}
