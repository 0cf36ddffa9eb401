import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** How much the heap may grow beyond what was in use after a full collection before the next one, in percent. */
const GROWTH_PERCENT = 50;

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
 * Gives back what starting took: modules leave garbage, and the young generation at a size that the server itself does
 * not need, some 30 MB together, which would be touched again and again (0012). It takes some 30 ms.
 */
export function collectStart(): void {
	setFlagsFromString("--expose-gc");
	const collect = runInNewContext("gc") as (options: Readonly<Record<string, string>>) => void;
	collect({ type: "major", execution: "sync", flavor: "last-resort" });
}
