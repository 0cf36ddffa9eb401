import { LimitError } from "../fault/index.ts";
import { type BudgetAccount, OBJECT_OVERHEAD_BYTES } from "./shared-budget.ts";

/** What a gate hands on: the arguments of `onMessage`. */
export type MessageHandler = (type: number, timestamp: number, streamId: number, payload: Uint8Array) => void;

type HeldMessage = { type: number; timestamp: number; streamId: number; payload: Uint8Array };

/** However small they are. */
const MAX_HELD_MESSAGES = 4096;

/** Lets messages through in order, and holds them while a permission is pending. */
export class PermissionGate {
	readonly #handOn: MessageHandler;
	readonly #limitBytes: number;
	readonly #account: BudgetAccount;
	#pending = 0;
	#held: HeldMessage[] = [];
	#heldBytes = 0;
	#isDraining = false;

	/** What is held is counted on `account`. */
	constructor(limitBytes: number, account: BudgetAccount, handOn: MessageHandler) {
		this.#account = account;
		this.#limitBytes = limitBytes;
		this.#handOn = handOn;
	}

	/** A permission is asked for: what follows is held until `settle`. */
	close(): void {
		this.#pending++;
	}

	/** Hands a message on, or holds it. Throws LimitError TOO_MUCH_HELD or SHARED_BYTES_SPENT, and what the message's handler throws. */
	pass(type: number, timestamp: number, streamId: number, payload: Uint8Array): void {
		if (this.#pending === 0 && this.#held.length === 0) {
			this.#handOn(type, timestamp, streamId, payload);
			return;
		}
		this.#heldBytes += payload.length;
		if (this.#heldBytes > this.#limitBytes || this.#held.length >= MAX_HELD_MESSAGES) {
			throw new LimitError("TOO_MUCH_HELD", `${this.#limitBytes} bytes or ${MAX_HELD_MESSAGES} messages.`);
		}
		if (!this.#account.add(payload.length + OBJECT_OVERHEAD_BYTES)) {
			throw new LimitError("SHARED_BYTES_SPENT", `${payload.length} bytes were to be held.`);
		}
		this.#held.push({ type, timestamp, streamId, payload });
	}

	/**
	 * Holds a message again that is being handed on, before all others, until `settle`: what it depends on is not there yet.
	 */
	putBack(type: number, timestamp: number, streamId: number, payload: Uint8Array): void {
		this.#pending++;
		this.#heldBytes += payload.length;
		if (!this.#account.add(payload.length + OBJECT_OVERHEAD_BYTES)) {
			throw new LimitError("SHARED_BYTES_SPENT", `${payload.length} bytes were to be held.`);
		}
		this.#held.unshift({ type, timestamp, streamId, payload });
	}

	/** A permission was given or refused: what was held goes on, up to the next pending one. */
	settle(): void {
		if (this.#pending > 0) this.#pending--;
		// Within a held message's handler, the loop that handed it out goes on when the handler returns. Draining here
		// would put later messages before the rest of that handler, and go deeper with each.
		if (this.#isDraining) return;
		this.#isDraining = true;
		try {
			while (this.#pending === 0 && this.#held.length > 0) {
				const { type, timestamp, streamId, payload } = this.#held.shift()!;
				this.#heldBytes -= payload.length;
				this.#account.remove(payload.length + OBJECT_OVERHEAD_BYTES);
				this.#handOn(type, timestamp, streamId, payload);
			}
		} finally {
			this.#isDraining = false;
		}
	}

	/** Forgets what is held: the connection has ended. */
	clear(): void {
		this.#held = [];
		this.#heldBytes = 0;
	}
}
