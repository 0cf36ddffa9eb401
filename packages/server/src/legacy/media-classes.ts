import type { ScriptRealm } from "../script/index.ts";
import type { LegacyInstance, StreamObjects } from "./legacy-instance.ts";
import { defineNetConnection } from "./net-connection-object.ts";
import { defineNetStream } from "./net-stream-object.ts";
import { defineNetServices } from "./netservices.ts";
import { defineSharedObject } from "./shared-object-object.ts";
import { defineStream } from "./stream-object.ts";

/** Defines the classes of media, shared objects and other servers, and returns the objects of the class `Stream`. */
export function defineMediaClasses(instance: LegacyInstance): StreamObjects {
	defineSharedObject(instance);
	defineNetConnection(instance);
	defineNetStream(instance);
	return defineStream(instance);
}

/** Libraries that scripts load by name and that are part of the server, by their names in lower case. */
export const MEDIA_LIBRARIES: ReadonlyMap<string, (realm: ScriptRealm) => void> = new Map([
	["netservices.asc", defineNetServices],
]);
