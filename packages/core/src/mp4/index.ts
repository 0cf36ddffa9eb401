export type { ByteSource } from "./byte-source.ts";
export type { FilePatch } from "./fragment-init.ts";
export { type FragmentScan, scanFragments } from "./fragment-scan.ts";
export {
	type FileEnd,
	type Fragment,
	type FragmentHandler,
	FragmentWriter,
	type FragmentWriterOptions,
	type InitSegment,
	type LeftOut,
	type WrittenTrack,
} from "./fragment-writer.ts";
export type { TrackFormat } from "./track-format.ts";
