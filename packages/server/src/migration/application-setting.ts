import { join } from "node:path";
import type { ImportTarget } from "./import-target.ts";
import {
	decide,
	none,
	numberOf,
	type OldSetting,
	type Outcome,
	type SettingRow,
	same,
	switchOf,
	take,
	takeNumber,
	takenWith,
	takeSwitch,
	textOf,
	unset,
} from "./setting-row.ts";
import { STREAM_FOLDER_SETTINGS } from "./stream-folder-setting.ts";
import { childOf } from "./xml-element.ts";

const PROCESS = "An application with code has a process of its own (`code.isolation`), the others share one.";
const LATE = "Who joins is sent the frames since the last keyframe: `live.gopCache`.";
const OBJECTS =
	"`limits.sharedObjectBytes` bounds shared objects; persistent ones are written a moment after each change.";
const REPLAY = "Sound and picture are sent as they came from the publisher.";
const EDGE = "The server is not configured as an edge.";
const QUEUE =
	"`live.viewerQueue` bounds what waits for a slow viewer; above it, frames are dropped up to the next keyframe.";
const FILES = "Files are opened when they are played, and closed a moment after.";
const OUTGOING = "Code makes its HTTP requests with the runtime's own `fetch`, and its time-outs.";
const SAMPLES = "Players may read pictures and sound of streams; an application restricts that where it lets them in.";
const SWF_CACHE = "The folder is looked at again every `swfVerification.refreshMillis`.";
const BLOCKS = "Frames are gathered into blocks that every client reads; aggregate messages are not needed.";
const LOG = "There is one log; lines name the application and the stream.";

/** What `Application.xml` can say, of a host or in the folder of an application. */
export const APPLICATION_SETTINGS: readonly SettingRow[] = [
	same("Process/Scope", PROCESS),
	same("Process/Distribute", PROCESS),
	same("Distribute@numprocs", PROCESS),
	same("LifeTime/**", "The process of an application stays until it is idle, and is watched."),
	same("Process/MaxCores", PROCESS),
	same("Process/MaxFailures", "Code that fails starts again, after a time that grows."),
	same("Process/RecoveryTime", "Code that fails starts again, after a time that grows."),
	same("Process/RollOver", "The process of an application stays until it is idle, and is watched."),
	takeSwitch("LoadOnStartup", "code.start", "Whether an application with code starts with the server."),
	takeNumber("MaxAppIdleTime", "code.idleMillis", "In seconds there.", { factor: 1000, unlimited: 604_800_000 }),
	none(
		"AutoCloseIdleClients@enable",
		"`rtmp.idleClientMillis` holds for all applications; it is taken from `Server.xml`.",
	),
	none("AutoCloseIdleClients/**", "`rtmp.idleClientMillis` holds for all applications; it is taken from `Server.xml`."),
	take(
		"ScriptEngine/RuntimeSize",
		"code.memory",
		"In KiB there. Taken where it is more than ours, as a runtime of today needs more itself.",
		({ value }, target) => {
			const size = numberOf(value);
			if (size === undefined) return unset(value, "a number");
			if (size * 1024 > DEFAULT_HEAP) return target.put("code.memory", size * 1024);
			const note = "It is less than `code.memory` has by itself.";
			return target.putDefault("code.memory", DEFAULT_HEAP, { outcome: "equivalent", note });
		},
	),
	same("ScriptEngine/MaxGCSkipCount", "Memory is collected by the runtime."),
	take(
		"ScriptEngine/MaxTimeOut",
		"code.turnMillis",
		"In seconds there. 0, no bound there: ours holds.",
		({ value }, target) => {
			const seconds = numberOf(value);
			if (seconds === undefined || seconds <= 0) {
				return target.putDefault("code.turnMillis", "10s", { outcome: "equivalent", note: "`code.turnMillis` holds." });
			}
			return target.put("code.turnMillis", seconds * 1000);
		},
	),
	decide(
		"ScriptEngine/ScriptLibPath",
		"Old scripts load from `scriptlib` in the application's folder, and from where the `Application.xml` there says.",
		({ value }, { scope }) => {
			if (value === "") return unset(value, "a folder");
			if (scope.kind === "application") {
				return { outcome: "equivalent", note: "The application itself reads its `Application.xml` for it." };
			}
			return {
				outcome: "not applicable",
				note: "Put what applications load into `scriptlib` in their folders, or say where in their own `Application.xml`.",
			};
		},
	),
	none("FileObject/VirtualDirectory", "Code reaches the application's own folder."),
	none("FileObject/**", "Code reaches the application's own folder."),
	same("XMLSocket/MaxUnprocessedChars", "What an application has not taken is bounded by `code.queueBytes`."),
	same("NetConnection/ObjectEncoding", "Each connection has the encoding that was asked for."),
	same("Security/MaxUrlLength", "`limits.nameLength` bounds names."),
	none("RPC@enable", "Which methods clients may call is what the application defines."),
	none("RPC/**", "Which methods clients may call is what the application defines."),
	take(
		"ApplicationObject/config/**",
		"applications.NAME.config",
		"Values for the application's code, at `app.config`.",
		readConfig,
	),
	none("ApplicationObject/**", "Only `config` is known of it."),
	take(
		"StreamManager/StorageDir",
		"media.directories",
		"What lies there is played; recordings go below the folder of the applications (`record.name`).",
		readStorage,
	),
	same("StreamManager/DuplicateDir", "It is looked at with `StorageDir`."),
	same("DuplicateDir@**", "It is looked at with `StorageDir`."),
	same("QualifiedStreamsMapping@**", "Names with a prefix (`mp4:`) are looked up with their extension, and without."),
	same(
		"StreamManager/QualifiedStreamsMapping",
		"Names with a prefix (`mp4:`) are looked up with their extension, and without.",
	),
	none("StreamManager/CachePrefix", EDGE),
	none("CachePrefix@**", EDGE),
	none("StreamManager/CacheUpdateInterval", EDGE),
	same("StreamMetaGCInterval", FILES),
	same("StreamManager/EnhancedSeek", "A seek leads to the keyframe before, and is sent the frames from there."),
	same("EnhancedSeek@**", "A seek leads to the keyframe before, and is sent the frames from there."),
	same(
		"StreamManager/KeyFrameInterval",
		"Files are sought by their own keyframes; recordings have an index of theirs.",
	),
	same("StreamManager/MaxStreamsBeforeGC", FILES),
	same("Audio/CombineSamples/**", BLOCKS),
	same("CombineSamples/**", BLOCKS),
	same("CombineSamples@**", BLOCKS),
	none("Audio/SendSilence", REPLAY),
	none("SendSilence@**", REPLAY),
	none("Audio/NotifyAudioStop", REPLAY),
	none("NotifyAudioStop@**", REPLAY),
	same("Live/AccumulatedIFrames/**", LATE),
	take("Live/Queue@enabled", "live.latency", "Off: `interactive`, which gathers nothing.", ({ value }, target) => {
		const on = switchOf(value);
		if (on === undefined) return unset(value, "true or false");
		return on
			? target.putDefault("live.latency", "default", {
					outcome: "equivalent",
					note: "Frames are gathered for `live.windowMillis.default`.",
				})
			: target.put("live.latency", "interactive");
	}),
	same("Queue/MaxQueueSize", "A batch is bounded by its time alone; larger ones are fewer writes."),
	takeNumber("Queue/MaxQueueDelay", "live.windowMillis.default", "How long frames are gathered, in milliseconds."),
	same("Queue/FlushOnData", "Data goes with the next frames, a moment later at most."),
	same("Queue/AggregateMessages", BLOCKS),
	same("Queue/AggregateMessages@**", BLOCKS),
	same("Live/AggregateMessages", BLOCKS),
	same("Live/PublishTimeout", "Who plays a name waits for its publisher."),
	same("Live/MaxLatency", QUEUE),
	same("Live/StartClockOnPublish", "The clock of a stream begins with its first frame."),
	same("Live/EraseOnPublish", "What was kept of a former publisher goes when the next begins."),
	same("Live/AssumeAbsoluteTime", "`live.timestamps` repairs clocks that jump."),
	same("Live/AllowedVideoSamples", LATE),
	same("SendDuplicateStart", "`NetStream.Play.Start` is sent once for each item of a playlist, as players expect."),
	same(
		"SendDuplicateOnMetaData",
		"`onMetaData` is sent at the start of each item, and after a seek as old servers do.",
	),
	takeNumber("Recording/MaxSize", "record.maxBytes", "In KiB there; a negative one is no bound.", { factor: 1024 }),
	take(
		"Recording/MaxSizeCap",
		"record.maxBytes",
		"Where there is no `MaxSize`: code may ask for less, never for more.",
		({ value, parent }, target) => readCap("record.maxBytes", 1024, value, textOf(parent, "MaxSize"), target),
	),
	takeNumber("Recording/MaxDuration", "record.maxMillis", "In seconds there; a negative one is no bound.", {
		factor: 1000,
	}),
	take(
		"Recording/MaxDurationCap",
		"record.maxMillis",
		"Where there is no `MaxDuration`: code may ask for less, never for more.",
		({ value, parent }, target) => readCap("record.maxMillis", 1000, value, textOf(parent, "MaxDuration"), target),
	),
	none("Recording/FilterNonKeyFrames", "Recordings hold every frame."),
	none("HDS/**", "Streams are not cut into fragments for HDS."),
	none("HLS/**", "Streams are not cut into segments for HLS."),
	none("Recording/FragmentDuration", "Streams are not cut into fragments."),
	none("Recording/SegmentDuration", "Streams are not cut into segments."),
	none("Recording/DiskManagementDuration", "Streams are not cut into segments that would be deleted again."),
	none("LiveEvent/**", "Streams are not cut into fragments for HDS."),
	none("LiveEvent", "Streams are not cut into fragments for HDS."),
	none("SharedObjManager/StorageDir", "Shared objects are kept in the folder of their application."),
	none("SharedObjManager/DuplicateDir", "Shared objects are kept in the folder of their application."),
	same(
		"SharedObjManager/ResyncDepth",
		"A client that comes back is sent what has changed, or all of it where that is too old.",
	),
	same("SharedObjManager/LockTimeOut", "The lock of code ends with its turn."),
	same("SharedObjManager/AutoCommit", OBJECTS),
	same("SharedObjManager/MaxProperties", OBJECTS),
	same("SharedObjManager/MaxPropertySize", OBJECTS),
	take("AllowHTTPTunnel", "protocols", "Off: without `rtmpt`, `rtmpts` and `rtmpte`.", ({ value }, target) => {
		if (value === "") return unset(value, "true or false");
		target.protocols.tunnel = switchOf(value) ?? true;
		if (target.protocols.tunnel)
			return { outcome: "equivalent", note: "Tunnels are allowed where `protocols` does not leave them out." };
		return takenWith([...target.scope.path, "protocols"].join("."), "Without tunnels.");
	}),
	take(
		"DisallowedProtocols",
		"protocols",
		"The protocols that are left, of those that are spoken.",
		({ value }, target) => {
			const disallowed = value
				.toLowerCase()
				.split(/[\s,;]+/)
				.filter(name => name !== "");
			target.protocols.disallowed = disallowed;
			if (disallowed.length === 0) return { outcome: "equivalent", note: "None." };
			const note = "RTMP over WebSocket, which old servers did not have, goes with RTMP.";
			return takenWith([...target.scope.path, "protocols"].join("."), note);
		},
	),
	takeNumber(
		"Bandwidth/ServerToClient",
		"bandwidth.serverToClient",
		"Bytes a second. Old servers did not keep to it strictly; ours does.",
	),
	takeNumber("Bandwidth/ClientToServer", "bandwidth.clientToServer", "Bytes a second."),
	take(
		"BandwidthCap/ServerToClient",
		"bandwidth.cap",
		"Ours is one cap for both directions: the larger one.",
		readBandwidthCap,
	),
	take(
		"BandwidthCap/ClientToServer",
		"bandwidth.cap",
		"Ours is one cap for both directions: the larger one.",
		readBandwidthCap,
	),
	same("BandwidthCap/WindowsPerAck", "`rtmp.windowAckBytes` holds for all clients."),
	same("WindowsPerAck", "`rtmp.windowAckBytes` holds for all clients."),
	takeSwitch(
		"BandwidthDetection@enabled",
		"bandwidth.detection.enabled",
		"Whether the server answers `checkBandwidth` itself.",
	),
	takeNumber(
		"BandwidthDetection/MaxRate",
		"bandwidth.detection.maxRateKbps",
		"In kilobits a second; a negative one is no bound.",
	),
	takeNumber("BandwidthDetection/DataSize", "bandwidth.detection.dataBytes", "Bytes."),
	takeNumber("BandwidthDetection/MaxWait", "bandwidth.detection.maxWaitMillis", "In seconds there.", { factor: 1000 }),
	same("MsgQueue/**", QUEUE),
	none("Client/HTTPTunnel/**", "`rtmpt` holds for all applications."),
	none("HTTPTunnel/**", "`rtmpt` holds for all applications."),
	same("OutChunkSize", "`rtmp.chunkSize` is as large as every known client reads: larger chunks mean fewer headers."),
	same("Client/AggregateMessages@enabled", BLOCKS),
	same("Client/AggregateMessages", BLOCKS),
	same("AggregateMessages/**", BLOCKS),
	same("AggregateMessages@enabled", BLOCKS),
	same("AggregateMessages", BLOCKS),
	same("MaxMessageSizeLosslessVideo", BLOCKS),
	none(
		"Access/FolderAccess",
		"An application restricts what its clients read and write (`readAccess`, `writeAccess`).",
	),
	none("FolderAccess@**", "An application restricts what its clients read and write (`readAccess`, `writeAccess`)."),
	none("AudioSampleAccess", SAMPLES),
	none("AudioSampleAccess@enabled", SAMPLES),
	none("VideoSampleAccess", SAMPLES),
	none("VideoSampleAccess@enabled", SAMPLES),
	none("UserAgent/**", "Silence is not sent to players of versions that needed it."),
	none("UserAgent@**", "Silence is not sent to players of versions that needed it."),
	none("Bits@**", "Silence is not sent to players of versions that needed it."),
	none("Debug/**", "There are no debugging connections."),
	none("HTTP/MaxTimeout", OUTGOING),
	none("HTTP/**", OUTGOING),
	none("HTTP@**", OUTGOING),
	take(
		"SWFVerification@enabled",
		"swfVerification.enabled",
		"Its folder is `SWFs` in the application's where none is named.",
		readSwf,
	),
	take(
		"SWFVerification/SWFFolder",
		"swfVerification.folder",
		"The first one, where several are named.",
		({ value }, target) => {
			const [first, ...others] = value
				.split(";")
				.map(text => text.trim())
				.filter(text => text !== "");
			if (first === undefined) return unset(value, "a folder");
			return target.put(
				"swfVerification.folder",
				target.pathOf(first),
				others.length > 0 ? `Left out: ${others.join(", ")}.` : undefined,
			);
		},
	),
	none("SWFVerification/MinGoodVersion", "The version in the handshake is not looked at."),
	same(
		"SWFVerification/DirLevelSWFScan",
		"The folder and one level below it are looked at; folders there are named as instances.",
	),
	same("SWFVerification/MaxInitDelay", "Files are read when the server starts."),
	same("SWFVerification/FirstHashTimeout", "`swfVerification.timeoutMillis` is the time for the whole proof."),
	takeNumber(
		"SWFVerification/FinalHashTimeout",
		"swfVerification.timeoutMillis",
		"In seconds there: the time for the whole proof.",
		{ factor: 1000 },
	),
	take(
		"UserAgentExceptions/Exception",
		"swfVerification.exempt",
		"Players and encoders that are not asked, `from` and `to`.",
		({ element }, target) => {
			const from = element.attributes.get("from");
			const to = element.attributes.get("to") ?? from;
			return from === undefined ? unset("", "a version") : target.append("swfVerification.exempt", { from, to });
		},
	),
	take("Exception@from", "swfVerification.exempt", "With `to`.", () =>
		takenWith("swfVerification.exempt", "As one exception."),
	),
	take("Exception@to", "swfVerification.exempt", "With `from`.", () =>
		takenWith("swfVerification.exempt", "As one exception."),
	),
	same("SWFVerification/Cache/**", SWF_CACHE),
	same("Cache/**", SWF_CACHE),
	same("Logging/**", LOG),
	none("ContentProtection/**", "Streams are not encrypted; `rtmps` and RTMPE protect the connection."),
	none("ContentProtection@**", "Streams are not encrypted; `rtmps` and RTMPE protect the connection."),
	...STREAM_FOLDER_SETTINGS,
];

/** What `code.memory` is by itself, in bytes. */
const DEFAULT_HEAP = 128 * 1024 * 1024;

function readConfig({ value, element }: OldSetting, target: ImportTarget): Outcome {
	if (target.scope.kind !== "application") {
		return { outcome: "not applicable", note: "Values are given to one application: put them into its own `config`." };
	}
	return target.put(`config.${element.name.replaceAll(".", "_")}`, value);
}

/** Streams lie in `StorageDir/INSTANCE`, with the application's name between them where `DuplicateDir` says so. */
function readStorage({ value, parent }: OldSetting, target: ImportTarget): Outcome {
	if (value === "")
		return { outcome: "equivalent", note: "Streams lie in `streams` in the folder of the application." };
	const duplicate = childOf(parent, "DuplicateDir");
	const hasName = switchOf(duplicate?.text ?? "") === true || duplicate?.attributes.get("appName") === "true";
	const { kind, path } = target.scope;
	const name = String(path.at(-1) ?? "");
	if (hasName && kind !== "application") {
		target.notice(
			`Streams lay in ${value}/APPLICATION (${target.place}): give each application its folder in \`media.directories\`.`,
		);
		return { outcome: "not applicable", note: "With `DuplicateDir` it is another folder for each application." };
	}
	const note = "Files of the default instance are played from there; recordings go to the application's folder.";
	return target.append(
		"media.directories",
		{ path: join(target.pathOf(value), ...(hasName ? [name] : []), "_definst_") },
		note,
	);
}

function readCap(to: string, factor: number, value: string, bound: string | undefined, target: ImportTarget): Outcome {
	const cap = numberOf(value);
	if (cap === undefined) return unset(value, "a number");
	if (cap < 0) return { outcome: "equivalent", note: "No bound, as here where none is set." };
	if (bound !== undefined && (numberOf(bound) ?? -1) > 0)
		return { outcome: "equivalent", note: `\`${to}\` is both: code may ask for less, never for more.` };
	return target.put(to, Math.round(cap * factor));
}

function readBandwidthCap({ value }: OldSetting, target: ImportTarget): Outcome {
	const cap = numberOf(value);
	if (cap === undefined) return unset(value, "a number");
	if (cap <= 0) {
		return target.putDefault("bandwidth.cap", 0, { outcome: "equivalent", note: "No cap, as here where none is set." });
	}
	const former = target.get("bandwidth.cap");
	const isLarger = typeof former !== "number" || cap > former;
	return isLarger ? target.put("bandwidth.cap", cap) : takenWith("bandwidth.cap", "The larger one of both directions.");
}

function readSwf({ value }: OldSetting, target: ImportTarget): Outcome {
	const on = switchOf(value);
	if (on === undefined) return unset(value, "true or false");
	return target.put("swfVerification.enabled", on);
}
