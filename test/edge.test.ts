import { getStreamLength, NetStatusError, NetStream, SharedObject } from "@millrace/client";
import { afterEach, describe, expect, it } from "vitest";
import {
	closeServers,
	connectTo,
	isGapless,
	TestServer,
	TestStreamPlayer,
	TestStreamPublisher,
	testFolder,
	until,
} from "./server-fixture.ts";

/** Clients that reach an origin through another server: `rtmp://edge/?rtmp://origin/app`. */

afterEach(closeServers);

const HALL = `
import { defineApplication, reject } from "millrace/app";
export default defineApplication({
	onConnect(client, name) {
		if (name === "mallory") return reject("Not you.", { why: 7 });
		client.app.log.info(JSON.stringify([name, client.pageUrl, client.referrer, client.agent, client.query]));
	},
	methods: {
		double: (client, value) => value * 2,
		askBack: (client, value) => client.call("room/answer", value),
		fail: () => reject("No."),
		shutdown: ({ app }) => app.shutdown(),
	},
	onPublish: (client, stream) => stream.name === "forbidden" ? reject("Never.") : undefined,
	onPlay: (client, stream) => stream.name === "secret" ? reject("Never.") : client.app.log.info("plays " + stream.name),
	onStop: ({ app }, stream) => app.log.info("stopped " + stream.name),
});
`;

/** An origin, and an edge that leads to it. */
async function pair(): Promise<{ origin: TestServer; edge: TestServer; through: (application: string) => string }> {
	const origin = await new TestServer().write("hall", HALL).start();
	const edge = await new TestServer({ edge: { origins: [`127.0.0.1:${origin.port}`] } }).start();
	return { origin, edge, through: application => chain(edge, origin.url(application)) };
}

function chain(edge: TestServer, rest: string): string {
	return `rtmp://127.0.0.1:${edge.port}/?${rest}`;
}

/** Of the stream `cam`. */
function stats({ server }: TestServer) {
	return server.view.streams().find(({ name }) => name === "cam")!;
}

async function play(address: string, name: string, start = -2): Promise<TestStreamPlayer> {
	return new TestStreamPlayer(new NetStream(await connectTo(address)), name, start);
}

async function publish(address: string, name: string): Promise<TestStreamPublisher> {
	const stream = new NetStream(await connectTo(address));
	await stream.publishAsync(name);
	return new TestStreamPublisher(stream);
}

describe("a client of an edge", { timeout: 60_000 }, () => {
	it("is let in or turned away by the origin, which sees what it gave connect", async () => {
		const { origin, through } = await pair();
		const { NetConnection } = await import("@millrace/client");
		const nc = new NetConnection({
			proxy: false,
			flashVersion: "WIN 9,0,45,0",
			properties: { pageUrl: "https://a.example/", swfUrl: "https://a.example/x.swf" },
		});
		await nc.connectAsync(through("hall?token=1"), "alice");
		await until(() => origin.lines.length > 0);
		const facts = ["alice", "https://a.example/", "https://a.example/x.swf", "WIN 9,0,45,0", "token=1"];
		expect(JSON.parse(origin.lines[0]!)).toEqual(facts);
		nc.close();
		const refusal = await connectTo(through("hall"), "mallory").catch((error: unknown) => error);
		expect(refusal).toBeInstanceOf(NetStatusError);
		expect((refusal as NetStatusError).info).toMatchObject({
			code: "NetConnection.Connect.Rejected",
			description: "[ Server.Reject ] : Not you.",
			application: { why: 7 },
		});
	});

	it("calls, is called, and shares objects", async () => {
		const { origin, through } = await pair();
		const near = await connectTo(through("hall"), "bob");
		near.client = { room: { answer: (value: number) => value + 1 } };
		expect(await near.callAsync("double", 21)).toBe(42);
		expect(await near.callAsync("askBack", 1)).toBe(2);
		await expect(near.callAsync("fail")).rejects.toMatchObject({ info: { description: "No." } });
		const far = await origin.connect("hall");
		const objects = [near, far].map(connection => {
			const object = SharedObject.getRemote("board", connection.uri, false, false, { folder: testFolder() });
			object.connect(connection);
			return object;
		});
		objects[0]!.setProperty("x", [1]);
		await until(() => "x" in objects[1]!.data);
		objects[1]!.setProperty("y", 2);
		await until(() => "y" in objects[0]!.data);
		expect(objects[0]!.data).toEqual({ x: [1], y: 2 });
		const codes: string[] = [];
		near.addEventListener("netStatus", event => codes.push(event.info.code));
		near.call("shutdown", null);
		await until(() => codes.includes("NetConnection.Connect.Closed"));
		expect(codes).toContain("NetConnection.Connect.AppShutdown");
	});

	it("may use as many shared objects as at the origin, and gives some up for others", async () => {
		const { through } = await pair();
		const nc = await connectTo(through("hall"));
		const objects: SharedObject[] = [];
		const refusals: string[] = [];
		const use = (name: string): SharedObject => {
			const object = SharedObject.getRemote(name, nc.uri, false, false, { folder: testFolder() });
			object.addEventListener("netStatus", ({ info }) => refusals.push(`${name} ${info.code}`));
			object.connect(nc);
			return object;
		};
		for (let i = 0; i < 1000; i++) objects.push(use(`o${i}`));
		use("more");
		await until(() => refusals.length > 0);
		expect(refusals).toEqual(["more SharedObject.ObjectCreationFailed"]);
		objects[0]!.close();
		let isShared = false;
		use("again").addEventListener("sync", () => {
			isShared = true;
		});
		await until(() => isShared);
		expect(refusals).toHaveLength(1);
	});

	it("shares a live stream with all who play it there, which comes from the origin once", async () => {
		const { origin, edge, through } = await pair();
		await origin.publish("cam", "hall");
		const first = await play(through("hall"), "cam");
		await first.more(15);
		/** How much of the stream leaves the origin, of what comes in. */
		const ratio = async () => {
			const before = stats(origin);
			await first.more(20);
			const after = stats(origin);
			return (after.bytesOut - before.bytesOut) / (after.bytesIn - before.bytesIn);
		};
		const alone = await ratio();
		const second = await play(through("hall"), "cam");
		const third = await play(through("hall"), "cam");
		await Promise.all([second.more(15), third.more(15)]);
		expect([isGapless(first.pictures), isGapless(second.pictures)]).toEqual([true, true]);
		expect(second.got).toContainEqual(expect.stringContaining("onMetaData"));
		expect(origin.lines.filter(line => line === "plays cam")).toHaveLength(3);
		expect(stats(edge).viewers).toBe(3);
		// Media comes to the edge by one of them: to the others the origin sends data alone.
		expect(stats(origin).viewers).toBe(3);
		expect(await ratio()).toBeLessThan(1.6 * alone);
		first.stream.close();
		await until(() => origin.lines.includes("stopped cam"));
		await Promise.all([second.more(15), third.more(15)]);
		const refused = await play(through("hall"), "secret");
		await until(() => refused.codes.includes("Play.Failed"));
	});

	it("sees a stream end and begin again, and waits for one that is not there", async () => {
		const { origin, through } = await pair();
		const player = await play(through("live"), "cam", -1);
		await until(() => player.codes.includes("Play.Start"));
		const publisher = await origin.publish("cam");
		await player.more(5);
		publisher.stop();
		await until(() => player.codes.includes("Play.UnpublishNotify"));
		await origin.publish("cam");
		await player.more(5);
		expect(player.codes.filter(code => code === "Play.PublishNotify")).toHaveLength(2);
	});

	it("publishes at the origin, for viewers there and here", async () => {
		const { origin, through } = await pair();
		const publisher = await publish(through("hall"), "cam");
		const [far, near] = [await origin.play("cam", "hall"), await play(through("hall"), "cam")];
		await Promise.all([far.more(15), near.more(15)]);
		expect([isGapless(far.pictures), isGapless(near.pictures)]).toEqual([true, true]);
		await expect(publish(through("hall"), "forbidden")).rejects.toMatchObject({
			info: { code: "NetStream.Publish.Denied", description: "Never." },
		});
		publisher.stop();
		await until(() => far.codes.includes("Play.UnpublishNotify") && near.codes.includes("Play.UnpublishNotify"));
	});

	it("plays a file of the origin, seeks and pauses in it, to its end", async () => {
		const { origin, through } = await pair();
		const recording = new NetStream(await origin.connect("live"));
		await recording.publishAsync("film", "record");
		const publisher = new TestStreamPublisher(recording);
		await until(() => publisher.next > 60);
		publisher.stop();
		await until(() => origin.log.some(({ event }) => event === "recorded"));
		const player = await play(through("live"), "film", 0);
		await player.more(10);
		expect(player.codes.filter(code => code.startsWith("Play"))).toEqual(["Play.Reset", "Play.Start"]);
		expect(player.pictures[0]).toBe(0);
		await player.stream.pauseAsync();
		await player.stream.seekAsync(4);
		player.got.length = 0;
		await player.stream.resumeAsync();
		await until(() => player.codes.includes("Play.Stop"));
		expect(player.pictures.at(-1)).toBeGreaterThan(55);
		expect(player.pictures[0]).toBeGreaterThan(35);
		expect(await getStreamLength(await connectTo(through("live")), "film")).toBeGreaterThan(5);
		const missing = await play(through("live"), "nothing", 0);
		await until(() => missing.codes.includes("Play.StreamNotFound"));
	});

	it("goes through a chain of edges", async () => {
		const { origin, edge } = await pair();
		const outer = await new TestServer({ edge: { origins: [`127.0.0.1:${edge.port}`] } }).start();
		const address = chain(outer, chain(edge, origin.url("hall")));
		const connection = await connectTo(address, "carol");
		expect(await connection.callAsync("double", 4)).toBe(8);
		await origin.publish("cam", "hall");
		const player = await play(address, "cam");
		await player.more(10);
		expect(isGapless(player.pictures)).toBe(true);
	});

	it("is refused where the server is no edge, or not one to that origin, and told where the origin is away", async () => {
		const { origin, edge } = await pair();
		const plain = await new TestServer().start();
		const refused = { info: { code: "NetConnection.Connect.Rejected" } };
		await expect(connectTo(chain(plain, origin.url("hall")))).rejects.toMatchObject(refused);
		await expect(connectTo(chain(edge, plain.url("live")))).rejects.toMatchObject(refused);
		await origin.stop();
		await expect(connectTo(chain(edge, origin.url("hall")))).rejects.toMatchObject({
			info: { code: "NetConnection.Connect.Failed" },
		});
	});
});
