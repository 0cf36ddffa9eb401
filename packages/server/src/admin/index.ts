export type { ServerFacts, ServerView, StreamFacts } from "./server-view.ts";
