export type { BandwidthOptions, DownloadBandwidth, UploadBandwidth } from "./bandwidth.ts";
export {
	type AttemptOutcome,
	type AttemptRecord,
	type ClientPlatform,
	FALLBACK_RULES,
	type FallbackName,
	type FallbackRule,
	type ProxyType,
	type ReconnectOptions,
	RememberedRoads,
	type Road,
	type RoadMemory,
	type RoadProtocol,
	type RoadReport,
	type SmartOptions,
	type StreamUrl,
	splitStreamUrl,
	type Transport,
	type TransportHandler,
	type TransportOpener,
	type TransportTarget,
	type UsedProxy,
	type WonRoad,
} from "./connect/index.ts";
export { ArgumentError, NetStatusError } from "./errors.ts";
export {
	AsyncErrorEvent,
	FlashEvent,
	IOErrorEvent,
	type NetEvents,
	NetStatusEvent,
	SecurityErrorEvent,
	type SyncChange,
	SyncEvent,
} from "./events.ts";
export { type FilePatch, type FlvContinuation, FlvRecording, resumeSeconds } from "./flv-recording.ts";
export type { FlvResumePoint } from "./flv-resume.ts";
export type { MediaOptions } from "./media-readers.ts";
export { NetConnection as PlatformConnection } from "./net-connection.ts";
export type { NetConnectionOptions } from "./net-connection-options.ts";
export { NetStream } from "./net-stream.ts";
export type { NetStreamInfo } from "./net-stream-info.ts";
export {
	NetStreamPlayOptions,
	type NetStreamPlayTransition,
	NetStreamPlayTransitions,
} from "./net-stream-play-options.ts";
export { type FlvFileOptions, FlvFileSink, findResumePoint, readFlvFile } from "./node/flv-file.ts";
export { Mp4File, type Mp4FileOptions } from "./node/mp4-file.ts";
export { NetConnection, type NodeConnectionOptions } from "./node/net-connection.ts";
export type { NodeNetworkOptions } from "./node/node-platform.ts";
export { testPorts } from "./node/port-test.ts";
export { SharedObject, type SharedObjectOptions } from "./node/shared-object.ts";
export type { TlsOptions } from "./node/socket-transport.ts";
export { type FlvSink, type PlayedToFlv, type PlayToFlvOptions, playToFlv } from "./player.ts";
export type { TestPortsOptions } from "./port-test.ts";
export { type MediaSource, type PublishedMedia, type PublishMediaOptions, publishMedia } from "./publisher.ts";
export { ObjectEncoding, Responder, type ResponderObject } from "./responder.ts";
export {
	type LocalObjectOptions,
	type RemotePersistence,
	type SharedObjectFlush,
	SharedObjectFlushStatus,
} from "./shared-object.ts";
export { SharedObjectLink, type SharedObjectLinkHandler } from "./shared-object-link.ts";
export { getStreamLength } from "./stream-length.ts";
export { StreamProbe, type StreamReport } from "./stream-probe.ts";
