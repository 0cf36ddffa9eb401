export {
	decodeSharedObjectMessage,
	encodeSharedObjectMessage,
	type SharedObjectType,
	sharedObjectEncoding,
	sharedObjectType,
} from "./shared-object-codec.ts";
export {
	SHARED_OBJECT_ANSWER_LIMITS,
	SHARED_OBJECT_PERSISTENT,
	SHARED_OBJECT_REQUEST_LIMITS,
	type SharedObjectEvent,
	type SharedObjectMessage,
	type SharedObjectMessageLimits,
} from "./shared-object-message.ts";
export { SlotValue } from "./slot-value.ts";
