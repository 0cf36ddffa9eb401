export type { MediaCatalog } from "./media-catalog.ts";
export type { MediaCursor, MediaSource } from "./media-source.ts";
export * from "./recording/index.ts";
