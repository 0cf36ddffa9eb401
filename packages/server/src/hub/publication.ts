import type { MediaType } from "@millrace/core/flv";
import type { PacedInput } from "./flush-schedule.ts";
import type { LiveStream } from "./live-stream.ts";

/**
 * Why a publication ended. `stopped`: the publisher said so; `dropped`: its connection ended without a word, and it is
 * waited for; the others are the server's doing.
 */
export type PublisherEnd = "stopped" | "dropped" | "taken-over" | "idle" | "server-stopping";

/** The publisher's peer. */
export interface PublisherSink {
	/** The network input that the media comes from, where it may rest while nothing is due. */
	readonly input?: PacedInput | undefined;
	/** The publication was ended by the server. Not called for `stopped` and `dropped`, which the peer says itself. */
	onPublicationEnded(reason: PublisherEnd): void;
}

/** One publisher's time on a stream, from the grant to its end. */
export class Publication {
	readonly stream: LiveStream;
	readonly identity: string;
	/** When the last media came, on the hub's clock. */
	lastMediaAt: number;

	readonly #sink: PublisherSink;
	#ended = false;

	constructor(stream: LiveStream, identity: string, sink: PublisherSink, now: number) {
		this.stream = stream;
		this.identity = identity;
		this.#sink = sink;
		this.lastMediaAt = now;
	}

	get ended(): boolean {
		return this.#ended;
	}

	/** Takes one message as the publisher sent it: `timestamp` in milliseconds modulo 2^32. */
	receive(type: MediaType, timestamp: number, payload: Uint8Array, now: number): void {
		if (this.#ended) return;
		this.lastMediaAt = now;
		this.stream.receive(type, timestamp, payload, now);
	}

	/** All messages that came together have been given. */
	endTurn(): void {
		if (!this.#ended) this.stream.endTurn();
	}

	end(reason: PublisherEnd): void {
		if (this.#ended) return;
		this.#ended = true;
		this.stream.endPublication(this, reason);
		if (reason !== "stopped" && reason !== "dropped") this.#sink.onPublicationEnded(reason);
	}
}
