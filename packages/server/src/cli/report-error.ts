import { MillraceError } from "@millrace/core/fault";
import { ConfigError, formatProblem } from "../config/index.ts";
import type { CliStream } from "./cli-context.ts";

/** A command cannot go on, for a reason that one line tells. */
export class CommandFailure extends Error {}

/**
 * Tells the operator why a command cannot go on: the problems of a configuration line by line, a known failure in one
 * line, and anything else with its stack, since then the program is wrong and not its use.
 */
export function reportError(error: unknown, stderr: CliStream): void {
	if (error instanceof ConfigError) {
		const count = error.problems.length;
		stderr.write(`${count === 1 ? "One problem" : `${count} problems`} in the configuration:\n`);
		for (const problem of error.problems) stderr.write(`  ${formatProblem(problem)}\n`);
	} else if (error instanceof MillraceError || error instanceof CommandFailure) stderr.write(`${error.message}\n`);
	else stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
