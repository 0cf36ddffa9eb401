import { escapeText, textOf } from "./escape-text.ts";
import type { LogFields, LogLevel, LogRecord, LogSink } from "./event-log.ts";

/** How lines for people look. */
export interface TerminalSinkOptions {
	/** ANSI colours. Default false. */
	readonly colour?: boolean;
	/** Stacks of errors under their line. Default false. */
	readonly stacks?: boolean;
}

const EVENT_WIDTH = 11;
const CONNECTION_WIDTH = 4;
const STREAM_WIDTH = 16;

const DIM = "2";
const BOLD = "1";
const LEVEL_COLOUR: Readonly<Record<LogLevel, string>> = { debug: DIM, info: "36", warn: "33", error: "31" };

/** What is told apart from the usual by its colour needs a word where there is none. */
const LEVEL_WORD: Readonly<Record<LogLevel, string>> = { debug: "", info: "", warn: "(warning)", error: "(error)" };

/**
 * Writes events as aligned lines for people:
 * `18:42:07 publish     c12  live/demo         from 127.0.0.1  H.264 640x360 + AAC 44.1 kHz`.
 */
export class TerminalSink implements LogSink {
	readonly #write: (line: string) => void;
	readonly #colour: boolean;
	readonly #stacks: boolean;

	constructor(write: (line: string) => void, options: TerminalSinkOptions = {}) {
		this.#write = write;
		this.#colour = options.colour ?? false;
		this.#stacks = options.stacks ?? false;
	}

	write({ time, level, event, fields }: LogRecord): void {
		// How often an event was repeated stands in the text already.
		const { connection, stream, from, media, text, error, repeated: _, ...others } = fields;
		const columns = [
			this.#paint(DIM, clockOf(time)),
			this.#paint(LEVEL_COLOUR[level], escapeText(event).padEnd(EVENT_WIDTH)),
			this.#paint(DIM, escapeText(connection ?? "").padEnd(CONNECTION_WIDTH)),
		];
		const words: string[] = [];
		if (stream !== undefined) words.push(this.#paint(BOLD, escapeText(stream).padEnd(STREAM_WIDTH)));
		if (from !== undefined) words.push(`${this.#paint(DIM, "from")} ${escapeText(from)}`);
		if (media !== undefined) words.push(escapeText(media));
		if (text !== undefined) words.push(escapeText(text));
		if (error !== undefined) words.push(escapeText(textOf(error)));
		for (const [name, value] of Object.entries(others)) {
			if (value !== undefined) words.push(`${this.#paint(DIM, `${escapeText(name)}=`)}${quoted(value)}`);
		}
		if (!this.#colour && LEVEL_WORD[level] !== "" && event !== level) words.push(LEVEL_WORD[level]);
		this.#write(`${`${columns.join(" ")} ${words.join("  ")}`.trimEnd()}\n`);
		if (this.#stacks) this.#writeStack(fields);
	}

	flush(): void {}

	#writeStack({ error }: LogFields): void {
		for (let cause = error, depth = 0; cause instanceof Error && depth < 4; cause = cause.cause, depth += 1) {
			const [, ...frames] = (cause.stack ?? "").split("\n");
			if (depth > 0) this.#write(this.#paint(DIM, `    caused by ${escapeText(cause.message)}`).concat("\n"));
			for (const frame of frames) this.#write(this.#paint(DIM, `    ${escapeText(frame.trim())}`).concat("\n"));
		}
	}

	#paint(colour: string, text: string): string {
		return this.#colour && text !== "" ? `\x1b[${colour}m${text}\x1b[0m` : text;
	}
}

/** The local time of day, `18:42:07`. */
function clockOf(time: number): string {
	const date = new Date(time);
	const pad = (value: number): string => String(value).padStart(2, "0");
	return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

function quoted(value: unknown): string {
	const text = escapeText(textOf(value));
	return /^[^\s"=]+$/.test(text) ? text : `"${text.replaceAll('"', '\\"')}"`;
}
