import type { MediaType } from "../../flv/index.ts";

/** Message type ids (RTMP 1.0 §5.4, §7.1). Audio, video and data types are those of `MediaMessage`. */
export const TYPE_SET_CHUNK_SIZE = 1;
export const TYPE_ABORT = 2;
export const TYPE_ACKNOWLEDGEMENT = 3;
export const TYPE_USER_CONTROL = 4;
export const TYPE_WINDOW_ACKNOWLEDGEMENT_SIZE = 5;
export const TYPE_SET_PEER_BANDWIDTH = 6;
export const TYPE_AUDIO = 8;
export const TYPE_VIDEO = 9;
export const TYPE_DATA_AMF3 = 15;
export const TYPE_SHARED_OBJECT_AMF3 = 16;
export const TYPE_COMMAND_AMF3 = 17;
export const TYPE_DATA = 18;
export const TYPE_SHARED_OBJECT = 19;
export const TYPE_COMMAND = 20;
export const TYPE_AGGREGATE = 22;

/** Whether messages of that type carry a stream's media: sound, pictures or data. */
export function isMedia(type: number): type is MediaType {
	return type === TYPE_AUDIO || type === TYPE_VIDEO || type === TYPE_DATA || type === TYPE_DATA_AMF3;
}

/** Whether messages of that type are about shared objects. */
export function isSharedObject(type: number): type is typeof TYPE_SHARED_OBJECT | typeof TYPE_SHARED_OBJECT_AMF3 {
	return type === TYPE_SHARED_OBJECT || type === TYPE_SHARED_OBJECT_AMF3;
}
