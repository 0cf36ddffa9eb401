import type { AmfLimits, AmfValue } from "../amf/index.ts";
import type { SlotValue } from "./slot-value.ts";

/**
 * A message about a remote shared object (RTMP 1.0 §7.1.3, types 19 and 16). Its events happen together: a receiver
 * applies all of them before it tells of any.
 */
export type SharedObjectMessage = {
	/** The object's name inside its application instance; it may hold `/`. */
	readonly name: string;
	/** The sender's version of the object; the server's counts. */
	readonly version: number;
	/** `SHARED_OBJECT_PERSISTENT` or 0. Between servers other bits were seen; they are carried and mean nothing here. */
	readonly flags: number;
	readonly events: readonly SharedObjectEvent[];
};

/** The flag of an object that the server keeps on disk. */
export const SHARED_OBJECT_PERSISTENT = 2;

/** What happens to a shared object. The comments name the direction and the number on the wire. */
export type SharedObjectEvent =
	/** To the server, 1: subscribe. */
	| { readonly kind: "use" }
	/** To the server, 2: unsubscribe. */
	| { readonly kind: "release" }
	/** To the server, 3: set a slot. */
	| { readonly kind: "request-change"; readonly name: string; readonly value: AmfValue; readonly forms?: SlotValue }
	/** To the client, 4: a slot was set. One event of the wire may hold several; here each is one. */
	| { readonly kind: "change"; readonly name: string; readonly value: AmfValue; readonly forms?: SlotValue }
	/** To the client, 5: its request to set the slot was granted. */
	| { readonly kind: "success"; readonly name: string }
	/** Both, 6: call a method of all subscribers. */
	| { readonly kind: "send"; readonly handler: string; readonly args: readonly AmfValue[] }
	/** To the client, 7. */
	| { readonly kind: "status"; readonly code: string; readonly level: string }
	/** To the client, 8: all slots are gone. Some clients send it to ask for that. */
	| { readonly kind: "clear" }
	/** To the client, 9: a slot is gone. */
	| { readonly kind: "remove"; readonly name: string }
	/** To the server, 10: delete a slot. */
	| { readonly kind: "request-remove"; readonly name: string }
	/** To the client, 11: it is subscribed. */
	| { readonly kind: "use-success" }
	/** Between servers, 12: the version of a slot's last change; it follows the slot. Our files hold it too. */
	| { readonly kind: "slot-version"; readonly name: string; readonly version: number }
	/** Between servers, 13: a granted request, with the value that it set. */
	| { readonly kind: "change-echo"; readonly name: string; readonly value: AmfValue; readonly forms?: SlotValue }
	/** Between servers, 14: delete all slots. */
	| { readonly kind: "request-clear" };

/** The answer to a subscriber that is refused what it asked for: a status alone. */
export function sharedObjectRefusal(
	{ name, flags }: SharedObjectMessage,
	{ code, level }: { readonly code: string; readonly level: string },
): SharedObjectMessage {
	return { name, version: 0, flags: flags & SHARED_OBJECT_PERSISTENT, events: [{ kind: "status", code, level }] };
}

/** How much one message may hold. Lengths are besides held against the bytes that came. */
export type SharedObjectMessageLimits = {
	/** Events. More: `SHARED_OBJECT_TOO_LARGE`. */
	readonly events: number;
	/** Bytes of the object's name, of a slot's and of a handler's. More: `SHARED_OBJECT_TOO_LARGE`. */
	readonly nameBytes: number;
	/** For all values of the message together. */
	readonly amf: AmfLimits;
};

/** What a server takes of a client: 10,000 events, names of 1,024 bytes, 100,000 values nested 64 deep. */
export const SHARED_OBJECT_REQUEST_LIMITS: SharedObjectMessageLimits = {
	events: 10_000,
	nameBytes: 1024,
	amf: { depth: 64, values: 100_000, keyBytes: 65_535 },
};

/** What a client takes of its server, whose first answer may be a large object. */
export const SHARED_OBJECT_ANSWER_LIMITS: SharedObjectMessageLimits = {
	events: 1_000_000,
	nameBytes: 65_535,
	amf: { depth: 64, values: 10_000_000, keyBytes: 65_535 },
};
