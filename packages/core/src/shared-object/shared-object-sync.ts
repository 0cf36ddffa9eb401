import type { AmfValue } from "../amf/index.ts";

/**
 * What happened to a slot, as `sync` and `onSync` tell it: `clear` (all slots are gone, `name` is empty), `success` (my
 * change was accepted), `reject` (it was refused, and the slot has another value), `change` and `delete` (by somebody
 * else).
 */
export type SharedObjectSync = {
	readonly code: "clear" | "success" | "reject" | "change" | "delete";
	readonly name: string;
	/** The value before; after `reject` the one that was refused. */
	readonly oldValue: AmfValue;
};
