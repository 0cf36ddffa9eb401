import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type NetStatusEvent, NetStream } from "@millrace/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FlvMaker } from "../packages/server/src/library/test-flv-file.ts";
import { type LegacyClient, LegacyFixture } from "./legacy-fixture.ts";
import { RawRtmpClient } from "./raw-rtmp-client.ts";

/** The class `Client` of old scripts, as clients see it over the wire. */

let server: LegacyFixture;

beforeAll(async () => {
	server = await LegacyFixture.start({ code: { isolation: "thread" } });
});

afterAll(() => server[Symbol.asyncDispose]());

/** Connects to an application of that main file. */
const connectTo = (main: string) => server.connect(server.app(main));

/** A client with a method `run`, which answers what a text of the client's gives, with itself as `this` and `client`. */
const RUN = "Client.prototype.run = function (code) { var client = this; return eval(code); };";

describe("what a script knows of a client", () => {
	it("Client.agent, Client.ip, Client.protocol, Client.protocolVersion, Client.secure, Client.uri, Client.pageUrl, Client.referrer", async () => {
		const name = server.app(RUN);
		const client = await server.connect(`${name}?key=1`);
		expect(await client.call("run", "[this.ip, this.protocol, this.protocolVersion, this.secure]")).toEqual([
			...["127.0.0.1", "rtmp", "3", false],
		]);
		expect(await client.call("run", "this.uri")).toBe(`rtmp://127.0.0.1:${server.port}/${name}?key=1`);
		expect(await client.call("run", "this.agent")).toMatch(/^[A-Z]+ \d+,/);
		expect(await client.call("run", "[this.pageUrl, typeof this.referrer]")).toEqual(["", "string"]);
		const encrypted = server.dial(name);
		encrypted.connection.connect(`rtmpe://127.0.0.1:${server.port}/${name}`);
		expect(await encrypted.call("run", "[this.protocol, this.protocolVersion, this.secure]")).toEqual([
			...["rtmpe", expect.stringMatching(/^[689]$/), false],
		]);
	});

	it("Client.id is unique, and a script may put its own in its place", async () => {
		const name = server.app(
			`${RUN} application.onConnect = function (client, id) { if (id) client.id = id; return true; };`,
		);
		const ann = await server.connect(name);
		const bob = await server.connect(name, "u1");
		const own = await ann.call("run", "this.id");
		expect(own).toMatch(/^\w+$/);
		expect(await bob.call("run", "this.id")).toBe("u1");
		expect(await bob.call("run", "application.clients[0].id")).toBe(own);
		// Nothing of the server's depends on it.
		expect(await bob.call("run", "this.ping()")).toBe(true);
	});

	it("takes members of a script's own", async () => {
		const client = await connectTo(RUN);
		await client.call("run", "this.user = { name: 'ann' }; 0");
		expect(await client.call("run", "[this.user.name, this.missing]")).toEqual(["ann", undefined]);
	});

	it("can be sent to clients: only what the script has put on it", async () => {
		const client = await connectTo(RUN);
		expect(await client.call("run", "this.user = 'ann'; this.self = this; [this]")).toEqual([
			expect.objectContaining({ user: "ann" }),
		]);
	});

	it("is made by the server alone", async () => {
		const client = await connectTo(RUN);
		expect(await client.call("run", "new Client()")).toMatchObject({
			description: expect.stringMatching(/Client is not a constructor/),
		});
		expect(await client.call("run", "this instanceof Client")).toBe(true);
		expect(await client.call("run", "Client.prototype.ping.call({})")).toMatchObject({
			description: expect.stringMatching(/no Client/),
		});
	});
});

describe("what clients may call", () => {
	it("functions on the object, on Client.prototype, and on objects there as ns/method and ns.method", async () => {
		const client = await connectTo(`
			application.onConnect = function (client) {
				client.who = function (a) { return ["own", this === client, a]; };
				return true;
			};
			Client.prototype.shared = function () { return "shared by " + (this instanceof Client); };
			Client.prototype.shop = { price: function (x) { return x * this.factor; }, factor: 3, inner: { deep: function () { return "deep"; } } };
			Client.prototype.list = [function () { return "first"; }];`);
		expect(await client.call("who", 1)).toEqual(["own", true, 1]);
		expect(await client.call("shared")).toBe("shared by true");
		expect(await client.call("shop/price", 7)).toBe(21);
		expect(await client.call("shop.price", 7)).toBe(21);
		expect(await client.call("shop/inner/deep")).toBe("deep");
	});

	it("nothing else: what the server has put there, what objects have by nature, what there is not", async () => {
		const client = await connectTo(`
			application.onConnect = function (client) {
				client.list = []; client.so = SharedObject.get("x"); client.app = application; client.date = new Date();
				return true;
			};`);
		for (const name of [
			...["missing", "call", "ping", "getStats", "setBandwidthLimit", "id", "constructor", "toString", "__proto__"],
			...[
				"list/push",
				"so/clear",
				"so.setProperty",
				"app/shutdown",
				"app.disconnect",
				"date/getTime",
				"__defineGetter__",
				"hasOwnProperty",
				"constructor/constructor",
				"call/call",
				"eval",
				"application/shutdown",
				"",
			],
		]) {
			expect(await client.call(name)).toMatchObject({
				code: "NetConnection.Call.Failed",
				description: `Method not found (${name}).`,
			});
		}
	});

	it("nothing of what a library of the server's brings", async () => {
		const client = await connectTo(`
			load("netservices.asc");
			application.onConnect = function (client) {
				client.users = new RecordSet(["name"]);
				client.users.addItem({ name: "ann" });
				client.users.own = function () { return this.getLength(); };
				return true;
			};`);
		for (const name of ["users/removeAll", "users.getLength", "users/addItem"]) {
			expect(await client.call(name)).toMatchObject({ description: `Method not found (${name}).` });
		}
		expect(await client.call("users/own")).toBe(1);
	});

	it("what replaces a function of the server's can be called", async () => {
		const client = await connectTo("Client.prototype.ping = function () { return 'mine'; };");
		expect(await client.call("ping")).toBe("mine");
	});

	it("Client.__resolve gives a function for a name that there is not", async () => {
		const client = await connectTo(`Client.prototype.__resolve = function (name) {
			if (name == "nothing") return;
			return function (x) { return [name, x, this instanceof Client]; };
		};`);
		expect(await client.call("any/name", 5)).toEqual(["any/name", 5, true]);
		expect(await client.call("nothing")).toMatchObject({ description: "Method not found (nothing)." });
	});

	it("Client.prototype: values of all kinds arrive as they were, and results go back", async () => {
		const client = await connectTo(`
			Client.prototype.echo = function (v) { return v; };
			Client.prototype.look = function (v) { return [typeof v, v instanceof Array, v instanceof Date, v && v.length]; };
			Client.prototype.named = function () { var a = [1]; a.name = "x"; a.f = function () {}; return a; };
			Client.prototype.nothing = function () {};
			Client.prototype.none = function () { return null; };
			Client.prototype.round = function () { var o = { list: [] }; o.list.push(o); return o; };`);
		const date = new Date(1e12);
		const value = { a: [1, null, "x", { b: true }], d: date };
		expect(await client.call("echo", value)).toEqual(value);
		expect(await client.call("look", [1, 2])).toEqual(["object", true, false, 2]);
		expect(await client.call("look", date)).toEqual(["object", false, true, undefined]);
		expect(await client.call("named")).toEqual(expect.objectContaining({ 0: 1, name: "x" }));
		expect(await client.call("nothing")).toBeUndefined();
		expect(await client.call("none")).toBeNull();
		const round = (await client.call("round")) as { list: unknown[] };
		expect(round.list[0]).toBe(round);
	});
});

describe("what a script does to a client", () => {
	it("Client.call calls a method, with a result object or without one", async () => {
		const client = await connectTo(`${RUN}
			Client.prototype.askMe = function (name, x) {
				var me = this;
				return this.call(name, {
					onResult: function (v) { me.call("told", null, "result", v); },
					onStatus: function (info) { me.call("told", null, "status", info.code, info.description); }
				}, x);
			};`);
		client.answers["double"] = x => Number(x) * 2;
		client.answers["broken"] = () => {
			throw new Error("no");
		};
		expect(await client.call("askMe", "double", 21)).toBe(true);
		expect(await client.calls("told")).toEqual([["result", 42]]);
		await client.call("askMe", "broken", 1);
		expect((await client.calls("told", 2))[1]).toEqual(["status", "NetConnection.Call.Failed", expect.any(String)]);
		expect(await client.call("run", "this.call('plain', null, 1, 'a', { b: [2] })")).toBe(true);
		expect(await client.calls("plain")).toEqual([[1, "a", { b: [2] }]]);
		expect(await client.call("run", "this.call()")).toBe(false);
	});

	it("Client.call answers false for a client that has gone", async () => {
		const name = server.app(`${RUN} var gone; application.onDisconnect = function (client) { gone = client; };`);
		const ann = await server.connect(name);
		(await server.connect(name)).connection.close();
		while ((await ann.call("run", "gone === undefined")) === true);
		expect(
			await ann.call("run", "[gone.call('x'), gone.ping(), gone.getStats(), application.disconnect(gone), gone.ip]"),
		).toEqual([...[false, false, null, false, "127.0.0.1"]]);
	});

	it("Client.getStats and Client.getBandwidthLimit of a client that has gone fail no script that has not heard of it", async () => {
		const name = server.app(`${RUN}
			Client.prototype.watch = function () {
				var other = application.clients[1];
				this.call("watching");
				while (other.getStats() !== null);
				return [other.getBandwidthLimit(0), other.getBandwidthLimit(1), application.clients.length];
			};`);
		const ann = await server.connect(name);
		const bob = await server.connect(name);
		const watched = ann.call("watch");
		await ann.calls("watching");
		bob.connection.close();
		expect(await watched).toEqual([0, 0, 2]);
		while ((await ann.call("run", "application.clients.length")) !== 1);
		expect(await ann.call("run", "Client.prototype.getStats.call(this) !== null")).toBe(true);
	});

	it("Client.getStats tells at once what was sent and received", async () => {
		const client = await connectTo(RUN);
		const stats = (await client.call("run", "this.getStats()")) as Record<string, number>;
		expect(Object.keys(stats)).toHaveLength(20);
		expect(stats).toMatchObject({ msg_dropped: 0, audio_queue_msgs: 0, dropped_video_bytes: 0, so_queue_bytes: 0 });
		expect(stats["bytes_in"]).toBeGreaterThan(100);
		expect(stats["msg_out"]).toBeGreaterThan(0);
	});

	it("Client.ping finds out at once who is dead", async () => {
		const name = server.app(`${RUN}
			Client.prototype.sweep = function () {
				var dead = [];
				for (var i = 0; i < application.clients.length; i++) if (!application.clients[i].ping()) dead.push(application.clients[i]);
				for (i in dead) application.disconnect(dead[i]);
				return dead.length;
			};`);
		const ann = await server.connect(name);
		const dead = await Promise.all([1, 2].map(() => RawRtmpClient.tcp(server.port)));
		for (const client of dead) await client.connect(name).until("Connect.Success");
		expect(await ann.call("sweep")).toBe(2);
		await Promise.all(dead.map(client => client.untilClosed()));
		while ((await ann.call("run", "application.clients.length")) !== 1);
		expect(await ann.call("sweep")).toBe(0);
	});

	it("Client.setBandwidthLimit and Client.getBandwidthLimit", async () => {
		const client = await connectTo(RUN);
		expect(await client.call("run", "[this.getBandwidthLimit(0), this.getBandwidthLimit(1)]")).toEqual([
			...[Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
		]);
		await client.call("run", "this.setBandwidthLimit(35000 / 8, 100000)");
		expect(await client.call("run", "[this.getBandwidthLimit(0), this.getBandwidthLimit(1)]")).toEqual([100000, 4375]);
		await client.call("run", "this.setBandwidthLimit(0, 50000)");
		expect(await client.call("run", "[this.getBandwidthLimit(0), this.getBandwidthLimit(1)]")).toEqual([50000, 4375]);
	});

	it("Client.checkBandwidth measures, and a script's own takes its place", async () => {
		const client = await connectTo(RUN);
		await client.call("run", "this.checkBandwidth()");
		await client.until(() => client.received.some(([name, kbit]) => name === "onBWDone" && typeof kbit === "number"));
		const own = await connectTo(
			"Client.prototype.checkBandwidth = function () { this.call('onBWDone', null, 1234, 1, 2, 3); return 'mine'; };",
		);
		expect(await own.call("checkBandwidth")).toBe("mine");
		expect((await own.calls("onBWDone", 2)).at(-1)).toEqual([1234, 1, 2, 3]);
	});

	it("Client.getStreamLength is the server's, unless a script has its own", async () => {
		const client = await connectTo(RUN);
		expect(await client.call("getStreamLength", "missing")).toBe(0);
		expect(await client.call("run", "this.getStreamLength('missing')")).toBe(0);
		const own = await connectTo("Client.prototype.getStreamLength = function (name) { return name + ' is long'; };");
		expect(await own.call("getStreamLength", "film")).toBe("film is long");
	});
});

describe("what a client may publish and play", () => {
	/** The first status of a stream that is published or played. */
	async function firstStatus(client: LegacyClient, use: (stream: NetStream) => void): Promise<string> {
		const stream = new NetStream(client.connection);
		stream.client = { onMetaData: () => {} };
		return new Promise(resolve => {
			stream.addEventListener("netStatus", ({ info }: NetStatusEvent) => {
				if (/\.(Start|Denied|BadName|Failed|StreamNotFound)$/.test(info.code)) resolve(info.code);
			});
			use(stream);
		});
	}

	it("Client.writeAccess and Client.readAccess bound it by folders, from the first command on", async () => {
		const name = server.app(`${RUN} application.onConnect = function (client) {
			client.writeAccess = "mine;shared/in"; client.readAccess = ""; return true;
		};`);
		const client = await server.connect(name);
		expect(await client.call("run", "[this.readAccess, this.writeAccess]")).toEqual(["", "mine;shared/in"]);
		expect(await firstStatus(client, stream => stream.publish("other"))).toBe("NetStream.Publish.Denied");
		expect(await firstStatus(client, stream => stream.publish("mine/cam"))).toBe("NetStream.Publish.Start");
		expect(await firstStatus(client, stream => stream.play("mine/cam"))).toBe("NetStream.Play.Failed");
		await client.call("run", "this.readAccess = '/'");
		expect(await firstStatus(client, stream => stream.play("mine/cam"))).toBe("NetStream.Play.Start");
	});

	it("Client.audioSampleAccess and Client.videoSampleAccess go to players as |RtmpSampleAccess", async () => {
		const name = server.app(`application.onConnect = function (client, audio, video) {
			if (audio !== undefined) client.audioSampleAccess = audio;
			if (video !== undefined) client.videoSampleAccess = video;
			return true;
		}; ${RUN}`);
		const told = async (...access: string[]) => {
			const client = await server.connect(name, ...access);
			const stream = new NetStream(client.connection);
			return new Promise(resolve => {
				stream.client = new Proxy(
					{},
					{
						getOwnPropertyDescriptor: (_target, method) => ({
							...{ configurable: true, enumerable: true, writable: true },
							value: (...args: unknown[]) => (method === "|RtmpSampleAccess" ? resolve(args) : undefined),
						}),
					},
				);
				stream.play("cam/a");
			});
		};
		expect(await told()).toEqual([false, false]);
		expect(await told("/", "cam")).toEqual([true, true]);
		expect(await told("other", "cam/a;x")).toEqual([false, true]);
	});

	it("Client.virtualKey chooses the folders of files, by the version of the player or by the script", async () => {
		const folder = mkdtempSync(join(tmpdir(), "millrace-virtual-key-"));
		/** The last frame lasts a second. */
		const put = (path: string, seconds: number) => {
			mkdirSync(dirname(join(folder, path)), { recursive: true });
			writeFileSync(
				join(folder, path),
				new FlvMaker()
					.key(0)
					.key((seconds - 1) * 1000)
					.bytes(),
			);
			utimesSync(join(folder, path), 1e9, 1e9);
		};
		put("plain/film.flv", 2);
		put("old/film.flv", 3);
		put("own/film.flv", 4);
		put("own/only.flv", 4);
		await using keyed = await LegacyFixture.start({
			code: { isolation: "thread" },
			media: {
				virtualKeys: [{ key: "old", from: "WIN 6,0,0,0", to: "WIN 8,0,99,0" }],
				directories: [
					{ prefix: "films", path: join(folder, "plain") },
					{ prefix: "films", path: join(folder, "old"), virtualKey: "old" },
					{ prefix: "films", path: join(folder, "own"), virtualKey: "own" },
				],
			},
		});
		const main = keyed.app(`${RUN} application.onConnect = function (client, key) {
			if (key !== undefined) client.virtualKey = key;
			return true;
		};`);
		const lengths = async (client: LegacyClient) => [
			await client.call("run", "this.virtualKey"),
			await client.call("getStreamLength", "films/film"),
			await client.call("run", "this.getStreamLength('films/film')"),
			await firstStatus(client, stream => stream.play("films/only", 0)),
		];
		const now = await keyed.connectAs("WIN 11,0,0,0", main);
		expect(await lengths(now)).toEqual(["", 2, 2, "NetStream.Play.StreamNotFound"]);
		const old = await keyed.connectAs("WIN 7,0,19,0", main);
		expect(await lengths(old)).toEqual(["old", 3, 3, "NetStream.Play.StreamNotFound"]);
		expect(await lengths(await keyed.connectAs("WIN 7,0,19,0", main, "own"))).toEqual([
			...["own", 4, 4, "NetStream.Play.Start"],
		]);
		await now.call("run", "this.virtualKey = 'own'; 0");
		expect(await lengths(now)).toEqual(["own", 4, 4, "NetStream.Play.Start"]);
		await now.call("run", "this.virtualKey = null; 0");
		expect(await lengths(now)).toEqual(["", 2, 2, "NetStream.Play.StreamNotFound"]);
		for (const key of ["a*", "a:b"]) {
			expect(await now.call("run", `this.virtualKey = '${key}'`)).toMatchObject({
				description: expect.stringMatching(/neither \* nor :/),
			});
		}
		// An application without code has the key of the version alone.
		keyed.write("bare/readme.txt", "");
		const bare = await keyed.connectAs("WIN 7,0,19,0", "bare");
		expect(await bare.call("getStreamLength", "films/film")).toBe(3);
		rmSync(folder, { recursive: true });
	});

	it("application.onPublish and application.onUnpublish tell of publishers, and one may be sent away there", async () => {
		const name = server.app(`
			application.onPublish = function (client, stream) {
				application.first = stream;
				trace("publish " + stream.name + " " + stream.publishQueryString + " " + (Stream.get(stream.name) === stream));
				if (stream.publishQueryString != "key=good") application.disconnect(client);
			};
			application.onUnpublish = function (client, stream) { trace("unpublish " + stream.name + " " + (stream === application.first)); };`);
		const good = await server.connect(name);
		const stream = new NetStream(good.connection);
		stream.publish("cam?key=good");
		await server.logged(/^publish cam key=good true$/);
		stream.close();
		await server.logged(/^unpublish cam true$/);
		const bad = await server.connect(name);
		new NetStream(bad.connection).publish("cam?key=bad");
		await bad.until(() => bad.codes.includes("Connect.Closed"));
	});

	it("calls of encoders go to the script's functions, and are answered where there are none", async () => {
		const bare = await RawRtmpClient.tcp(server.port);
		await bare.connect(server.app("")).until("Connect.Success");
		bare.command(0, "releaseStream", "cam").command(0, "FCPublish", "cam");
		expect((await bare.until("onFCPublish")).at(-1)).toContain("NetStream.Publish.Start");
		bare.socket.destroy();
		const name = server.app(`
			Client.prototype.FCPublish = function (name) {
				if (name == "secret") { this.call("onFCPublish", null, { code: "NetStream.Publish.Start", description: name }); this.writeAccess = "/"; }
				else application.disconnect(this);
			};
			Client.prototype.FCUnpublish = function (name) { trace("unpublished " + name); };
			Client.prototype.releaseStream = function (name) { Stream.get(name).play(false); };
			application.onConnect = function (client) { client.writeAccess = ""; return true; };`);
		const good = await RawRtmpClient.tcp(server.port);
		await good.connect(name).until("Connect.Success");
		good.command(0, "releaseStream", "secret").command(0, "FCPublish", "secret").command(0, "createStream");
		await good.until("onFCPublish");
		good.command(1, "publish", "secret", "live");
		await good.until("NetStream.Publish.Start");
		good.command(0, "FCUnpublish", "secret");
		await server.logged(/^unpublished secret$/);
		good.socket.destroy();
		const bad = await RawRtmpClient.tcp(server.port);
		await bad.connect(name).until("Connect.Success");
		bad.command(0, "FCPublish", "guess");
		await bad.untilClosed();
	});
});

describe("what old applications used and is not there", () => {
	it("throws an error that names it, which the script may catch", async () => {
		const client = await connectTo(RUN);
		for (const [code, label] of [
			["this.farID", "Client.farID"],
			["this.nearAddress", "Client.nearAddress"],
			["application.denyPeerLookup(1)", "application.denyPeerLookup"],
			["new ProxyStream()", "ProxyStream"],
			["new WebService('x')", "WebService"],
			["new NetGroup(null, 'x')", "NetGroup"],
			["Stream.get('x').playFromGroup()", "Stream.playFromGroup"],
		] as const) {
			expect(await client.call("run", code)).toMatchObject({ description: expect.stringContaining(label) });
			expect(await client.call("run", `try { ${code} } catch (e) { "caught" }`)).toBe("caught");
		}
	});
});
