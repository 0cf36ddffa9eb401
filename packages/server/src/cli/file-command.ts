import { MillraceError } from "@millrace/core/fault";
import { CommanderError, InvalidArgumentError } from "commander";
import type { FileProgress, FileWorkOptions } from "../library/index.ts";
import type { CliContext } from "./cli-context.ts";
import { clockText, showLine, sizeText } from "./progress-line.ts";
import { EXIT, fail, onSignals } from "./stream-command.ts";

/**
 * Carries out a work on a file, tells how far it is, and ends it at the first signal; a second one ends the process.
 * What goes wrong ends the command with one line and one of the `EXIT` codes.
 */
export async function withFileWork<Result>(
	context: CliContext,
	work: (options: Required<FileWorkOptions>) => Promise<Result>,
): Promise<Result> {
	const abort = new AbortController();
	const release = onSignals(context, abort);
	const began = performance.now();
	let progress: FileProgress | undefined;
	// What is done before a first line would come needs none.
	const endProgress = showLine(context, isLast =>
		progress === undefined || isLast ? undefined : workText(progress, (performance.now() - began) / 1000),
	);
	try {
		return await work({
			signal: abort.signal,
			onProgress: now => {
				progress = now;
			},
		});
	} catch (error) {
		if (abort.signal.aborted) throw new CommanderError(EXIT.interrupted, "millrace.interrupted", "Interrupted.");
		if (error instanceof MillraceError) fail(context, EXIT.usage, error.message);
		throw error;
	} finally {
		endProgress();
		release();
	}
}

/** `00:01:23 of 00:05:00   28 %   41.5x   12.3 MB`: media time, the whole, speed against real time, and bytes. */
export function workText({ part, seconds, totalSeconds, bytes }: FileProgress, elapsedSeconds: number): string {
	const percent = `${Math.min(100, Math.floor(part * 100))} %`;
	if (totalSeconds <= 0 || seconds <= 0) return `${percent}   ${sizeText(bytes)}`;
	const speed = (seconds / Math.max(elapsedSeconds, 0.001)).toFixed(1);
	return `${clockText(seconds)} of ${clockText(totalSeconds)}   ${percent}   ${speed}x   ${sizeText(bytes)}`;
}

/** Reads the number of a track. */
export function parseTrackNumber(text: string): number {
	const number = Number(text);
	if (!/^\d+$/.test(text.trim()) || !(number >= 1)) throw new InvalidArgumentError("It is to be a number from 1 on.");
	return number;
}
