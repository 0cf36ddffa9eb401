import type { AmfValue } from "@millrace/core/amf";
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

/** One change of a remote shared object, as `sync` and `onSync` tell it. */
export type SyncChange = {
	/**
	 * `clear`: all slots are gone, or the object was connected anew. `success`: the server has taken my change. `reject`:
	 * it has not. `change`, `delete`: somebody else did it.
	 */
	readonly code: "clear" | "success" | "reject" | "change" | "delete";
	/** The slot; none with `clear`. */
	readonly name?: string;
	/** The value before; with `reject` the one that was refused. */
	readonly oldValue?: AmfValue;
};

/** A remote shared object is in step with the server again (ActionScript 3 reference, `SyncEvent`). */
export class SyncEvent extends FlashEvent<"sync"> {
	static readonly SYNC = "sync";
	/** What has happened since the last event, in order. The first list after `connect` may be empty. */
	readonly changeList: readonly SyncChange[];

	constructor(changeList: readonly SyncChange[]) {
		super(SyncEvent.SYNC);
		this.changeList = changeList;
	}
}

/** The events of `NetConnection`, `NetStream` and `SharedObject`, by type. */
export type NetEvents = {
	netStatus: NetStatusEvent;
	asyncError: AsyncErrorEvent;
	ioError: IOErrorEvent;
	securityError: SecurityErrorEvent;
	sync: SyncEvent;
};
