import { parentPort, workerData } from "node:worker_threads";
import { AllocationMeter } from "./allocation-meter.ts";
import { Coverage } from "./coverage.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { type Defect, Fuzzer } from "./fuzzer.ts";

/** What the supervisor tells the thread that fuzzes. */
export type FuzzWorkerData = {
	readonly targetUrl: string;
	readonly seed: number;
	readonly seconds: number;
	readonly corpus: readonly Uint8Array[];
	/** Run this alone, without mutations. */
	readonly input: Uint8Array | undefined;
	/** Shared: see `CurrentInput`. */
	readonly current: SharedArrayBuffer;
};

/** What the thread reports. */
export type FuzzReport =
	| { readonly type: "progress" | "end"; readonly executions: number; readonly corpus: number; readonly blocks: number }
	| { readonly type: "new-input"; readonly input: Uint8Array }
	| { readonly type: "defect"; readonly defect: Defect };

/** The input that is running, in memory that the supervisor sees even when this thread never returns. */
export class CurrentInput {
	/** [whether one is running, how many have begun, its length] */
	readonly #head: Int32Array;
	readonly #bytes: Uint8Array;

	constructor(memory: SharedArrayBuffer) {
		this.#head = new Int32Array(memory, 0, 3);
		this.#bytes = new Uint8Array(memory, 12);
	}

	begin(input: Uint8Array): void {
		this.#bytes.set(input.subarray(0, this.#bytes.length));
		this.#head[2] = Math.min(input.length, this.#bytes.length);
		Atomics.add(this.#head, 1, 1);
		Atomics.store(this.#head, 0, 1);
	}

	end(): void {
		Atomics.store(this.#head, 0, 0);
	}

	get isRunning(): boolean {
		return Atomics.load(this.#head, 0) === 1;
	}

	/** Tells one execution from the next. */
	get number(): number {
		return Atomics.load(this.#head, 1);
	}

	get input(): Uint8Array {
		return this.#bytes.slice(0, this.#head[2]);
	}
}

const PROGRESS_MILLIS = 5000;

if (parentPort !== null) await work(workerData as FuzzWorkerData, report => parentPort!.postMessage(report));

async function work(data: FuzzWorkerData, report: (report: FuzzReport) => void): Promise<void> {
	const { target } = (await import(data.targetUrl)) as { target: FuzzTarget };
	const current = new CurrentInput(data.current);
	const coverage = new Coverage();
	coverage.start();
	const allocations = new AllocationMeter();
	allocations.install();
	const fuzzer = new Fuzzer(target, {
		seed: data.seed,
		corpus: data.corpus,
		coverage,
		allocations,
		beforeRun: input => current.begin(input),
		afterRun: () => current.end(),
		onNewInput: input => report({ type: "new-input", input }),
	});
	const counts = () => ({ executions: fuzzer.executions, corpus: fuzzer.corpusSize, blocks: coverage.blocks });
	let defect: Defect | undefined;
	if (data.input !== undefined) {
		defect = fuzzer.runOne(data.input);
		coverage.collect();
	} else {
		const end = performance.now() + data.seconds * 1000;
		let next = performance.now() + PROGRESS_MILLIS;
		defect = fuzzer.begin();
		while (defect === undefined && performance.now() < end) {
			defect = fuzzer.runBatch();
			if (performance.now() < next || performance.now() >= end) continue;
			next += PROGRESS_MILLIS;
			report({ type: "progress", ...counts() });
		}
	}
	coverage.stop();
	if (defect !== undefined) report({ type: "defect", defect });
	report({ type: "end", ...counts() });
}
