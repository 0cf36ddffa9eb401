export { type ConvertedFile, type ConvertOptions, convertFile } from "./convert/convert-file.ts";
export type { FileProgress, FileWorkOptions } from "./convert/file-progress.ts";
export { isTaken } from "./convert/output-file.ts";
export { type RepairedFile, type RepairOptions, repairFile } from "./convert/repair-file.ts";
export {
	DEFAULT_FILE_PLAYER,
	FilePlayer,
	type FilePlayerOptions,
	type FilePlayerPace,
	type FilePlayerSink,
	type PlayRange,
} from "./file-player.ts";
export { findKeyframe } from "./file-player-keyframe.ts";
export { PlayerSchedule, type Sleeper } from "./file-player-schedule.ts";
export { FlvSource, type FlvSourceOptions } from "./flv/flv-source.ts";
export type { GrowingFile, GrowingKeyframes, PlacedConfiguration } from "./growing-file.ts";
export { type InspectOptions, inspectFile } from "./inspect/inspect-file.ts";
export { containerOfFile, containerOfPath, type MediaContainer } from "./inspect/media-container.ts";
export type { FaultKind, FileFault, KeyframeReport, MediaReport, TrackReport } from "./inspect/media-report.ts";
export type { MediaCatalog } from "./media-catalog.ts";
export { MediaFile, type OpenFile } from "./media-file.ts";
export type { ApplicationFolders, MediaDirectory } from "./media-folders.ts";
export { MediaLibrary, type MediaLibraryOptions, type MediaListing } from "./media-library.ts";
export { type MediaKind, nameCandidates } from "./media-name.ts";
export { catalogName, MediaOpener, type MediaWish, type OpenedMedia } from "./media-opener.ts";
export type { MediaCursor, MediaSource } from "./media-source.ts";
export { Mp4Source } from "./mp4-source.ts";
export { PlainFile } from "./plain-file.ts";
export { ReadTurns } from "./read-turns.ts";
export * from "./recording/index.ts";
