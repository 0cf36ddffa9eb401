import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { BenchError } from "./bench-error.ts";

/** The bench's programs in C, each in the folder of its name. */
export type BuiltProgram = "rtmpload" | "netpath";

/** Builds it with make when it is missing or older than its source. Throws a BenchError when that fails. */
export function buildProgram(name: BuiltProgram): void {
	const program = programPath(name);
	if (existsSync(program) && statSync(program).mtimeMs >= statSync(`${program}.c`).mtimeMs) return;
	console.error(`Building ${name} …`);
	const make = spawnSync("make", ["-C", join(import.meta.dirname, name)], { encoding: "utf8" });
	if (make.error) throw new BenchError(`make is needed to build bench/${name} (Debian: build-essential).`);
	if (make.status !== 0) throw new BenchError(`bench/${name} does not build:\n${make.stderr}`);
}

/** Where it is once it is built. */
export function programPath(name: BuiltProgram): string {
	return join(import.meta.dirname, name, name);
}
