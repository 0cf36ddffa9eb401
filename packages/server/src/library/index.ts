export {
	DEFAULT_FILE_PLAYER,
	FilePlayer,
	type FilePlayerOptions,
	type FilePlayerSink,
	type PlayRange,
} from "./file-player.ts";
export { findKeyframe } from "./file-player-keyframe.ts";
export { PlayerSchedule, type Sleeper } from "./file-player-schedule.ts";
export { FlvSource, type FlvSourceOptions } from "./flv/flv-source.ts";
export type { GrowingFile, GrowingKeyframes, PlacedConfiguration } from "./growing-file.ts";
export type { MediaCatalog } from "./media-catalog.ts";
export { MediaFile, type OpenFile } from "./media-file.ts";
export type { ApplicationFolders, MediaDirectory } from "./media-folders.ts";
export { MediaLibrary, type MediaLibraryOptions, type MediaListing } from "./media-library.ts";
export { type MediaKind, nameCandidates } from "./media-name.ts";
export type { MediaCursor, MediaSource } from "./media-source.ts";
export * from "./recording/index.ts";
