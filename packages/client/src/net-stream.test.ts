import { AmfEcmaArray, type AmfValue } from "@millrace/core/amf";
import { MEDIA_AUDIO, MEDIA_DATA, MEDIA_VIDEO, MediaMessage } from "@millrace/core/flv";
import { netStatus } from "@millrace/core/rtmp";
import { describe, expect, test } from "vitest";
import { NetStatusError } from "./errors.ts";
import { NetStream } from "./net-stream.ts";
import { SPLITS, TestNetwork } from "./test-network.ts";

const URL = "rtmp://host/live";
const KEYFRAME = Uint8Array.of(0x17, 1, 0, 0, 0, 9);

async function streamOn(network = new TestNetwork()) {
	const { nc } = network.connection();
	nc.connect(URL);
	const ns = new NetStream(nc);
	const codes: string[] = [];
	ns.onStatus = info => codes.push(info.code);
	await network.run();
	return { network, nc, ns, codes };
}

describe.each(SPLITS)("NetStream, bytes %s", (_name, split) => {
	test("publishes, sends and closes", async () => {
		const network = new TestNetwork(split());
		const { ns, codes } = await streamOn(network);
		ns.publish("cam", "record");
		await network.run();
		expect(codes).toEqual(["NetStream.Publish.Start"]);
		expect(ns.sendMedia(new MediaMessage(MEDIA_VIDEO, 40, KEYFRAME))).toBe(true);
		ns.send("onCue", { n: 1 });
		await network.pass(500);
		expect(network.server.media.map(([type, time]) => [type, time])).toEqual([
			[MEDIA_VIDEO, 40],
			[15, 40],
		]);
		const sent = network.server.media.at(-1)![2];
		expect(ns.info).toMatchObject({ byteCount: 6 + sent, videoByteCount: 6, dataByteCount: sent, resourceName: "cam" });
		expect(ns.time).toBe(0.5);
		ns.close();
		await network.run();
		expect(codes).toEqual(["NetStream.Publish.Start", "NetStream.Unpublish.Success"]);
		expect(network.server.events).toEqual(["publish cam record", "unpublish cam"]);
		expect(network.server.connection.streams.size).toBe(0);
	});

	test("plays: statuses, callbacks, media", async () => {
		const network = new TestNetwork(split());
		const { ns, codes } = await streamOn(network);
		const media: [number, number][] = [];
		ns.onMedia = message => media.push([message.type, message.timestamp]);
		const seen: AmfValue[] = [];
		ns.client = { onMetaData: (info: AmfValue) => seen.push(info), onCue: (...args: AmfValue[]) => seen.push(args) };
		ns.bufferTime = 2;
		ns.play("cam");
		await network.run();
		expect(codes).toEqual(["NetStream.Play.Reset", "NetStream.Play.Start"]);
		expect(network.server.events).toEqual(["play cam -2000 -1000 true"]);
		expect(network.server.stream.bufferMillis).toBe(2000);
		network.server.data("onStatus", { code: "NetStream.Data.Start", level: "status" });
		network.server.data("onMetaData", new AmfEcmaArray([["width", 640]]));
		network.server.data("onCue", 1, "two");
		network.server.send(MEDIA_VIDEO, 5000, KEYFRAME);
		network.server.send(MEDIA_AUDIO, 5010, Uint8Array.of(0xaf, 1));
		await network.run();
		expect(codes.at(-1)).toBe("NetStream.Data.Start");
		expect(seen).toMatchObject([{ width: 640 }, [1, "two"]]);
		expect(media.slice(-2)).toEqual([
			[MEDIA_VIDEO, 5000],
			[MEDIA_AUDIO, 5010],
		]);
		expect([ns.time, ns.info.metaData, ns.info.isLive]).toMatchObject([5, { width: 640 }, true]);
		expect(network.warnings).toEqual([]);
	});
});

describe("a stream", () => {
	test("is not read from the network while its reader is full, however long that takes, and gets everything", async () => {
		const { network, ns } = await streamOn();
		const media = ns.media({ maxBufferBytes: 2000, whenFull: "wait" });
		ns.play("film");
		await network.run();
		const body = new Uint8Array(100).fill(0x17);
		for (let at = 0; at < 100; at++) {
			network.server.send(MEDIA_VIDEO, at * 40, body);
			await network.run();
		}
		expect(network.holds).toEqual([true]);
		// Longer than a server may be silent that is listened to.
		await network.pass(120_000);
		for (let at = 0; at < 100; at++) {
			let message = (await media.next()).value;
			while (message?.isVideo === false) message = (await media.next()).value;
			expect(message?.timestamp).toBe(at * 40);
			await network.run();
		}
		expect([network.holds.at(-1), ns.info.droppedFrames]).toEqual([false, 0]);
		await network.pass(2000);
		expect(ns.info.droppedFrames).toBe(0);
	});

	test("that is made before the connection waits for it, in order", async () => {
		const network = new TestNetwork();
		const { nc } = network.connection();
		const ns = new NetStream(nc);
		ns.publish("cam");
		ns.send("hello");
		ns.sendMedia(new MediaMessage(MEDIA_VIDEO, 0, KEYFRAME));
		nc.connect(URL);
		await network.run();
		expect(network.server.events).toEqual(["publish cam live"]);
		expect(network.server.media.map(([type]) => type)).toEqual([15]);
		expect(ns.info.droppedFrames).toBe(1);
	});

	test("sends times in milliseconds, and says only what differs from the default", async () => {
		const { network, ns } = await streamOn();
		ns.play("a", 2.5, 10, false);
		await network.run();
		ns.pause();
		ns.togglePause();
		ns.resume();
		ns.seek(1.5);
		ns.receiveAudio(false);
		ns.receiveVideo(false);
		ns.play(false);
		await network.run();
		expect(network.server.events).toEqual([
			"play a 2500 10000 false",
			"pause true 0",
			"pause false 0",
			"pause false 0",
			"seek 1500",
			"receive false true",
			"receive false false",
			"stop a",
		]);
	});

	test("tells the server of another buffer time while it plays", async () => {
		const { network, ns } = await streamOn();
		ns.play("a");
		ns.setBufferTime(7);
		await network.run();
		expect(network.server.stream.bufferMillis).toBe(7000);
		expect(() => {
			ns.bufferTime = -1;
		}).toThrow(RangeError);
	});

	test("can be used again after close, and after another connect", async () => {
		const { network, nc, ns, codes } = await streamOn();
		ns.publish("a");
		await network.run();
		ns.close();
		ns.publish("b");
		await network.run();
		nc.connect(URL);
		ns.publish("c");
		await network.run();
		expect(network.servers.map(server => server.events.filter(event => event.startsWith("publish")))).toEqual([
			["publish a live", "publish b live"],
			["publish c live"],
		]);
		expect(codes.filter(code => code === "NetStream.Publish.Start")).toHaveLength(3);
	});

	test("counts times past 2^32 and small steps back", async () => {
		const { network, ns } = await streamOn();
		const times: number[] = [];
		ns.onMedia = message => times.push(message.timestamp);
		ns.play("a");
		await network.run();
		times.length = 0;
		for (const time of [0xffffff00, 0xfffffff0, 16, 0xfffffffe]) network.server.send(MEDIA_VIDEO, time, KEYFRAME);
		await network.run();
		expect(times).toEqual([0xffffff00, 0xfffffff0, 2 ** 32 + 16, 0xfffffffe]);
	});

	test("does not let the server call what the library defines", async () => {
		const { network, ns } = await streamOn();
		ns.play("a");
		await network.run();
		for (const name of ["close", "onMedia", "dispose", "constructor"]) network.server.data(name, 1);
		await network.run();
		expect(network.warnings).toHaveLength(4);
		expect(network.server.events).toEqual(["play a -2000 -1000 true"]);
	});

	test("warns of callbacks that are missing, but not of those that come with every stream", async () => {
		const { network, ns } = await streamOn();
		ns.play("a");
		await network.run();
		for (const name of ["onMetaData", "onPlayStatus", "onXMPData", "onCue"]) network.server.data(name, {});
		await network.run();
		expect(network.warnings).toEqual(["Error #2095: NetStream was unable to invoke callback onCue."]);
	});

	test("contains callbacks that throw and data that is no AMF", async () => {
		const { network, ns } = await streamOn();
		ns["onCue"] = () => {
			throw new Error("mine");
		};
		ns.play("a");
		await network.run();
		network.server.send(18, 0, Uint8Array.of(1, 2, 3));
		network.server.data("onCue");
		await network.run();
		expect(network.warnings[0]).toContain("The callback onCue threw: Error: mine");
	});
});

describe("promises", () => {
	test("resolve with the status that was waited for", async () => {
		const { network, ns } = await streamOn();
		const publishing = ns.publishAsync("cam");
		await network.run();
		expect(await publishing).toMatchObject({ code: "NetStream.Publish.Start", details: "cam" });
		ns.close();
		const playing = ns.playAsync("cam");
		await network.run();
		expect((await playing).code).toBe("NetStream.Play.Start");
	});

	test("reject with the server's refusal", async () => {
		const { network, ns } = await streamOn();
		network.answers.publish = stream => stream.refuse(netStatus("NetStream.Publish.BadName"));
		const refused = ns.publishAsync("cam");
		refused.catch(() => undefined);
		await network.run();
		await expect(refused).rejects.toMatchObject({ info: { code: "NetStream.Publish.BadName", details: "cam" } });
	});

	test("reject where the connection is lost or never comes", async () => {
		const { network, nc, ns } = await streamOn();
		network.answers.play = () => undefined;
		const lost = ns.playAsync("cam");
		lost.catch(() => undefined);
		await network.run();
		network.drop();
		await expect(lost).rejects.toBeInstanceOf(NetStatusError);
		network.mode = "refused";
		nc.connect(URL);
		const never = ns.publishAsync("cam");
		never.catch(() => undefined);
		await network.run();
		await expect(never).rejects.toBeInstanceOf(NetStatusError);
	});
});

describe("media()", () => {
	async function playing() {
		const all = await streamOn();
		all.ns.play("a");
		await all.network.run();
		return { ...all, media: all.ns.media() };
	}

	test("gives what comes and ends with the publisher", async () => {
		const { network, ns, media } = await playing();
		const following = ns.media({ follow: true });
		network.server.send(MEDIA_VIDEO, 1, KEYFRAME);
		network.server.send(MEDIA_VIDEO, 2, KEYFRAME);
		network.server.stream.sendStatus(netStatus("NetStream.Play.UnpublishNotify"));
		await network.run();
		expect([ns.info.videoBufferByteLength, ns.bufferLength]).toEqual([12, 0.001]);
		const times: number[] = [];
		for await (const message of media) times.push(message.timestamp);
		expect(times).toEqual([1, 2]);
		ns.close();
		let count = 0;
		for await (const _ of following) count++;
		expect(count).toBe(2);
	});

	test("throws where the connection is lost, not where it is closed here", async () => {
		const { network, nc, ns, media } = await playing();
		const waiting = media.next();
		waiting.catch(() => undefined);
		network.drop();
		await expect(waiting).rejects.toMatchObject({ code: "NetConnection.Connect.Closed" });
		nc.connect(URL);
		ns.play("a");
		const again = ns.media();
		await network.run();
		nc.close();
		await network.run();
		const rest: MediaMessage[] = [];
		for await (const message of again) rest.push(message);
		expect(rest.map(message => message.type)).toEqual([MEDIA_DATA]);
	});

	test("throws where the stream cannot be played", async () => {
		const { network, ns } = await streamOn();
		network.answers.play = stream => stream.refuse(netStatus("NetStream.Play.StreamNotFound"));
		const media = ns.media();
		ns.play("none");
		await network.run();
		await expect(media.next()).rejects.toMatchObject({ code: "NetStream.Play.StreamNotFound" });
		expect((await media.next()).done).toBe(true);
	});
});

describe("back-pressure", () => {
	test("sendMedia asks for a pause, and drained ends it", async () => {
		const { network, ns } = await streamOn();
		ns.publish("a");
		await network.run();
		network.isJammed = true;
		const big = new MediaMessage(MEDIA_VIDEO, 0, new Uint8Array(400_000));
		expect([ns.sendMedia(big), ns.sendMedia(big), ns.sendMedia(big)]).toEqual([true, true, false]);
		let isDrained = false;
		const drained = ns.drained().then(() => {
			isDrained = true;
		});
		await network.run();
		expect([isDrained, ns.backlog > 1_200_000]).toEqual([false, true]);
		network.isJammed = false;
		await network.run();
		await drained;
		expect([ns.backlog, network.server.media.length]).toEqual([0, 3]);
	});

	test("drained does not wait for a connection that has ended", async () => {
		const { network, nc, ns } = await streamOn();
		ns.publish("a");
		await network.run();
		network.isJammed = true;
		ns.sendMedia(new MediaMessage(MEDIA_VIDEO, 0, new Uint8Array(2_000_000)));
		const drained = ns.drained();
		await network.run();
		nc.close();
		await drained;
		expect(ns.backlog).toBe(0);
	});

	test("a server that takes nothing ends the connection at the limit", async () => {
		const network = new TestNetwork();
		const { nc, codes } = network.connection({ maxBacklogBytes: 3_000_000 });
		nc.connect(URL);
		const ns = new NetStream(nc);
		ns.publish("a");
		await network.run();
		network.isJammed = true;
		for (let index = 0; index < 10; index++) {
			ns.sendMedia(new MediaMessage(MEDIA_VIDEO, 0, new Uint8Array(1_000_000)));
			await network.run();
		}
		expect(codes.at(-1)).toBe("NetConnection.Connect.Closed");
	});
});

describe("NetStream.info", () => {
	test("measures what is received, by kind and by either clock", async () => {
		const { network, ns } = await streamOn();
		ns.client = { onMetaData: () => undefined, onXMPData: () => undefined };
		ns.play("cam");
		await network.run();
		network.server.data("onMetaData", { width: 640 });
		network.server.data("onXMPData", { data: "<x/>", liveXML: "" });
		// Twice as fast as it is played: 20 pictures of 500 bytes and 40 sounds of 100 bytes each second of the stream.
		for (let i = 0; i < 40; i++) {
			const picture = new Uint8Array(500);
			picture.set([i % 10 === 0 ? 0x17 : 0x27, 1]);
			network.server.send(MEDIA_VIDEO, i * 50, picture);
			for (const late of [0, 25])
				network.server.send(MEDIA_AUDIO, i * 50 + late, new Uint8Array(100).fill(0xaf, 0, 1).fill(1, 1));
			await network.pass(25);
		}
		const { info } = ns;
		expect([info.videoByteCount, info.audioByteCount]).toEqual([20_000, 8000]);
		expect(info.byteCount).toBe(28_000 + info.dataByteCount);
		expect(info.dataByteCount).toBeGreaterThan(40);
		const near = (value: number, wanted: number) => Math.abs(value / wanted - 1) < 0.15;
		expect([near(info.videoBytesPerSecond, 20_000), near(info.audioBytesPerSecond, 8000)]).toEqual([true, true]);
		expect([near(info.currentBytesPerSecond, 28_000), near(info.playbackBytesPerSecond, 14_000)]).toEqual([true, true]);
		expect(info.maxBytesPerSecond).toBeGreaterThanOrEqual(info.currentBytesPerSecond);
		expect(info).toMatchObject({ metaData: { width: 640 }, xmpData: { data: "<x/>" }, isLive: true, droppedFrames: 0 });
		expect(info).toMatchObject({
			audioLossRate: 0,
			videoLossRate: 0,
			dataBufferLength: 0,
			resourceName: "cam",
			uri: URL,
		});
		await network.pass(2000);
		expect([ns.info.currentBytesPerSecond, near(ns.info.playbackBytesPerSecond, 14_000)]).toEqual([0, true]);
		// Another part of the stream: its rate is its own.
		network.server.send(MEDIA_VIDEO, 0, KEYFRAME);
		await network.run();
		expect(ns.info.playbackBytesPerSecond).toBe(6);
	});

	test("has the smoothed round trip of the pings, from the first second on", async () => {
		const { network, ns } = await streamOn();
		expect(ns.info.SRTT).toBe(0);
		const { link } = network.server.connection;
		expect(link.messagesReceived).toBeGreaterThan(2);
		// The test's network takes no time; a server that is slow to answer does.
		network.isCut = true;
		await network.pass(10_000);
		network.now += 80;
		network.isCut = false;
		await network.run();
		expect(ns.info.SRTT).toBe(10);
	});
});
