import type { TunnelCarrier, TunnelCommand } from "./tunnel-exchange.ts";
import type { TunnelLimits, TunnelTimes } from "./tunnel-limits.ts";
import { TunnelSession, type TunnelSessionHandler, type TunnelUpload } from "./tunnel-session.ts";

export type TunnelServerOptions<Origin> = {
	readonly limits: TunnelLimits;
	readonly times: TunnelTimes;
	/** Random bytes that nobody can guess: a session's id is the only credential that its client has. */
	random(count: number): Uint8Array;
	/**
	 * The first request of a session has come: gives what runs over it, or `undefined` where it is refused. `origin` is
	 * what `open` was given.
	 */
	onSession(session: TunnelSession, origin: Origin): TunnelSessionHandler | undefined;
	/** A session that was opened and never used was given up, for its age or because there were too many. */
	onUnused?(origin: Origin, reason: "time-out" | "limit"): void;
};

const ID_BYTES = 16;

type Unused<Origin> = { readonly origin: Origin; readonly openedAt: number };

/**
 * The sessions of a server of HTTP tunnels, without HTTP. Opening one costs little more than its id: what runs over it
 * is made with its first request, and of those that never come the oldest are given up first, so that a flood of opens
 * harms nobody who means it.
 */
export class TunnelServer<Origin> {
	readonly #options: TunnelServerOptions<Origin>;
	readonly #unused = new Map<string, Unused<Origin>>();
	readonly #sessions = new Map<string, TunnelSession>();

	constructor(options: TunnelServerOptions<Origin>) {
		this.#options = options;
	}

	/** Sessions in which something was asked. */
	get sessionCount(): number {
		return this.#sessions.size;
	}

	/** Sessions that were only opened. */
	get unusedCount(): number {
		return this.#unused.size;
	}

	/** Opens a session; the answer to the client is its id and a line feed, without an interval byte. */
	open(origin: Origin, now: number): string {
		const id = hex(this.#options.random(ID_BYTES));
		this.#unused.set(id, { origin, openedAt: now });
		if (this.#unused.size > this.#options.limits.unusedSessions) {
			const [oldest] = this.#unused.keys();
			this.#giveUp(oldest!, "limit");
		}
		return id;
	}

	/**
	 * Takes a request of a session that is known and not refused. Without an upload it was answered at once, because its
	 * number was answered before or cannot be.
	 */
	request(
		command: TunnelCommand,
		id: string,
		sequence: number,
		carrier: TunnelCarrier,
		now: number,
	): { readonly session: TunnelSession; readonly upload: TunnelUpload | undefined } | "unknown" | "refused" {
		const known = this.#sessions.get(id);
		if (known !== undefined) return { session: known, upload: known.request(command, sequence, carrier, now) };
		const unused = this.#unused.get(id);
		if (unused === undefined) return "unknown";
		this.#unused.delete(id);
		const session = new TunnelSession(id, this.#options, () => this.#sessions.delete(id), now);
		const handler = this.#options.onSession(session, unused.origin);
		if (handler === undefined) return "refused";
		session.attach(handler);
		this.#sessions.set(id, session);
		return { session, upload: session.request(command, sequence, carrier, now) };
	}

	/** Forgets sessions that were not used in time; due once in a while. */
	handleTimeout(now: number): void {
		for (const [id, { openedAt }] of this.#unused) {
			if (now < openedAt + this.#options.times.unusedMillis) return;
			this.#giveUp(id, "time-out");
		}
	}

	#giveUp(id: string, reason: "time-out" | "limit"): void {
		const { origin } = this.#unused.get(id)!;
		this.#unused.delete(id);
		this.#options.onUnused?.(origin, reason);
	}
}

function hex(bytes: Uint8Array): string {
	let text = "";
	for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
	return text;
}
