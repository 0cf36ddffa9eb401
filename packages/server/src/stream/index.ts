export { ApplicationStream, type StreamPlay, type StreamRecord } from "./application-stream.ts";
export {
	ApplicationStreams,
	type Cleared,
	type LiveStreamFacts,
	type RecordedFileFacts,
} from "./application-streams.ts";
export { InstanceStreams } from "./instance-streams.ts";
export type { RemoteOptions } from "./remote-server.ts";
export {
	DEFAULT_BUFFER_SECONDS,
	MAX_BUFFER_SECONDS,
	MAX_CHANNEL_ITEMS,
	MAX_SEND_BYTES,
	MAX_STREAM_NAME,
	MAX_STREAMS,
	type StreamContext,
	type StreamRules,
	type StreamStatusListener,
} from "./stream-context.ts";
export { StreamDirectory } from "./stream-directory.ts";
