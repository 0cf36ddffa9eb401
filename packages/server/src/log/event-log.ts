/** How important an event is, least first. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/**
 * What is known about an event. The named fields have their own places in a line for people, every other one stands
 * there as `name=value`. Text may come from a peer as it is: control characters are escaped where it is written.
 */
export interface LogFields {
	/** The connection's short name, `c12`. */
	readonly connection?: string | undefined;
	/** Application, instance and stream: `live/demo`. */
	readonly stream?: string | undefined;
	/** The remote address. Events are sampled by it. */
	readonly from?: string | undefined;
	/** What a stream consists of: `H.264 640x360 + AAC 44.1 kHz`. */
	readonly media?: string | undefined;
	/** A sentence. */
	readonly text?: string | undefined;
	readonly error?: unknown;
	readonly [field: string]: unknown;
}

/**
 * The log of everything that happens, by short event names: `connect`, `disconnect`, `publish`, `play`, `stop`,
 * `slow-viewer`, `error`. Writing never throws and never waits.
 */
export interface EventLog {
	debug(event: string, fields?: LogFields): void;
	info(event: string, fields?: LogFields): void;
	warn(event: string, fields?: LogFields): void;
	error(event: string, fields?: LogFields): void;
	/** A log whose every event carries these fields too; an event's own field of the same name wins. */
	child(fields: LogFields): EventLog;
	/** Whether events of this level are written, for callers whose fields cost something to gather. */
	enabled(level: LogLevel): boolean;
}

/** One event on its way to be written. */
export interface LogRecord {
	/** Milliseconds since 1970. */
	readonly time: number;
	readonly level: LogLevel;
	readonly event: string;
	readonly fields: LogFields;
}

/** Where events end: a terminal, a file of JSON lines, an array in a test. */
export interface LogSink {
	write(record: LogRecord): void;
	/** Brings what is buffered out before it returns, as far as the system lets it. */
	flush(): void;
}

/** A log that is written nowhere. */
export const silentLog: EventLog = {
	debug: ignore,
	info: ignore,
	warn: ignore,
	error: ignore,
	child: () => silentLog,
	enabled: () => false,
};

/** The order of the levels, and `silent` above them all. */
export const LEVEL_RANK: Readonly<Record<LogLevel | "silent", number>> = {
	debug: 0,
	info: 1,
	warn: 2,
	error: 3,
	silent: 4,
};

function ignore(): void {}
