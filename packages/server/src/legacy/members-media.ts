import { membersOf } from "./member.ts";

/** The class `Stream`. */
const STREAM_MEMBERS = membersOf("Stream", [
	["get", "static", "1", "full", "What is published with a prefix (`mp4:`) is found without it, too."],
	["destroy", "static", "3.5", "full"],
	["length", "static", "1", "full"],
	["size", "static", "2", "full"],
	["getOnMetaData", "static", "3", "full"],
	[
		"setVirtualPath",
		"static",
		"2",
		"partial",
		"The folder must lie in the application's. It holds for what is played, not for what is recorded.",
	],
	[
		"play",
		"method",
		"1",
		"full",
		"Whether it may is told by `onStatus`; the answer is true for every name that can be one.",
	],
	["playFromGroup", "method", "4.5", "absent", "RTMFP."],
	["record", "method", "1", "full", "The limits of the settings (`record`) are the most."],
	["send", "method", "1", "full"],
	["clear", "method", "1", "full"],
	["flush", "method", "2", "full"],
	[
		"setBufferTime",
		"method",
		"1",
		"full",
		"How much of files is sent ahead, by other servers too, up to 60 seconds; what is live waits for nothing.",
	],
	["name", "property", "1", "full", "Without its prefix, which is `type`."],
	["type", "property", "3", "full"],
	["time", "property", "3", "full"],
	["bufferTime", "property", "1", "full"],
	["publishQueryString", "property", "3", "full"],
	["syncWrite", "property", "1", "full", "It holds for the next `record`."],
	[
		"maxQueueDelay",
		"property",
		"3",
		"full",
		"Up to 5000. Until a script sets it, what the settings say (`live`) holds.",
	],
	["maxQueueSize", "property", "3", "full", "Until a script sets it, only time counts."],
	["receiveAudio", "property", "4", "full"],
	["receiveVideo", "property", "4", "full"],
	[
		"liveEvent",
		"property",
		"4",
		"partial",
		"It is kept: there are no events over HTTP that it would name. `f4f:NAME` is the stream `NAME`, and recorded as that.",
	],
	["onStatus", "event", "1", "full"],
]);

/** The class `SharedObject`. */
const SHARED_OBJECT_MEMBERS = membersOf("SharedObject", [
	["get", "static", "1", "full"],
	["commit", "static", "3", "full"],
	["getProperty", "method", "1", "full"],
	["getPropertyNames", "method", "1", "full"],
	["size", "method", "1", "full"],
	["setProperty", "method", "1", "full"],
	["lock", "method", "1", "full"],
	["unlock", "method", "1", "full"],
	["mark", "method", "1", "full"],
	["send", "method", "1", "full"],
	["clear", "method", "1", "full"],
	["purge", "method", "1", "full"],
	[
		"flush",
		"method",
		"1",
		"full",
		"It answers at once; where the disk refuses, `onStatus` is told `SharedObject.Flush.Failed`.",
	],
	["close", "method", "1", "full"],
	["name", "property", "1", "full"],
	["version", "property", "1", "full"],
	["autoCommit", "property", "3", "full"],
	["isDirty", "property", "3", "full"],
	["resyncDepth", "property", "1", "full"],
	["handlerName", "event", "1", "full", "Any function on the object that clients call by `send`."],
	["onSync", "event", "1", "full"],
	["onStatus", "event", "1", "full"],
]);

/** The class `NetConnection`. */
const NET_CONNECTION_MEMBERS = membersOf("NetConnection", [
	["NetConnection", "class", "1", "full"],
	["connect", "method", "1", "full"],
	["call", "method", "1", "full"],
	["addHeader", "method", "1", "full"],
	["close", "method", "1", "full"],
	["isConnected", "property", "1", "full"],
	["uri", "property", "1", "full"],
	["objectEncoding", "property", "3", "full"],
	["methodName", "event", "1", "full", "Any function on the object that the other server calls."],
	["onStatus", "event", "1", "full"],
	["nearID", "property", "4", "absent", "RTMFP."],
	["farID", "property", "4", "absent", "RTMFP."],
	["nearNonce", "property", "4", "absent", "RTMFP."],
	["farNonce", "property", "4", "absent", "RTMFP."],
	["maxPeerConnections", "property", "4", "absent", "RTMFP."],
	["unconnectedPeerStreams", "property", "4", "absent", "RTMFP."],
]);

/** The class `NetStream`. */
const NET_STREAM_MEMBERS = membersOf("NetStream", [
	["NetStream", "class", "3", "partial", "To another server; groups and peers (RTMFP) are refused."],
	["attach", "method", "3", "full"],
	[
		"publish",
		"method",
		"3",
		"full",
		"The media goes there by a connection of the server's own, with what `connect` was given, and ends with the script's.",
	],
	["send", "method", "3", "full", "To those who play it there; `Stream.send` is for those here."],
	[
		"setBufferTime",
		"method",
		"3",
		"full",
		"How much of an attached stream may wait for the other server before pictures are left out, up to 60 seconds.",
	],
	["bufferTime", "property", "3", "full"],
	["close", "method", "3", "full"],
	["onStatus", "event", "3", "full"],
]);

/** What `load("netservices.asc")` brings. */
const NET_SERVICES_MEMBERS = [
	...membersOf("NetServices", [
		["setDefaultGatewayUrl", "static", "1", "full"],
		["createGatewayConnection", "static", "1", "full"],
		["getVersion", "static", "1", "full"],
	]),
	...membersOf("NetConnection", [
		["getService", "method", "1", "full", 'After `load("netservices.asc")`.'],
		["setCredentials", "method", "1", "full", 'After `load("netservices.asc")`.'],
	]),
	...membersOf("RecordSet", [
		["getLength", "method", "1", "full"],
		["getItemAt", "method", "1", "full", '`"in progress"` where the row is on its way.'],
		["setDeliveryMode", "method", "1", "full"],
		["addView", "method", "1", "full"],
		["filter", "method", "1", "full"],
		["sort", "method", "1", "full"],
		["sortItemsBy", "method", "1", "full"],
		["getColumnNames", "method", "1", "full"],
		["addItem", "method", "1", "full"],
		["addItemAt", "method", "1", "full"],
		["replaceItemAt", "method", "1", "full"],
		["removeItemAt", "method", "1", "full"],
		["removeAll", "method", "1", "full"],
		["setField", "method", "1", "full"],
		["isFullyPopulated", "method", "1", "full"],
		["isLocal", "method", "1", "full"],
		["getNumberAvailable", "method", "1", "full"],
	]),
];

/** The classes of media, shared objects and other servers. */
export const MEDIA_MEMBERS = [
	...STREAM_MEMBERS,
	...SHARED_OBJECT_MEMBERS,
	...NET_CONNECTION_MEMBERS,
	...NET_STREAM_MEMBERS,
	...NET_SERVICES_MEMBERS,
];
