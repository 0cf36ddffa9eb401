import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** Who runs: the server alone on its core, the load and what belongs to it on the others. */
export type Side = "server" | "load";

let isSplit = false;

/**
 * Gives the servers the first core for themselves, and the others to the load. Without it, some machines put both on one
 * core while another is free: then what the load does is measured as well, and a server gains by being next to it whose
 * segments leave in the time of whoever acknowledges the ones before.
 *
 * @returns false where that is not possible: on one core, or without `taskset` (Debian: util-linux)
 */
export function splitCores(): boolean {
	isSplit = availableParallelism() > 1 && spawnSync("taskset", ["-V"]).error === undefined;
	return isSplit;
}

/** The command line that runs a program on its side. */
export function onCores(side: Side, command: string, args: readonly string[]): [command: string, args: string[]] {
	if (!isSplit) return [command, [...args]];
	const cores = side === "server" ? "0" : `1-${availableParallelism() - 1}`;
	return ["taskset", ["-c", cores, command, ...args]];
}
