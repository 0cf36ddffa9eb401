import { type EventLog, LEVEL_RANK, type LogFields, type LogLevel, type LogSink } from "./event-log.ts";
import { FloodSampler } from "./flood-sampler.ts";
import { JsonSink, standardOutput } from "./json-sink.ts";
import { TerminalSink } from "./terminal-sink.ts";

/** Where a log goes by default: what it needs to know of standard output. */
export interface LogTarget {
	readonly isTTY?: boolean | undefined;
	/** Whether colours are wanted and known; it minds NO_COLOR, FORCE_COLOR and TERM. */
	hasColors?(): boolean;
	write(text: string): unknown;
}

/** How a log is made. */
export interface EventLogOptions {
	/** The least important level that is written. Default `info`. */
	readonly level?: LogLevel | "silent";
	/** `text` for people, `json` for programs, `auto` by whether the target is a terminal. Default `auto`. */
	readonly format?: "auto" | "text" | "json";
	/** Default standard output. */
	readonly target?: LogTarget;
	/** Takes the events instead of a target, whatever the format; for tests and for programs with a log of their own. */
	readonly sink?: LogSink;
	/** How many of one event from one address are written in a second. Default 10. */
	readonly perSecond?: number;
	/** The clock, in milliseconds since 1970. Default the platform's. */
	readonly now?: () => number;
}

/** A log, and the means to bring its last lines out before the process ends. */
export interface OpenEventLog {
	readonly log: EventLog;
	flush(): void;
}

/** Makes the log of a server. */
export function createEventLog(options: EventLogOptions = {}): OpenEventLog {
	const level = options.level ?? "info";
	const sampler = new FloodSampler(options.sink ?? sinkFor(options), { perSecond: options.perSecond ?? 10 });
	const log = new SinkLog(sampler, LEVEL_RANK[level], options.now ?? Date.now, {});
	return { log, flush: () => sampler.flush() };
}

function sinkFor({ target, format = "auto", level = "info" }: EventLogOptions): LogSink {
	const stream: LogTarget = target ?? process.stdout;
	if (format === "json" || (format === "auto" && stream.isTTY !== true)) {
		return new JsonSink(stream === process.stdout ? standardOutput() : { write: line => void stream.write(line) });
	}
	const colour = stream.isTTY === true && stream.hasColors?.() === true;
	return new TerminalSink(line => void stream.write(line), { colour, stacks: level === "debug" });
}

class SinkLog implements EventLog {
	readonly #sink: LogSink;
	readonly #rank: number;
	readonly #now: () => number;
	readonly #fields: LogFields;

	constructor(sink: LogSink, rank: number, now: () => number, fields: LogFields) {
		this.#sink = sink;
		this.#rank = rank;
		this.#now = now;
		this.#fields = fields;
	}

	debug(event: string, fields?: LogFields): void {
		this.#write("debug", event, fields);
	}

	info(event: string, fields?: LogFields): void {
		this.#write("info", event, fields);
	}

	warn(event: string, fields?: LogFields): void {
		this.#write("warn", event, fields);
	}

	error(event: string, fields?: LogFields): void {
		this.#write("error", event, fields);
	}

	child(fields: LogFields): EventLog {
		return new SinkLog(this.#sink, this.#rank, this.#now, { ...this.#fields, ...fields });
	}

	enabled(level: LogLevel): boolean {
		return LEVEL_RANK[level] >= this.#rank;
	}

	#write(level: LogLevel, event: string, fields: LogFields | undefined): void {
		if (LEVEL_RANK[level] < this.#rank) return;
		this.#sink.write({ time: this.#now(), level, event, fields: { ...this.#fields, ...fields } });
	}
}
