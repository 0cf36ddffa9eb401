export type { GrowingFile, GrowingKeyframes, PlacedConfiguration } from "./growing-file.ts";
export type { MediaCatalog } from "./media-catalog.ts";
export type { MediaCursor, MediaSource } from "./media-source.ts";
