export type { ServerFacts, ServerView, StreamFacts } from "./admin/index.ts";
export { ConfigError, type ServerOptions, type ServerOptionsInput } from "./config/index.ts";
export { createEventLog, type EventLog, type LogFields } from "./log/index.ts";
export { createServer, MillraceServer, type ServerAddress, type ServerDependencies } from "./server.ts";
