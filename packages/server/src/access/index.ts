export {
	findPublishKey,
	isLoopback,
	mayPublish,
	ON_DEMAND_ONLY,
	type PublishAttempt,
	type PublishDecision,
	type PublishPolicyOptions,
} from "./publish-policy.ts";
export { makeStreamKey, readOrMakeStreamKey, STREAM_KEY_FILE, type StreamKey } from "./stream-key.ts";
export { SwfFolder, type SwfFolderOptions } from "./swf-folder.ts";
export { SwfPolicy, type SwfPolicyOptions, type SwfVerdict } from "./swf-policy.ts";
export { type VirtualKeyRule, virtualKeysBy } from "./virtual-key.ts";
export { corsHeaders, isOriginAllowed } from "./web-origin.ts";
