import type { AmfValue } from "@millrace/core/amf";
import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import { TokenBucket } from "../net/index.ts";
import { type ClientEffect, ClientSlot } from "./client-slot.ts";
import { type EffectHost, EffectQueue, type EffectQueueOptions, type NarrowEffect } from "./effect-queue.ts";
import type { WideEffect } from "./fan-out.ts";
import type { InstanceClient, InstanceMedia, PermissionHandler } from "./instance-client.ts";
import { InstanceTotals } from "./instance-stats.ts";
import type {
	Admission,
	ApplicationHost,
	ApplicationPort,
	ClientId,
	PortEffect,
	PortEnd,
	PortEvent,
	RecordedFacts,
	SharedObjectType,
	StreamFacts,
} from "./port.ts";
import { QuestionDesk } from "./question-desk.ts";
import { TurnOutput } from "./turn-output.ts";

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

/** A client that was quiet for so long may make as many calls at once, in milliseconds. */
const CALL_BURST_MILLIS = 10_000;

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
	/** Calls that the application wants to see. */
	#handles: ReadonlySet<string> = new Set();
	readonly #totals = new InstanceTotals();
	readonly #questions: QuestionDesk;
	#isClosed = false;
	readonly #effects: EffectQueue;
	readonly #turn = new TurnOutput();

	constructor(application: string, instance: string, host: ApplicationHost, options: InstanceOptions) {
		this.application = application;
		this.instance = instance;
		this.#options = options;
		this.#media = options.media?.(this);
		this.#effects = new EffectQueue(this.#effectHost(), options);
		this.#questions = this.#makeQuestionDesk();
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
		const perSecond = this.#options.limits.callsPerSecond;
		const calls = new TokenBucket({ perSecond, burstMillis: CALL_BURST_MILLIS, isFull: true }, this.#options.now());
		this.#clients.set(client.facts.id, new ClientSlot(client, calls));
		this.#send({ kind: "connect", client: client.facts });
	}

	/** The client has gone, whether it was let in or not. */
	disconnect(client: InstanceClient): void {
		const { id } = client.facts;
		const slot = this.#clients.get(id);
		if (slot === undefined) return;
		if (slot.isIn) this.#totals.countDisconnect(client.line.stats());
		this.#clients.delete(id);
		this.#questions.forget(id);
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
		return this.#clients.get(client.facts.id)?.sampleAccess(stream) ?? { audio: true, video: true };
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
		const refusal = this.#clients.get(client.facts.id)?.refusal(kind, stream.name);
		if (refusal !== undefined) {
			onAnswer(refusal);
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
		for (const { client, isIn } of clients) {
			if (isIn) client.close(status);
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
			everybody: () => this.#everybody(),
			beginTurn: count => this.#turn.begin(count),
			endTurn: () => this.#turn.end(),
			onHandled: events => this.#onHandled(events),
			onFault: (effect, error) => this.#onFault(effect, error),
		};
	}

	#makeQuestionDesk(): QuestionDesk {
		return new QuestionDesk({
			media: this.#media,
			now: this.#options.now,
			lineOf: id => this.#clients.get(id)?.client.line,
			lines: () => [...this.#clients].map(([id, { client }]) => [id, client.line] as const),
			stats: () => {
				const here = [...this.#clients.values()].filter(({ isIn }) => isIn);
				return this.#totals.measure(here.map(({ client }) => client.line.stats()));
			},
			reply: ({ ask, isAwaited }, failed, value) => {
				if (isAwaited) this.#port.answer({ kind: "reply", ask, failed, value });
				else this.#send({ kind: "reply", ask, failed, value });
			},
			onFault: ({ question }, error) => this.#options.log("error", "effect-failed", `${question}: ${error}`),
		});
	}

	/** Carrying it out has failed: for a value that the client's encoding cannot hold, or a fault of ours. */
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
		const isHeld = this.#turn.holdOneOfMany(client);
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
	#everybody(): ClientId[] {
		const ids: ClientId[] = [];
		for (const [id, { isIn }] of this.#clients) if (isIn) ids.push(id);
		return ids;
	}

	#apply(effect: NarrowEffect): void {
		switch (effect.kind) {
			case "stream":
				this.#media?.act(effect.stream, effect.action, effect.args);
				return;
			case "ask":
				this.#questions.take(effect);
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
		if (slot === undefined || slot.holds(effect)) return;
		const { client } = slot;
		this.#turn.hold(client);
		switch (effect.kind) {
			case "accept":
				if (!slot.isIn) this.#accept(slot, effect);
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

	#accept(slot: ClientSlot, admission: Admission): void {
		const held = slot.letIn();
		this.#totals.countConnect();
		slot.client.accept(admission);
		// The client may leave in answer to any of them.
		for (const later of held) this.#applyToClient(later);
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
}

type Permission = { readonly client: ClientId; readonly onAnswer: PermissionHandler };
