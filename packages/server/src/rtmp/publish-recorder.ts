import type { NetStatus, PublishRequest } from "@millrace/core/rtmp";
import type { StreamName } from "../app/index.ts";
import type { LiveStream } from "../hub/index.ts";

/** A publisher that has just been let in. */
export type RecordedPublisher = {
	readonly name: StreamName;
	readonly live: LiveStream;
	/** What `publish` asked for. */
	readonly type: PublishRequest["mode"];
	/** `flv`, `mp4` or another prefix of the name, or empty. */
	readonly prefix: string;
	/** Let in by a key or an address, not because everybody is. */
	readonly isTrusted: boolean;
};

/** Whoever records what is published, as peers see it. */
export interface PublishRecorder {
	/**
	 * A publisher begins; called before its first message is taken. `onStatus` is called later, never before this returns,
	 * with what it is to be told of the recording that it asked for, also after it has stopped publishing.
	 */
	onPublish(publisher: RecordedPublisher, onStatus: (status: NetStatus) => void): unknown;
}
