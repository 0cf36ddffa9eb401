export { ArgumentError, NetStatusError } from "../errors.ts";
export { type LocalObjectOptions, type SharedObjectFlush, SharedObjectFlushStatus } from "../shared-object.ts";
export { SharedObject, type SharedObjectOptions } from "./shared-object.ts";
export type { WebStorage } from "./web-store.ts";
