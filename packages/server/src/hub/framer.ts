import type { MediaMessage } from "@millrace/core/flv";
import type { GroupMember, Membership, WriteGroup } from "../net/index.ts";

/** Makes the bytes of a batch for one kind of viewer. Peers supply it; the hub calls it once a batch and shape. */
export interface Framer {
	/** Viewers whose framers have the same key are sent the same bytes. */
	readonly key: string;
	/**
	 * One joined block of whole messages. It must not depend on earlier calls, unless the key is one viewer's alone.
	 *
	 * @param memory where the block may be made; default: where the framer makes them
	 */
	frame(batch: readonly MediaMessage[], memory?: BlockMemory): Uint8Array;
}

/** Gives memory for a block of that length. A Buffer, for the sockets would make one of any other array, once a viewer. */
export type BlockMemory = (length: number) => Buffer;

/** Why the hub ends a viewer. */
export type ViewerEnd = "too-slow" | "server-stopping";

/** A viewer as the hub sees it: something that takes blocks. Implemented by peers, recorders and outputs. */
export interface ViewerSink {
	readonly framer: Framer;
	/** A limit of its own, not its network, keeps it from taking blocks for now: it is not to be closed for that. */
	readonly isThrottled?: boolean;
	/**
	 * Sends a shared block, which must not be changed, if the network has taken everything before it. False: it has not,
	 * and the block was not taken either; `Viewer.onDrain` is called as soon as it has.
	 */
	offer(block: Uint8Array): boolean;
	/**
	 * Lets the group write blocks in place of `offer`, until one of both leaves; asked when a block was taken.
	 * `undefined`: not now.
	 */
	joinGroup?(group: WriteGroup, member: GroupMember): Membership | undefined;
	/** A publisher has come; its media follows. Not called where one was there already when the viewer attached. */
	onPublished(): void;
	/** The publisher has gone and its grace time is over. The viewer stays attached and may wait for the next one. */
	onUnpublished(): void;
	/** It was too slow and lost what waited for it; it goes on at the next keyframe. */
	onSkipped(now: number): void;
	/** The hub has let go of the viewer. */
	onEnded(reason: ViewerEnd): void;
}
