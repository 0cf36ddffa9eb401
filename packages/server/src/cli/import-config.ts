import { existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { loadConfig } from "../config/index.ts";
import { escapeText } from "../log/index.ts";
import { importConfig, reportText } from "../migration/index.ts";
import type { CliContext } from "./cli-context.ts";
import { DEFAULT_FILE } from "./config-flags.ts";
import { CommandFailure } from "./report-error.ts";

type ImportFlags = {
	readonly output: string;
	readonly report?: string;
	readonly json?: true;
	readonly force?: true;
};

const DETAILS = `
The folder is that of a Flash Media Server or Adobe Media Server (2 to 5), or its
"conf". The report says of each setting whether it was taken and where to, whether
the server does the same by itself, or why it means nothing here. Passwords are
not taken. Paths in the file are absolute, those of this machine where they exist.
`;

/** `millrace import-config`: writes the configuration of an old server as ours, and says what became of each setting. */
export function importConfigCommand(context: CliContext): Command {
	return new Command("import-config")
		.description("write the configuration of an old server (FMS, AMS) as ours")
		.argument("<folder>", "the old server's folder, or its conf folder")
		.option("-o, --output <file>", "where to write the configuration", DEFAULT_FILE)
		.option("--report <file>", "write the report to a file instead of printing it")
		.option("--json", "the report as JSON")
		.option("--force", "replace files that exist")
		.addHelpText("after", DETAILS)
		.action((folder: string, { output, report: reportFile, json, force }: ImportFlags) => {
			const target = resolve(context.folder, output);
			const reportTarget = reportFile === undefined ? undefined : resolve(context.folder, reportFile);
			for (const file of [target, reportTarget]) {
				if (file !== undefined && force !== true && existsSync(file)) {
					throw new CommandFailure(`${file} exists already. Name another file, or replace it with --force.`);
				}
			}
			const { yaml, report } = importConfig(resolve(context.folder, folder));
			writeFileSync(target, yaml);
			// As `millrace check` does, from the file itself.
			loadConfig({ file: target });
			const text = json === true ? `${JSON.stringify(report, null, "\t")}\n` : reportText(report);
			if (reportTarget !== undefined) writeFileSync(reportTarget, text);
			else context.stdout.write(json === true ? text : text.split("\n").map(escapeText).join("\n"));
			// With --json, standard output is the report alone.
			const line = `${output} is written and valid.${reportFile === undefined ? "" : ` The report is in ${reportFile}.`}\n`;
			(json === true && reportFile === undefined ? context.stderr : context.stdout).write(line);
		});
}
