export { freshAddress, registerAppResolver } from "./app-resolver.ts";
export type { Application, ApplicationConfig } from "./application.ts";
export type { ProxyTarget } from "./call-proxy.ts";
export { CallError, type Client } from "./client.ts";
export type {
	ApplicationDefinition,
	MemoryUse,
	Methods,
	RecordedFile,
	RemoteMethods,
	StreamUse,
} from "./definition.ts";
export { defineApplication, redirect, reject, unknownCall } from "./definition.ts";
export { HostRuntime, type HostRuntimeOptions, type RuntimeChannel } from "./host-runtime.ts";
export type { AnyDefinition } from "./instance-runtime.ts";
export { loadDefinition } from "./load-definition.ts";
export {
	RUNTIME_FLAGS,
	RUNTIME_PROCESS,
	RUNTIME_THREAD,
	type RuntimeData,
	runtimeReadFolders,
} from "./runtime-place.ts";
export { SharedObjectProxy } from "./shared-object-proxy.ts";
export type { RecordMode, Stream, StreamFile, StreamGatherOptions, StreamPush } from "./stream.ts";
export { StreamCollection } from "./stream.ts";
