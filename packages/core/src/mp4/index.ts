export type { ByteSource } from "./byte-source.ts";
// Writing, and mending what was written
export type { FileEnd, Fragment, FragmentHandler, InitSegment, LeftOut, WrittenTrack } from "./fragment-handler.ts";
export type { FilePatch } from "./fragment-init.ts";
export { type FragmentRepair, repairFragments } from "./fragment-repair.ts";
export { type FragmentResume, type ResumedTrack, readFragmentEnd } from "./fragment-resume.ts";
export { type FragmentScan, scanFragments } from "./fragment-scan.ts";
export { FragmentWriter, type FragmentWriterOptions } from "./fragment-writer.ts";
// Reading
export { Movie, type MovieOptions, openMovie } from "./movie.ts";
export type { MovieCursor } from "./movie-cursor.ts";
export type { MovieFlaw } from "./movie-flaw.ts";
export type { MovieTrack } from "./movie-index.ts";
export { MP4_LIMITS, type Mp4Limits } from "./mp4-limits.ts";
export type { TrackKind } from "./sample-description.ts";
export type { TrackFormat } from "./track-format.ts";
