export {
	DEFAULT_FILE_PLAYER,
	FilePlayer,
	type FilePlayerOptions,
	type FilePlayerSink,
	type PlayRange,
} from "./file-player.ts";
export { findKeyframe } from "./file-player-keyframe.ts";
export { PlayerSchedule, type Sleeper } from "./file-player-schedule.ts";
export type { MediaCatalog } from "./media-catalog.ts";
export type { MediaCursor, MediaSource } from "./media-source.ts";
