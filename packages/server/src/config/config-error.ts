import { UsageError } from "@millrace/core/fault";

/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
	/** Where it was written: `millrace.yaml:3:5`, `MILLRACE_LIVE_LATENCY` or `--latency`; undefined when nowhere. */
	readonly place: string | undefined;
	/** What is wrong and, where it can be told, what would be right. No value of a secret stands in it. */
	readonly message: string;
}

/** The configuration cannot be used. It holds every problem that was found, not only the first. */
export class ConfigError extends UsageError {
	readonly problems: readonly ConfigProblem[];

	constructor(problems: readonly ConfigProblem[]) {
		super("CONFIG_INVALID", `\n${problems.map(formatProblem).join("\n")}`);
		this.problems = problems;
	}
}

/** A problem as one line: its place, then what is wrong. */
export function formatProblem(problem: ConfigProblem): string {
	return problem.place === undefined ? problem.message : `${problem.place}  ${problem.message}`;
}
