import type { MillraceError } from "@millrace/core/fault";
import {
	TunnelClient,
	type TunnelClientHandler,
	type TunnelClientOptions,
	type TunnelRequest,
} from "@millrace/core/tunnel";
import type { Poster } from "./poster.ts";
import type { Transport, TransportHandler } from "./transport.ts";

/** What makes the requests of a tunnel; none has an empty body. */
export interface TunnelPoster extends Poster {
	/** From now on requests go to that host. */
	setHost(host: string): void;
}

/** Clock and timer of the platform. */
export type TunnelClock = {
	now(): number;
	after(millis: number, action: () => void): () => void;
};

/** RTMP through HTTP: drives a `TunnelClient` with a platform's requests. */
export class TunnelTransport implements Transport, TunnelClientHandler {
	readonly #client: TunnelClient;
	readonly #poster: TunnelPoster;
	readonly #clock: TunnelClock;
	readonly #handler: TransportHandler;
	readonly #aborts = new Set<() => void>();
	#stopTimer: (() => void) | undefined;
	#isOver = false;
	/** A request's outcome is being handed on: what follows from it is sent afterwards. */
	#isPlanned = false;

	constructor(poster: TunnelPoster, clock: TunnelClock, handler: TransportHandler, options: TunnelClientOptions) {
		this.#poster = poster;
		this.#clock = clock;
		this.#handler = handler;
		this.#client = new TunnelClient(this, options);
		this.#plan();
	}

	get backlog(): number {
		return this.#client.backlog;
	}

	write(slices: readonly Uint8Array[]): void {
		for (const slice of slices) this.#client.write(slice);
		this.#plan();
	}

	close(): void {
		this.#client.close();
		this.#plan();
	}

	destroy(): void {
		if (this.#isOver) return;
		this.#isOver = true;
		const last = this.#client.abandon();
		this.#release(last);
	}

	onOpen(): void {
		if (!this.#isOver) this.#handler.onOpen();
	}

	onHost(host: string): void {
		this.#poster.setHost(host);
	}

	onData(bytes: Uint8Array): void {
		if (!this.#isOver) this.#handler.onData(bytes);
	}

	onDrain(): void {
		if (!this.#isOver) this.#handler.onDrain();
	}

	onClosed(reason: MillraceError | undefined): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#release(undefined);
		this.#handler.onClosed(reason);
	}

	#release(last: TunnelRequest | undefined): void {
		this.#stopTimer?.();
		for (const abort of this.#aborts) abort();
		this.#aborts.clear();
		this.#poster.end(last);
	}

	/** At the end of this turn, so that what is written in one turn is one request. */
	#plan(): void {
		if (this.#isPlanned || this.#isOver) return;
		this.#isPlanned = true;
		queueMicrotask(() => {
			this.#isPlanned = false;
			this.#pump();
		});
	}

	#pump(): void {
		if (this.#isOver) return;
		const client = this.#client;
		for (;;) {
			const request = client.nextRequest(this.#clock.now());
			if (request === undefined) break;
			this.#post(request);
		}
		this.#stopTimer?.();
		this.#stopTimer = undefined;
		const { deadline } = client;
		if (deadline === Number.POSITIVE_INFINITY) return;
		this.#stopTimer = this.#clock.after(Math.max(1, deadline - this.#clock.now()), () => this.#pump());
	}

	#post(request: TunnelRequest): void {
		const abort = this.#poster.post(request, outcome => {
			this.#aborts.delete(abort);
			if (this.#isOver) return;
			const now = this.#clock.now();
			if ("error" in outcome) this.#client.onFailed(request, outcome.error, now);
			else this.#client.onAnswer(request, outcome.status, outcome.body, now);
			this.#plan();
		});
		this.#aborts.add(abort);
	}
}
