import type { NetStatus } from "@millrace/core/rtmp";
import type { RecordedPublisher } from "../library/index.ts";

/** Whoever records what is published, as peers see it. */
export interface PublishRecorder {
	/**
	 * A publisher begins; called before its first message is taken. `onStatus` is called later, never before this returns,
	 * with what it is to be told of the recording that it asked for, also after it has stopped publishing.
	 */
	onPublish(publisher: RecordedPublisher, onStatus: (status: NetStatus) => void): unknown;
}
