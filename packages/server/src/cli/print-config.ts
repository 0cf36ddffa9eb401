import { Command } from "commander";
import { configJsonSchema, printConfig } from "../config/index.ts";
import type { CliContext } from "./cli-context.ts";
import { addConfigFlags, type ConfigFlagValues, configOf } from "./config-flags.ts";

/** `millrace print-config`: the resolved configuration as a commented file, or the JSON Schema of such files. */
export function printConfigCommand(context: CliContext): Command {
	const command = new Command("print-config")
		.description("print the configuration with every default, as a file with comments")
		.option("--schema", "print the JSON Schema of configuration files instead");
	return addConfigFlags(command).action((values: ConfigFlagValues & { readonly schema?: boolean }) => {
		if (values.schema === true) {
			context.stdout.write(`${JSON.stringify(configJsonSchema(), null, "\t")}\n`);
			return;
		}
		const { options, placeOf } = configOf(values, context);
		context.stdout.write(printConfig(options, placeOf));
	});
}
