import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endAll, type ScriptClient, ScriptServer, until } from "./script-fixture.ts";

/** The classes `NetConnection` and `NetStream` of old scripts, and `netservices.asc`: from one server to another. */

const HERE = `
load("netservices.asc");
application.onStatus = function(info) { this.broadcastMsg("untold", info.code); };
application.onPublish = function(client, stream) { this.broadcastMsg("published", stream.name); };
Client.prototype.run = function(code) { return eval(code); };
function dial(address, extra) {
	var nc = new NetConnection();
	nc.onStatus = function(info) { application.broadcastMsg("told", info.code.split("NetConnection.").join(""), this === nc); };
	nc.question = function(a) { application.broadcastMsg("asked", a, this === nc); return a + 1; };
	nc.folder = { inner: function() { return "found"; } };
	nc.answered = nc.connect(address, extra, {deep: [1]});
	return nc;
}
function responder(name) {
	return {
		onResult: function(value) { application.broadcastMsg("result", name, value); },
		onStatus: function(info) { application.broadcastMsg("failure", name, info.code, info.description); }
	};
}
`;

const THERE = `
application.onConnect = function(client, extra, more) {
	if (extra == "bad") { this.rejectConnection(client, {reason: "bad"}); return; }
	client.given = [client.agent.indexOf("FlashCom/") == 0, extra, more];
	return true;
};
application.onPublish = function(client, stream) { trace("there: " + stream.name + "?" + stream.publishQueryString); };
Client.prototype.echo = function(value) { return value; };
Client.prototype.given_ = function() { return this.given; };
Client.prototype.fail = function() { return nothing.at.all; };
Client.prototype.ask = function(name) {
	this.call(name, {onResult: function(value) { trace("answer " + value); }, onStatus: function(info) { trace("no answer " + info.code); }}, 41);
};
Client.prototype.leave = function() { application.disconnect(this); };
Client.prototype.run = function(code) { return eval(code); };
`;

let here: ScriptServer;
let there: ScriptServer;
let instances = 0;

beforeAll(async () => {
	const settings = { code: { isolation: "thread" }, record: { freeBytes: 0 } };
	here = await new ScriptServer({ "here/main.asc": HERE }, settings).start();
	there = await new ScriptServer({ "there/main.asc": THERE }, settings).start();
});

afterAll(endAll);

/** A client of a new instance here, in which `there` is the address of an instance there. */
async function connect(): Promise<ScriptClient & { readonly room: string }> {
	const room = `r${++instances}`;
	const client = await here.connect(`here/${room}`);
	await client.call("run", `there = "${there.url(`there/${room}`)}"; 1`);
	return Object.assign(client, { room });
}

async function dialed(): Promise<ScriptClient & { readonly room: string }> {
	const client = await connect();
	expect(await client.call("run", "nc = dial(there, 'x'); [nc.isConnected, nc.uri == there, nc.answered]")).toEqual([
		false,
		true,
		true,
	]);
	expect(await client.told("told", "Connect.Success")).toEqual(["Connect.Success", true]);
	return client;
}

describe("a script's connections", { timeout: 60_000 }, () => {
	it("NetConnection.connect, isConnected, uri, onStatus, close: arguments arrive, and servers are told from players", async () => {
		const ann = await dialed();
		expect(await ann.call("run", "nc.call('given_', responder('given')); nc.isConnected")).toBe(true);
		expect(await ann.told("result", "given")).toEqual(["given", [true, "x", { deep: [1] }]]);
		await ann.call("run", "nc.close()");
		await ann.told("told", "Connect.Closed");
		expect(await ann.call("run", "nc.isConnected")).toBe(false);
	});

	it("NetConnection.onStatus is told of refusals, of servers that are not there, and of the other's end", async () => {
		const ann = await connect();
		await ann.call("run", "nc = dial(there, 'bad'); 1");
		await ann.told("told", "Connect.Rejected");
		await ann.told("told", "Connect.Closed");
		await ann.call("run", "nc = dial('rtmp://127.0.0.1:1/x'); 1");
		await ann.told("told", "Connect.Failed");
		expect(await ann.call("run", "nc = dial('nonsense'); nc.answered")).toBe(false);
		const bob = await dialed();
		await bob.call("run", "nc.call('leave'); 1");
		await bob.told("told", "Connect.Closed");
		await bob.call("run", "quiet = new NetConnection(); quiet.connect(there); 1");
		await bob.told("untold", "NetConnection.Connect.Success");
	});

	it("NetConnection.call answers its responder, or nobody; values of all kinds go there and back", async () => {
		const ann = await dialed();
		await ann.call("run", "nc.call('echo', responder('echo'), {a: [1, null, 'é'], d: new Date(5), e: undefined})");
		expect(await ann.told("result", "echo")).toEqual(["echo", { a: [1, null, "é"], d: new Date(5), e: undefined }]);
		await ann.call("run", "nc.call('fail', responder('fail')); nc.call('missing', responder('missing')); 1");
		expect((await ann.told("failure", "fail"))[1]).toBe("NetConnection.Call.Failed");
		expect(await ann.told("failure", "missing")).toEqual([
			"missing",
			"NetConnection.Call.Failed",
			"Method not found (missing).",
		]);
		expect(
			await ann.call("run", "[nc.call('echo', null, 1), nc.call('echo'), nc.call(), new NetConnection().call('x')]"),
		).toEqual([true, true, false, false]);
	});

	it("NetConnection.methodName: the other server calls functions on the object, and none of the class", async () => {
		const ann = await dialed();
		await ann.call(
			"run",
			"nc.call('ask', null, 'question'); nc.call('ask', null, 'folder/inner'); nc.call('ask', null, 'addHeader'); 1",
		);
		expect(await ann.told("asked", 41)).toEqual([41, true]);
		await there.logged(/answer 42/);
		await there.logged(/answer found/);
		await there.logged(/no answer NetConnection.Call.Failed/);
		expect(await ann.call("run", "nc.isConnected")).toBe(true);
	});

	it("NetConnection.objectEncoding is chosen before, and NetConnection.addHeader does nothing over RTMP", async () => {
		const ann = await connect();
		expect(
			await ann.call(
				"run",
				"nc = new NetConnection(); var e = nc.objectEncoding; nc.objectEncoding = 0; [e, nc.objectEncoding, nc.addHeader('a', false, 1)]",
			),
		).toEqual([3, 0, true]);
		expect(await ann.call("run", "try { nc.objectEncoding = 7; } catch (e) { 'caught ' + nc.objectEncoding }")).toBe(
			"caught 0",
		);
	});

	it("application.registerProxy to a NetConnection hands calls on", async () => {
		const ann = await dialed();
		expect(await ann.call("run", "application.registerProxy('echo', nc)")).toBe(true);
		expect(await ann.call("echo", [1, { two: 2 }])).toEqual([1, { two: 2 }]);
	});

	it.each(["nearID", "farID", "nearNonce", "farNonce", "maxPeerConnections", "unconnectedPeerStreams"])(
		"NetConnection.%s is not there, and says so",
		async name => {
			const ann = await connect();
			expect(await ann.call("run", `new NetConnection().${name}`)).toMatch(new RegExp(`NetConnection\\.${name}`));
		},
	);

	it("Stream.play through a connection plays the other server's stream here", async () => {
		const ann = await dialed();
		const camera = await (await there.connect(`there/${ann.room}`)).publish("cam");
		camera.send(3);
		expect(
			await ann.call(
				"run",
				"s = Stream.get('copy'); [s.play('cam', -1, -1, true, nc), s.play('cam', -1, -1, true, new NetConnection())]",
			),
		).toEqual([true, false]);
		const viewer = await ann.play("copy");
		await camera.sendUntil(() => viewer.pictures > 3);
	});
});

describe("a script's NetStream", { timeout: 60_000 }, () => {
	it("NetStream.attach, publish, onStatus, send and close publish a stream on another server", async () => {
		const ann = await dialed();
		const camera = await ann.publish("cam");
		camera.send(3);
		const code = `
			ns = new NetStream(nc);
			ns.onStatus = function(info) { application.broadcastMsg("stream", info.code); };
			[ns.attach(Stream.get("cam")), ns.publish("out?key=1", "live"), ns.attach("no stream")]`;
		expect(await ann.call("run", code)).toEqual([true, true, false]);
		await ann.told("stream", "NetStream.Publish.Start");
		await there.logged(/there: out\?key=1/);
		const viewer = await (await there.connect(`there/${ann.room}`)).play("out");
		await camera.sendUntil(() => viewer.pictures > 3);
		expect(await ann.call("run", "ns.send('onScore', '1:0')")).toBe(true);
		await until(() => viewer.data.some(([name, value]) => name === "onScore" && value === "1:0"));
		await ann.call("run", "ns.close()");
		await until(() => viewer.codes.includes("Play.UnpublishNotify"));
	});

	it("NetStream.publish without a stream sends data alone; publish(false) and attach(false) end it", async () => {
		const ann = await dialed();
		const code =
			"ns = new NetStream(nc); ns.onStatus = function(info) { application.broadcastMsg('stream', info.code); }; [ns.send('early'), ns.publish('data')]";
		expect(await ann.call("run", code)).toEqual([false, true]);
		await ann.told("stream", "NetStream.Publish.Start");
		const viewer = await (await there.connect(`there/${ann.room}`)).play("data");
		await ann.call("run", "ns.send('onText', {a: 1})");
		await until(() => viewer.data.some(([name]) => name === "onText"));
		expect(await ann.call("run", "[ns.publish(false), ns.attach(false)]")).toEqual([true, true]);
		await until(() => viewer.codes.includes("Play.UnpublishNotify"));
	});

	it("NetStream.setBufferTime and bufferTime; a NetStream without a connection, or with a group, is refused", async () => {
		const ann = await connect();
		expect(
			await ann.call(
				"run",
				"ns = new NetStream(new NetConnection()); ns.setBufferTime(3); [ns.bufferTime, ns.publish('x')]",
			),
		).toEqual([3, false]);
		expect(await ann.call("run", "new NetStream()")).toMatch(/NetConnection/);
		expect(await ann.call("run", "new NetStream(new NetConnection(), 'G:1')")).toMatch(/RTMFP/);
	});
});

describe("a script's shared objects of another server", { timeout: 60_000 }, () => {
	it("SharedObject.get with a NetConnection is the other server's object; lock answers -1", async () => {
		const ann = await dialed();
		const bob = await there.connect(`there/${ann.room}`);
		const use = await bob.object("board");
		const code = `
			so = SharedObject.get("board", false, nc);
			so.onSync = function(list) { for each (var item in list) application.broadcastMsg("sync", item.code, item.name); };
			so.say = function(text) { application.broadcastMsg("said", text, this === so); };
			[so === SharedObject.get("board", false, nc), so === SharedObject.get("board"), so.lock(), so.unlock(), so.name, so.mark("x")]`;
		expect(await ann.call("run", code)).toEqual([true, false, -1, -1, "board", true]);
		await ann.told("sync", "clear");
		use.object.setProperty("a", 1);
		await ann.told("sync", "change", "a");
		expect(
			await ann.call("run", "so.setProperty('b', [2]); [so.getProperty('a'), so.getProperty('b'), so.size()]"),
		).toEqual([1, [2], 2]);
		await ann.told("sync", "success", "b");
		await until(() => use.data["b"] !== undefined);
		use.object.send("say", "hi");
		expect(await ann.told("said", "hi")).toEqual(["hi", true]);
		await ann.call("run", "so.send('say', 'back'); so.setProperty('a', null); 1");
		await until(() => use.sent.some(([, text]) => text === "back") && use.data["a"] === undefined);
		await ann.call("run", "so.clear(); so.flush(); so.purge(1); 1");
		await until(() => Object.keys(use.data).length === 0);
		await ann.call("run", "so.close(); 1");
		expect(await ann.call("run", "SharedObject.get('board', false, new NetConnection())")).toBeNull();
	});
});
