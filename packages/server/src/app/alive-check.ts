import type { ClientId } from "./port.ts";

/** What can be asked about a client for this. */
export type AlivePeer = {
	/** `undefined`: the client did not answer. */
	ping(onAnswer: (roundTripMillis: number | undefined) => void): void;
};

/** What an answer proves for this long, in milliseconds. */
const FRESH_MILLIS = 5000;
/** How long an answer is waited for, in milliseconds. */
const WAIT_MILLIS = 1000;
/** Clients that are asked together: who asks about one asks about the next ones too. */
const ASKED_TOGETHER = 64;

/**
 * Whether clients are there (`Client.ping` of Server-Side ActionScript), for code that stands still until it knows.
 * Such code asks about all its clients in a row, so the next ones are asked in advance: a round over many that are
 * dead takes little longer than one over a single one.
 */
export class AliveCheck {
	readonly #now: () => number;
	readonly #peers: () => Iterable<readonly [ClientId, AlivePeer]>;
	readonly #known = new Map<ClientId, Known>();

	/** `peers` are the clients in the order in which they came. */
	constructor(now: () => number, peers: () => Iterable<readonly [ClientId, AlivePeer]>) {
		this.#now = now;
		this.#peers = peers;
	}

	/** Resolves with whether the client has answered lately, or does within a second. False for one that is not there. */
	ask(client: ClientId): Promise<boolean> {
		let ahead = 0;
		for (const [id, peer] of this.#peers()) {
			if (ahead > 0 || id === client) {
				this.#ping(id, peer);
				ahead++;
			}
			if (ahead === ASKED_TOGETHER) break;
		}
		const known = this.#known.get(client);
		if (known === undefined) return Promise.resolve(false);
		if (known.pingedAt === undefined) return Promise.resolve(true);
		const millis = known.pingedAt + WAIT_MILLIS - this.#now();
		if (millis <= 0) return Promise.resolve(false);
		return new Promise(resolve => {
			const timer = setTimeout(() => resolve(false), millis);
			known.waiting.push(isAlive => {
				clearTimeout(timer);
				resolve(isAlive);
			});
		});
	}

	/** The client has gone. */
	forget(client: ClientId): void {
		const known = this.#known.get(client);
		this.#known.delete(client);
		known?.settle(false);
	}

	#ping(id: ClientId, peer: AlivePeer): void {
		const known = this.#known.get(id) ?? new Known();
		this.#known.set(id, known);
		const now = this.#now();
		if (known.pingedAt !== undefined || now - known.answeredAt < FRESH_MILLIS) return;
		known.pingedAt = now;
		peer.ping(millis => {
			known.pingedAt = undefined;
			if (millis !== undefined) known.answeredAt = this.#now();
			known.settle(millis !== undefined);
		});
	}
}

class Known {
	answeredAt = Number.NEGATIVE_INFINITY;
	/** When the ping was sent that has not been answered. */
	pingedAt: number | undefined;
	waiting: ((isAlive: boolean) => void)[] = [];

	settle(isAlive: boolean): void {
		const waiting = this.waiting;
		this.waiting = [];
		for (const settle of waiting) settle(isAlive);
	}
}
