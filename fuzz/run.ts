/**
 * Fuzzes the parsers: `npm run fuzz -- [--target NAME|all] [--seconds N] [--seed N] [--grow] [--input FILE]`.
 * Exits with 1 when a defect was found; the input that shows it is left in `fuzz/crashes`.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { CurrentInput, type FuzzReport, type FuzzWorkerData } from "./fuzz-worker.ts";
import type { Defect } from "./fuzzer.ts";

type RunOptions = {
	readonly seconds: number;
	readonly seed: number;
	readonly isGrowing: boolean;
	readonly input: Uint8Array | undefined;
};

type Counts = { executions: number; corpus: number; blocks: number };

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
/** An execution that has not returned by then never will; slow ones that return report themselves. */
const HANG_MILLIS = 10_000;
const HEAP_MEGABYTES = 768;
const LONGEST_INPUT = 1024 * 1024;

process.exitCode = await main();

async function main(): Promise<number> {
	const { values } = parseArgs({
		options: {
			target: { type: "string", default: "all" },
			seconds: { type: "string", default: "20" },
			seed: { type: "string", default: String(Date.now() % 1_000_000) },
			grow: { type: "boolean", default: false },
			input: { type: "string" },
		},
	});
	const known = readdirSync(join(FOLDER, "targets"))
		.filter(name => name.endsWith(".ts") && !name.endsWith(".test.ts"))
		.map(name => basename(name, ".ts"))
		.sort();
	const names = values.target === "all" ? known : known.filter(name => name === values.target);
	const seconds = Number(values.seconds);
	const seed = Number(values.seed);
	if (names.length === 0) return usage(`There is no target ${values.target}; there are: ${known.join(", ")}.`);
	if (!(seconds > 0)) return usage(`--seconds takes a number above zero, not ${values.seconds}.`);
	if (!Number.isInteger(seed)) return usage(`--seed takes a whole number, not ${values.seed}.`);
	if (values.input !== undefined && names.length > 1) return usage("--input needs the --target that it is for.");
	const input = values.input === undefined ? undefined : new Uint8Array(readFileSync(values.input));
	console.log(input === undefined ? `seed ${seed}` : `${values.input}: ${input.length} bytes`);
	let defects = 0;
	for (const name of names) {
		if (await fuzz(name, { seconds, seed, isGrowing: values.grow, input })) defects++;
	}
	return defects > 0 ? 1 : 0;
}

function usage(problem: string): number {
	console.error(
		`${problem}\nUse: npm run fuzz -- [--target NAME|all] [--seconds N] [--seed N] [--grow] [--input FILE]`,
	);
	return 2;
}

/** Runs one target in a thread of its own and answers whether it has a defect. */
function fuzz(name: string, options: RunOptions): Promise<boolean> {
	const corpusFolder = join(FOLDER, "corpus", name);
	const memory = new SharedArrayBuffer(12 + LONGEST_INPUT);
	const current = new CurrentInput(memory);
	const workerData: FuzzWorkerData = {
		targetUrl: pathToFileURL(join(FOLDER, "targets", `${name}.ts`)).href,
		seed: options.seed,
		seconds: options.seconds,
		corpus: readCorpus(corpusFolder),
		input: options.input,
		current: memory,
	};
	const start = performance.now();
	const worker = new Worker(new URL("fuzz-worker.ts", import.meta.url), {
		workerData,
		resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
	});
	return new Promise(resolve => {
		let counts: Counts = { executions: 0, corpus: 0, blocks: 0 };
		let hasDefect = false;
		let seen = -1;
		let seenSince = performance.now();
		const fail = (defect: Omit<Defect, "kind"> & { readonly kind: string }) => {
			hasDefect = true;
			reportDefect(name, defect, options.input !== undefined);
		};
		const watch = setInterval(() => {
			const now = performance.now();
			if (!current.isRunning || current.number !== seen) {
				seen = current.number;
				seenSince = now;
			} else if (now - seenSince > HANG_MILLIS) {
				clearInterval(watch);
				fail({ kind: "hang", text: `It has not returned for ${HANG_MILLIS / 1000} s.`, input: current.input });
				void worker.terminate();
			}
		}, 250);
		worker.on("message", (report: FuzzReport) => {
			if (report.type === "defect") {
				fail(report.defect);
			} else if (report.type === "new-input") {
				if (options.isGrowing) save(corpusFolder, report.input);
			} else {
				counts = report;
				if (report.type === "progress") console.log(lineOf(name, counts, start, hasDefect));
			}
		});
		// What ends the thread itself, above all its heap running full.
		worker.on("error", (error: Error & { code?: string }) => {
			const kind = error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "memory" : "error";
			fail({ kind, text: error.stack ?? String(error), input: current.input });
		});
		worker.on("exit", () => {
			clearInterval(watch);
			console.log(lineOf(name, counts, start, hasDefect));
			resolve(hasDefect);
		});
	});
}

function reportDefect(name: string, defect: Omit<Defect, "kind"> & { readonly kind: string }, isReplay: boolean): void {
	console.error(`${name}: ${defect.kind}\n${defect.text}`);
	if (isReplay) return;
	const file = relative(process.cwd(), save(join(FOLDER, "crashes"), defect.input, `${name}-`));
	console.error(`${defect.input.length} bytes: ${Buffer.from(defect.input.subarray(0, 64)).toString("hex")}`);
	console.error(`To reproduce: npm run fuzz -- --target ${name} --input ${file}`);
}

function lineOf(name: string, counts: Counts, start: number, hasDefect: boolean): string {
	const seconds = ((performance.now() - start) / 1000).toFixed(1);
	const executions = counts.executions.toLocaleString("en");
	const defects = hasDefect ? "1 defect" : "0 defects";
	return `${name}: ${executions} executions in ${seconds} s, corpus ${counts.corpus}, coverage ${counts.blocks} blocks, ${defects}`;
}

function readCorpus(folder: string): Uint8Array[] {
	mkdirSync(folder, { recursive: true });
	return readdirSync(folder)
		.sort()
		.map(name => new Uint8Array(readFileSync(join(folder, name))));
}

/** Writes the bytes under a name made from them, and answers the path. */
function save(folder: string, bytes: Uint8Array, prefix = ""): string {
	mkdirSync(folder, { recursive: true });
	const path = join(folder, `${prefix}${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}`);
	writeFileSync(path, bytes);
	return path;
}
