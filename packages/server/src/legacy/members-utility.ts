import { type MemberRow, membersOf } from "./member.ts";

/** What `LoadVars` and `XML` have of HTTP. */
const HTTP: readonly MemberRow[] = [
	["contentType", "property", "2", "full"],
	["loaded", "property", "2", "full"],
	[
		"addRequestHeader",
		"method",
		"2",
		"full",
		"Headers that belong to the connection (`Host`, `Content-Length` …) are left out.",
	],
	["getBytesLoaded", "method", "2", "full"],
	["getBytesTotal", "method", "2", "full"],
	["load", "method", "2", "full", "`http:` and `https:`; at most 16 MiB, 60 seconds and 5 redirects."],
	["send", "method", "2", "full"],
	["sendAndLoad", "method", "2", "full"],
	["onData", "event", "2", "full"],
	["onLoad", "event", "2", "full"],
	["onHTTPStatus", "event", "2", "full", "0 where no server answered."],
];

/** The class `File`. */
const FILE_MEMBERS = membersOf("File", [
	[
		"File",
		"class",
		"2",
		"full",
		"Links that lead out of the folder are as good as missing, and so are virtual directories elsewhere unless `code.isolation` lets code out.",
	],
	["canAppend", "property", "2", "full"],
	["canRead", "property", "2", "full"],
	["canReplace", "property", "2", "full"],
	["canWrite", "property", "2", "full"],
	["creationTime", "property", "2", "full"],
	["exists", "property", "2", "full"],
	["isDirectory", "property", "2", "full"],
	["isFile", "property", "2", "full"],
	["isOpen", "property", "2", "full"],
	["lastModified", "property", "2", "full"],
	["length", "property", "2", "full"],
	["mode", "property", "2", "full"],
	["name", "property", "2", "full", "The path from the application's folder, as `/streams/a.flv`."],
	["position", "property", "2", "full"],
	["type", "property", "2", "full", "`utf8` also where `text` was asked for and a byte-order mark found."],
	["close", "method", "2", "full"],
	["copyTo", "method", "2", "full"],
	["eof", "method", "2", "full"],
	["flush", "method", "2", "full", "What is written goes to the disk at once; it does nothing."],
	["list", "method", "2", "full"],
	["mkdir", "method", "2", "full"],
	[
		"open",
		"method",
		"2",
		"partial",
		"`text` was the system's encoding. Here it is UTF-8, and what is read and is not UTF-8 is taken for Windows' Western European. At most 256 are open at once.",
	],
	["read", "method", "2", "full"],
	["readAll", "method", "2", "full"],
	["readByte", "method", "2", "full"],
	["readln", "method", "2", "full"],
	["remove", "method", "2", "full"],
	["renameTo", "method", "2", "full"],
	["seek", "method", "2", "full"],
	["toString", "method", "2", "full"],
	["write", "method", "2", "full"],
	["writeAll", "method", "2", "full"],
	["writeByte", "method", "2", "full"],
	["writeln", "method", "2", "full", "Lines end with LF on every system."],
]);

const LOAD_VARS_MEMBERS = membersOf("LoadVars", [
	["LoadVars", "class", "2", "full"],
	...HTTP,
	["decode", "method", "2", "full"],
	["toString", "method", "2", "full"],
]);

const XML_NODE: readonly MemberRow[] = [
	["attributes", "property", "2", "full"],
	["childNodes", "property", "2", "full", "A new array when a child has come or gone; the old one stays as it was."],
	["firstChild", "property", "2", "full"],
	["lastChild", "property", "2", "full"],
	["localName", "property", "2", "full"],
	["namespaceURI", "property", "2", "full"],
	["nextSibling", "property", "2", "full"],
	["nodeName", "property", "2", "full"],
	["nodeType", "property", "2", "full"],
	["nodeValue", "property", "2", "full"],
	["parentNode", "property", "2", "full"],
	["prefix", "property", "2", "full"],
	["previousSibling", "property", "2", "full"],
	["appendChild", "method", "2", "full"],
	["cloneNode", "method", "2", "full"],
	["getNamespaceForPrefix", "method", "2", "full"],
	["getPrefixForNamespace", "method", "2", "full"],
	["hasChildNodes", "method", "2", "full"],
	["insertBefore", "method", "2", "full"],
	["removeNode", "method", "2", "full"],
	["toString", "method", "2", "full"],
];

const XML_MEMBERS = membersOf("XML", [
	["XML", "class", "2", "full"],
	["XMLNode", "class", "2", "full"],
	...HTTP,
	...XML_NODE,
	["docTypeDecl", "property", "2", "full"],
	["ignoreWhite", "property", "2", "full"],
	["status", "property", "2", "full", "−7 tells of elements more than 500 deep."],
	["xmlDecl", "property", "2", "full"],
	["createElement", "method", "2", "full"],
	["createTextNode", "method", "2", "full"],
	["parseXML", "method", "2", "full"],
]);

const XML_SOCKET_MEMBERS = membersOf("XMLSocket", [
	["XMLSocket", "class", "2", "full"],
	["maxUnprocessedChars", "property", "2", "full"],
	["close", "method", "2", "full"],
	["connect", "method", "2", "full"],
	["send", "method", "2", "full"],
	["onClose", "event", "2", "full"],
	["onConnect", "event", "2", "full"],
	["onData", "event", "2", "full"],
	["onXML", "event", "2", "full"],
]);

const BYTE_ARRAY_NAMES = [
	...["clear", "compress", "uncompress"],
	...["readBoolean", "readByte", "readBytes", "readDouble", "readFloat", "readInt", "readMultiByte", "readObject"],
	...["readShort", "readUTF", "readUTFBytes", "readUnsignedByte", "readUnsignedInt", "readUnsignedShort", "toString"],
	...["writeBoolean", "writeByte", "writeBytes", "writeDouble", "writeFloat", "writeInt", "writeMultiByte"],
	...["writeObject", "writeShort", "writeUTF", "writeUTFBytes", "writeUnsignedInt"],
];

const BYTE_ARRAY_MEMBERS = membersOf("ByteArray", [
	["ByteArray", "class", "4", "full", "At most 64 MiB each. Bytes are reached by index, too."],
	["defaultObjectEncoding", "static", "4", "full"],
	...["bytesAvailable", "endian", "length", "objectEncoding", "position"].map(
		(name): MemberRow => [name, "property", "4", "full"],
	),
	...BYTE_ARRAY_NAMES.map((name): MemberRow => [name, "method", "4", "full"]),
]);

/** The classes that need nothing of a server: files, HTTP, XML, bytes. */
export const UTILITY_MEMBERS = [
	...FILE_MEMBERS,
	...LOAD_VARS_MEMBERS,
	...XML_MEMBERS,
	...XML_SOCKET_MEMBERS,
	...BYTE_ARRAY_MEMBERS,
	...membersOf("SHA256", [
		["SHA256", "class", "4", "full"],
		["computeDigest", "static", "4", "full"],
	]),
	...membersOf("Log", [
		[
			"Log",
			"class",
			"2",
			"full",
			"`WebService`, which wrote to it, is not there; its methods `logInfo` and `logDebug` are.",
		],
		["onLog", "event", "2", "full"],
	]),
];
