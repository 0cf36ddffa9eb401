import { Command, Option } from "commander";
import { containerOfPath, convertFile, isTaken, type MediaContainer } from "../library/index.ts";
import { escapeText } from "../log/index.ts";
import type { CliContext } from "./cli-context.ts";
import { parseTrackNumber, withFileWork } from "./file-command.ts";
import { clockText, sizeText } from "./progress-line.ts";
import { EXIT, fail } from "./stream-command.ts";

type ConvertFlags = { readonly format?: MediaContainer; readonly audioTrack?: number; readonly force?: true };

/** `millrace convert`: brings FLV into MP4 and MP4 into FLV. */
export function convertCommand(context: CliContext): Command {
	return new Command("convert")
		.description("bring an FLV into MP4, or an MP4 into FLV, without encoding anything again")
		.argument("<input>", "FLV or MP4 file")
		.argument("<output>", "the file to write, whose extension names the format")
		.addOption(new Option("--format <format>", "what to write, whatever the extension says").choices(["flv", "mp4"]))
		.option("--audio-track <number>", "of an MP4 with several, from 1 (default: the first)", parseTrackNumber)
		.option("--force", "replace the output if it exists")
		.action(async (input: string, output: string, flags: ConvertFlags) => {
			const container = flags.format ?? containerOfPath(output);
			if (container === undefined) {
				fail(context, EXIT.usage, `${output} names no format: .flv or .mp4, or say --format.`);
			}
			const overwrite = flags.force === true;
			if (!overwrite && (await isTaken(output))) fail(context, EXIT.usage, `${output} exists; --force replaces it.`);
			const notes: string[] = [];
			const onNote = (text: string) => notes.push(text);
			const audioTrack = flags.audioTrack === undefined ? {} : { audioTrack: flags.audioTrack };
			const { seconds, bytes } = await withFileWork(context, options =>
				convertFile(input, output, { ...options, container, overwrite, ...audioTrack, onNote }),
			);
			for (const note of notes) context.stderr.write(`${escapeText(note)}\n`);
			context.stderr.write(`${escapeText(output)}: ${clockText(seconds)}, ${sizeText(bytes)}.\n`);
		});
}
