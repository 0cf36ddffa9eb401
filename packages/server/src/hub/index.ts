export type { PacedInput } from "./flush-schedule.ts";
export type { Framer, ViewerEnd, ViewerSink } from "./framer.ts";
export { Hub, type HubObserver } from "./hub.ts";
export type { HubClock, LatencyMode, LiveStreamOptions, ViewerQueueOptions } from "./hub-options.ts";
export { LiveStream, type PublishAnswer } from "./live-stream.ts";
export { Publication, type PublisherEnd, type PublisherSink } from "./publication.ts";
export type { GopCacheOptions } from "./stream-cache.ts";
export { TimestampRepair, type TimestampRepairOptions } from "./timestamp-repair.ts";
export { Viewer } from "./viewer.ts";
