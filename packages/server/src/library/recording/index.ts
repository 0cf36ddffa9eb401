export { FileClock } from "./file-clock.ts";
export type { RecordingMode } from "./open-recording.ts";
export type { RecordSettings } from "./record-settings.ts";
export {
	type RecordedPublisher,
	Recorder,
	type RecorderOptions,
	type RecordRequest,
} from "./recorder.ts";
export { Recording, type RecordingOrigin, type RecordStatusListener } from "./recording.ts";
export type { FinishedFile, RecordingEnd, RecordingEndReason } from "./recording-end.ts";
export { StartGate } from "./start-gate.ts";
export { isFrame, StreamHead } from "./stream-head.ts";
