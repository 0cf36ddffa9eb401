import { type Profiler, Session } from "node:inspector";

/** Only the code under test counts. */
const CODE_UNDER_TEST = "/packages/core/src/";

/** Which parts of the code under test ran, from the engine's own block counters; of this thread alone. */
export class Coverage {
	readonly #session = new Session();
	readonly #scripts = new Map<string, ScriptCoverage>();

	/** Counting begins; code that ran before does not count. */
	start(): void {
		this.#session.connect();
		this.#post("Profiler.enable");
		this.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
	}

	stop(): void {
		this.#session.disconnect();
	}

	/** Blocks known to have run: functions, branches, loop bodies. */
	get blocks(): number {
		let blocks = 0;
		for (const script of this.#scripts.values()) blocks += script.coveredBlocks;
		return blocks;
	}

	/** Whether something ran since the last call of either method that `collect` never saw. */
	hasNew(): boolean {
		return this.#look(false);
	}

	/** The same, and adds it to what was seen. */
	collect(): boolean {
		return this.#look(true);
	}

	#look(isKept: boolean): boolean {
		let isNew = false;
		for (const { url, functions } of this.#take()) {
			if (!url.includes(CODE_UNDER_TEST)) continue;
			let script = this.#scripts.get(url);
			if (script === undefined) {
				script = new ScriptCoverage();
				this.#scripts.set(url, script);
			}
			if (script.look(functions, isKept)) isNew = true;
		}
		return isNew;
	}

	#take(): Profiler.ScriptCoverage[] {
		return (this.#post("Profiler.takePreciseCoverage") as Profiler.TakePreciseCoverageReturnType).result;
	}

	/** A session of the same thread answers before `post` returns. */
	#post(method: string, parameters: object = {}): object {
		let answer: object | undefined;
		this.#session.post(method, parameters, (error: Error | null, result?: object) => {
			if (error) throw error;
			answer = result ?? {};
		});
		if (answer === undefined) throw new Error(`The inspector did not answer ${method} at once.`);
		return answer;
	}
}

/**
 * The characters of one script that ran. The engine joins neighbouring blocks whose counts happen to be equal, so the
 * blocks of two runs cannot be compared; the characters can.
 */
class ScriptCoverage {
	#covered = new Uint8Array(0);
	/** This run's characters: painted function by function, block by block, the inner over the outer. */
	#painted = new Uint8Array(0);
	/** Where blocks begin, as far as the engine has told so far. */
	readonly #starts = new Set<number>();

	get coveredBlocks(): number {
		let count = 0;
		for (const start of this.#starts) count += this.#covered[start] ?? 0;
		return count;
	}

	/** Whether the functions ran where nothing ran before; adds it to what ran when it is to be kept. */
	look(functions: readonly Profiler.FunctionCoverage[], isKept: boolean): boolean {
		const length = functions.reduce((end, each) => Math.max(end, each.ranges[0]?.endOffset ?? 0), 0);
		if (length > this.#covered.length) this.#grow(length);
		this.#painted.fill(0);
		for (const { ranges } of functions) {
			for (const { startOffset, endOffset, count } of ranges) {
				this.#starts.add(startOffset);
				this.#painted.fill(count > 0 ? 1 : 0, startOffset, endOffset);
			}
		}
		let isNew = false;
		for (let index = 0; index < length; index++) {
			if (this.#painted[index]! <= this.#covered[index]!) continue;
			isNew = true;
			if (!isKept) break;
			this.#covered[index] = 1;
		}
		return isNew;
	}

	#grow(length: number): void {
		const covered = new Uint8Array(length);
		covered.set(this.#covered);
		this.#covered = covered;
		this.#painted = new Uint8Array(length);
	}
}
