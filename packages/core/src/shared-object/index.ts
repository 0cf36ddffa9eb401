export {
	decodeSharedObjectMessage,
	encodeSharedObjectMessage,
	type SharedObjectType,
	sharedObjectEncoding,
	sharedObjectType,
} from "./shared-object-codec.ts";
export { SharedObjectMaster } from "./shared-object-master.ts";
export type {
	SharedObjectMasterHandler,
	SharedObjectMasterOptions,
	SharedObjectStats,
	SharedObjectSubscriber,
} from "./shared-object-master-handler.ts";
export {
	SHARED_OBJECT_ANSWER_LIMITS,
	SHARED_OBJECT_PERSISTENT,
	SHARED_OBJECT_REQUEST_LIMITS,
	type SharedObjectEvent,
	type SharedObjectMessage,
	type SharedObjectMessageLimits,
	sharedObjectRefusal,
} from "./shared-object-message.ts";
export { SharedObjectProxy, type SharedObjectProxyHandler } from "./shared-object-proxy.ts";
export { encodeForSubscribers } from "./shared-object-relay.ts";
export {
	SharedObjectReplica,
	type SharedObjectReplicaHandler,
	type SharedObjectReplicaOptions,
} from "./shared-object-replica.ts";
export { decodeSharedObjectState, encodeSharedObjectState, type SharedObjectState } from "./shared-object-state.ts";
export type { SharedObjectSync } from "./shared-object-sync.ts";
export { DEFAULT_SHARED_OBJECT_QUOTA, type SharedObjectQuota, type VersionGap } from "./slot-table.ts";
export { SlotValue } from "./slot-value.ts";
