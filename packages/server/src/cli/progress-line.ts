import type { CliContext } from "./cli-context.ts";

/** How often the line is written anew: on a terminal, and elsewhere. */
const TERMINAL_MILLIS = 250;
const LOG_MILLIS = 5000;

/** What a progress line tells. */
export type Progress = {
	readonly seconds: number;
	readonly bytes: number;
	readonly bytesPerSecond: number;
	/** Where it will end; infinite or left out where that is not known. */
	readonly totalSeconds?: number;
};

/**
 * Tells on standard error how far a stream is: one line that changes on a terminal, a line each 5 s elsewhere.
 *
 * @returns what ends it, with a last line
 */
export function showProgress(context: CliContext, read: () => Progress): () => void {
	// Where nothing came there is nothing to tell.
	return showLine(context, isLast => (isLast && read().bytes === 0 ? undefined : progressText(read())));
}

/**
 * Keeps a line on standard error, as `showProgress`.
 *
 * @param text makes the line; `undefined`: there is nothing to tell
 * @returns what ends it, with a last line
 */
export function showLine({ stderr }: CliContext, text: (isLast: boolean) => string | undefined): () => void {
	const isTerminal = stderr.isTTY === true;
	const write = (isLast: boolean): void => {
		const line = text(isLast);
		if (line !== undefined) stderr.write(isTerminal ? `\r${line}\x1b[K` : `${line}\n`);
	};
	const timer = setInterval(() => write(false), isTerminal ? TERMINAL_MILLIS : LOG_MILLIS);
	return () => {
		clearInterval(timer);
		write(true);
		if (isTerminal) stderr.write("\n");
	};
}

/** `00:01:23   2.5 Mbit/s   12.3 MB`, and behind the time ` of 00:05:00   28 %` where the end is known. */
export function progressText({ seconds, bytes, bytesPerSecond, totalSeconds = Infinity }: Progress): string {
	const isKnown = totalSeconds > 0 && Number.isFinite(totalSeconds);
	const percent = Math.min(100, Math.floor((seconds / totalSeconds) * 100));
	const end = isKnown ? ` of ${clockText(totalSeconds)}   ${percent} %` : "";
	return `${clockText(seconds)}${end}   ${bitrateText(bytesPerSecond * 8)}   ${sizeText(bytes)}`;
}

export function bitrateText(bitsPerSecond: number): string {
	if (bitsPerSecond < 1e6) return `${Math.round(bitsPerSecond / 1e3)} kbit/s`;
	return `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`;
}

export function sizeText(bytes: number): string {
	if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
	return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

export function clockText(seconds: number): string {
	const whole = Math.floor(seconds);
	const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
	return parts.map(part => String(part).padStart(2, "0")).join(":");
}
