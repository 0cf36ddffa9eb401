import { PeerError } from "@millrace/core/fault";
import {
	type ApplicationPort,
	decodeControl,
	decodeEffect,
	encodeControl,
	encodeEvent,
	encodeFrame,
	FrameReader,
	LowMemoryAlarm,
	type PortEffect,
	type PortEnd,
	type PortListener,
	type PortReply,
	WorkShare,
} from "../app/index.ts";
import type { EventLog, LogLevel } from "../log/index.ts";
import type { HostChannel, RuntimeSetup, StartChannel } from "./host-channel.ts";
import { LineAllowance } from "./line-allowance.ts";

/** What bounds the runtime of an application. */
export type RuntimeLimits = {
	/** Bound of the JavaScript heap, in MiB. */
	readonly memoryMebibytes: number;
	/** How long the application may go without letting the event loop turn, in milliseconds. */
	readonly turnMillis: number;
	/** How long its code may take to load, in milliseconds. */
	readonly startMillis: number;
	/** Bytes of events that wait for it. */
	readonly queueBytes: number;
	/** Bytes of one frame that it sends. */
	readonly frameBytes: number;
};

export type RuntimeLinkOptions = {
	readonly start: StartChannel;
	readonly setup: Omit<RuntimeSetup, "memoryMebibytes" | "frameBytes">;
	readonly limits: RuntimeLimits;
	/** What instances find at `app.config`. */
	readonly config: Readonly<Record<string, unknown>>;
	readonly log: EventLog;
	/** Monotonic milliseconds. */
	now(): number;
	schedule(millis: number, action: () => void): () => void;
	onReady(): void;
	/** It has ended, by itself or by `end`. */
	onEnded(link: RuntimeLink, reason: string, wasMeant: boolean): void;
	/** Its last instance has been closed. */
	onEmpty(link: RuntimeLink): void;
};

/** Memory outside of the JavaScript heap that every runtime has, in bytes: code, buffers, what Node itself needs. */
const BASE_MEMORY_BYTES = 192 * 1024 * 1024;
/** How long instances get to finish when the runtime is to end, in milliseconds. */
const SHUTDOWN_MILLIS = 5000;
/** Looks at the runtime in each `turnMillis`. */
const LOOKS_PER_TURN = 4;
const MIN_LOOK_MILLIS = 50;
/** Memory can grow by a gigabyte in a second: it is looked at this often. */
const MAX_LOOK_MILLIS = 250;
/** How long effects of the runtime are carried out in one turn of this process, in milliseconds: others come in between. */
const WORK_MILLIS = 4;
/** Frames up to this many bytes are carried out as a whole. */
const WHOLE_BYTES = 64 * 1024;
/** Longest text of one line in the log. */
const MAX_TEXT = 8192;

/**
 * A running application: its channel, the ports of its instances, and the watch over it. Events of one turn of this
 * process cross as one frame a port. What the runtime sends wrongly, does not take, or takes too long for ends it.
 */
export class RuntimeLink {
	readonly #options: RuntimeLinkOptions;
	readonly #channel: HostChannel;
	readonly #log: EventLog;
	readonly #lines: LineAllowance;
	readonly #ports = new Map<number, Port>();
	readonly #dirty = new Set<Port>();
	/** Frames that are not carried out yet. */
	readonly #received: FrameReader[] = [];
	readonly #share = new WorkShare();
	readonly #memory = new LowMemoryAlarm();
	#isWorking = false;
	/** Control messages that wait until the code is loaded. */
	#opening: Uint8Array[] | undefined = [];
	#isFlushing = false;
	#nextPort = 1;
	#callOffLook: () => void;
	readonly #startedAt: number;
	/** How long it may go without letting the event loop turn: as the settings say, or less where it wants less itself. */
	#turnMillis: number;
	/** When the ping was sent that has not been answered. */
	#pingedAt: number | undefined;
	/** What the runtime stands still for. That time is ours, not its. */
	#awaited: { readonly port: number; readonly ask: number; readonly since: number } | undefined;
	/** How long it has stood still for us since `#pingedAt`, in milliseconds. */
	#stoodStill = 0;
	/** Instances that were told to end and have not said that they have. */
	#closing = 0;
	#isJudged = false;
	/** Why it is ended, where it has broken a rule. */
	#failure: string | undefined;
	#isEnding = false;
	#hasEnded = false;
	#resolveEnded: () => void = () => {};
	/** Resolves when the runtime has ended. */
	readonly ended = new Promise<void>(resolve => {
		this.#resolveEnded = resolve;
	});

	constructor(options: RuntimeLinkOptions) {
		const { start, setup, limits, log, now } = options;
		this.#options = options;
		this.#log = log;
		this.#lines = new LineAllowance(dropped => log.warn("application", { text: `${dropped} more lines left out` }));
		this.#startedAt = now();
		this.#turnMillis = limits.turnMillis;
		this.#channel = start(
			{ ...setup, memoryMebibytes: limits.memoryMebibytes, frameBytes: limits.frameBytes },
			{
				onFrame: (frame, isUrgent) => this.#receive(frame, isUrgent),
				onLine: (isError, line) => this.#onLine(isError ? "warn" : "info", line),
				onEnd: reason => this.#onEnd(reason),
			},
		);
		this.#callOffLook = options.schedule(this.#lookMillis, () => this.#look());
	}

	get isReady(): boolean {
		return this.#opening === undefined && !this.#isEnding && !this.#hasEnded;
	}

	get portCount(): number {
		return this.#ports.size;
	}

	open(instance: string, listener: PortListener): ApplicationPort {
		const port: Port = { number: this.#nextPort++, listener, events: [] };
		this.#ports.set(port.number, port);
		const { setup, config } = this.#options;
		this.#sendControl("open", port.number, setup.application, instance, JSON.stringify(config));
		return {
			send: event => {
				if (!this.#ports.has(port.number)) return;
				port.events.push(encodeEvent(event));
				this.#touch(port);
			},
			answer: reply => this.#answer(port.number, reply),
			close: reason => this.#closePort(port, reason),
		};
	}

	/** Ends it: its instances are told, and it has some seconds to finish. Its ports are lost at once, for that reason. */
	end(reason: string): void {
		if (this.#isEnding || this.#hasEnded) return;
		this.#isEnding = true;
		for (const port of [...this.#ports.values()]) {
			this.#closePort(port);
			port.listener.onLost(reason);
		}
		if (this.#closing === 0) this.#channel.kill();
		else this.#options.schedule(SHUTDOWN_MILLIS, () => this.#channel.kill());
	}

	get #lookMillis(): number {
		return Math.min(MAX_LOOK_MILLIS, Math.max(MIN_LOOK_MILLIS, this.#turnMillis / LOOKS_PER_TURN));
	}

	#closePort(port: Port, reason: PortEnd = "ended"): void {
		if (!this.#ports.delete(port.number)) return;
		this.#flush(port);
		this.#closing++;
		this.#sendControl("close", port.number, reason);
		if (this.#awaited?.port === port.number) this.#answer(port.number, noAnswer(this.#awaited.ask));
		if (this.#ports.size === 0) this.#watchIdle();
	}

	/** One that does not say that its last instance has ended is idle all the same, unless it gets another meanwhile. */
	#watchIdle(): void {
		const nextPort = this.#nextPort;
		this.#options.schedule(SHUTDOWN_MILLIS, () => {
			if (nextPort !== this.#nextPort || this.#isEnding || this.#hasEnded) return;
			// It had its time to finish.
			this.#closing = 0;
			this.#options.onEmpty(this);
		});
	}

	#touch(port: Port): void {
		this.#dirty.add(port);
		if (this.#isFlushing || this.#opening !== undefined) return;
		this.#isFlushing = true;
		// What one read of a socket brought crosses together.
		queueMicrotask(() => {
			this.#isFlushing = false;
			for (const dirty of this.#dirty) this.#flush(dirty);
			this.#dirty.clear();
		});
	}

	#flush(port: Port): void {
		if (this.#opening !== undefined || port.events.length === 0 || this.#hasEnded) return;
		const items = port.events;
		port.events = [];
		this.#channel.send(encodeFrame({ port: port.number, handled: 0, items }));
		const { queueBytes } = this.#options.limits;
		if (this.#channel.queuedBytes > queueBytes)
			this.#judge(`does not take its events: ${queueBytes} bytes wait for it`);
	}

	#sendControl(word: string, ...values: (string | number)[]): void {
		if (this.#hasEnded) return;
		const item = encodeControl(word, ...values);
		if (this.#opening === undefined) this.#channel.send(encodeFrame({ port: 0, handled: 0, items: [item] }));
		else this.#opening.push(item);
	}

	/** Tells a runtime that stands still what it waits for. */
	#answer(port: number, reply: PortReply): void {
		const awaited = this.#awaited;
		if (awaited?.port !== port || awaited.ask !== reply.ask || this.#hasEnded) return;
		this.#awaited = undefined;
		this.#stoodStill += this.#options.now() - Math.max(awaited.since, this.#pingedAt ?? 0);
		this.#channel.answer(encodeFrame({ port, handled: 0, items: [encodeEvent(reply)] }));
	}

	#receive(bytes: Uint8Array, isUrgent = false): void {
		if (this.#hasEnded) return;
		this.#keepingRules(() => this.#received.push(new FrameReader(bytes)));
		if (isUrgent) this.#keepingRules(() => this.#carryOutAll());
		else if (!this.#isWorking) this.#work();
	}

	#carryOutAll(): void {
		while (this.#received.length > 0) if (this.#carryOut(this.#received[0]!, () => false)) this.#received.shift();
	}

	/** Carries out what has been received; the rest of what takes long in later turns, after others had theirs. */
	#work(): void {
		if (this.#hasEnded) return;
		const { now, schedule } = this.#options;
		const begun = now();
		const isLate = () => now() > begun + WORK_MILLIS;
		this.#keepingRules(() => {
			while (this.#received.length > 0 && !this.#isHeldUp && !isLate()) {
				if (this.#carryOut(this.#received[0]!, isLate)) this.#received.shift();
			}
		});
		const rest = this.#share.count(begun, now());
		const isBusy = rest > 0 || this.#received.length > 0;
		if (isBusy !== this.#isWorking) this.#channel.setFlowing(!isBusy);
		this.#isWorking = isBusy;
		const wait = Math.max(rest, this.#isHeldUp ? WORK_MILLIS : 0);
		if (wait > 0) schedule(wait, () => this.#work());
		else if (isBusy) setImmediate(() => this.#work());
	}

	/** The instance that the next frame is for has not done what it was given. */
	get #isHeldUp(): boolean {
		const [next] = this.#received;
		return next !== undefined && this.#ports.get(next.port)?.listener.isBusy?.() === true;
	}

	/** Carries out what a frame holds, as far as time allows. Returns whether that was all. */
	#carryOut(frame: FrameReader, isLate: () => boolean): boolean {
		const effects: PortEffect[] = [];
		let item = frame.next();
		for (; item !== undefined; item = frame.next()) {
			if (frame.port === 0) this.#onControl(item);
			else {
				const effect = this.#bounded(decodeEffect(item));
				if (effect !== undefined) effects.push(effect);
			}
			if (frame.length > WHOLE_BYTES && isLate()) break;
		}
		const isAll = item === undefined;
		const port = this.#ports.get(frame.port);
		const asked = effects.findLast(effect => effect.kind === "ask" && effect.isAwaited);
		if (asked?.kind === "ask") this.#await(frame.port, asked.ask, port === undefined);
		// An instance that is ending does nothing any more; what it logs meanwhile is for people.
		if (port !== undefined) port.listener.onEffects(effects, isAll ? frame.handled : 0);
		else for (const effect of effects) if (effect.kind === "log") this.#write(effect.level, effect.text);
		return isAll;
	}

	/** The runtime stands still for an answer, which somebody must give. */
	#await(port: number, ask: number, hasEnded: boolean): void {
		this.#awaited = { port, ask, since: this.#options.now() };
		if (hasEnded) this.#answer(port, noAnswer(ask));
	}

	/** Keeps what goes to the log within its bounds. `undefined`: there was too much of it. */
	#bounded(effect: PortEffect): PortEffect | undefined {
		if (effect.kind !== "log") return effect;
		if (!this.#lines.take(this.#options.now())) return undefined;
		return { kind: "log", level: effect.level, text: effect.text.slice(0, MAX_TEXT) };
	}

	#keepingRules(action: () => void): void {
		try {
			action();
		} catch (error) {
			if (!(error instanceof PeerError)) throw error;
			this.#received.length = 0;
			this.#judge(`broke the rules of the port: ${error.message.replace(/\.$/, "")}`);
		}
	}

	#onControl(item: Uint8Array): void {
		const { word, values } = decodeControl(item);
		const [value] = values;
		switch (word) {
			case "ready":
				if (typeof value === "number" && value > 0) this.#turnMillis = Math.min(value, this.#turnMillis);
				return this.#onReady();
			case "failed":
				if (this.#isJudged) return;
				this.#isJudged = true;
				this.#log.error("application-failed", { text: String(value).slice(0, MAX_TEXT) });
				this.#fail("its code cannot be loaded");
				return;
			case "pong":
				this.#pingedAt = undefined;
				return;
			case "log":
				return this.#onLine("error", String(value));
			case "closed":
				this.#closing--;
				if (this.#ports.size > 0 || this.#closing > 0) return;
				if (this.#isEnding) this.#channel.kill();
				else this.#options.onEmpty(this);
		}
	}

	#onReady(): void {
		const opening = this.#opening;
		if (opening === undefined) return;
		this.#opening = undefined;
		if (opening.length > 0) this.#channel.send(encodeFrame({ port: 0, handled: 0, items: opening }));
		for (const port of this.#ports.values()) this.#flush(port);
		this.#dirty.clear();
		this.#options.onReady();
	}

	#onLine(level: LogLevel, text: string): void {
		if (this.#lines.take(this.#options.now())) this.#write(level, text);
	}

	#write(level: LogLevel, text: string): void {
		this.#log[level]("application", { text: text.slice(0, MAX_TEXT) });
	}

	/** The watch: the runtime must answer a ping in time, and keep to its memory. */
	#look(): void {
		if (this.#hasEnded) return;
		const { limits, now, schedule } = this.#options;
		this.#callOffLook = schedule(this.#lookMillis, () => this.#look());
		if (this.#opening !== undefined) {
			if (now() - this.#startedAt > limits.startMillis) this.#judge("did not load in time", true);
			return;
		}
		if (this.#pingedAt === undefined) {
			this.#pingedAt = now();
			this.#stoodStill = 0;
			this.#sendControl("ping", 0);
		} else if (this.#awaited === undefined && now() - this.#pingedAt - this.#stoodStill > this.#turnMillis) {
			this.#judge(`did not let the event loop turn for ${this.#turnMillis} ms`, true);
		}
		void this.#channel.memory().then(bytes => {
			if (bytes === undefined) return;
			const most = limits.memoryMebibytes * 1024 * 1024 + BASE_MEMORY_BYTES;
			// This cannot wait until it is known where a loop is.
			if (bytes > most) this.#fail(`uses ${Math.round(bytes / 1024 / 1024)} MiB of memory`);
			else if (this.#memory.measure(bytes, most)) this.#sendControl("low-memory", bytes, most);
		});
	}

	/** It has broken a rule: it is ended, and the log says where its code was. */
	#judge(what: string, asksWhere = false): void {
		if (this.#isJudged || this.#hasEnded) return;
		this.#isJudged = true;
		if (!asksWhere) {
			this.#fail(what);
			return;
		}
		void this.#channel.locate().then(place => this.#fail(place === undefined ? what : `${what}, at ${place}`));
	}

	#fail(what: string): void {
		if (this.#hasEnded) return;
		this.#isJudged = true;
		this.#failure ??= what;
		this.#channel.kill();
	}

	#onEnd(reason: string): void {
		if (this.#hasEnded) return;
		this.#hasEnded = true;
		this.#received.length = 0;
		this.#callOffLook();
		this.#resolveEnded();
		const why = this.#failure ?? reason;
		const ports = [...this.#ports.values()];
		this.#ports.clear();
		this.#options.onEnded(this, why, this.#isEnding && this.#failure === undefined);
		for (const { listener } of ports) listener.onLost("The application has failed.");
	}
}

function noAnswer(ask: number): PortReply {
	return { kind: "reply", ask, failed: true, value: "The instance has ended." };
}

type Port = { readonly number: number; readonly listener: PortListener; events: Uint8Array[] };
