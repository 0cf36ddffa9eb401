import { utf8ByteLength } from "../bytes/index.ts";
import type { SlotValue } from "./slot-value.ts";

/** How much a shared object may hold. */
export type SharedObjectQuota = {
	/** Slots. Default 50,000. */
	readonly slots: number;
	/** Bytes of one value in AMF3. Default 4 MiB. */
	readonly slotBytes: number;
	/** Bytes of all names and values in AMF3. Default 16 MiB. */
	readonly totalBytes: number;
};

export const DEFAULT_SHARED_OBJECT_QUOTA: SharedObjectQuota = {
	slots: 50_000,
	slotBytes: 4 * 1024 * 1024,
	totalBytes: 16 * 1024 * 1024,
};

/** A slot, and what is known of its last change. */
export type Slot = {
	readonly value: SlotValue;
	/** The object's version since that change. */
	readonly version: number;
	/** The subscriber who made it; `undefined`: the server. */
	readonly writer: string | undefined;
};

/** Versions between two that clients may have been told of something under that is lost. */
export type VersionGap = { readonly from: number; readonly to: number };

/** More are forgotten: who knows less than their end must be told everything. */
const MAX_GAPS = 32;

/** The slots of a shared object, and which ones were deleted when. */
export class SlotTable {
	readonly slots = new Map<string, Slot>();
	/** Deleted slots and the version since then, oldest first. */
	readonly tombstones = new Map<string, number>();
	/** Deletions up to this version are forgotten: who knows less than this must be told everything. */
	floor = 0;
	/** Who knows a version inside one of these must be told everything. */
	readonly gaps: VersionGap[] = [];
	readonly #quota: SharedObjectQuota;
	readonly #keepsTombstones: boolean;
	#bytes = 0;

	constructor(quota: SharedObjectQuota, keepsTombstones: boolean) {
		this.#quota = quota;
		this.#keepsTombstones = keepsTombstones;
	}

	/** Bytes of all names and values. */
	get bytes(): number {
		return this.#bytes;
	}

	/** Whether the quota has room for the value in that slot. */
	hasRoom(name: string, value: SlotValue): boolean {
		const { slots, slotBytes, totalBytes } = this.#quota;
		if (value.byteLength > slotBytes || (this.slots.size >= slots && !this.slots.has(name))) return false;
		return this.bytesWith(name, value) <= totalBytes;
	}

	/** What `bytes` would be with the value in that slot. */
	bytesWith(name: string, value: SlotValue): number {
		const old = this.slots.get(name);
		return this.#bytes + sizeOf(name, value) - (old === undefined ? 0 : sizeOf(name, old.value));
	}

	set(name: string, slot: Slot): void {
		const old = this.slots.get(name);
		if (old !== undefined) this.#bytes -= sizeOf(name, old.value);
		this.#bytes += sizeOf(name, slot.value);
		this.slots.set(name, slot);
		this.tombstones.delete(name);
	}

	/** False where there is no such slot. */
	delete(name: string, version: number): boolean {
		const old = this.slots.get(name);
		if (old === undefined) return false;
		this.#bytes -= sizeOf(name, old.value);
		this.slots.delete(name);
		if (!this.#keepsTombstones) return true;
		this.tombstones.set(name, version);
		// As many as slots are allowed: otherwise names that come and go would fill the memory.
		if (this.tombstones.size > this.#quota.slots) this.#forgetOldest();
		return true;
	}

	clear(version: number): void {
		this.slots.clear();
		this.tombstones.clear();
		this.gaps.length = 0;
		this.floor = version;
		this.#bytes = 0;
	}

	addGap(gap: VersionGap): void {
		this.gaps.push(gap);
		if (this.gaps.length > MAX_GAPS) this.floor = Math.max(this.floor, this.gaps.shift()!.to);
	}

	/** Forgets deletions before that version. */
	purge(version: number): void {
		for (const [name, deletedAt] of this.tombstones) {
			if (deletedAt >= version) return;
			this.tombstones.delete(name);
			this.floor = Math.max(this.floor, deletedAt);
		}
	}

	/** All slots as of one version, and no memory of what was before: the versions begin anew. */
	renumber(version: number): void {
		for (const [name, slot] of this.slots) this.slots.set(name, { ...slot, version });
		this.tombstones.clear();
		this.gaps.length = 0;
		this.floor = version;
	}

	#forgetOldest(): void {
		for (const [name, deletedAt] of this.tombstones) {
			this.tombstones.delete(name);
			this.floor = Math.max(this.floor, deletedAt);
			return;
		}
	}
}

function sizeOf(name: string, value: SlotValue): number {
	return utf8ByteLength(name) + value.byteLength;
}
