import type { MediaMessage } from "@millrace/core/flv";
import type { StreamCache } from "./stream-cache.ts";
import type { Viewer } from "./viewer.ts";

/**
 * What a viewer has missed of the cached group: everything from number `from` on, its video from number `videoFrom` on,
 * with the configurations of a medium that it was without in front. The viewer's own filter comes later.
 *
 * @param groupStart number of the group's first message
 * @param next time of the message that follows where nothing was missed
 */
export function missedMessages(
	viewer: Viewer,
	cache: StreamCache,
	groupStart: number,
	from: number,
	videoFrom: number,
	next: number,
): MediaMessage[] {
	const missed = cache.group.filter((message, i) => groupStart + i >= (message.isVideo ? videoFrom : from));
	const time = missed[0]?.timestamp ?? next;
	const messages: MediaMessage[] = [];
	for (const message of cache.configurations()) {
		if (message.isVideo ? viewer.lacksVideo : viewer.lacksAudio) messages.push(message.at(time));
	}
	viewer.lacksAudio = !viewer.wantsAudio;
	viewer.lacksVideo = !viewer.wantsVideo;
	return messages.concat(missed);
}

/**
 * Where in a batch waiting viewers may start: at its first keyframe; without video, or where keyframes are too rare to
 * be kept, at its beginning. −1: nowhere.
 */
export function resumeIndex(batch: readonly MediaMessage[], cache: StreamCache): number {
	const keyframe = batch.findIndex(message => message.isKeyframe);
	if (keyframe >= 0) return keyframe;
	const audioOnly = !cache.hasVideo && !batch.some(message => message.isVideo);
	return audioOnly || cache.overflowed ? 0 : -1;
}
