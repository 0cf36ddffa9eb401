import type { MediaMessage } from "@millrace/core/flv";

/** Messages of each kind and their payloads, in bytes. */
export type MediaTally = {
	audioMessages: number;
	audioBytes: number;
	videoMessages: number;
	videoBytes: number;
	dataMessages: number;
	dataBytes: number;
};

/** Nothing, to be added to. */
export function emptyTally(): MediaTally {
	return { audioMessages: 0, audioBytes: 0, videoMessages: 0, videoBytes: 0, dataMessages: 0, dataBytes: 0 };
}

/** What is in a batch. */
export function tallyOf(batch: readonly MediaMessage[]): MediaTally {
	const tally = emptyTally();
	for (const message of batch) {
		const bytes = message.payload.length;
		if (message.isVideo) {
			tally.videoMessages++;
			tally.videoBytes += bytes;
		} else if (message.isAudio) {
			tally.audioMessages++;
			tally.audioBytes += bytes;
		} else {
			tally.dataMessages++;
			tally.dataBytes += bytes;
		}
	}
	return tally;
}

/** Adds one to another. */
export function addTally(to: MediaTally, from: Readonly<MediaTally>): void {
	to.audioMessages += from.audioMessages;
	to.audioBytes += from.audioBytes;
	to.videoMessages += from.videoMessages;
	to.videoBytes += from.videoBytes;
	to.dataMessages += from.dataMessages;
	to.dataBytes += from.dataBytes;
}

/** Messages of all kinds. */
export function messagesOf(tally: Readonly<MediaTally>): number {
	return tally.audioMessages + tally.videoMessages + tally.dataMessages;
}
