import type { NetStatus } from "@millrace/core/rtmp";

/** What ActionScript 3 hands to a listener: the event's type and the object that dispatched it. */
export class FlashEvent<T extends string = string> {
	readonly type: T;
	/** The object that dispatched the event; `null` before it did. */
	target: object | null = null;

	constructor(type: T) {
		this.type = type;
	}

	/** The same as `target`, for there is no display list here. */
	get currentTarget(): object | null {
		return this.target;
	}
}

/** A connection or a stream reports its state (ActionScript 3 reference, `NetStatusEvent`). */
export class NetStatusEvent extends FlashEvent<"netStatus"> {
	static readonly NET_STATUS = "netStatus";
	/** `code`, `level`, `description` and whatever else the server sent. */
	readonly info: NetStatus;

	constructor(info: NetStatus) {
		super(NetStatusEvent.NET_STATUS);
		this.info = info;
	}
}

/** A callback or a listener threw, or the server called a callback that does not exist. */
export class AsyncErrorEvent extends FlashEvent<"asyncError"> {
	static readonly ASYNC_ERROR = "asyncError";
	readonly text: string;
	readonly error: Error;

	constructor(text: string, error: Error) {
		super(AsyncErrorEvent.ASYNC_ERROR);
		this.text = text;
		this.error = error;
	}
}

/** Input or output failed. RTMP reports such failures by `netStatus`; the event is there for ported listeners. */
export class IOErrorEvent extends FlashEvent<"ioError"> {
	static readonly IO_ERROR = "ioError";
	readonly text: string;

	constructor(text: string) {
		super(IOErrorEvent.IO_ERROR);
		this.text = text;
	}
}

/** A sandbox forbids the connection. There is none in Node; the event is there for ported listeners. */
export class SecurityErrorEvent extends FlashEvent<"securityError"> {
	static readonly SECURITY_ERROR = "securityError";
	readonly text: string;

	constructor(text: string) {
		super(SecurityErrorEvent.SECURITY_ERROR);
		this.text = text;
	}
}

/** The events of `NetConnection` and `NetStream`, by type. */
export type NetEvents = {
	netStatus: NetStatusEvent;
	asyncError: AsyncErrorEvent;
	ioError: IOErrorEvent;
	securityError: SecurityErrorEvent;
};
