import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import { VirtualClock } from "@millrace/testkit";
import { describe, expect, it } from "vitest";
import { mayPublish } from "../packages/server/src/access/index.ts";
import type { ApplicationHost, PortEffect, PortEvent, PortListener } from "../packages/server/src/app/index.ts";
import { directoryOf } from "../packages/server/src/app/instance-fixture.ts";
import { resolveOptions } from "../packages/server/src/config/index.ts";
import { liveOptions } from "../packages/server/src/hub/hub-fixture.ts";
import { Hub } from "../packages/server/src/hub/index.ts";
import type { RecordedPublisher } from "../packages/server/src/library/index.ts";
import { silentLog } from "../packages/server/src/log/index.ts";
import type { Wire, WireHandler } from "../packages/server/src/net/index.ts";
import { type PublishRecorder, RtmpPeer } from "../packages/server/src/rtmp/index.ts";
import { RawRtmpClient } from "./raw-rtmp-client.ts";

const LIVE = liveOptions({ latency: "interactive", graceMillis: 0 });

/** Peers without a network, and an application that answers when the test says so. */
class PeerFixture implements ApplicationHost {
	readonly clock = new VirtualClock(1000);
	readonly hub = new Hub(this.clock, { onViewerSkipped() {} });
	readonly events: PortEvent[] = [];
	readonly log: string[] = [];
	from: "loopback" | "anywhere" | "nowhere" = "anywhere";
	recorder: PublishRecorder | undefined;
	protocols: string[] | undefined;
	rejection: NetStatus | undefined;
	onEvent: ((event: PortEvent) => void) | undefined;
	#listener: PortListener | undefined;
	readonly #instances = directoryOf(this);
	#nextId = 1;

	open(_application: string, _instance: string, listener: PortListener) {
		this.#listener = listener;
		return {
			send: (event: PortEvent): void => {
				this.events.push(event);
				this.onEvent?.(event);
			},
			answer() {},
			close() {},
		};
	}

	do(...effects: PortEffect[]): void {
		this.#listener?.onEffects(effects, Number.POSITIVE_INFINITY);
	}

	/** Allows what was asked last. */
	allow(): void {
		const event = this.events.findLast(asked => asked.kind === "publish" || asked.kind === "play");
		if (event === undefined || !("request" in event)) throw new Error("Nothing was asked.");
		this.do({ kind: "allow", client: event.client, request: event.request });
	}

	/** A client that is connected, with one stream. */
	client(remoteAddress = "192.0.2.1"): { client: RawRtmpClient; peer: RtmpPeer; drop(): void } {
		const id = `c${this.#nextId++}`;
		let handler: WireHandler | undefined;
		const wire: Wire = {
			backlog: 0,
			bytesWritten: 0,
			isSpent: false,
			remoteAddress,
			write: bytes => client.receive(bytes),
			pause() {},
			resume() {},
			notifyDrain() {},
			end: () => {
				client.closed = true;
			},
			destroy: () => {
				client.closed = true;
			},
		};
		const client = new RawRtmpClient(bytes => handler?.onWireData?.(bytes));
		const { rtmp, limits } = resolveOptions({});
		const peer = new RtmpPeer(
			id,
			given => {
				handler = given;
				return wire;
			},
			{ protocol: "rtmps", secure: true },
			{
				hub: this.hub,
				instances: this.#instances,
				log: { ...silentLog, child: () => ({ ...silentLog, error: event => this.log.push(event) }) },
				connection: { ...rtmp, limits },
				...(this.recorder && { recorder: this.recorder }),
				now: this.clock.now,
				random: count => new Uint8Array(count),
				encryption: true,
				rejection: () => this.rejection,
				application: () => ({
					protocols: this.protocols,
					live: LIVE,
					mayPublish: (address, key) =>
						mayPublish({ remoteAddress: address, key }, { from: this.from, key: "abcdefgh" }),
				}),
				describe: () => "",
			},
			() => {},
		);
		client.start();
		client.connect("app");
		this.do({ kind: "accept", client: id });
		client.command(0, "createStream");
		client.take();
		return { client, peer, drop: () => handler?.onWireClosed(undefined) };
	}

	get stream() {
		return this.hub.find("app\n_definst_\ncam");
	}
}

describe("an RTMP peer with a recorder", () => {
	it("tells it of each publisher before its first message, and the publisher what becomes of the recording", () => {
		const fixture = new PeerFixture();
		const asked: (Omit<RecordedPublisher, "live" | "name"> & { name: string; messages: number })[] = [];
		let tell: Parameters<PublishRecorder["onPublish"]>[1] = () => {};
		fixture.recorder = {
			onPublish({ name, live, ...facts }, onStatus) {
				asked.push({ ...facts, name: String(name), messages: live.messagesIn });
				tell = onStatus;
			},
		};
		const { client } = fixture.client();
		client.command(1, "publish", "mp4:cam", "append").media(1, "K1");
		fixture.allow();
		expect(asked).toEqual([{ name: "app/cam", type: "append", prefix: "mp4", isTrusted: false, messages: 0 }]);
		expect(fixture.stream?.messagesIn).toBe(1);
		tell(netStatus("NetStream.Record.Start", "Go.", { details: "cam" }));
		expect(client.take()).toEqual([
			...["begin:1", "onStatus:1 NetStream.Publish.Start"],
			"onStatus:1 NetStream.Record.Start",
		]);
		expect(client.infos.get("NetStream.Record.Start")).toMatchObject({ details: "cam", clientid: "c1" });
		client.command(1, "closeStream");
		tell(netStatus("NetStream.Record.Stop"));
		expect(client.take()).toEqual([...["onStatus:1 NetStream.Unpublish.Success", "onStatus:1 NetStream.Record.Stop"]]);
		client.command(0, "deleteStream", 1);
		tell(netStatus("NetStream.Record.Failed"));
		expect(client.take()).toEqual([]);
	});
});

describe("an RTMP peer and the way by which it came", () => {
	it("tells the application the protocol and whether it is secure", () => {
		const fixture = new PeerFixture();
		fixture.client();
		expect(fixture.events[0]).toMatchObject({ kind: "connect", client: { protocol: "rtmps", secure: true } });
	});

	it("is rejected by an application that is not open to its protocol, and the application never hears of it", () => {
		const fixture = new PeerFixture();
		fixture.protocols = ["rtmp", "wss"];
		const { client } = fixture.client();
		expect(client.infos.get("NetConnection.Connect.Rejected")).toMatchObject({
			level: "error",
			description: expect.stringContaining("not open to rtmps, but to rtmp, wss"),
		});
		expect(client.closed).toBe(true);
		expect(fixture.events).toEqual([]);
	});

	it("is sent elsewhere while the server is emptied", () => {
		const fixture = new PeerFixture();
		const ex = { code: 302, redirect: "rtmp://other.example/live" };
		fixture.rejection = netStatus("NetConnection.Connect.Rejected", undefined, { ex });
		const { client } = fixture.client();
		expect(client.infos.get("NetConnection.Connect.Rejected")).toMatchObject({ ex });
		expect(fixture.events).toEqual([]);
	});
});

describe("an RTMP peer with an application that takes its time", () => {
	it("is held until its connect is answered, and hears of calls only after that", () => {
		const fixture = new PeerFixture();
		const { client } = fixture.client();
		fixture.do({ kind: "call", client: "c1", call: 0, name: "hello", args: ["x"] });
		expect(client.take()).toEqual(["hello x"]);
	});

	it("publishes and plays when it is allowed, and does meanwhile nothing that it sent", () => {
		const fixture = new PeerFixture();
		const { client } = fixture.client();
		client.command(1, "publish", "cam", "live").media(1, "K1");
		expect([client.take(), fixture.stream]).toEqual([[], undefined]);
		fixture.allow();
		expect(client.take()).toEqual(["begin:1", "onStatus:1 NetStream.Publish.Start"]);
		const { client: playing } = fixture.client();
		playing.command(1, "play", "cam", -2000);
		expect(playing.take()).toEqual([]);
		fixture.allow();
		fixture.clock.advance(50);
		expect(playing.take().at(-1)).toBe("K1:1");
	});

	it("is refused with the application's own words", () => {
		const fixture = new PeerFixture();
		const { client } = fixture.client();
		client.command(1, "publish", "cam", "live");
		fixture.do({
			kind: "refuse",
			client: "c1",
			request: 1,
			status: netStatus("NetStream.Publish.Denied", "Not today."),
		});
		expect(client.take()).toEqual(["onStatus:1 NetStream.Publish.Denied"]);
		expect(client.infos.get("NetStream.Publish.Denied")).toMatchObject({ description: "Not today.", details: "cam" });
	});

	it("does not play on a stream that it has deleted while the permission was pending", () => {
		const fixture = new PeerFixture();
		const { client, drop } = fixture.client();
		client.command(1, "play", "cam", -2000).command(0, "deleteStream", 1);
		fixture.allow();
		expect(fixture.stream).toBeUndefined();
		drop();
	});

	it("plays the last name alone when it has asked for another one while the permission was pending", () => {
		const fixture = new PeerFixture();
		const { client, drop } = fixture.client();
		client.command(1, "play", "cam", -2000).command(1, "play", "other", -2000);
		fixture.allow();
		fixture.allow();
		expect([...fixture.hub.streams()].map(stream => [stream.key, stream.viewerCount])).toEqual([
			["app\n_definst_\nother", 1],
		]);
		drop();
		expect([...fixture.hub.streams()]).toEqual([]);
	});

	it("begins paused, and without video, when it said so while the permission was pending", () => {
		const fixture = new PeerFixture();
		const { client: publishing } = fixture.client();
		publishing.command(1, "publish", "cam", "live");
		fixture.allow();
		const { client } = fixture.client();
		client.command(1, "play", "cam", -2000).command(1, "receiveVideo", false).command(1, "pause", true, 0);
		fixture.allow();
		expect(client.take().slice(-3)).toEqual([
			"data:1 |RtmpSampleAccess,true,true",
			"onStatus:1 NetStream.Pause.Notify",
			"eof:1",
		]);
		publishing.media(1, "K1").media(1, "A2");
		fixture.clock.advance(100);
		expect(client.take()).toEqual([]);
		client.command(1, "pause", false, 0);
		expect(client.take().filter(event => /^[KA]/.test(event))).toEqual(["A2:1"]);
	});

	it("leaves nothing behind when it goes while a permission is pending", () => {
		const fixture = new PeerFixture();
		const { client, drop } = fixture.client();
		client.command(1, "publish", "cam", "live");
		drop();
		fixture.allow();
		expect(fixture.stream).toBeUndefined();
		expect(fixture.events.at(-1)).toEqual({ kind: "disconnect", client: "c1" });
	});

	it("tells the application of the end of a publication before the client's own end", () => {
		const fixture = new PeerFixture();
		const { client, drop } = fixture.client();
		client.command(1, "publish", "cam?key=k", "append");
		fixture.allow();
		drop();
		const events = fixture.events.filter(({ kind }) => kind !== "stream-status");
		expect(events.map(event => event.kind)).toEqual(["connect", "publish", "unpublish", "disconnect"]);
		const [asked, told] = events.slice(1, 3);
		expect(told).toHaveProperty("stream", (asked as { stream: unknown }).stream);
	});

	it("gets the results of its calls", () => {
		const fixture = new PeerFixture();
		const { client } = fixture.client();
		client.command(0, "callSum", 1, 2);
		expect(fixture.events.at(-1)).toEqual({ kind: "call", client: "c1", call: 1, name: "callSum", args: [1, 2] });
		fixture.do(
			{ kind: "result", client: "c1", call: 1, value: 3 },
			{ kind: "result", client: "c1", call: 1, value: 4 },
		);
		expect(client.take()).toEqual(["_result 3"]);
	});

	it("loses its connection, and nobody else anything, when the application's host has a fault", () => {
		const fixture = new PeerFixture();
		const { client } = fixture.client();
		const { client: other } = fixture.client();
		fixture.onEvent = event => {
			if (event.kind === "call") throw new TypeError("A fault of ours.");
		};
		client.command(0, "callSum");
		expect([client.closed, other.closed, fixture.log]).toEqual([true, false, ["fault"]]);
	});
});

describe("the publish policy", () => {
	it("lets this machine publish without the key, and others with it", () => {
		const fixture = new PeerFixture();
		fixture.from = "loopback";
		const publish = (address: string, name: string): string => {
			const { client } = fixture.client(address);
			client.command(1, "publish", name, "live");
			const [event = "asked"] = client.take();
			return event;
		};
		expect(publish("127.0.0.1", "a")).toBe("asked");
		expect(publish("::1", "b")).toBe("asked");
		expect(publish("192.0.2.1", "c")).toBe("onStatus:1 NetStream.Publish.Denied");
		expect(publish("192.0.2.1", "d?key=abcdefgh")).toBe("asked");
	});
});
