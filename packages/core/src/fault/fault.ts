import { FAULTS, type FaultCode } from "./fault-table.ts";

/** What every error of Millrace has: a stable `code` of the fault table; `detail` says what was found. */
export class MillraceError extends Error {
	readonly code: FaultCode;
	/** What was found: the message without the table's sentence. */
	readonly detail: string | undefined;

	constructor(code: FaultCode, detail?: string, options?: ErrorOptions) {
		super(detail === undefined ? FAULTS[code].text : `${FAULTS[code].text} ${detail}`, options);
		this.name = new.target.name;
		this.code = code;
		this.detail = detail;
	}
}

/** The peer sent something that its protocol does not allow. It harms only that peer's connection. */
export class PeerError extends MillraceError {
	/** Where in the message or stream the fault was found, in bytes, where that is known. */
	readonly offset: number | undefined;

	constructor(code: FaultCode, detail?: string, offset?: number) {
		super(code, detail);
		this.offset = offset;
	}
}

/** The peer went past a named limit (`limits` in the reference). */
export class LimitError extends PeerError {}

/** The library's user called it wrongly. */
export class UsageError extends MillraceError {}

/** The network or the operating system failed; `cause` holds their error. */
export class TransportError extends MillraceError {}

/** A file is broken or cannot be used; `cause` holds the operating system's error, where there is one. */
export class FileError extends MillraceError {}
