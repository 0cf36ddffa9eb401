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
	if (client.protocol == "http") { client.given = [extra, more]; return true; }
	client.given = [client.agent.indexOf("FlashCom/") == 0, extra, more];
	return true;
};
Client.prototype.table = function() {
	var rows = new RowSet();
	rows.serverInfo = {totalCount: 2, columnNames: ["id", "name"], initialData: [[1, "one"], [2, "two"]], serviceName: "x", version: 1, cursor: 1};
	return rows;
};
Client.prototype.pages = function() { return tableOf(60, "there"); };
Client.prototype.broken = function() { return tableOf(9, "there.nothing"); };
Client.prototype.getRecords = function(id, first, count) {
	var page = [];
	for (var n = first; n < first + count; n++) page.push([n, "row " + n]);
	return {Cursor: first, Page: id == "t1" ? page : []};
};
function tableOf(total, service) {
	var rows = new RowSet();
	rows.serverInfo = {totalCount: total, columnNames: ["id", "name"], initialData: [[1, "row 1"], [2, "row 2"], [3, "row 3"]].slice(0, total == 60 ? 3 : 1), serviceName: service, id: "t1", version: 1, cursor: 1};
	return rows;
}
function RowSet() {}
application.registerClass("RecordSet", RowSet);
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
	// As it is by default: a process that reaches the network and its own folder alone.
	here = await new ScriptServer({ "here/main.asc": HERE }).start();
	there = await new ScriptServer({ "there/main.asc": THERE }, { code: { isolation: "thread" } }).start();
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
	it("NetConnection.connect, NetConnection.isConnected, NetConnection.uri, NetConnection.onStatus, NetConnection.close: arguments arrive, and servers are told from players", async () => {
		const ann = await dialed();
		expect(await ann.call("run", "nc.call('given_', responder('given')); nc.isConnected")).toBe(true);
		expect(await ann.told("result", "given")).toEqual(["given", [true, "x", { deep: [1] }]]);
		await ann.call("run", "nc.close()");
		await ann.told("told", "Connect.Closed");
		expect(await ann.call("run", "[nc.isConnected, nc.call('echo', null, 1)]")).toEqual([false, false]);
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

	it("Stream.setBufferTime asks the other server to send more ahead, of what plays too", async () => {
		const ann = await dialed();
		there.writeFilm(`there/streams/${ann.room}/film.flv`, 120);
		await ann.call("run", "s = Stream.get('copy'); s.play('film', 0, -1, true, nc)");
		const viewer = await ann.play("copy");
		await until(() => viewer.pictures > 5);
		const since = performance.now();
		await ann.call("run", "s.setBufferTime(60); 1");
		while (Number(await ann.call("run", "s.time")) < 50_000) await new Promise(resolve => setTimeout(resolve, 20));
		expect(performance.now() - since).toBeLessThan(30_000);
	});
});

describe("a script's NetStream", { timeout: 60_000 }, () => {
	it("NetStream.attach, NetStream.publish, NetStream.onStatus, NetStream.send and NetStream.close publish a stream on another server", async () => {
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
		const near = await ann.play("cam");
		expect(await ann.call("run", "[ns.send('onScore', '1:0'), ns.send()]")).toEqual([true, false]);
		await until(() => viewer.data.some(([name, value]) => name === "onScore" && value === "1:0"));
		// It is the other server's viewers that are told, as there; those here are told by the stream.
		await ann.call("run", "Stream.get('cam').send('onGoal', 1)");
		await until(() => near.data.some(([name]) => name === "onGoal"));
		expect(near.data.filter(([name]) => name === "onScore")).toEqual([]);
		await until(() => viewer.data.some(([name]) => name === "onGoal"));
		await ann.call("run", "ns.close()");
		await until(() => viewer.codes.includes("Play.UnpublishNotify"));
	});

	it("NetStream.publish ends with its connection, whoever ends that, and a Stream.play through it by close alone", async () => {
		const ann = await dialed();
		const bob = await there.connect(`there/${ann.room}`);
		const far = await bob.publish("far");
		const camera = await ann.publish("cam");
		const code = `
			send = function(name) {
				var ns = new NetStream(nc);
				ns.attach(Stream.get("cam"));
				ns.publish(name);
				return ns;
			};
			copy = Stream.get("copy");
			copy.play("far", -1, -1, true, nc);
			ns = send("out");
			1`;
		await ann.call("run", code);
		const viewer = await bob.play("out");
		await camera.sendUntil(() => viewer.pictures > 0);
		await ann.call("run", "nc.call('leave'); 1");
		await ann.told("told", "Connect.Closed");
		await until(() => viewer.codes.includes("Play.UnpublishNotify"));
		expect(await ann.call("run", "[ns.send('x'), ns.publish('again')]")).toEqual([false, false]);
		const copy = await ann.play("copy");
		await far.sendUntil(() => copy.pictures > 3);
		// Another connect is what a script does then.
		await ann.call("run", "nc.connect(there, 'x'); copy.play('far', -1, -1, true, nc); ns = send('out2'); 1");
		const second = await bob.play("out2");
		await camera.sendUntil(() => second.pictures > 0);
		await far.sendUntil(() => copy.pictures > 6);
		await ann.call("run", "nc.close()");
		await until(() => second.codes.includes("Play.UnpublishNotify"));
		await until(() => copy.codes.includes("Play.UnpublishNotify"));
		// What ended by `close` is told when the next one is there already.
		await ann.call("run", "nc.connect(there, 'x'); 1");
		await until(
			() => ann.received.filter(([name, code]) => name === "told" && code === "Connect.Success").length === 3,
		);
		await ann.call("run", "nc.close(); nc.connect(there, 'x'); ns = send('out3'); 1");
		const third = await bob.play("out3");
		await camera.sendUntil(() => third.pictures > 0);
	});

	it("NetStream.attach and NetStream.publish refuse a stream that was destroyed", async () => {
		const ann = await dialed();
		const code = `
			gone = Stream.get("gone");
			ns = new NetStream(nc);
			var before = ns.attach(gone);
			Stream.destroy(gone);
			[before, ns.publish("x"), ns.attach(gone), ns.send("y")]`;
		expect(await ann.call("run", code)).toEqual([true, false, false, false]);
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

	it("NetStream.setBufferTime and NetStream.bufferTime; a NetStream without a connection, or with a group, is refused", async () => {
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
		expect(await ann.call("run", code)).toEqual([true, true, -1, -1, "board", true]);
		await ann.told("sync", "clear");
		// Clients here use the other server's object, too.
		const near = await ann.object("board");
		use.object.setProperty("a", 1);
		await ann.told("sync", "change", "a");
		await until(() => near.data["a"] === 1);
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

	it("SharedObject.get refuses a name that is another application's here, and takes it from a new connection after the old one was lost", async () => {
		const ann = await dialed();
		expect(
			await ann.call("run", "own = SharedObject.get('own', false); SharedObject.get('own', false, nc)"),
		).toBeNull();
		await ann.told("untold", "SharedObject.UriMismatch");
		await ann.call("run", "far = SharedObject.get('far', false, nc); other = dial(there + 'x'); 1");
		await until(() => ann.received.filter(([, code]) => code === "Connect.Success").length === 2);
		expect(await ann.call("run", "SharedObject.get('far', false, other)")).toBeNull();
		const code = `
			nc.close();
			again = SharedObject.get("far", false, other);
			again.setProperty("a", 1);
			[again !== far, far.setProperty("a", 2), again === SharedObject.get("far")]`;
		expect(await ann.call("run", code)).toEqual([true, false, true]);
		const use = await (await there.connect(`there/${ann.room}x`)).object("far");
		await until(() => use.data["a"] === 1);
	});
});

describe("netservices.asc", { timeout: 60_000 }, () => {
	it("NetServices.setDefaultGatewayUrl, createGatewayConnection and NetConnection.getService call a gateway's methods", async () => {
		const ann = await connect();
		const code = `
			NetServices.setDefaultGatewayUrl("${there.gateway}");
			gateway = NetServices.createGatewayConnection();
			handler = {
				echo_Result: function(value) { application.broadcastMsg("result", "echo", value, this === handler); },
				missing_Status: function(info) { application.broadcastMsg("failure", "missing", info.code); },
				onResult: function(value) { application.broadcastMsg("result", "other", value); },
				onStatus: function(info) { application.broadcastMsg("failure", "other", info.code); }
			};
			service = gateway.getService("there", handler);
			service.echo({a: [1, "é"]});
			service.missing();
			service.given_();
			service.fail();
			[typeof NetServices.getVersion(), gateway.uri]`;
		expect(await ann.call("run", code)).toEqual(["string", there.gateway]);
		expect(await ann.told("result", "echo")).toEqual(["echo", { a: [1, "é"] }, true]);
		await ann.told("failure", "missing", "NetConnection.Call.Failed");
		await ann.told("result", "other");
		await ann.told("failure", "other", "NetConnection.Call.Failed");
	});

	it("NetConnection.getService without anybody to answer takes him with each call; NetConnection.setCredentials and addHeader", async () => {
		const ann = await connect();
		const code = `
			gateway = NetServices.createGatewayConnection("${there.gateway}");
			gateway.setCredentials("ann", "secret");
			gateway.addHeader("unknown", false, 1);
			service = gateway.getService("there");
			service.given_(responder("given"));
			service.echo(responder("echo"), 5);
			service.echo(1) === undefined || 1`;
		await ann.call("run", code);
		expect(await ann.told("result", "given")).toEqual(["given", ["ann", "secret"]]);
		expect(await ann.told("result", "echo")).toEqual(["echo", 5]);
	});

	it("RecordSet.getLength, RecordSet.getItemAt, RecordSet.getColumnNames, RecordSet.addItem, RecordSet.addItemAt, RecordSet.replaceItemAt, RecordSet.removeItemAt, RecordSet.removeAll, RecordSet.setField, RecordSet.isFullyPopulated, RecordSet.isLocal, RecordSet.getNumberAvailable: what a gateway's table becomes", async () => {
		const ann = await connect();
		const code = `
			gateway = NetServices.createGatewayConnection("${there.gateway}");
			gateway.getService("there", {table_Result: function(rows) {
				table = rows;
				application.broadcastMsg("result", "table", rows.getLength(), rows.getColumnNames(), rows.getItemAt(1));
			}}).table();
			1`;
		await ann.call("run", code);
		expect(await ann.told("result", "table")).toEqual(["table", 2, ["id", "name"], { id: 2, name: "two" }]);
		const change = `
			table.addItem({id: 3, name: "three"});
			table.addItemAt(0, {id: 0, name: "zero"});
			table.replaceItemAt(1, {id: 1, name: "ONE"});
			table.removeItemAt(2);
			table.setField(0, "name", "nil");
			var names = [];
			for (var i = 0; i < table.getLength(); i++) names.push(table.getItemAt(i).name);
			[names, table.length, table.items.length, table.isLocal(), table.isFullyPopulated(), table.getNumberAvailable()]`;
		expect(await ann.call("run", change)).toEqual([["nil", "ONE", "three"], 3, 3, true, true, 3]);
		expect(
			await ann.call(
				"run",
				"table.removeAll(); own = new RecordSet(['a']); own.addItem({a: 1}); [table.getLength(), own.getItemAt(0).a, own.mTitles]",
			),
		).toEqual([0, 1, ["a"]]);
	});

	it("RecordSet.setDeliveryMode, RecordSet.getItemAt, RecordSet.getNumberAvailable and RecordSet.addView: rows that a gateway keeps are asked for", async () => {
		const ann = await connect();
		const code = `
			gateway = NetServices.createGatewayConnection("${there.gateway}");
			view = {modelChanged: function(change) {
				application.broadcastMsg("changed", change.event, change.firstRow, change.lastRow);
			}};
			gateway.getService("there").pages({onResult: function(rows) {
				table = rows;
				rows.addView(view);
				application.broadcastMsg("result", "pages", [rows.getLength(), rows.getNumberAvailable(), rows.isFullyPopulated(), rows.isLocal()],
					[rows.getItemAt(2).name, rows.getItemAt(50), rows.getItemAt(3)], rows.addItem({id: 0}), typeof rows.getItemAt(60));
			}});
			1`;
		await ann.call("run", code);
		expect(await ann.told("result", "pages")).toEqual([
			"pages",
			[60, 3, false, false],
			["row 3", "in progress", "in progress"],
			undefined,
			"undefined",
		]);
		await ann.told("changed", "updateAll");
		await ann.told("changed", "fetchRows", 50, 50);
		await ann.told("changed", "updateRows", 50, 50);
		await ann.told("changed", "updateRows", 3, 3);
		expect(await ann.call("run", "[table.getItemAt(50), table.getItemAt(3).id, table.getNumberAvailable()]")).toEqual([
			{ id: 51, name: "row 51" },
			4,
			5,
		]);
		await here.logged(/RecordSet.addItem: not all rows have come/);
		await ann.call("run", "table.setDeliveryMode('page', 10, 1); table.getItemAt(25); 1");
		await ann.told("changed", "updateRows", 20, 29);
		await ann.told("changed", "updateRows", 30, 39);
		expect(ann.received.filter(([name]) => name === "changed").some(([, event]) => event === "allRows")).toBe(false);
		await ann.call("run", "table.setDeliveryMode('fetchall', 20); 1");
		await ann.told("changed", "allRows");
		const all = `
			var ids = [];
			for (var i = 0; i < table.getLength(); i++) ids.push(table.getItemAt(i).id);
			table.addItem({id: 61});
			[ids.length, ids[0], ids[59], table.isFullyPopulated(), table.getLength()]`;
		expect(await ann.call("run", all)).toEqual([60, 1, 60, true, 61]);
		expect(await ann.call("run", "table.setDeliveryMode('nonsense')")).toBeUndefined();
		await here.logged(/nonsense is none of/);
	});

	it("RecordSet: rows that cannot be had are told to the log, and can be asked for again", async () => {
		const ann = await connect();
		const code = `
			gateway = NetServices.createGatewayConnection("${there.gateway}");
			gateway.getService("there", {broken_Result: function(rows) {
				table = rows;
				application.broadcastMsg("result", "broken", rows.getItemAt(1), rows.getItemAt(1));
			}}).broken();
			1`;
		await ann.call("run", code);
		expect(await ann.told("result", "broken")).toEqual(["broken", "in progress", "in progress"]);
		await here.logged(/RecordSet: the rows 1 to 1 cannot be had: Method not found/);
		expect(await ann.call("run", "table.getItemAt(1)")).toBe("in progress");
	});

	it("RecordSet.removeAll: rows that were asked for before do not come into what is put in later", async () => {
		const ann = await connect();
		const code = `
			gateway = NetServices.createGatewayConnection("${there.gateway}");
			service = gateway.getService("there");
			service.pages({onResult: function(rows) {
				table = rows;
				rows.getItemAt(3);
				// In the same packet, so its answer comes behind.
				service.echo(responder("echo"), 1);
				rows.removeAll();
				for (var i = 0; i < 4; i++) rows.addItem({name: "own"});
			}});
			1`;
		await ann.call("run", code);
		await ann.told("result", "echo");
		expect(await ann.call("run", "[table.getItemAt(3).name, table.getLength(), table.isLocal()]")).toEqual([
			"own",
			4,
			true,
		]);
	});

	it("RecordSet.filter, RecordSet.sort and RecordSet.sortItemsBy", async () => {
		const ann = await connect();
		const code = `
			rows = new RecordSet(["n", "name"]);
			for each (var pair in [[10, "b"], [9, "a"], [11, "c"]]) rows.addItem({n: pair[0], name: pair[1]});
			function names() { var list = []; for each (var item in rows.items) list.push(item.name); return list.join(""); }
			var few = rows.filter(function(row, least) { return row.n >= least; }, 10);
			rows.sortItemsBy("n"); var up = names();
			rows.sortItemsBy("name", "DESC"); var down = names();
			rows.sort(function(a, b) { return a.name < b.name ? -1 : 1; });
			[few.getLength(), few.getColumnNames(), up, down, names()]`;
		expect(await ann.call("run", code)).toEqual([2, ["n", "name"], "abc", "cba", "abc"]);
	});

	it("NetServices.createGatewayConnection without an address says so in the log", async () => {
		const ann = await connect();
		expect(await ann.call("run", "typeof NetServices.createGatewayConnection()")).toBe("undefined");
		await here.logged(/no gateway is given/);
	});
});
