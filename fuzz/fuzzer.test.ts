import { expect, test } from "vitest";
import { AllocationMeter } from "./allocation-meter.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { type CoverageSource, Fuzzer } from "./fuzzer.ts";
import { mutate } from "./mutation.ts";
import { Random } from "./random.ts";
import { target as amf0 } from "./targets/amf0.ts";
import { target as amf3 } from "./targets/amf3.ts";

/** A parser of a count and items that forgets one check. */
const broken: FuzzTarget = {
	name: "broken",
	seeds: () => [Uint8Array.of(2, 10, 20, 0, 0, 0)],
	run(input) {
		if ((input[0] ?? 0) > 40 && input.length > 3) throw new RangeError(`count ${input[0]} is past the end`);
	},
};

function firstDefect(fuzzer: Fuzzer, batches: number) {
	let defect = fuzzer.begin();
	for (let batch = 0; batch < batches && defect === undefined; batch++) defect = fuzzer.runBatch();
	return defect;
}

test("a defect is found and its input made as short as shows it", () => {
	const defect = firstDefect(new Fuzzer(broken, { seed: 1 }), 100);
	expect(defect?.kind).toBe("error");
	expect(defect?.text).toContain("past the end");
	expect(defect?.input.length).toBe(4);
	expect([...defect!.input.subarray(1)]).toEqual([0, 0, 0]);
});

test("the same seed finds the same defect after as many executions", () => {
	const fuzzers = [new Fuzzer(broken, { seed: 7 }), new Fuzzer(broken, { seed: 7 })];
	const [first, second] = fuzzers.map(fuzzer => firstDefect(fuzzer, 100));
	expect(first?.input).toEqual(second?.input);
	expect(fuzzers[0]!.executions).toBe(fuzzers[1]!.executions);
});

test("an execution over a second is a defect, and so is one that keeps much memory", () => {
	const slow: FuzzTarget = {
		...broken,
		run: () => {
			const end = performance.now() + 1005;
			while (performance.now() < end);
		},
	};
	expect(new Fuzzer(slow, { seed: 1 }).runOne(Uint8Array.of(1))?.kind).toBe("slow");
	const kept: Uint8Array[] = [];
	const hungry: FuzzTarget = { ...broken, run: () => void kept.push(new Uint8Array(200 * 1024 * 1024)) };
	expect(new Fuzzer(hungry, { seed: 1 }).runOne(Uint8Array.of(1))?.kind).toBe("memory");
});

test("asking for much memory at once is a defect, though it is given back at once", () => {
	const trusting: FuzzTarget = {
		...broken,
		run: input => {
			if ((input[0] ?? 0) > 100) new Float64Array(input[0]! * 100_000);
		},
	};
	const allocations = new AllocationMeter();
	allocations.install();
	try {
		const defect = firstDefect(new Fuzzer(trusting, { seed: 2, allocations }), 100);
		expect(defect?.kind).toBe("memory");
		expect(defect?.input.length).toBe(1);
		expect(new Uint8Array(3)).toBeInstanceOf(Uint8Array);
	} finally {
		allocations.uninstall();
	}
});

test("inputs that reach new code are kept, and reported once", () => {
	const reached = new Set<number>();
	let current: number[] = [];
	const target: FuzzTarget = {
		name: "t",
		seeds: () => [Uint8Array.of(0)],
		run: input => void current.push(input[0] ?? 0),
	};
	const look = (isKept: boolean) => {
		const fresh = current.filter(value => !reached.has(value));
		if (isKept) for (const value of fresh) reached.add(value);
		current = [];
		return fresh.length > 0;
	};
	const coverage: CoverageSource = {
		get blocks() {
			return reached.size;
		},
		hasNew: () => look(false),
		collect: () => look(true),
	};
	const kept: number[] = [];
	const fuzzer = new Fuzzer(target, { seed: 3, coverage, onNewInput: input => void kept.push(input[0] ?? 0) });
	expect(firstDefect(fuzzer, 20)).toBe(undefined);
	expect(kept.length).toBeGreaterThan(10);
	expect(new Set(kept).size).toBe(kept.length);
	expect(fuzzer.corpusSize).toBe(kept.length + 1);
});

test("mutations change a copy and keep to the longest length", () => {
	const random = new Random(5);
	const input = Uint8Array.from({ length: 50 }, (_, index) => index);
	const original = input.slice();
	for (let round = 0; round < 2000; round++) {
		expect(mutate(input, Uint8Array.of(1, 2), random, 60).length).toBeLessThanOrEqual(60);
		mutate(new Uint8Array(0), new Uint8Array(0), random, 60);
	}
	expect(input).toEqual(original);
});

test.each([amf0, amf3])("$name: seeds and some thousand mutations show no defect", target => {
	expect(firstDefect(new Fuzzer(target, { seed: 11 }), 12)).toBe(undefined);
});
