import type { MediaMessage } from "@millrace/core/flv";
import type { PublisherEnd } from "./publication.ts";

/**
 * Whoever takes a live stream as messages: a recorder. It never waits for a keyframe, is never skipped and does not
 * keep the stream alive. Its methods must not throw and must not change the batch.
 */
export interface StreamTap {
	/** The messages of one flush, as viewers get them: in order, on the stream's clock. */
	onMessages(batch: readonly MediaMessage[]): void;
	/** Somebody publishes. `isReturn`: in place of a publisher that was taken over, or within the grace time of a lost one. */
	onPublisher(isReturn: boolean): void;
	/** The publisher dropped and is waited for. */
	onPublisherLost(): void;
	/** The stream has ended; another publisher may still begin it anew. */
	onEnded(reason: PublisherEnd): void;
}
