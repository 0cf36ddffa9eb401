/** What may be asked in a session. */
export type TunnelCommand = "send" | "idle" | "close";

/** An answer: its status, and its body in slices that do not change any more. */
export type TunnelAnswer = {
	readonly status: 200 | 404 | 413;
	readonly body: readonly Uint8Array[];
	/** Bytes of the body. */
	readonly length: number;
};

/** An HTTP request as its driver shows it to a session. */
export interface TunnelCarrier {
	/** Sends the answer. Called once at most, perhaps before the request's body has come to its end. */
	answer(answer: TunnelAnswer): void;
	/** Stops reading the body for now. */
	pause(): void;
	resume(): void;
}

/** Nothing is known of this session, or of this number in it. */
export const NOT_FOUND: TunnelAnswer = { status: 404, body: [], length: 0 };
export const TOO_LARGE: TunnelAnswer = { status: 413, body: [], length: 0 };

/** A client that repeats one request more often than this, without waiting for an answer, is not one. */
const MAX_CARRIERS = 4;

/**
 * The request with one sequence number, and whoever asks it: more than one where a client or a proxy repeats a request
 * whose connection broke.
 */
export class TunnelExchange {
	readonly command: TunnelCommand;
	readonly sequence: number;
	/** Who waits for the answer. */
	readonly carriers = new Set<TunnelCarrier>();
	/** Bytes of the body that were taken from whoever brought them first. */
	received = 0;
	/** What came before its turn. */
	early: Uint8Array[] = [];
	/** The body has come to its end. */
	isComplete = false;
	/** When it is answered at the latest, once it has had its turn. */
	holdUntil = 0;

	constructor(command: TunnelCommand, sequence: number) {
		this.command = command;
		this.sequence = sequence;
	}

	/** Whether one more may ask it. */
	join(carrier: TunnelCarrier): boolean {
		if (this.carriers.size >= MAX_CARRIERS) return false;
		this.carriers.add(carrier);
		return true;
	}

	pause(): void {
		for (const carrier of this.carriers) carrier.pause();
	}

	resume(): void {
		for (const carrier of this.carriers) carrier.resume();
	}

	/** Answers all that wait; they are gone from here before. */
	answer(answer: TunnelAnswer): void {
		const carriers = [...this.carriers];
		this.carriers.clear();
		for (const carrier of carriers) carrier.answer(answer);
	}
}
