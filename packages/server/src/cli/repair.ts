import { Command } from "commander";
import { isTaken, type RepairedFile, repairFile } from "../library/index.ts";
import { escapeText } from "../log/index.ts";
import type { CliContext } from "./cli-context.ts";
import { withFileWork } from "./file-command.ts";
import { clockText, sizeText } from "./progress-line.ts";
import { EXIT, fail } from "./stream-command.ts";

type RepairFlags = { readonly output?: string; readonly force?: true };

/** `millrace repair`: mends a file that was cut off, or whose length or index is wrong. */
export function repairCommand(context: CliContext): Command {
	return new Command("repair")
		.description("mend a file that was cut off, or whose length or index is wrong or missing")
		.argument("<file>", "FLV, or MP4 of fragments; it is kept as <file>.bak")
		.option("--output <file>", "write the mended file there and leave the other as it is")
		.option("--force", "replace the output or the backup if it exists")
		.action(async (file: string, { output, force }: RepairFlags) => {
			const overwrite = force === true;
			if (output !== undefined && !overwrite && (await isTaken(output))) {
				fail(context, EXIT.usage, `${output} exists; --force replaces it.`);
			}
			const repaired = await withFileWork(context, options =>
				repairFile(file, { ...options, overwrite, ...(output === undefined ? {} : { output }) }),
			);
			context.stderr.write(escapedLines(reportOf(repaired, file, output)));
		});
}

function reportOf({ mended, left, seconds, bytes, backup }: RepairedFile, file: string, output?: string): string[] {
	const lines = mended.map(fault => `Mended: ${fault.text}`);
	if (mended.length === 0) lines.push(`${file}: nothing is to be mended.`);
	for (const fault of left) lines.push(`Left as it is: ${fault.text}`);
	if (mended.length > 0 || output !== undefined) {
		lines.push(`${output ?? file}: ${clockText(seconds)}, ${sizeText(bytes)}.`);
	}
	if (backup !== undefined) lines.push(`What was there is ${backup}.`);
	return lines;
}

function escapedLines(lines: readonly string[]): string {
	return lines.map(line => `${escapeText(line)}\n`).join("");
}
