import { afterEach, describe, expect, it } from "vitest";
import { createServer, type MillraceServer, type ServerOptionsInput } from "../packages/server/src/index.ts";
import { type LogFields, silentLog } from "../packages/server/src/log/index.ts";
import { RawRtmpClient } from "./raw-rtmp-client.ts";

const servers: MillraceServer[] = [];
const clients: { socket: { destroy(): void } }[] = [];

afterEach(async () => {
	for (const client of clients.splice(0)) client.socket.destroy();
	await Promise.all(servers.splice(0).map(server => server.stop()));
});

async function serve(options: ServerOptionsInput = {}): Promise<MillraceServer> {
	const server = createServer({
		listeners: [{ protocol: "rtmp", host: "127.0.0.1", port: 0 }],
		...options,
		live: { latency: "interactive", ...options.live },
	});
	servers.push(server);
	await server.start();
	return server;
}

async function client(server: MillraceServer, app = "live"): ReturnType<typeof RawRtmpClient.tcp> {
	const made = await RawRtmpClient.tcp(server.addresses[0]!.port);
	clients.push(made);
	made.connect(app);
	await made.until("onBWDone");
	made.command(0, "createStream");
	await made.until("_result");
	return made;
}

async function publisher(server: MillraceServer, name = "cam", app = "live"): ReturnType<typeof RawRtmpClient.tcp> {
	const made = await client(server, app);
	made.command(1, "publish", name, "live");
	await made.until("NetStream.Publish.Start");
	return made;
}

async function player(server: MillraceServer, name = "cam", app = "live"): ReturnType<typeof RawRtmpClient.tcp> {
	const made = await client(server, app);
	made.command(1, "play", name, -2000);
	await made.until("|RtmpSampleAccess");
	return made;
}

const START = ["begin:1", "onStatus:1 NetStream.Play.Reset", "onStatus:1 NetStream.Play.Start"];
const ACCESS = "data:1 |RtmpSampleAccess,true,true";

describe("a publisher and its players", () => {
	it("are answered in the order that players expect, with metadata and configurations before the media", async () => {
		const server = await serve();
		const publishing = await client(server);
		publishing.command(1, "publish", "cam?token=1", "live");
		expect(await publishing.until("Publish")).toEqual(["begin:1", "onStatus:1 NetStream.Publish.Start"]);
		publishing
			.data(1, "@setDataFrame", "onMetaData", "meta")
			.media(1, "v1", 0, 9)
			.media(1, "a2", 0, 9)
			.media(1, "K3", 0);
		const playing = await client(server);
		playing.command(1, "play", "cam", -2000);
		expect(await playing.until("K3")).toEqual([...START, ACCESS, "data:1 onMetaData,meta", "v1:1", "a2:1", "K3:1"]);
		publishing.data(1, "onCuePoint", "now").media(1, "P4", 40);
		expect(await playing.until("P4")).toEqual(["data:1 onCuePoint,now", "P4:1"]);
		expect(playing.infos.get("NetStream.Play.Start")).toMatchObject({ level: "status", details: "cam" });
	});

	it("are in the log with their codecs, however long the first window gathers", async () => {
		const published: unknown[] = [];
		const info = (event: string, fields: LogFields = {}) => void (event === "publish" && published.push(fields));
		const log = { ...silentLog, info, child: () => log };
		const server = createServer(
			{ listeners: [{ protocol: "rtmp", host: "127.0.0.1", port: 0 }], live: { latency: "scale" } },
			{ log },
		);
		servers.push(server);
		await server.start();
		const publishing = await publisher(server);
		publishing.media(1, "v1", 0, 9).media(1, "a2", 0, 9).media(1, "K3", 0);
		for (let time = 20; time <= 800; time += 20) publishing.media(1, `P${time}`, time);
		await expect
			.poll(
				() => {
					publishing.media(1, "P4", 820);
					return published;
				},
				{ timeout: 10_000 },
			)
			.toEqual([{ stream: "live/cam", media: expect.stringContaining("H.264") }]);
	});

	it("may come in any order: who plays first is told when the publisher comes and goes", async () => {
		const server = await serve();
		const playing = await player(server);
		const publishing = await publisher(server);
		publishing.media(1, "v1", 0, 9).media(1, "K2");
		expect(await playing.until("K2")).toEqual(["begin:1", "onStatus:1 NetStream.Play.PublishNotify", "v1:1", "K2:1"]);
		publishing.media(1, "P3", 40).command(0, "FCUnpublish", "cam").command(0, "deleteStream", 1);
		expect(await playing.until("Unpublish")).toEqual(["P3:1", "eof:1", "onStatus:1 NetStream.Play.UnpublishNotify"]);
		expect((await publishing.until("NetStream.Unpublish.Success")).length).toBeGreaterThan(0);
	});

	it("do not notice more than a pause when the publisher drops and comes back", async () => {
		const server = await serve({ publish: { graceMillis: "2s" } });
		const first = await publisher(server);
		const playing = await player(server);
		first.media(1, "v1", 0, 9).media(1, "K2");
		await playing.until("K2");
		first.socket.destroy();
		const second = await publisher(server);
		second.media(1, "v5", 9000, 9).media(1, "P6", 9000).media(1, "K7", 9040);
		expect(await playing.until("K7")).toEqual(["v5:1", "K7:1"]);
	});

	it("are told of the end when the publisher does not come back within the grace time", async () => {
		const server = await serve({ publish: { graceMillis: 100 } });
		const publishing = await publisher(server);
		const playing = await player(server);
		publishing.socket.destroy();
		expect(await playing.until("UnpublishNotify")).toEqual(["eof:1", "onStatus:1 NetStream.Play.UnpublishNotify"]);
	});

	it("meet a second publisher that takes the name over; the first is told and closed", async () => {
		const server = await serve();
		const first = await publisher(server);
		const playing = await player(server);
		first.media(1, "K1");
		await playing.until("K1");
		const second = await publisher(server);
		expect(await first.untilClosed()).toEqual(["onStatus:1 NetStream.Unpublish.Success", "close"]);
		second.media(1, "K2");
		expect(await playing.until("K2")).toEqual(["K2:1"]);
	});

	it("go on when a publisher takes its own name over by another stream of its connection", async () => {
		const server = await serve();
		const publishing = await publisher(server);
		const playing = await player(server);
		publishing.command(0, "createStream");
		await publishing.until("_result");
		publishing.command(2, "publish", "cam", "live");
		expect(await publishing.until("Publish.Start")).toEqual([
			"onStatus:1 NetStream.Unpublish.Success",
			"begin:2",
			"onStatus:2 NetStream.Publish.Start",
		]);
		publishing.media(2, "K9");
		expect(await playing.until("K9")).toEqual(["K9:1"]);
	});

	it("meet a second publisher that is refused, where that is the policy", async () => {
		const server = await serve({ publish: { duplicate: "refuse" } });
		const first = await publisher(server);
		const second = await client(server);
		second.command(1, "publish", "cam", "live");
		expect(await second.until("Publish")).toEqual(["onStatus:1 NetStream.Publish.BadName"]);
		expect(second.infos.get("NetStream.Publish.BadName")).toMatchObject({ level: "error" });
		const playing = await player(server);
		first.media(1, "K1");
		await playing.until("K1");
	});

	it("are not confused by streams of the same name in other instances", async () => {
		const server = await serve();
		const [room, hall] = [await publisher(server, "cam", "live/room"), await publisher(server, "cam", "live/hall")];
		const playing = await player(server, "cam", "live/hall");
		room.media(1, "K1");
		hall.media(1, "K2");
		expect(await playing.until("K")).toEqual(["K2:1"]);
	});
});

describe("a publisher", () => {
	it("needs the key where the policy says so", async () => {
		const server = await serve({ publish: { from: "nowhere", key: "abcdefgh12" } });
		const publishing = await client(server);
		publishing.command(1, "publish", "cam", "live");
		expect(await publishing.until("Publish")).toEqual(["onStatus:1 NetStream.Publish.Denied"]);
		publishing.command(1, "publish", "cam?key=wrong-one", "live");
		expect(await publishing.until("Publish")).toEqual(["onStatus:1 NetStream.Publish.Denied"]);
		publishing.command(1, "publish", "cam?key=abcdefgh12", "live");
		await publishing.until("Publish.Start");
		const inApplication = await client(server, "live?key=abcdefgh12");
		inApplication.command(1, "publish", "cam", "live");
		await inApplication.until("Publish.Start");
		expect(await publishing.untilClosed()).toContain("onStatus:1 NetStream.Unpublish.Success");
	});

	it("that sends nothing is told and closed", async () => {
		const server = await serve({ publish: { idleTimeoutMillis: 1000 } });
		const publishing = await publisher(server);
		expect(await publishing.untilClosed()).toEqual(["onStatus:1 NetStream.Publish.Idle"]);
	});
});

describe("a player", () => {
	it("is told that a recording does not exist, but gets what is live from 0 on", async () => {
		const server = await serve();
		const playing = await client(server);
		playing.command(1, "play", "cam", 0);
		expect(await playing.until("Play")).toEqual(["onStatus:1 NetStream.Play.StreamNotFound"]);
		await publisher(server);
		playing.command(1, "play", "cam", 0);
		await playing.until("NetStream.Play.Start");
	});

	it("pauses and goes on", async () => {
		const server = await serve();
		const publishing = await publisher(server);
		const playing = await player(server);
		publishing.media(1, "K1");
		await playing.until("K1");
		playing.command(1, "pause", true, 0);
		expect(await playing.until("eof")).toEqual(["onStatus:1 NetStream.Pause.Notify", "eof:1"]);
		publishing.media(1, "P2", 40).media(1, "P3", 80);
		const witness = await player(server);
		await witness.until("P3");
		expect(playing.take()).toEqual([]);
		playing.command(1, "pause", false, 40);
		expect(await playing.until("P3")).toEqual(["begin:1", "onStatus:1 NetStream.Unpause.Notify", "P2:1", "P3:1"]);
	});

	it("gets one medium where it wants no more", async () => {
		const server = await serve();
		const publishing = await publisher(server);
		const playing = await player(server);
		publishing.media(1, "v1", 0, 9).media(1, "a2", 0, 9).media(1, "K3").media(1, "A4");
		await playing.until("A4");
		playing.command(1, "receiveVideo", false).command(1, "callPing");
		await playing.until("_error");
		publishing.media(1, "P5", 40).media(1, "A6", 40);
		expect(await playing.until("A6")).toEqual(["A6:1"]);
		playing.command(1, "receiveVideo", true).command(1, "receiveAudio", false);
		expect(await playing.until("P5")).toEqual(["v1:1", "P5:1"]);
		publishing.media(1, "A7", 80).media(1, "P8", 80);
		expect(await playing.until("P8")).toEqual(["P8:1"]);
	});

	it("may play several streams of one connection", async () => {
		const server = await serve();
		const publishing = await publisher(server);
		const playing = await player(server);
		playing.command(0, "createStream");
		await playing.until("_result");
		playing.command(2, "play", "cam", -1000);
		await playing.until("RtmpSampleAccess");
		publishing.media(1, "K1");
		await playing.until("K1:2");
		playing.command(0, "deleteStream", 1).command(0, "callPing");
		await playing.until("_error");
		publishing.media(1, "P2", 40);
		expect(await playing.until("P2")).toEqual(["P2:2"]);
	});
});

describe("a server", () => {
	it("answers calls that it does not know, and refuses applications that it does not have", async () => {
		const server = await serve();
		const calling = await client(server);
		calling.command(0, "callMe", 1);
		expect(await calling.until("_error")).toEqual(["_error NetConnection.Call.Failed"]);
		const lost = await RawRtmpClient.tcp(server.addresses[0]!.port);
		clients.push(lost);
		lost.connect("nothing");
		expect(await lost.untilClosed()).toEqual(["_error NetConnection.Connect.InvalidApp", "close"]);
	});

	it("tells everyone when it stops, and ends them", async () => {
		const server = await serve();
		const publishing = await publisher(server);
		const playing = await player(server);
		const [first, second] = [server.stop(), server.stop()];
		expect(await publishing.untilClosed()).toEqual([
			"onStatus:1 NetStream.Unpublish.Success",
			"onStatus NetConnection.Connect.AppShutdown",
			"close",
		]);
		expect(await playing.untilClosed()).toEqual([
			"eof:1",
			"onStatus:1 NetStream.Play.UnpublishNotify",
			"onStatus:1 NetStream.Play.Stop",
			"onStatus NetConnection.Connect.AppShutdown",
			"close",
		]);
		await Promise.all([first, second]);
		expect(server.connectionCount).toBe(0);
	});

	it("stops within three seconds though a client never reads", async () => {
		const server = await serve();
		const publishing = await publisher(server);
		const playing = await player(server);
		playing.socket.pause();
		for (let i = 0; i < 40; i++) publishing.media(1, "K1", i * 40, 500_000);
		const witness = await player(server);
		await witness.until("K1");
		const startedAt = performance.now();
		await server.stop();
		expect(performance.now() - startedAt).toBeLessThan(3000);
	});

	it("listens nowhere when it is stopped while it starts, and can be stopped before it starts", async () => {
		const server = createServer({ listeners: [{ protocol: "rtmp", host: "127.0.0.1", port: 0 }] });
		await server.stop();
		const starting = server.start();
		await server.stop();
		await starting;
		expect(server.addresses).toEqual([]);
		await expect(server.start()).rejects.toThrow("A server is started once.");
	});

	it("takes no more connections than its limit", async () => {
		const server = await serve({ limits: { connections: 1 } });
		await client(server);
		const second = await RawRtmpClient.tcp(server.addresses[0]!.port);
		clients.push(second);
		expect(await second.untilClosed()).toEqual([]);
		expect(server.connectionCount).toBe(1);
	});

	it("is independent of another one in the same process", async () => {
		const [a, b] = [await serve(), await serve()];
		const [inA, inB] = [await publisher(a), await publisher(b)];
		const playing = await player(b);
		inA.media(1, "K1");
		inB.media(1, "K2");
		expect(await playing.until("K")).toEqual(["K2:1"]);
		await a.stop();
		inB.media(1, "P3", 40);
		await playing.until("P3");
		expect([a.view.streams().length, b.view.streams().length]).toEqual([0, 1]);
	});

	it("finds a silent peer by ping and read deadline", async () => {
		const server = await serve({ rtmp: { pingIntervalMillis: 200, readTimeoutMillis: 500 } });
		const silent = await client(server);
		const startedAt = performance.now();
		expect((await silent.untilClosed())[0]).toMatch(/^control6/);
		expect(performance.now() - startedAt).toBeLessThan(1500);
	});
});
