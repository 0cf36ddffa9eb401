import type { FuzzTarget } from "./fuzz-target.ts";
import { mutate } from "./mutation.ts";
import { Random } from "./random.ts";

/** What an input did that no input may do. */
export type Defect = {
	readonly kind: "error" | "slow" | "memory";
	/** The error with its stack, or the measure that was too high. */
	readonly text: string;
	readonly input: Uint8Array;
};

/** What the fuzzer asks about the code that ran; `Coverage` answers it. */
export type CoverageSource = {
	readonly blocks: number;
	/** Whether something ran since the last call of either method that `collect` never saw. */
	hasNew(): boolean;
	/** The same, and adds it to what was seen. */
	collect(): boolean;
};

export type FuzzerOptions = {
	/** Of the pseudo-random numbers: the same seed, corpus and target give the same inputs. */
	seed: number;
	/** Inputs kept from earlier runs, besides the target's seeds. Default: none. */
	corpus?: readonly Uint8Array[];
	/** Longest input. Default 4096 bytes. */
	maxLength?: number;
	/** Executions between two looks at the coverage. Default 256. */
	batch?: number;
	/** Default: no guidance; every input is derived from the first ones. */
	coverage?: CoverageSource;
	/** Sees the requests for memory. Default: only what stays in memory is measured. */
	allocations?: { readonly largest: number; reset(): void };
	/** Told of each input before it runs: should it never return, somebody else must know it. */
	beforeRun?: (input: Uint8Array) => void;
	/** Told when it has returned. */
	afterRun?: () => void;
	/** Told of each input that reached something new. */
	onNewInput?: (input: Uint8Array) => void;
};

/** An execution that takes longer is a defect. */
const SLOW_MILLIS = 1000;
/** Memory that one execution may leave behind at most, before any garbage is collected. */
const MEMORY_BYTES = 128 * 1024 * 1024;
/** Memory that one execution may ask for at once: inputs are small, so that more is an announced length believed. */
const ALLOCATION_BYTES = 64 * 1024 * 1024;
const MINIMISE_MILLIS = 5000;

/** Runs a target on mutations of its corpus, and keeps those that reach code that none before reached. */
export class Fuzzer {
	readonly #target: FuzzTarget;
	readonly #options: FuzzerOptions;
	readonly #random: Random;
	readonly #corpus: Uint8Array[] = [];
	#executions = 0;

	constructor(target: FuzzTarget, options: FuzzerOptions) {
		this.#target = target;
		this.#options = options;
		this.#random = new Random(options.seed);
	}

	get executions(): number {
		return this.#executions;
	}

	get corpusSize(): number {
		return this.#corpus.length;
	}

	/** Runs the seeds and the corpus. What adds no coverage to those before is not mutated further, unless it is a seed. */
	begin(): Defect | undefined {
		const seeds = this.#target.seeds();
		for (const [index, input] of [...seeds, ...(this.#options.corpus ?? [])].entries()) {
			const defect = this.#execute(input);
			if (defect !== undefined) return defect;
			const isNew = this.#options.coverage?.collect() ?? true;
			if (isNew || index < seeds.length) this.#corpus.push(input);
		}
		if (this.#corpus.length === 0) this.#corpus.push(new Uint8Array(0));
		return undefined;
	}

	/** Runs one batch of mutations; answers the first defect, made as short as it gets. */
	runBatch(): Defect | undefined {
		const { maxLength = 4096, batch = 256, coverage } = this.#options;
		const inputs: Uint8Array[] = [];
		const memory = memoryInUse();
		for (let index = 0; index < batch; index++) {
			const input = mutate(this.#pick(), this.#random.pick(this.#corpus), this.#random, maxLength);
			inputs.push(input);
			const defect = this.#execute(input);
			if (defect !== undefined) return this.#minimise(defect);
		}
		if (memoryInUse() - memory > MEMORY_BYTES) {
			const defect = this.#findHungry(inputs);
			if (defect !== undefined) return defect;
		}
		return coverage?.hasNew() ? this.#keepNew(inputs, coverage) : undefined;
	}

	/** Runs one input for itself, with its memory measured. */
	runOne(input: Uint8Array): Defect | undefined {
		return this.#execute(input) ?? this.#findHungry([input]);
	}

	/** Newer entries reach rarer code, so they are taken more often. */
	#pick(): Uint8Array {
		const count = this.#corpus.length;
		const newest = Math.min(count, 16);
		const index = this.#random.oneIn(3) ? count - 1 - this.#random.below(newest) : this.#random.below(count);
		return this.#corpus[index]!;
	}

	/** Some of the inputs reach new code: finds out which, by running halves of them again. */
	#keepNew(inputs: readonly Uint8Array[], coverage: CoverageSource): Defect | undefined {
		for (const input of inputs) {
			const defect = this.#execute(input);
			if (defect !== undefined) return this.#minimise(defect);
		}
		if (inputs.length > 1) {
			if (!coverage.hasNew()) return undefined;
			const half = inputs.length >> 1;
			return this.#keepNew(inputs.slice(0, half), coverage) ?? this.#keepNew(inputs.slice(half), coverage);
		}
		if (coverage.collect()) {
			this.#corpus.push(inputs[0]!);
			this.#options.onNewInput?.(inputs[0]!);
		}
		return undefined;
	}

	#execute(input: Uint8Array): Defect | undefined {
		const defect = this.#timed(input);
		// On a busy machine any execution may be held up: only one that is slow again is at fault.
		return defect?.kind === "slow" ? this.#timed(input) : defect;
	}

	#timed(input: Uint8Array): Defect | undefined {
		this.#executions++;
		this.#options.beforeRun?.(input);
		this.#options.allocations?.reset();
		const start = performance.now();
		try {
			// A copy, so that a target that writes into its input harms no corpus entry.
			this.#target.run(input.slice());
		} catch (error) {
			return { kind: "error", text: textOf(error), input };
		} finally {
			this.#options.afterRun?.();
		}
		const millis = performance.now() - start;
		const largest = this.#options.allocations?.largest ?? 0;
		if (largest > ALLOCATION_BYTES) {
			return { kind: "memory", text: `It asked for ${Math.round(largest / 1024 / 1024)} MB at once.`, input };
		}
		return millis > SLOW_MILLIS ? { kind: "slow", text: `It took ${Math.round(millis)} ms.`, input } : undefined;
	}

	#findHungry(inputs: readonly Uint8Array[]): Defect | undefined {
		for (const input of inputs) {
			const before = memoryInUse();
			const defect = this.#execute(input);
			if (defect !== undefined) return defect;
			const bytes = memoryInUse() - before;
			if (bytes > MEMORY_BYTES) {
				return { kind: "memory", text: `It took ${Math.round(bytes / 1024 / 1024)} MB.`, input };
			}
		}
		return undefined;
	}

	/** Cuts parts out and zeroes bytes as long as the same defect shows; what is only slow is left as it is. */
	#minimise(defect: Defect): Defect {
		if (defect.kind === "slow") return defect;
		const wanted = signatureOf(defect.text);
		const deadline = performance.now() + MINIMISE_MILLIS;
		let best = defect;
		const improves = (input: Uint8Array): boolean => {
			const again = this.#timed(input);
			if (again?.kind !== defect.kind || signatureOf(again.text) !== wanted) return false;
			best = again;
			return true;
		};
		for (let size = best.input.length >> 1; size >= 1 && performance.now() < deadline; size >>= 1) {
			for (let at = 0; at + size <= best.input.length && performance.now() < deadline; ) {
				const shorter = new Uint8Array(best.input.length - size);
				shorter.set(best.input.subarray(0, at));
				shorter.set(best.input.subarray(at + size), at);
				if (!improves(shorter)) at += size;
			}
		}
		for (let at = 0; at < best.input.length && performance.now() < deadline; at++) {
			if (best.input[at] !== 0) improves(best.input.with(at, 0));
		}
		return best;
	}
}

function memoryInUse(): number {
	const { heapUsed, arrayBuffers } = process.memoryUsage();
	return heapUsed + arrayBuffers;
}

function textOf(error: unknown): string {
	return error instanceof Error ? (error.stack ?? String(error)) : `thrown: ${String(error)}`;
}

/** An error's first line without its numbers, which tells it from other errors. */
function signatureOf(text: string): string {
	return text.split("\n", 1)[0]!.slice(0, 80).replaceAll(/\d+/g, "0");
}
