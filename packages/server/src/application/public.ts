/** `millrace/app`: what the code of an application imports. */
export type { AmfConstructor, AmfObject, AmfValue } from "@millrace/core/amf";
export {
	AmfEcmaArray,
	AmfTypedObject,
	AmfVector,
	AmfXml,
} from "@millrace/core/amf";
export type { NetStatus } from "@millrace/core/rtmp";
export type { SharedObjectSync } from "@millrace/core/shared-object";
export type { ClientStats, InstanceStats, PlayStats, PublishStats } from "../app/index.ts";
export type { MediaRate, MediaTally, StreamStats, ViewerStats } from "../hub/index.ts";
export type { Application, ApplicationConfig, ApplicationLog, ApplicationTimer, ConfigValue } from "./application.ts";
export type { ProxyTarget, RemoteCaller } from "./call-proxy.ts";
export { CallError, Client, type RemoteCalls } from "./client.ts";
export {
	type ApplicationDefinition,
	type ClientMethods,
	type ClientMethodsOf,
	clientMethods,
	type Decision,
	defineApplication,
	type InstanceEnd,
	type MaybeDecision,
	type MemoryUse,
	type Method,
	type Methods,
	type RecordedFile,
	Refusal,
	type RemoteMethods,
	redirect,
	reject,
	type StreamUse,
	unknownCall,
} from "./definition.ts";
export { SharedObject, SharedObjectCollection } from "./shared-object.ts";
export { SharedObjectProxy, type SharedObjectProxyOptions } from "./shared-object-proxy.ts";
export {
	type LiveStreamEntry,
	type PublishToOptions,
	type RecordMode,
	type RemoteServerOptions,
	Stream,
	StreamCollection,
	type StreamFile,
	type StreamGatherOptions,
	type StreamPlayOptions,
	StreamPush,
	type StreamRecordOptions,
} from "./stream.ts";
