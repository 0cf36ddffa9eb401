import { type DestinationStream, destination } from "pino";
import { escapeText, textOf } from "./escape-text.ts";
import type { LogRecord, LogSink } from "./event-log.ts";

/** What a reader of the log that does not keep up may leave waiting; beyond it lines are lost, not memory. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Lines are written together: at so many bytes, or after so many milliseconds. A write for each would cost more. */
const WRITE_BYTES = 8 * 1024;
const WRITE_MILLIS = 100;

/** Where lines go. To one that can bring out at once what it was given, they go many at a time. */
export type JsonDestination = DestinationStream & { flushSync?(): void };

/** Standard output, written without waiting for its reader. */
export function standardOutput(): JsonDestination {
	return destination({ dest: 1, sync: false, maxLength: MAX_WAITING_BYTES });
}

/**
 * Writes events as JSON, one object a line: `{"level":"info","time":"2026-01-02T03:04:05.678Z","event":"publish",
 * "connection":"c12", …}`. Text is escaped as it is for people, so that a line is safe to print too.
 */
export class JsonSink implements LogSink {
	readonly #destination: JsonDestination;
	/** Lines that wait. The destination would measure all that waits there again at each line. */
	#waiting = "";
	/** Set while lines wait. One that always runs would wake a server ten times a second that has nothing to say. */
	#timer: NodeJS.Timeout | undefined;

	constructor(target: JsonDestination) {
		this.#destination = target;
	}

	write({ time, level, event, fields }: LogRecord): void {
		let line = `{"level":"${level}","time":"${new Date(time).toISOString()}","event":${JSON.stringify(escapeText(event))}`;
		for (const name in fields) {
			const value = fields[name];
			if (value === undefined) continue;
			// The line's own three names are not a field's to take.
			const key = name === "time" || name === "event" || name === "level" ? `${name}_` : name;
			line += `,${JSON.stringify(key)}:${JSON.stringify(plain(value))}`;
		}
		this.#waiting += `${line}}\n`;
		if (this.#destination.flushSync === undefined || this.#waiting.length >= WRITE_BYTES) this.#handOn();
		else this.#timer ??= setTimeout(() => this.#handOn(), WRITE_MILLIS).unref();
	}

	flush(): void {
		this.#handOn();
		this.#destination.flushSync?.();
	}

	#handOn(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		if (this.#waiting === "") return;
		this.#destination.write(this.#waiting);
		this.#waiting = "";
	}
}

function plain(value: unknown): unknown {
	if (value instanceof Error) return errorFields(value, 0);
	if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
	return escapeText(textOf(value));
}

function errorFields(error: Error, depth: number): Record<string, unknown> {
	const code = (error as { code?: unknown }).code;
	return {
		type: escapeText(error.name),
		message: escapeText(error.message),
		...(code === undefined ? {} : { code: escapeText(String(code)) }),
		...(error.stack === undefined
			? {}
			: {
					stack: error.stack
						.split("\n")
						.slice(1)
						.map(frame => escapeText(frame.trim())),
				}),
		...(error.cause instanceof Error && depth < 4 ? { cause: errorFields(error.cause, depth + 1) } : {}),
	};
}
