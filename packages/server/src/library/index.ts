export { FlvSource, type FlvSourceOptions } from "./flv/flv-source.ts";
export type { GrowingFile, GrowingKeyframes, PlacedConfiguration } from "./growing-file.ts";
export type { MediaCatalog } from "./media-catalog.ts";
export { MediaFile, type OpenFile } from "./media-file.ts";
export type { ApplicationFolders, MediaDirectory } from "./media-folders.ts";
export { MediaLibrary, type MediaLibraryOptions, type MediaListing } from "./media-library.ts";
export { type MediaKind, nameCandidates } from "./media-name.ts";
export type { MediaCursor, MediaSource } from "./media-source.ts";
export * from "./recording/index.ts";
