import { AMF_LIMITS } from "../amf/index.ts";
import { PeerError } from "../fault/index.ts";
import { decodeSharedObjectMessage, encodeSharedObjectMessage } from "./shared-object-codec.ts";
import { SHARED_OBJECT_PERSISTENT, type SharedObjectEvent } from "./shared-object-message.ts";
import type { VersionGap } from "./slot-table.ts";
import { SlotValue } from "./slot-value.ts";

/** What is kept of a persistent shared object while nobody uses it. */
export type SharedObjectState = {
	readonly name: string;
	readonly version: number;
	/** Deletions up to this version are forgotten. */
	readonly floor: number;
	/** Versions under which clients may have been told of something that is lost. */
	readonly gaps: readonly VersionGap[];
	readonly slots: readonly { readonly name: string; readonly value: SlotValue; readonly version: number }[];
	/** Deleted slots and the version since then, oldest first. */
	readonly tombstones: readonly { readonly name: string; readonly version: number }[];
};

/** What a file may hold: its bytes are the limit, for we wrote it. */
const STATE_LIMITS = {
	events: 10_000_000,
	nameBytes: 65_535,
	amf: { ...AMF_LIMITS, values: Number.MAX_SAFE_INTEGER },
};
const MAX_STATE_BYTES = 0x7fffffff;
const NO_SLOT = "";

/**
 * The state as bytes. They are a message of type 16: `Clear` and the version up to which deletions are forgotten (under
 * an empty name), then each gap as two versions under an empty name, each slot as `Change` and each deleted one as `Remove`, with its version behind it.
 */
export function encodeSharedObjectState(state: SharedObjectState): Uint8Array {
	const events: SharedObjectEvent[] = [
		{ kind: "clear" },
		{ kind: "slot-version", name: NO_SLOT, version: state.floor },
	];
	for (const { from, to } of state.gaps) {
		events.push(
			{ kind: "slot-version", name: NO_SLOT, version: from },
			{ kind: "slot-version", name: NO_SLOT, version: to },
		);
	}
	for (const { name, value, version } of state.slots) {
		events.push({ kind: "change", name, value: value.value, forms: value }, { kind: "slot-version", name, version });
	}
	for (const { name, version } of state.tombstones) {
		events.push({ kind: "remove", name }, { kind: "slot-version", name, version });
	}
	const { name, version } = state;
	const message = { name, version, flags: SHARED_OBJECT_PERSISTENT, events };
	return encodeSharedObjectMessage(message, 3, MAX_STATE_BYTES);
}

/**
 * Reads what `encodeSharedObjectState` wrote.
 *
 * @throws PeerError for anything else
 */
export function decodeSharedObjectState(bytes: Uint8Array): SharedObjectState {
	const { name, version, events } = decodeSharedObjectMessage(16, bytes, STATE_LIMITS);
	const slots: SharedObjectState["slots"][number][] = [];
	const tombstones: SharedObjectState["tombstones"][number][] = [];
	const gaps: VersionGap[] = [];
	let floor: number | undefined;
	for (let index = 0; index < events.length; index += 2) {
		const event = events[index]!;
		const versioned = events[index + 1];
		const slot = event.kind === "change" || event.kind === "remove" ? event.name : NO_SLOT;
		if (versioned?.kind !== "slot-version" || versioned.name !== slot) throw malformed();
		if (event.kind === "clear" && index === 0) floor = versioned.version;
		else if (event.kind === "slot-version") gaps.push({ from: event.version, to: versioned.version });
		else if (event.kind === "change") {
			slots.push({ name: slot, value: new SlotValue(event.value), version: versioned.version });
		} else if (event.kind === "remove") tombstones.push({ name: slot, version: versioned.version });
		else throw malformed();
	}
	if (floor === undefined) throw malformed();
	return { name, version, floor, gaps, slots, tombstones };
}

function malformed(): PeerError {
	return new PeerError("MESSAGE_MALFORMED", "The events are not those of a shared object's state.");
}
