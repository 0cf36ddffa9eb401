import { Command } from "commander";
import type { CliContext } from "./cli-context.ts";
import { addConfigFlags, type ConfigFlagValues, configOf } from "./config-flags.ts";

/** `millrace check`: reads the configuration as `serve` would, and says whether it is sound. */
export function checkCommand(context: CliContext): Command {
	const command = new Command("check").description("check the configuration and report every problem");
	return addConfigFlags(command).action((values: ConfigFlagValues) => {
		const { file } = configOf(values, context);
		context.stdout.write(`${file ?? "The configuration (no file)"} is valid.\n`);
	});
}
