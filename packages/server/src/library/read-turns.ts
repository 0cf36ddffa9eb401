import { Arena } from "@millrace/core/bytes";

/** The platform carries out four reads at a time; what one more has read is made into messages meanwhile. */
const READS_AT_ONCE = 5;
/** What a read takes: the bytes of the file, and the payloads made of them. */
const READ_BYTES = 320 * 1024;

/**
 * Turns to read files, each with the memory to read into. However many play, only so many read at once, the others wait
 * in order: so memory is needed for those alone, and nobody keeps any between reads.
 */
export class ReadTurns {
	readonly #free: Arena[] = [];
	readonly #waiting: ((memory: Arena) => void)[] = [];
	#unmade: number;

	/** @param atOnce how many may have a turn. Default 5. */
	constructor(atOnce = READS_AT_ONCE) {
		this.#unmade = atOnce;
	}

	/** How many may begin a turn at once. */
	get free(): number {
		return this.#free.length + this.#unmade;
	}

	/** How many wait for a turn. */
	get size(): number {
		return this.#waiting.length;
	}

	/** Begins a turn; `end` must follow. */
	begin(): Arena | Promise<Arena> {
		const memory = this.#free.pop();
		if (memory !== undefined) return memory;
		if (this.#unmade === 0) return new Promise(resolve => this.#waiting.push(resolve));
		this.#unmade--;
		return new Arena(READ_BYTES);
	}

	/**
	 * Ends a turn.
	 *
	 * @param isKept what was read is still needed; the turn's memory is left to it then
	 */
	end(memory: Arena, isKept = false): void {
		if (isKept) memory.abandon();
		else memory.reset();
		const next = this.#waiting.shift();
		if (next === undefined) this.#free.push(memory);
		else next(memory);
	}
}
