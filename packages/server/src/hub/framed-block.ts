import type { MediaMessage } from "@millrace/core/flv";
import { type MediaTally, tallyOf } from "./media-tally.ts";

/** Bytes that were made for a shape of viewer, and what is in them. */
export class FramedBlock {
	/** Empty where nothing passed the filter. */
	readonly bytes: Uint8Array;
	/** How many messages. */
	readonly messages: number;
	/** Until somebody wants to know what is in it, which is only so where it has to wait. */
	#batch: readonly MediaMessage[];
	#tally: MediaTally | undefined;

	constructor(bytes: Uint8Array, batch: readonly MediaMessage[]) {
		this.bytes = bytes;
		this.messages = batch.length;
		this.#batch = batch;
	}

	/** What is in it, by kind. From then on it does not keep the messages. */
	get tally(): Readonly<MediaTally> {
		this.#tally ??= tallyOf(this.#batch);
		this.#batch = [];
		return this.#tally;
	}
}
