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
export type {
	Application,
	ApplicationConfig,
	ApplicationLog,
	ApplicationStats,
	ApplicationTimer,
} from "./application.ts";
export type { ProxyTarget, RemoteCaller } from "./call-proxy.ts";
export { CallError, Client } from "./client.ts";
export {
	type ApplicationDefinition,
	type Decision,
	defineApplication,
	type InstanceEnd,
	type MaybeDecision,
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
	type StreamPlayOptions,
	StreamPush,
	type StreamRecordOptions,
} from "./stream.ts";
