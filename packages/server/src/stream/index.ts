export {
	ApplicationStreams,
	type Cleared,
	type LiveStreamFacts,
	type RecordedFileFacts,
} from "./application-streams.ts";
export { InstanceStreams } from "./instance-streams.ts";
export { relayedData } from "./item-data.ts";
export type { RemoteOptions } from "./remote-server.ts";
export { StreamCarrier } from "./stream-carrier.ts";
export type { StreamContext, StreamRules, StreamStatusListener } from "./stream-context.ts";
export { StreamDirectory } from "./stream-directory.ts";
