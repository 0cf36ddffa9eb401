export type { MediaCursor, MediaSource } from "./media-source.ts";
