import { PeerError } from "@millrace/core/fault";
import {
	type ApplicationPort,
	decodeControl,
	decodeEffect,
	decodeFrame,
	encodeControl,
	encodeEvent,
	encodeFrame,
	type PortEffect,
	type PortFrame,
	type PortListener,
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
	/** Control messages that wait until the code is loaded. */
	#opening: Uint8Array[] | undefined = [];
	#isFlushing = false;
	#nextPort = 1;
	#callOffLook: () => void;
	readonly #startedAt: number;
	/** When the ping was sent that has not been answered. */
	#pingedAt: number | undefined;
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
		this.#channel = start(
			{ ...setup, memoryMebibytes: limits.memoryMebibytes, frameBytes: limits.frameBytes },
			{
				onFrame: frame => this.#receive(frame),
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
			close: () => this.#closePort(port),
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
		return Math.max(MIN_LOOK_MILLIS, this.#options.limits.turnMillis / LOOKS_PER_TURN);
	}

	#closePort(port: Port): void {
		if (!this.#ports.delete(port.number)) return;
		this.#flush(port);
		this.#closing++;
		this.#sendControl("close", port.number);
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

	#receive(bytes: Uint8Array): void {
		let frame: PortFrame;
		let effects: PortEffect[];
		try {
			frame = decodeFrame(bytes);
			if (frame.port === 0) {
				for (const item of frame.items) this.#onControl(item);
				return;
			}
			effects = frame.items.map(decodeEffect);
		} catch (error) {
			if (!(error instanceof PeerError)) throw error;
			this.#judge(`broke the rules of the port: ${error.message}`);
			return;
		}
		const port = this.#ports.get(frame.port);
		if (port !== undefined) {
			port.listener.onEffects(effects, frame.handled);
			return;
		}
		// An instance that is ending does nothing any more; what it logs meanwhile is for people.
		for (const effect of effects) if (effect.kind === "log") this.#onLine(effect.level, effect.text);
	}

	#onControl(item: Uint8Array): void {
		const { word, values } = decodeControl(item);
		const [value] = values;
		switch (word) {
			case "ready":
				return this.#onReady();
			case "failed":
				this.#log.error("application-failed", { text: String(value) });
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
		const opening = this.#opening ?? [];
		this.#opening = undefined;
		if (opening.length > 0) this.#channel.send(encodeFrame({ port: 0, handled: 0, items: opening }));
		for (const port of this.#ports.values()) this.#flush(port);
		this.#dirty.clear();
		this.#options.onReady();
	}

	#onLine(level: LogLevel, text: string): void {
		if (this.#lines.take(this.#options.now())) this.#log[level]("application", { text });
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
			this.#sendControl("ping", 0);
		} else if (now() - this.#pingedAt > limits.turnMillis) {
			this.#judge(`did not let the event loop turn for ${limits.turnMillis} ms`, true);
		}
		void this.#channel.memory().then(bytes => {
			const most = limits.memoryMebibytes * 1024 * 1024 + BASE_MEMORY_BYTES;
			if (bytes !== undefined && bytes > most) this.#judge(`uses ${Math.round(bytes / 1024 / 1024)} MiB of memory`);
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
		this.#failure ??= what;
		this.#channel.kill();
	}

	#onEnd(reason: string): void {
		if (this.#hasEnded) return;
		this.#hasEnded = true;
		this.#callOffLook();
		this.#resolveEnded();
		const why = this.#failure ?? reason;
		const ports = [...this.#ports.values()];
		this.#ports.clear();
		this.#options.onEnded(this, why, this.#isEnding && this.#failure === undefined);
		for (const { listener } of ports) listener.onLost("The application has failed.");
	}
}

type Port = { readonly number: number; readonly listener: PortListener; events: Uint8Array[] };
