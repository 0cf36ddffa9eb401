import type { PacedInput } from "../hub/index.ts";
import type { Wire } from "../net/index.ts";

/** A wire's input, which rests while the hub needs nothing of it yet, or while a limit is exceeded. */
export class InputGate implements PacedInput {
	readonly #wire: Pick<Wire, "pause" | "resume" | "readWaiting">;
	readonly #mayRest: () => boolean;
	#isHeld = false;
	#isLimited = false;

	/** @param mayRest whether the hub may let the input rest; asked each time */
	constructor(wire: Pick<Wire, "pause" | "resume" | "readWaiting">, mayRest: () => boolean) {
		this.#wire = wire;
		this.#mayRest = mayRest;
	}

	hold(): void {
		if (this.#mayRest() === this.#isHeld) return;
		if (this.#isHeld) {
			this.release();
			return;
		}
		this.#isHeld = true;
		this.#wire.pause();
	}

	release(): void {
		this.#isHeld = false;
		if (!this.#isLimited) this.#wire.resume();
	}

	read(): boolean {
		return this.#isHeld && !this.#isLimited && this.#wire.readWaiting?.() === true;
	}

	/** A limit is exceeded, or is not any more. */
	setLimited(isLimited: boolean): void {
		if (isLimited === this.#isLimited) return;
		this.#isLimited = isLimited;
		if (isLimited) this.#wire.pause();
		else if (!this.#isHeld) this.#wire.resume();
	}
}
