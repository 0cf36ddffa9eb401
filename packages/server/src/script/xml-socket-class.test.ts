import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HttpLoader } from "./http-loader.ts";
import { type RealmFixture, realmFixture } from "./realm-fixture.ts";
import { defineXml } from "./xml-class.ts";
import { defineXmlSocket } from "./xml-socket-class.ts";

let fixture: RealmFixture;
let server: ReturnType<typeof createServer>;
let sockets: Socket[];
let received: string;

beforeEach(async () => {
	sockets = [];
	received = "";
	server = createServer(socket => {
		sockets.push(socket);
		socket.on("error", () => {});
		socket.on("data", bytes => (received += bytes));
	});
	await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
	fixture = realmFixture();
	const { realm } = fixture;
	defineXmlSocket(realm, defineXml(realm, new HttpLoader()), { maxUnprocessedChars: 100 });
	Reflect.set(realm.global, "port", (server.address() as AddressInfo).port);
	run(`var events = [], s = new XMLSocket();
		s.onConnect = function (ok) { events.push("connect " + ok); };
		s.onClose = function () { events.push("close"); };
		s.onXML = function (x) { events.push(x.firstChild.nodeName); };`);
});
afterEach(() => {
	fixture.realm.close();
	for (const socket of sockets) socket.destroy();
	server.close();
});

const run = (source: string) => fixture.realm.fromScript(fixture.realm.run(source, "main.asc"));
const told = (...events: unknown[]) =>
	vi.waitFor(() => expect(run("events")).toEqual(events), { timeout: 10_000, interval: 5 });
const connected = async () => {
	expect(run(`s.connect("127.0.0.1", port)`)).toBe(true);
	await told("connect true");
};

describe("XMLSocket of old scripts", () => {
	it("sends and receives texts that end with NUL, wherever packets are cut", async () => {
		expect(run(`s.send("early")`)).toBe(false);
		await connected();
		expect(run(`[s.send(new XML("<hello/>")), s.send("ü")]`)).toEqual([true, true]);
		await vi.waitFor(() => expect(received).toBe("<hello />\0ü\0"));
		for (const byte of Buffer.from('<a t="ü"/>\0<b/>\0<c')) sockets[0]!.write(Uint8Array.of(byte));
		sockets[0]!.write("/>\0<d/>\0");
		await told("connect true", "a", "b", "c", "d");
	});

	it("hands a script that replaces onData the text itself", async () => {
		run("s.onData = function (t) { events.push(t); };");
		await connected();
		sockets[0]!.write("no xml\0\0");
		await told("connect true", "no xml", "");
	});

	it("tells of the other side's end, and of none that the script makes", async () => {
		await connected();
		sockets[0]!.end("<last/>\0");
		await told("connect true", "last", "close");
		run(`events = []; s.connect(null, port)`);
		await told("connect true");
		expect(run("[s.close(), s.close(), s.send('x')]")).toEqual([true, false, false]);
		await vi.waitFor(() => expect(sockets[1]!.readableEnded || sockets[1]!.destroyed).toBe(true));
		await told("connect true");
	});

	it("tells that nobody listens, and refuses what is no port", async () => {
		expect(run(`[s.connect("127.0.0.1", 0), s.connect("127.0.0.1", "x"), s.connect("127.0.0.1", 70000)]`)).toEqual([
			...[false, false, false],
		]);
		run(`s.connect("127.0.0.1", 1)`);
		await told("connect false");
	});

	it("closes where a message does not end within maxUnprocessedChars, which scripts can only lower", async () => {
		expect(run("[s.maxUnprocessedChars, s.maxUnprocessedChars = 1e9, s.maxUnprocessedChars]")).toEqual([100, 1e9, 100]);
		run("s.maxUnprocessedChars = 10");
		await connected();
		sockets[0]!.write(["<a/>", "<b/>", "123456789"].join("\0"));
		await told("connect true", "a", "b");
		sockets[0]!.write("01");
		await told("connect true", "a", "b", "close");
	});

	it("ends with its realm, in silence", async () => {
		await connected();
		fixture.realm.close();
		await vi.waitFor(() => expect(sockets[0]!.destroyed || sockets[0]!.readableEnded).toBe(true));
		await told("connect true");
		expect(run(`s.connect("127.0.0.1", port)`)).toBe(false);
	});

	it("lets a handler that throws harm nothing", async () => {
		run(`s.onXML = function () { none(); }; s.onClose = function () { events.push("close"); none(); };`);
		await connected();
		sockets[0]!.end("<a/>\0<b/>\0");
		await told("connect true", "close");
		expect(fixture.faults.map(fault => fault.message)).toEqual(Array(3).fill("ReferenceError: none is not defined"));
	});
});
