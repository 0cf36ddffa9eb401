import type { NetStatus } from "@millrace/core/rtmp";

/** A parameter is wrong, as ActionScript 3 has it: an address that cannot be used. */
export class ArgumentError extends Error {
	override readonly name = "ArgumentError";
}

/** What the promises of connections and streams are rejected with: the status that said no. */
export class NetStatusError extends Error {
	override readonly name = "NetStatusError";
	readonly info: NetStatus;

	constructor(info: NetStatus, cause?: unknown) {
		super(info.description === "" ? info.code : `${info.code}: ${info.description}`, { cause });
		this.info = info;
	}

	/** The status code, such as `NetConnection.Connect.Rejected`. */
	get code(): string {
		return this.info.code;
	}
}
