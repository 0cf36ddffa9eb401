import { describe, expect, it } from "vitest";
import type { OldFileKind } from "./setting-row.ts";
import { OLD_SETTINGS, SettingTable } from "./setting-table.ts";

/** Settings as they stand in stock files of all versions, by their paths. */
const KNOWN: Partial<Record<OldFileKind, readonly string[]>> = {
	"Server.xml": [
		"NetworkingIPv6@enable CrossDomainPath SSL/SSLClientCtx/SSLVerifyDepth Process/UID Process/GID Mask LicenseInfo LicenseInfoEx",
		"ReadBufferSize Security/VirtualDirectoryForFile@enable Security/MaxUrlLength Security/LoginLimits/LockoutLimit",
		"AdminServer/RTMP/RTMPE@enabled AdminServer/HostPort AdminServer/IpcHostPort AdminServer/AdminElem AdminServer/Order",
		"AutoCloseIdleClients@enable AutoCloseIdleClients/CheckInterval AutoCloseIdleClients/MaxIdleTime",
		"ResourceLimits/FLVCachePurge ResourceLimits/FLVCache/MaxKeyframeCacheSize ResourceLimits/RecBuffer/MaxTimestampSkew",
		"ResourceLimits/CPUMonitor ResourceLimits/ThreadPoolGC ResourceLimits/MsgPoolGC ResourceLimits/ProcVMSizeWarn",
		"ResourceLimits/Connector/HTTP/HandleCache/IdleTime ResourceLimits/Connector/RTMP/MaxConnectionThreads",
		"ResourceLimits/Protocol/RTMP/Edge/MaxConnectionRate ResourceLimits/Protocol/ECCP/CoreTimeout ResourceLimits/Master/CoreGC",
		"Logging/Time Logging/Access/Scope Logging/Access/Checkpoints@enable Logging/FileIO/Enable Logging/RetrySleep",
		"Localhost PublicIP SWFVerification/SWFFolder SWFVerification/MinGoodVersion SWFVerification/Cache/TTL",
		"Streams/Mp4/Playback/MaxTracks Streams/Mp4/Recording/MaxELSTEntries StreamAdaptors/StreamAdaptor@type",
		"Httpd@enabled Httpd/Directory ScriptAdaptors/ScriptAdaptor@lib Plugins/FilePlugin/MaxAsyncThreads Plugins/UserDefined ServerDomain",
	],
	"Adaptor.xml": [
		"ResourceLimits/MaxFailures HostPortList/HostPort HostPortList/HostPort@ctl_channel HostPortList/HostPort@rtmfp Allow Deny Order",
		"HTTPTunnel/Enable HTTPTunnel/NodeID HTTPTunnel/IdlePostInterval HTTPTunnel/IdleAckInterval HTTPTunnel/IdleTimeout HTTPTunnel/MimeType",
		"HTTPTunnel/WriteBufferSize HTTPTunnel/SetCookie HTTPTunnel/Redirect@enable HTTPTunnel/Redirect@maxbuf HTTPTunnel/Redirect/Host@port",
		"HTTPTunnel/HttpProxy@enable HTTPTunnel/HttpProxy/Host HTTPTunnel/NeedClose HTTPTunnel/MaxWriteDelay HTTPTunnel/MaxPipelinedRequests",
		"SSL/SSLServerCtx/SSLCertificateFile SSL/Edge/SSLServerCtx/SSLPassPhrase SSL/SSLServerCtx/SSLCertificateKeyFile@type",
		"HTTPIdent@enable HTTPIdent/Company HTTPIdent2@enable HTTPNull@enable HTTPUserInfo/MaxSize EnableAltVhost RTMP/RTMPE@enabled",
		"RTMFP@enable RTMFP/KeepAliveTime/NAT/Server RTMFP/Core/HostPortList/HostPort",
	],
	"Vhost.xml": [
		"AliasList/Alias AppsDir ResourceLimits/MaxConnections ResourceLimits/MaxEdgeConnections ResourceLimits/MaxAppInstances",
		"ResourceLimits/MaxStreams ResourceLimits/MaxSharedObjects ResourceLimits/AppInstanceGC VirtualKeys/Key VirtualKeys/Key@from",
		"VirtualDirectory/Streams VirtualDirectory/Streams@key DNSSuffix Allow Proxy/Mode Proxy/RequestTimeout Proxy/Anonymous Proxy/LocalAddress",
		"Proxy/RouteTable@protocol Proxy/RouteTable/RouteEntry Proxy/CacheDir@enabled Proxy/CacheDir/MaxSize Proxy/EdgeAutoDiscovery/WaitTime",
		"Proxy/SSL/SSLVerifyDepth AggregateMessages@enabled AggregateMessages/MaxAggMsgSize AutoCloseIdleClients/MaxIdleTime Logging/Access/Checkpoints@enable",
	],
	"Application.xml": [
		"Process/Scope Process/Distribute@numprocs Process/LifeTime/RollOver Process/LifeTime/MaxCores Process/MaxFailures Process/RecoveryTime",
		"LoadOnStartup MaxAppIdleTime AutoCloseIdleClients@enable ScriptEngine/RuntimeSize ScriptEngine/MaxGCSkipCount ScriptEngine/MaxTimeOut",
		"ScriptEngine/ScriptLibPath ScriptEngine/FileObject/VirtualDirectory ScriptEngine/XMLSocket/MaxUnprocessedChars",
		"ScriptEngine/NetConnection/ObjectEncoding ScriptEngine/Security/MaxUrlLength ScriptEngine/RPC@enable ScriptEngine/RPC/Client/Method/Allow",
		"ScriptEngine/ApplicationObject/config/anything StreamManager/StorageDir StreamManager/QualifiedStreamsMapping StreamManager/DuplicateDir@appName",
		"StreamManager/CachePrefix@type StreamManager/CacheUpdateInterval StreamManager/StreamMetaGCInterval StreamManager/EnhancedSeek@zone",
		"StreamManager/KeyFrameInterval StreamManager/MaxStreamsBeforeGC StreamManager/Audio/CombineSamples/Subscribers StreamManager/Audio/SendSilence@interval",
		"StreamManager/Audio/NotifyAudioStop@enabled StreamManager/Live/AccumulatedIFrames/MaxTime StreamManager/Live/Queue@enabled",
		"StreamManager/Live/Queue/MaxQueueDelay StreamManager/Live/Queue/AggregateMessages@enabled StreamManager/Live/PublishTimeout StreamManager/Live/MaxLatency",
		"StreamManager/Live/StartClockOnPublish StreamManager/Live/EraseOnPublish StreamManager/Live/AssumeAbsoluteTime StreamManager/SendDuplicateStart",
		"StreamManager/SendDuplicateOnMetaData StreamManager/Recording/MaxSize StreamManager/Recording/MaxDurationCap StreamManager/Recording/FilterNonKeyFrames",
		"SharedObjManager/StorageDir SharedObjManager/ResyncDepth SharedObjManager/LockTimeOut SharedObjManager/AutoCommit SharedObjManager/MaxPropertySize",
		"AllowHTTPTunnel Client/Bandwidth/ServerToClient Client/BandwidthCap/ClientToServer Client/BandwidthCap/WindowsPerAck Client/BandwidthDetection/MaxWait",
		"Client/MsgQueue/Live/MaxAudioLatency Client/MsgQueue/Server/BufferRatio Client/HTTPTunnel/IdlePostInterval Client/OutChunkSize",
		"Client/AggregateMessages@enabled Client/MaxMessageSizeLosslessVideo Client/Access/FolderAccess Client/Access/AudioSampleAccess@enabled",
		"Client/UserAgent/Bits Client/UserAgent/Bits@from Debug/MaxPendingDebugConnections HTTP/MaxTimeout HTTP/Proxy/Type HTTP/Redirect/Max",
		"SWFVerification@enabled SWFVerification/SWFFolder SWFVerification/FirstHashTimeout SWFVerification/UserAgentExceptions/Exception@from",
		"SWFVerification/Cache/UpdateInterval DisallowedProtocols Logging/Access/Checkpoints@enable",
	],
	"Users.xml": [
		"UserList/User@name UserList/User/Password UserList/User/Password@encrypt UserList/User/Allow AdminServer/HTTPCommands/Enable AdminServer/HTTPCommands/Deny",
	],
	"Logger.xml": [
		"Access/Directory Access/FileName Access/Rotation/Schedule@type Access/Events Access/Fields Access/Delimiter Access/QuoteFields Access/LogServer/ServerID FileIO/Fields",
	],
};

describe("the table of old settings", () => {
	for (const [file, lists] of Object.entries(KNOWN)) {
		const table = new SettingTable(OLD_SETTINGS[file as OldFileKind]);
		const root = file === "Vhost.xml" ? "VirtualHost" : file === "Server.xml" ? "Server" : file.replace(".xml", "");
		it(`knows every setting of ${file}`, () => {
			const paths = lists.flatMap(list => list.split(" "));
			const unknown = paths.filter(path => table.find([root, ...path.split(/\/|(?=@)/)]) === undefined);
			expect(unknown).toEqual([]);
		});
	}

	it("takes the most particular row, and those of groups only where no other is there", () => {
		const table = new SettingTable(OLD_SETTINGS["Application.xml"]);
		const find = (path: string) => table.find(["Application", ...path.split("/")])?.path;
		expect(find("StreamManager/Live/Queue/MaxQueueDelay")).toBe("Queue/MaxQueueDelay");
		expect(find("Client/BandwidthCap/ServerToClient")).toBe("BandwidthCap/ServerToClient");
		expect(find("Client/MsgQueue/Live/MaxAudioLatency")).toBe("MsgQueue/**");
		expect(find("HTTP/Proxy/Host")).toBe("HTTP/**");
		expect(find("Telepathy")).toBeUndefined();
	});

	it("says of each row something, and no path twice", () => {
		for (const rows of Object.values(OLD_SETTINGS)) {
			const paths = rows.map(({ path }) => path);
			expect(paths.filter((path, index) => paths.indexOf(path) !== index)).toEqual([]);
			for (const { path, note } of rows) expect(note, path).toMatch(/^.{5,}[.:]$/s);
		}
	});
});
