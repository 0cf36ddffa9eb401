export {
	type AttemptOutcome,
	type AttemptRecord,
	type ReconnectOptions,
	RememberedRoads,
	type RoadMemory,
	type RoadProtocol,
	type RoadReport,
	type StreamUrl,
	splitStreamUrl,
	type WonRoad,
} from "../connect/index.ts";
export { ArgumentError, NetStatusError } from "../errors.ts";
export { AsyncErrorEvent, type NetEvents, NetStatusEvent, type SyncChange, SyncEvent } from "../events.ts";
export type { MediaOptions } from "../media-readers.ts";
export type { NetConnectionOptions } from "../net-connection-options.ts";
export { NetStream } from "../net-stream.ts";
export type { TestPortsOptions } from "../port-test.ts";
export { ObjectEncoding, Responder, type ResponderObject } from "../responder.ts";
export {
	type LocalObjectOptions,
	type RemotePersistence,
	type SharedObjectFlush,
	SharedObjectFlushStatus,
} from "../shared-object.ts";
export { NetConnection, type WebConnectionOptions } from "./net-connection.ts";
export { testPorts } from "./port-test.ts";
export { SharedObject, type SharedObjectOptions } from "./shared-object.ts";
export type { WebNetworkOptions } from "./web-platform.ts";
export type { WebStorage } from "./web-store.ts";
