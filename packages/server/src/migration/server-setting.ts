import { takenWith, unset } from "./outcome.ts";
import { decide, none, type SettingRow, same, take, takeNumber } from "./setting-row.ts";
import { numberOf, switchOf } from "./setting-value.ts";

const CACHE = "Files that are played are read in blocks and shared by who plays them; there is no cache to be sized.";
const COLLECT = "Memory is collected by the runtime, and what nobody uses is let go of at once.";
const OUTGOING = "Connections to other servers need no pools.";
const LOG =
	"There is one log, to standard output: `log.level` and `log.format`. Files and rotation are the service manager's.";
const MP4 = "MP4 files are read by their sample tables in bounded steps.";
const ADMIN = "There is no administration server of its own; `/api/…` tells of the server.";
const LOGIN = "There are no administrators who log in.";
const IDLE = "Clients that do nothing for that long are closed.";

/** What `Server.xml` can say. */
export const SERVER_SETTINGS: readonly SettingRow[] = [
	take(
		"NetworkingIPv6@enable",
		"listeners",
		"Where it is off, listeners without an address take `0.0.0.0`.",
		(setting, target) => {
			const on = switchOf(setting.value);
			if (on === undefined) return unset(setting.value, "true or false");
			target.server.ipv6 = on;
			return takenWith("listeners", on ? "Listeners take IPv6 too." : "Listeners take IPv4 alone.");
		},
	),
	take(
		"CrossDomainPath",
		"http.crossDomainFile",
		"Empty: a policy is made that allows what `http.cors` allows.",
		({ value }, target) =>
			value === "" ? unset(value, "a path") : target.putForServer("http.crossDomainFile", target.pathOf(value)),
	),
	none(
		"SSLClientCtx/**",
		"Outgoing TLS checks certificates against those that Node trusts (`NODE_EXTRA_CA_CERTS` adds some).",
	),
	none("SSLVerifyCertificate", "Certificates of other servers are always checked."),
	none("SSL/**", "The TLS library needs no seed, engine or cache of sessions."),
	none("Process/UID", "The service manager starts the server as the user that it should be."),
	none("Process/GID", "The service manager starts the server as the group that it should be."),
	none("Mask", "The service manager sets the mask of new files (`UMask` of systemd)."),
	none("LicenseInfo", "No licence is needed."),
	none("LicenseInfoEx", "No licence is needed."),
	same("ReadBufferSize", "Sockets are read into memory that all of them share."),
	none("VirtualDirectoryForFile@enable", "Code reaches the application's own folder."),
	same("Security/MaxUrlLength", "`limits.nameLength` bounds names, and the HTTP library bounds requests."),
	none("LoginLimits/**", LOGIN),
	none("AdminServer/**", ADMIN),
	take("AutoCloseIdleClients@enable", "rtmp.idleClientMillis", `${IDLE} Off: never.`, ({ value }, target) => {
		const on = switchOf(value);
		if (on === undefined) return unset(value, "true or false");
		target.server.closesIdle = on;
		if (on) return target.putForServer("rtmp.idleClientMillis", IDLE_DEFAULT_MILLIS);
		return { outcome: "equivalent", note: "Idle clients stay, as `rtmp.idleClientMillis` has it where it is not set." };
	}),
	same("AutoCloseIdleClients/CheckInterval", "Each client is looked at when its time is over."),
	take(
		"AutoCloseIdleClients/MaxIdleTime",
		"rtmp.idleClientMillis",
		`${IDLE} Only where it is enabled.`,
		({ value }, target) => {
			const seconds = numberOf(value);
			if (!target.server.closesIdle) return { outcome: "equivalent", note: "It is switched off beside it." };
			return seconds === undefined
				? unset(value, "a number")
				: target.putForServer("rtmp.idleClientMillis", seconds * 1000);
		},
	),
	same("FLVCachePurge", CACHE),
	same("FLVCacheSize", CACHE),
	same("FLVCache/**", CACHE),
	same(
		"RecBuffer/MaxFlushTime",
		"Recordings are written every `record.flushMillis`, half a second: a crash costs less.",
	),
	takeNumber("RecBuffer/MaxFlushSize", "record.flushBytes", "In KiB there.", { factor: 1024 }),
	same("RecBuffer/AllowedVideoLag", "Frames are recorded in the order in which they came."),
	takeNumber("RecBuffer/MaxSize", "record.queueBytes", "In KiB there.", { factor: 1024 }),
	same("RecBuffer/MaxTimestampSkew", "`live.timestamps` repairs the clocks of publishers before anything is recorded."),
	same("CPUMonitor", "The server measures its own event loop."),
	same("ThreadPoolGC", COLLECT),
	same("MsgPoolGC", COLLECT),
	same("ApplicationGC", COLLECT),
	same("SocketGC", "Sockets are closed as soon as they end."),
	same("MessageCache/**", COLLECT),
	same("SmallMemPool/**", COLLECT),
	same("LargeMemPool/**", COLLECT),
	same("SegmentsPool/**", COLLECT),
	same("ProcVMSizeWarn/**", COLLECT),
	same("ProcVMSizeWarn", COLLECT),
	same("ProcVMSizeNominal", COLLECT),
	same("ProcVMSize/**", COLLECT),
	same("Connector/**", OUTGOING),
	decide(
		"Edge/MaxConnectionRate",
		"There a bound a second for each listener; the server has one for each address instead, `limits.connectionsPerAddressPerMinute`.",
		({ value }) => {
			const rate = numberOf(value);
			if (rate === undefined || rate < 0) return { outcome: "equivalent", note: "No bound there, and none here." };
			const note =
				"It bounded a listener; `limits.connectionsPerAddressPerMinute` bounds an address, which is another thing.";
			return { outcome: "not applicable", note };
		},
	),
	same("Protocol/RTMP/**", "Sockets have `noDelay`, and buffers as large as the system makes them."),
	same("SocketSndBuf", "The system sizes the buffers of sockets."),
	same("SocketRcvBuf", "The system sizes the buffers of sockets."),
	none("DiffServ/**", "Marks of packets are set by the firewall."),
	none("DiffServ", "Marks of packets are set by the firewall."),
	none("DiffServMask", "Marks of packets are set by the firewall."),
	same("ECCP/**", "Clients are not handed between processes."),
	same("Master/**", "There is no master process; `code` says how that of an application is run."),
	same("Edge/**", "There are no edge processes."),
	same("Core/**", "There are no core processes."),
	same("Admin/**", ADMIN),
	same("Logging/Time", "Times in the log are UTC."),
	same("Logging/Access/**", LOG),
	same("Logging/Access@enable", LOG),
	same("Logging/Diagnostic/**", LOG),
	same("Logging/Application/**", LOG),
	same("Logging/AuthEvent/**", LOG),
	same("Logging/AuthMessage/**", LOG),
	same("Logging/FileIO/**", LOG),
	same("Logging/**", LOG),
	none("Localhost", "The server listens where `listeners` says, by whatever name it is reached."),
	none("PublicIP", "The server listens where `listeners` says, by whatever name it is reached."),
	take(
		"SWFVerification/SWFFolder",
		"swfVerification.folder",
		"SWF files that may connect everywhere. Applications with a folder of their own use that alone.",
		({ value }, target) =>
			value === "" ? unset(value, "a folder") : target.putForServer("swfVerification.folder", target.pathOf(value)),
	),
	same("SWFVerification/**", "The folder is looked at again every `swfVerification.refreshMillis`."),
	same("Mp4/**", MP4),
	same("Playback/**", MP4),
	same("Recording/**", "MP4 recordings are fragmented and need no tables that could overflow."),
	same("Raw/**", "Recordings are FLV or fragmented MP4: `record.format`."),
	same("StreamAdaptors/**", "FLV, MP4 and MP3 are read without adaptors; segments of other formats are not."),
	same("StreamAdaptor/**", "FLV, MP4 and MP3 are read without adaptors; segments of other formats are not."),
	take(
		"Httpd@enabled",
		"http.webroot",
		"The server answers HTTP itself, with the files of the old `webroot`.",
		({ value }, target) => {
			const on = switchOf(value);
			if (on === undefined) return unset(value, "true or false");
			target.server.httpd = on;
			if (!on) return { outcome: "equivalent", note: "No files are served beside the server's own pages." };
			return target.putForServer("http.webroot", target.pathOf("webroot"), "Settings of `httpd.conf` are not read.");
		},
	),
	same("Httpd/**", "There is no other web server to start."),
	same("Httpd@**", "There is no other web server to start."),
	same("ScriptAdaptors/**", "Applications need no script library."),
	same("ScriptAdaptor/**", "Applications need no script library."),
	none(
		"Plugins/**",
		"Plug-ins of the old server are native libraries for it alone. Applications with code can do what most did.",
	),
	none("ServerDomain", "Clients of other servers name themselves."),
];

const IDLE_DEFAULT_MILLIS = 3_600_000;
