import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** The parts of `process` by which a program starts anew. */
export type RestartableProcess = Pick<NodeJS.Process, "argv" | "argv0" | "env" | "execArgv" | "execPath"> & {
	/** Not in Node 20, and not on Windows. */
	readonly execve?: (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => never;
	/** There where another program holds a channel to it, which would be lost. */
	readonly send?: unknown;
};

/** One half of the young generation, in mebibytes: it has this size from the start, and never another. */
const YOUNG_HALF_MEBIBYTES = 4;
const YOUNG_FLAGS = ["min", "max"].map(bound => `--${bound}-semi-space-size=${YOUNG_HALF_MEBIBYTES}`);
/** How much the heap may grow beyond what was in use after a full collection before the next one, in percent. */
const GROWTH_PERCENT = 50;

/**
 * Starts the program anew in the same process with a young generation of fixed, small size (0012), which the engine
 * takes on its command line only. Does nothing where that has been done, where the user chose a size, in older Node
 * versions, and on Windows: then the young generation is as large as the engine likes.
 */
export function restartWithHeapFlags(program: RestartableProcess): void {
	const chosen = [...program.execArgv, program.env["NODE_OPTIONS"] ?? ""].some(flag =>
		flag.includes("semi-space-size"),
	);
	if (chosen || program.execve === undefined || program.send !== undefined) return;
	const args = [program.argv0, ...YOUNG_FLAGS, ...program.execArgv, ...program.argv.slice(1)];
	program.execve(program.execPath, args, program.env);
}

/**
 * Makes the engine collect garbage before it asks the system for much more memory. Left to itself it lets the heap grow
 * to four times what is in use, and further still before its first full collection; what a crowd of strangers leaves
 * behind then costs more than what it holds (0012). It concerns the whole process, so programs that embed a server
 * decide for themselves. Node 20 to 26 know the flag.
 */
export function boundHeapGrowth(): void {
	setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}

/**
 * Gives back what starting took, some 30 MB: modules leave garbage, and the engine keeps pages for more of it. What any
 * traffic would take at once, the young generation, is taken now (0012). It takes some 30 ms.
 */
export function collectStart(): void {
	setFlagsFromString("--expose-gc");
	const collect = runInNewContext("gc") as (options: Readonly<Record<string, string>>) => void;
	collect({ type: "major", execution: "sync", flavor: "last-resort" });
	touchYoungGeneration();
}

/** Makes garbage of three halves, so that both have been written to. */
function touchYoungGeneration(): void {
	const arrayBytes = 16 * 1024;
	let made: number[] = [];
	for (let bytes = 0; bytes < 3 * YOUNG_HALF_MEBIBYTES * 1024 * 1024; bytes += arrayBytes) {
		made = new Array<number>(arrayBytes / 8).fill(made.length);
	}
}
