import { AmfClassRegistry, type AmfValue } from "@millrace/core/amf";
import {
	decodeControl,
	decodeEvent,
	decodeFrame,
	encodeControl,
	encodeEffect,
	encodeFrame,
	InstanceStores,
	type PortEffect,
	type PortEnd,
	type PortReply,
	splitApplication,
} from "../app/index.ts";
import type { ApplicationConfig } from "./application.ts";
import { watchHeap } from "./heap-watch.ts";
import { type AnyDefinition, InstanceRuntime } from "./instance-runtime.ts";

/** How frames reach the media side. */
export interface RuntimeChannel {
	/** Sends a frame (`port-frame.ts`). */
	send(frame: Uint8Array): void;
	/**
	 * Sends a frame that ends with a question, and stands still until the frame with its answer is there. Throws an
	 * `Error` where that is not possible.
	 */
	sendAndWait(frame: Uint8Array): Uint8Array;
}

export type HostRuntimeOptions = {
	/** Loads the application's code. What it throws is told to the media side. */
	load(): Promise<AnyDefinition>;
	/** The application's folder, where persistent shared objects are kept. Without it there are none. */
	readonly folder?: string | undefined;
	/** What V8 was told to keep the JavaScript heap to, in bytes. Default: the heap is not the application's alone. */
	readonly heapBytes?: number | undefined;
	/** Bytes of one effect, and so of a result or an argument list. Default 4 MiB. */
	readonly effectBytes?: number;
};

const DEFAULT_EFFECT_BYTES = 4 * 1024 * 1024;

/** The real one, whatever the application or its test puts in its place. */
const soon = setImmediate;

/**
 * The application's side of a channel: loads the code of one application and runs its instances. What the code does in
 * one turn of the event loop crosses as one frame a port.
 */
export class HostRuntime {
	readonly #channel: RuntimeChannel;
	readonly #effectBytes: number;
	readonly #folder: string | undefined;
	readonly #stores = new InstanceStores();
	readonly #classes = new AmfClassRegistry();
	readonly #ports = new Map<number, Port>();
	/** Ports with effects to be sent, and whether sending them is arranged. */
	readonly #dirty = new Set<Port>();
	#isFlushing = false;
	#definition: AnyDefinition | undefined;

	constructor(channel: RuntimeChannel, options: HostRuntimeOptions) {
		this.#channel = channel;
		this.#folder = options.folder;
		this.#effectBytes = options.effectBytes ?? DEFAULT_EFFECT_BYTES;
		options.load().then(
			definition => {
				this.#definition = definition;
				const { turnMillis, onLowMemory } = definition;
				const { heapBytes } = options;
				if (onLowMemory !== undefined && heapBytes !== undefined)
					watchHeap(heapBytes, used => this.#tellLowMemory(used, heapBytes));
				this.#control("ready", ...(turnMillis === undefined ? [] : [turnMillis]));
			},
			(error: unknown) => {
				this.#control("failed", error instanceof Error ? (error.stack ?? error.message) : String(error));
			},
		);
	}

	/** Takes a frame of the media side. */
	receive(frame: Uint8Array): void {
		const { port: number, items } = decodeFrame(frame);
		if (number === 0) {
			for (const item of items) this.#onControl(item);
			return;
		}
		const port = this.#ports.get(number);
		if (port === undefined) return;
		for (const item of items) {
			port.handled++;
			port.runtime.handle(decodeEvent(item, { classes: this.#classes }));
		}
		this.#touch(port);
	}

	/** An error that no handler caught: a timer's or a promise's of the application's own. */
	reportFault(error: unknown): void {
		const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
		const [port] = this.#ports.values();
		if (port === undefined) this.#control("log", text);
		else port.runtime.reportFault("uncaught", error);
	}

	#onControl(item: Uint8Array): void {
		const { word, values } = decodeControl(item);
		switch (word) {
			case "open":
				this.#open(values);
				return;
			case "close":
				this.#close(Number(values[0]), values[1] === "idle" ? "idle" : "ended");
				return;
			case "ping":
				this.#control("pong", values[0]);
				return;
			case "low-memory":
				this.#tellLowMemory(Number(values[0]), Number(values[1]));
				return;
		}
	}

	#tellLowMemory(usedBytes: number, limitBytes: number): void {
		for (const { runtime } of this.#ports.values()) runtime.tellLowMemory({ usedBytes, limitBytes });
	}

	#open([number, application, instance, config]: readonly AmfValue[]): void {
		if (this.#definition === undefined) throw new Error("An instance was opened before the code was loaded.");
		const { name, host } = splitApplication(String(application));
		const port: Port = {
			number: Number(number),
			handled: 0,
			effects: [],
			runtime: new InstanceRuntime(this.#definition, {
				application: name,
				virtualHost: host ?? "",
				instance: String(instance),
				config: JSON.parse(String(config)) as ApplicationConfig,
				classes: this.#classes,
				stores: this.#stores,
				folder: this.#folder,
				emit: effect => this.#emit(port, effect),
				askNow: ask => this.#askNow(port, ask),
			}),
		};
		this.#ports.set(port.number, port);
		void port.runtime.start();
	}

	#close(number: number, reason: PortEnd): void {
		const port = this.#ports.get(number);
		if (port === undefined) return;
		void port.runtime.end(reason).then(() => {
			this.#flush();
			this.#ports.delete(number);
			this.#control("closed", number);
		});
	}

	#emit(port: Port, effect: PortEffect): void {
		port.effects.push(encodeEffect(effect, { classes: this.#classes, maxBytes: this.#effectBytes }));
		this.#touch(port);
	}

	/** What was done before the question crosses before it; events that come meanwhile are handled after this turn. */
	#askNow(port: Port, ask: PortEffect): PortReply {
		this.#flush(true);
		const item = encodeEffect(ask, { classes: this.#classes, maxBytes: this.#effectBytes });
		const answer = this.#channel.sendAndWait(encodeFrame({ port: port.number, handled: 0, items: [item] }));
		const [reply] = decodeFrame(answer).items.map(each => decodeEvent(each, { classes: this.#classes }));
		if (reply?.kind !== "reply") throw new Error("The server gave no answer.");
		return reply;
	}

	#touch(port: Port): void {
		this.#dirty.add(port);
		if (this.#isFlushing) return;
		this.#isFlushing = true;
		// Behind what the handlers do as soon as their promises settle, and before the loop waits.
		soon(() => {
			this.#isFlushing = false;
			this.#flush();
		});
	}

	/** `isWithinTurn`: what the turn does is not complete, so that its events do not count as handled yet. */
	#flush(isWithinTurn = false): void {
		for (const port of this.#dirty) {
			const items = port.effects;
			port.effects = [];
			const handled = isWithinTurn ? 0 : port.handled;
			if (!isWithinTurn || items.length > 0) {
				this.#channel.send(encodeFrame({ port: port.number, handled, items }));
			}
		}
		if (!isWithinTurn) this.#dirty.clear();
	}

	#control(word: string, ...values: AmfValue[]): void {
		this.#channel.send(encodeFrame({ port: 0, handled: 0, items: [encodeControl(word, ...values)] }));
	}
}

type Port = { readonly number: number; handled: number; effects: Uint8Array[]; readonly runtime: InstanceRuntime };
