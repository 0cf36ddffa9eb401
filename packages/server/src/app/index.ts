export { accessAllows } from "./access-list.ts";
export {
	type ApplicationPlace,
	type HostFolders,
	hostedApplication,
	placeOf,
	splitApplication,
} from "./application-place.ts";
export { type ClientStats, emptyClientStats, type PlayStats, type PublishStats } from "./client-stats.ts";
export { DefaultApplicationHost } from "./default-application.ts";
export { ApplicationInstance, type InstanceLimits, type InstanceOptions } from "./instance.ts";
export type {
	ClientLine,
	ClientQuestion,
	InstanceClient,
	InstanceMedia,
	MediaQuestion,
	PermissionHandler,
} from "./instance-client.ts";
export { InstanceDirectory, type InstanceDirectoryOptions } from "./instance-directory.ts";
export { type InstanceRoomOptions, InstanceStores, openRoom, receiveSharedObject } from "./instance-room.ts";
export type { InstanceStats } from "./instance-stats.ts";
export { LOW_MEMORY_SHARE, LowMemoryAlarm } from "./low-memory-alarm.ts";
export type {
	Admission,
	ApplicationHost,
	ApplicationPort,
	ClientFacts,
	ClientId,
	PortEffect,
	PortEnd,
	PortEvent,
	PortListener,
	PortQuestion,
	PortReply,
	RecordedFacts,
	SharedObjectType,
	StreamAction,
	StreamFacts,
} from "./port.ts";
export { SERVER_CALLS } from "./port.ts";
export {
	decodeControl,
	decodeEffect,
	decodeEvent,
	encodeControl,
	encodeEffect,
	encodeEvent,
	type PortCodecOptions,
} from "./port-codec.ts";
export { decodeFrame, encodeFrame, FrameReader, FrameSplitter, frameHead, type PortFrame } from "./port-frame.ts";
export { StandingInstances, type StandingInstancesOptions } from "./standing-instances.ts";
export { StreamName } from "./stream-name.ts";
export { WorkShare } from "./work-share.ts";
