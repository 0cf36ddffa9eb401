import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { AmfXml } from "@millrace/core/amf";
import { afterAll, beforeAll, expect, it } from "vitest";
import { memberLabel } from "../packages/server/src/legacy/index.ts";
import { UTILITY_MEMBERS } from "../packages/server/src/legacy/members-utility.ts";
import { type LegacyClient, LegacyFixture } from "./legacy-fixture.ts";

/** Each member of the utility classes, in a script of a real server, which runs it in a process of its own. */

const MAIN = `
	// What a test asks for: a value, or calls of \`told\`.
	Client.prototype.evaluate = function (text) { var me = this; return eval(text); };
	function tell(me) { return function () { var a = ["told", null]; for (var i = 0; i < arguments.length; i++) a.push(arguments[i]); me.call.apply(me, a); }; }
`;
const TEXT = "one\ntwo\nthree\n";

/** Members, a script, and what it gives or (`told`) what it calls a client with. */
type Row = { readonly members: string; readonly script: string; readonly gives?: unknown; readonly told?: unknown[][] };

const FILE: readonly Row[] = [
	{
		members: "new File, exists, isFile, isDirectory, name, toString",
		script: `var f = new File("/a/t.txt"), none = new File("none"); [f.exists, none.exists, f.isFile, f.isDirectory, new File("/a").isDirectory, f.name, String(f)]`,
		gives: [true, false, true, false, true, "/a/t.txt", "/a/t.txt"],
	},
	{
		members: "open, close, isOpen, type, mode, canRead, canWrite, canAppend, canReplace",
		script: `var f = new File("/a/t.txt"); var l = [f.isOpen, f.open("utf8", "read"), f.isOpen, f.type, f.mode, f.canRead, f.canWrite, f.canAppend, f.canReplace]; l.concat(f.close(), f.isOpen, f.close())`,
		gives: [false, true, true, "utf8", "read", true, false, false, false, true, false, false],
	},
	{
		members: "read, readln, readAll, eof, position, seek",
		script: `var f = new File("/a/t.txt"); f.open("text", "read"); var l = [f.read(2), f.readln(), f.readln(), f.position, f.eof(), f.readAll(), f.eof(), f.seek(-6), f.readln()]; f.close(); l`,
		gives: ["on", "e", "two", 8, false, ["three"], true, 8, "three"],
	},
	{
		members: "write, writeln, writeAll, flush, length",
		script: `var f = new File("w.txt"); var l = [f.open("text", "create"), f.write("a", 1), f.writeln("b", 2), f.writeAll(["c", "d"]), f.flush(), f.close()]; l.concat(f.length)`,
		gives: [true, true, true, true, true, true, 9],
	},
	{
		members: "readByte, writeByte",
		script: `var f = new File("b.bin"); f.open("binary", "create"); f.writeByte(200); f.close(); f.open("binary", "read"); var l = [f.readByte(), f.readByte()]; f.close(); l`,
		gives: [200, -1],
	},
	{
		members: "mkdir, list, copyTo, renameTo, remove",
		script: `var root = new File("/"); var l = [root.mkdir("m"), new File("/a/t.txt").copyTo("/m/x"), new File("/m/x").renameTo("/m/y"), String(new File("/m").list()), new File("/m").list(function (n) { return n != "y"; }).length]; l.concat(new File("/m").remove(), new File("/m").remove(true))`,
		gives: [true, true, true, "/m/y", 0, false, true],
	},
	{
		members: "creationTime, lastModified",
		script: `var f = new File("/a/t.txt"); [f.lastModified instanceof Date, f.creationTime.getFullYear() > 2000]`,
		gives: [true, true],
	},
];

const XML: readonly Row[] = [
	{
		members: "new XML, parseXML, status, ignoreWhite, xmlDecl, docTypeDecl, toString",
		script: `var x = new XML("<a>"); var l = [x.status]; x.ignoreWhite = true; x.parseXML('<?xml version="1.0"?><!DOCTYPE a> <a> <b/> </a>'); l.concat(x.status, x.xmlDecl, x.docTypeDecl, x.ignoreWhite, x.toString())`,
		gives: [-9, 0, '<?xml version="1.0"?>', "<!DOCTYPE a>", true, '<?xml version="1.0"?><!DOCTYPE a><a><b /></a>'],
	},
	{
		members:
			"firstChild, lastChild, childNodes, nextSibling, previousSibling, parentNode, hasChildNodes, nodeName, nodeType, nodeValue, attributes",
		script: `var a = new XML('<a><b n="1"/>t</a>').firstChild, b = a.firstChild, t = a.lastChild; [b.nodeName, b.nodeType, b.attributes.n, t.nodeValue, t.nodeType, b.nextSibling == t, t.previousSibling == b, b.parentNode == a, a.childNodes.length, a.hasChildNodes(), b.hasChildNodes()]`,
		gives: ["b", 1, "1", "t", 3, true, true, true, 2, true, false],
	},
	{
		members: "new XMLNode, createElement, createTextNode, appendChild, insertBefore, removeNode, cloneNode",
		script: `var x = new XML(); var e = x.createElement("e"); x.appendChild(e); e.appendChild(x.createTextNode("t")); e.insertBefore(new XMLNode(1, "f"), e.firstChild); e.insertBefore(new XMLNode(1, "g"), e.firstChild); e.firstChild.removeNode(); x`,
		gives: new AmfXml("<e><f />t</e>", true),
	},
	{
		members: "cloneNode, prefix, localName, namespaceURI, getNamespaceForPrefix, getPrefixForNamespace",
		script: `var n = new XML('<p:a xmlns:p="u"><b/></p:a>').firstChild; [String(n.cloneNode(false)), String(n.cloneNode(true)), n.prefix, n.localName, n.namespaceURI, n.getNamespaceForPrefix("p"), n.getPrefixForNamespace("u")]`,
		gives: ['<p:a xmlns:p="u" />', '<p:a xmlns:p="u"><b /></p:a>', "p", "a", "u", "u", "p"],
	},
	{
		members: "load, onLoad, onHTTPStatus, loaded, getBytesLoaded, getBytesTotal",
		script: `var x = new XML(), t = tell(me); x.onHTTPStatus = t; x.onLoad = function (ok) { t(ok, this.loaded, this.getBytesLoaded(), this.getBytesTotal(), String(this)); }; x.load(HTTP + "/xml")`,
		gives: true,
		told: [[200], [true, true, 4, 4, "<a />"]],
	},
	{
		members: "sendAndLoad, contentType, addRequestHeader, onData",
		script: `var x = new XML("<q/>"), y = new XML(), t = tell(me); x.contentType = "text/xml"; x.addRequestHeader("X-Mine", "1"); y.onData = t; x.sendAndLoad(HTTP + "/echo", y)`,
		gives: true,
		told: [["POST text/xml 1 <q />"]],
	},
	{ members: "send", script: `new XML("<sent/>").send(HTTP + "/echo")`, gives: true },
];

const LOAD_VARS: readonly Row[] = [
	{
		members: "new LoadVars, decode, toString, contentType, loaded",
		script: `var v = new LoadVars(); v.decode("a=1&b=x%20y"); [v.a, v.b, v.toString(), v.contentType, v.loaded]`,
		gives: ["1", "x y", "a=1&b=x%20y", "application/x-www-form-urlencoded", undefined],
	},
	{
		members: "load, onLoad, onHTTPStatus, getBytesLoaded, getBytesTotal",
		script: `var v = new LoadVars(), t = tell(me); v.onHTTPStatus = t; v.onLoad = function (ok) { t(ok, this.a, this.getBytesLoaded(), this.getBytesTotal()); }; v.load(HTTP + "/vars")`,
		gives: true,
		told: [[200], [true, "1", 3, 3]],
	},
	{
		members: "load, onLoad, onHTTPStatus",
		script: `var v = new LoadVars(), t = tell(me); v.onHTTPStatus = t; v.onLoad = t; v.load(HTTP + "/none")`,
		gives: true,
		told: [[404], [false]],
	},
	{
		members: "sendAndLoad, addRequestHeader, onData",
		script: `var v = new LoadVars(), w = new LoadVars(); v.k = "1 2"; v.addRequestHeader("X-Mine", "2"); w.onData = tell(me); v.sendAndLoad(HTTP + "/echo", w)`,
		gives: true,
		told: [["POST application/x-www-form-urlencoded 2 k=1%202"]],
	},
	{ members: "send", script: `var v = new LoadVars(); v.k = 1; v.send(HTTP + "/echo")`, gives: true },
];

const XML_SOCKET: readonly Row[] = [
	{
		members: "new XMLSocket, connect, send, onConnect, onXML, onClose, maxUnprocessedChars",
		script: `var s = new XMLSocket(), t = tell(me); s.onConnect = function (ok) { t(ok, this.maxUnprocessedChars); this.send("<q/>"); }; s.onXML = function (x) { t(x.firstChild.nodeName); }; s.onClose = function () { t("closed"); }; s.connect("127.0.0.1", TCP)`,
		gives: true,
		told: [[true, 4096], ["answer"], ["closed"]],
	},
	{
		members: "onData, close",
		script: `var s = new XMLSocket(), t = tell(me); s.onConnect = function () { this.send("q"); }; s.onData = function (d) { t(d, this.close()); }; s.connect("127.0.0.1", TCP)`,
		gives: true,
		told: [["<answer/>", true]],
	},
];

const BYTE_ARRAY: readonly Row[] = [
	{
		members:
			"new ByteArray, writeBoolean, writeByte, writeShort, writeInt, writeUnsignedInt, writeFloat, writeDouble, length, position, bytesAvailable, readBoolean, readByte, readUnsignedByte, readShort, readUnsignedShort, readInt, readUnsignedInt, readFloat, readDouble",
		script: `var b = new ByteArray(); b.writeBoolean(true); b.writeByte(-1); b.writeByte(-1); b.writeShort(-1); b.writeShort(-1); b.writeInt(-1); b.writeUnsignedInt(1); b.writeFloat(0.5); b.writeDouble(0.25); b.position = 0; [b.length, b.readBoolean(), b.readByte(), b.readUnsignedByte(), b.readShort(), b.readUnsignedShort(), b.readInt(), b.readUnsignedInt(), b.readFloat(), b.readDouble(), b.bytesAvailable]`,
		gives: [27, true, -1, 255, -1, 65535, -1, 1, 0.5, 0.25, 0],
	},
	{
		members:
			"writeUTF, writeUTFBytes, writeMultiByte, readUTF, readUTFBytes, readMultiByte, endian, toString, clear, index",
		script: `var b = new ByteArray(); b.endian = "littleEndian"; b.writeUTF("a"); b.writeUTFBytes("b"); b.writeMultiByte("c", "us-ascii"); b.position = 0; var l = [b[0], b.endian, b.readUTF(), b.readUTFBytes(1), b.readMultiByte(1, "us-ascii"), b.toString().length]; b.clear(); l.concat(b.length)`,
		gives: [1, "littleEndian", "a", "b", "c", 5, 0],
	},
	{
		members: "readBytes, writeBytes, compress, uncompress",
		script: `var a = new ByteArray(), b = new ByteArray(); a.writeUTFBytes("xxxxxxxxxxxxxxxxxxxxxxxxx"); a.compress(); var n = a.length; a.uncompress(); b.writeBytes(a, 1, 2); a.readBytes(b, 2, 3); [n < 20, b]`,
		gives: [true, Uint8Array.from(Buffer.from("xxxxx"))],
	},
	{
		members: "writeObject, readObject, objectEncoding, defaultObjectEncoding",
		script: `var b = new ByteArray(); b.writeObject({ n: 1 }); b.position = 0; [b.objectEncoding, ByteArray.defaultObjectEncoding, b.readObject().n]`,
		gives: [3, 3, 1],
	},
];

const REST: readonly Row[] = [
	{
		members: "new SHA256, SHA256.computeDigest",
		script: `var b = new ByteArray(); new SHA256() instanceof SHA256 && SHA256.computeDigest(b)`,
		gives: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	},
	{
		members: "new Log, Log.onLog",
		script: `var l = new Log(Log.DEBUG, "n"); l.onLog = tell(me); l.logInfo("said"); [Log.BRIEF, Log.VERBOSE, Log.DEBUG]`,
		gives: [0, 1, 2],
		told: [["n: said"]],
	},
];

const TABLES = { File: FILE, XML, LoadVars: LOAD_VARS, XMLSocket: XML_SOCKET, ByteArray: BYTE_ARRAY, "": REST };

let fixture: LegacyFixture;
let client: LegacyClient;
const sockets = new Set<Socket>();
const http = createHttpServer((request, response) => {
	let body = "";
	request.on("data", chunk => (body += chunk));
	request.on("end", () => {
		const { method, headers } = request;
		if (request.url === "/xml") response.setHeader("content-length", 4).end("<a/>");
		else if (request.url === "/vars") response.end("a=1");
		else if (request.url === "/echo") response.end(`${method} ${headers["content-type"]} ${headers["x-mine"]} ${body}`);
		else response.writeHead(404).end();
	});
});
const tcp = createTcpServer(socket => {
	sockets.add(socket);
	socket.on("error", () => {});
	socket.on("data", () => socket.end("<answer/>\0"));
});

beforeAll(async () => {
	for (const server of [http, tcp]) await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
	const [httpPort, tcpPort] = [http, tcp].map(server => (server.address() as AddressInfo).port);
	const ports = `var HTTP = "http://127.0.0.1:${httpPort}", TCP = ${tcpPort};`;
	fixture = await LegacyFixture.start({ files: { "tools/main.asc": MAIN + ports, "tools/a/t.txt": TEXT } });
	client = await fixture.connect("tools");
});
afterAll(async () => {
	await fixture?.[Symbol.asyncDispose]();
	for (const socket of sockets) socket.destroy();
	http.closeAllConnections();
	http.close();
	tcp.close();
});

const ROWS = Object.entries(TABLES).flatMap(([type, rows]) =>
	rows.map(row => ({ ...row, labels: row.members.split(", ").map(name => labelOf(type, name)) })),
);

it.each(ROWS)("$labels", async ({ script, gives, told }) => {
	client.received.length = 0;
	const result = await client.call("evaluate", script);
	if (gives !== undefined || told === undefined) expect(result).toEqual(gives);
	if (told !== undefined) expect(await client.calls("told", told.length)).toEqual(told);
	expect(fixture.lines.filter(line => line.includes("Error"))).toEqual([]);
});

it("tries each member that the table tells of", () => {
	const tried = new Set(ROWS.flatMap(({ labels }) => labels));
	expect(UTILITY_MEMBERS.map(memberLabel).filter(label => !tried.has(label))).toEqual([]);
});

function labelOf(type: string, name: string): string {
	if (name.startsWith("new ")) return name.slice("new ".length);
	return name.includes(".") ? name : `${type}.${name}`;
}
