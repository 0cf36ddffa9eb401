export type { ByteSource } from "./byte-source.ts";
// Reading
export { Movie, type MovieOptions, openMovie } from "./movie.ts";
export type { MovieCursor } from "./movie-cursor.ts";
export type { MovieTrack } from "./movie-index.ts";
export { MP4_LIMITS, type Mp4Limits } from "./mp4-limits.ts";
export type { TrackKind } from "./sample-description.ts";
