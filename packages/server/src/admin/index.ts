export { describeCodecs } from "./describe-codecs.ts";
export { LiveView } from "./live-view.ts";
export type { ServerFacts, ServerView, StreamFacts } from "./server-view.ts";
