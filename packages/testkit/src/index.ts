export { type ComparedStream, type ComparisonOptions, comparePackets } from "./compare.ts";
export { buildEnhancedFlv } from "./enhanced-flv-builder.ts";
export { type BuiltTag, buildFlvFile, buildSyntheticVp6, metadataBody } from "./flv-file-builder.ts";
export { freePort } from "./free-port.ts";
export { MediaLibrary, type MediaName, mediaEncoders, mediaNames, readMedia } from "./media.ts";
export { needNginx, nginxCommand } from "./nginx-server.ts";
export { type MediaPacket, probePackets } from "./packets.ts";
export {
	closeAllPrograms,
	findProgram,
	Program,
	type ProgramExit,
	type ProgramOptions,
	runProgram,
} from "./program.ts";
export { giveUp, isMet, needEncoders, needGstElements, needPrograms, type SkippableTest } from "./program-need.ts";
export { randomSource } from "./random-source.ts";
export {
	type LogRecord,
	millraceArguments,
	millraceCommand,
	type ServerLaunch,
	type ServerPlace,
	ServerProcess,
	type ServerProcessOptions,
} from "./server-process.ts";
export { randomSplit, type Split, splits } from "./split.ts";
export { removeTempDirs, TempDir } from "./temp-dir.ts";
export { VirtualClock } from "./virtual-clock.ts";
