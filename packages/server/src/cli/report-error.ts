import { MillraceError, UsageError } from "@millrace/core/fault";
import { ConfigError, formatProblem } from "../config/index.ts";
import type { CliStream } from "./cli-context.ts";

/** A command cannot go on, for a reason that one line tells. */
export class CommandFailure extends Error {}

/**
 * Tells the operator why a command cannot go on: the problems of a configuration line by line, a known failure and what
 * the operating system refuses in one line, and anything else with its stack, since then the program is wrong and not
 * its use.
 */
export function reportError(error: unknown, stderr: CliStream): void {
	if (error instanceof ConfigError) {
		const count = error.problems.length;
		stderr.write(`${count === 1 ? "One problem" : `${count} problems`} in the configuration:\n`);
		for (const problem of error.problems) stderr.write(`  ${formatProblem(problem)}\n`);
		// That the library was called wrongly is for programs that call it; here it is what the operator wrote.
	} else if (error instanceof UsageError) stderr.write(`${error.detail ?? error.message}\n`);
	else if (isSystemError(error)) stderr.write(`${error.message}\n`);
	else if (error instanceof MillraceError || error instanceof CommandFailure) stderr.write(`${error.message}\n`);
	else stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}

/** What the operating system says, as Node tells it: `EACCES: permission denied, open '/etc/millrace.yaml'`. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
	return error instanceof Error && "syscall" in error && "errno" in error;
}
