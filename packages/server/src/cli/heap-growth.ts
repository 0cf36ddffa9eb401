import { setFlagsFromString } from "node:v8";

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
