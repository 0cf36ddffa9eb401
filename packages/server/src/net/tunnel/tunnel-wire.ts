import type { MillraceError } from "@millrace/core/fault";
import type { TunnelSession, TunnelSessionHandler } from "@millrace/core/tunnel";
import type { Wire, WireHandler } from "../wire.ts";

export type TunnelWireOptions = {
	/** The client's address. */
	readonly remoteAddress: string;
	/** Monotonic milliseconds. */
	now(): number;
	/** The session is over. */
	onGone(): void;
};

/** A wire over a session of an HTTP tunnel; drives the session's time as well. */
export class TunnelWire implements Wire, TunnelSessionHandler {
	readonly remoteAddress: string;
	/** The session keeps what it is given until the client fetches it. */
	readonly isSpent = false;
	bytesWritten = 0;
	readonly #session: TunnelSession;
	readonly #handler: WireHandler;
	readonly #options: TunnelWireOptions;
	#isPaused = false;
	#isFlushPlanned = false;
	#held = 0;
	#timer: NodeJS.Timeout | undefined;
	#timerAt = Number.POSITIVE_INFINITY;

	constructor(session: TunnelSession, handler: WireHandler, options: TunnelWireOptions) {
		this.#session = session;
		this.#handler = handler;
		this.#options = options;
		this.remoteAddress = options.remoteAddress;
	}

	get backlog(): number {
		return this.#session.backlog;
	}

	write(bytes: Uint8Array): void {
		if (this.#session.closed) return;
		this.bytesWritten += bytes.length;
		this.#session.write(bytes);
	}

	notifyDrain(): void {
		if (!this.#session.closed) this.#session.notifyDrain();
	}

	pause(): void {
		this.#isPaused = true;
		this.#session.pause();
	}

	resume(): void {
		if (!this.#isPaused) return;
		this.#isPaused = false;
		// Later, as with a socket: whoever resumes does not expect to be called before it has returned.
		queueMicrotask(() => {
			if (this.#isPaused) return;
			this.#session.resume(this.#options.now());
			this.armTimer();
		});
	}

	end(): void {
		this.#session.end(this.#options.now());
		this.armTimer();
	}

	destroy(): void {
		this.#session.destroy();
	}

	/** Looks when the session wants to be called again, and what it keeps; due after each use of it. */
	armTimer(): void {
		const { deadline, heldBytes } = this.#session;
		if (heldBytes !== this.#held && !this.#session.closed) {
			this.#held = heldBytes;
			this.#handler.onWireHeld?.(heldBytes);
		}
		// Most deadlines move on before they come, so a timer that is set looks again when it fires.
		if (deadline >= this.#timerAt) return;
		clearTimeout(this.#timer);
		this.#timerAt = deadline;
		const millis = Math.max(1, Math.ceil(deadline - this.#options.now()));
		this.#timer = setTimeout(() => {
			this.#timerAt = Number.POSITIVE_INFINITY;
			const now = this.#options.now();
			if (now >= this.#session.deadline) this.#session.handleTimeout(now);
			this.armTimer();
		}, millis);
	}

	// ── the session ──

	onData(bytes: Uint8Array): void {
		this.#handler.onWireData?.(bytes);
	}

	onDrain(): void {
		this.#handler.onWireDrain();
	}

	onAnswerable(): void {
		if (this.#isFlushPlanned) return;
		this.#isFlushPlanned = true;
		queueMicrotask(() => {
			this.#isFlushPlanned = false;
			this.#session.flush(this.#options.now());
			this.armTimer();
		});
	}

	onClosed(reason: MillraceError | undefined): void {
		clearTimeout(this.#timer);
		this.#timerAt = Number.NEGATIVE_INFINITY;
		this.#options.onGone();
		// Later, as with a socket: it may be the handler's own call that ended the session.
		queueMicrotask(() => this.#handler.onWireClosed(reason));
	}
}
