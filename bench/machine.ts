import { spawnSync } from "node:child_process";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";

/** What the figures were taken on; they mean nothing without it. */
export type Machine = {
	cpu: string;
	cores: number;
	memoryGiB: number;
	kernel: string;
	node: string;
	/** Load average of the last minute, at the start. */
	load: number;
	/** The servers had the first core for themselves, and the load the others. */
	isSplit: boolean;
	/** The measured commit, with `+` for changes that are not committed; absent outside of a repository. */
	revision?: string;
	/** ISO 8601. */
	date: string;
};

/** Reads the facts of this machine. */
export function readMachine(isSplit = false): Machine {
	const machine: Machine = {
		cpu: cpus()[0]?.model.trim() ?? "unknown",
		cores: availableParallelism(),
		memoryGiB: Math.round(totalmem() / 2 ** 30),
		kernel: `Linux ${release()}`,
		node: process.version,
		load: loadavg()[0] ?? 0,
		isSplit,
		date: new Date().toISOString(),
	};
	const git = (...args: string[]) =>
		spawnSync("git", args, { cwd: import.meta.dirname, encoding: "utf8" }).stdout?.trim() ?? "";
	const commit = git("rev-parse", "--short", "HEAD");
	if (commit !== "") machine.revision = git("status", "--porcelain", "-uno") === "" ? commit : `${commit}+`;
	return machine;
}
