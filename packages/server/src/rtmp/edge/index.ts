export { type EdgeTarget, edgeRefusal, edgeTarget } from "./edge-address.ts";
export { EdgeClient } from "./edge-client.ts";
export type { EdgeContext } from "./edge-context.ts";
export { EdgeFeeds } from "./edge-feed.ts";
export { EdgePlayDesk } from "./edge-play-desk.ts";
