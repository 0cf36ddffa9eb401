import { parseArgs } from "node:util";
import { BenchError } from "./bench-error.ts";

/** What the command line asks for. */
export type BenchOptions = {
	/** Small scenarios, one round, no judgement (false). */
	smoke: boolean;
	/** Rounds of each scenario (5, or 1 with `smoke`). */
	rounds: number;
	/** Scenario names, or their beginning before a dash; none means all ([]). */
	only: string[];
	/** How long streams run before the window, in seconds, where they do at all (as each scenario has it). */
	warmUpSeconds?: number;
	/** Where all runs are written as JSON (nowhere). */
	json?: string;
	/** Leave it to the system which cores the servers and the load are on (false). */
	anyCore: boolean;
	/** Print the scenarios and end (false). */
	list: boolean;
	/** End with status 1 when a bar fails or could not be measured (false). */
	judge: boolean;
	/** Print the usage and end (false). */
	help: boolean;
};

/** For `--help`. */
export const USAGE = `npm run bench -- [options]

  --smoke        small and short: shows that everything works, never judges
  --rounds N     rounds of each scenario (5)
  --only NAME    this scenario, or all that begin with NAME- ; may be given again, or with commas
  --warm-up SEC  seconds between the last player's first frame and the window (3)
  --any-core     leave it to the system where servers and load run; else the servers have the first core alone
  --judge        end with status 1 when a bar fails, or when a peer that it needs is missing
  --json FILE    write every run's report, the verdicts and the machine's facts
  --list         print the scenarios and end
  --help         print this and end`;

/** Reads the arguments. Throws a BenchError for what it does not know. */
export function parseOptions(args: readonly string[]): BenchOptions {
	const { values } = parse(args);
	if (values.smoke && values.judge) throw new BenchError("--smoke is too short to be judged: leave --judge out.");
	const rounds = Number(values.rounds ?? (values.smoke ? 1 : 5));
	if (!Number.isInteger(rounds) || rounds < 1)
		throw new BenchError(`--rounds takes a whole number, not ${values.rounds}.`);
	const options: BenchOptions = {
		smoke: values.smoke ?? false,
		rounds,
		only: (values.only ?? []).flatMap(names => names.split(",")),
		list: values.list ?? false,
		judge: values.judge ?? false,
		anyCore: values["any-core"] ?? false,
		help: values.help ?? false,
	};
	if (values["warm-up"] !== undefined) {
		options.warmUpSeconds = Number(values["warm-up"]);
		if (!(options.warmUpSeconds >= 0)) throw new BenchError(`--warm-up takes seconds, not ${values["warm-up"]}.`);
	}
	if (values.json !== undefined) options.json = values.json;
	return options;
}

function parse(args: readonly string[]) {
	try {
		return parseArgs({
			args: [...args],
			options: {
				smoke: { type: "boolean" },
				rounds: { type: "string" },
				only: { type: "string", multiple: true },
				"warm-up": { type: "string" },
				json: { type: "string" },
				list: { type: "boolean" },
				judge: { type: "boolean" },
				"any-core": { type: "boolean" },
				help: { type: "boolean", short: "h" },
			},
		});
	} catch (error) {
		throw new BenchError(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
	}
}
