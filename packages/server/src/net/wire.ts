import type { GroupMember, Membership, WriteGroup } from "./write-group.ts";

/** A byte stream to one peer, as protocols see it: what is written leaves in order, and the backlog tells what waits. */
export interface Wire {
	/** Bytes that were written and not yet taken by the operating system. */
	readonly backlog: number;
	/**
	 * Nothing that was written is referred to any more: its memory may be used again. Wires that keep what they are given
	 * elsewhere say false.
	 */
	readonly isSpent: boolean;
	/** The peer's address, without port; empty where it is gone already. */
	readonly remoteAddress: string;
	/** Total of the bytes that were written. */
	readonly bytesWritten: number;
	/** Sends bytes, which must not change afterwards. A Buffer costs less than another kind of array. */
	write(bytes: Uint8Array): void;
	/**
	 * Lets a group write to it as well, until one of both leaves; one group at a time. `undefined`: not now. Wires that
	 * have no descriptor of their own, as those inside TLS, are in no group.
	 */
	joinGroup?(group: WriteGroup, member: GroupMember): Membership | undefined;
	/** Asks for `onWireDrain`, once, when everything that was written so far has been taken. */
	notifyDrain(): void;
	/** Stops reading, and goes on: what arrives meanwhile waits in the operating system. */
	pause(): void;
	resume(): void;
	/** Reads at once what waits, paused or not. False: nothing does, or not so that it could be told now. */
	readWaiting?(): boolean;
	/** Ends after what was written; gives up on a peer that does not take it within some seconds. */
	end(): void;
	/** Ends at once. */
	destroy(): void;
}

/** What a wire reports. */
export interface WireHandler {
	/** The bytes are the handler's only during the call. Without this method nothing is read. */
	onWireData?(bytes: Uint8Array): void;
	/** So many bytes are kept of what has come and cannot be handed over yet, because its end is missing. */
	onWireHeld?(bytes: number): void;
	/** What was written before `notifyDrain` has been taken. */
	onWireDrain(): void;
	/** The wire is closed, from either side. Called once, last. `error` where it was not an orderly end. */
	onWireClosed(error: Error | undefined): void;
}
