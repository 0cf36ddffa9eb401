export { createEventLog, type EventLogOptions, type LogTarget, type OpenEventLog } from "./create-event-log.ts";
export { escapeText } from "./escape-text.ts";
export {
	type EventLog,
	type LogFields,
	type LogLevel,
	type LogRecord,
	type LogSink,
	silentLog,
} from "./event-log.ts";
