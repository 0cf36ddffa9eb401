export { matchesObject } from "./object-name.ts";
export { ServerSharedObject } from "./server-shared-object.ts";
export {
	SharedObjectRoom,
	type SharedObjectRoomHandler,
	type SharedObjectRoomOptions,
	SharedObjectShare,
} from "./shared-object-room.ts";
export { SharedObjectStore, type SharedObjectStoreOptions, sharedObjectFolder } from "./shared-object-store.ts";
