import { AmfEcmaArray, type AmfObject } from "@millrace/core/amf";
import { MEDIA_AUDIO, MEDIA_VIDEO, type MediaMessage } from "@millrace/core/flv";
import {
	decodeCommand,
	EVENT_STREAM_BEGIN,
	EVENT_STREAM_IS_RECORDED,
	netStatus,
	type StatusCode,
} from "@millrace/core/rtmp";
import { describe, expect, test } from "vitest";
import { NetStream } from "./net-stream.ts";
import { NetStreamPlayOptions, NetStreamPlayTransitions } from "./net-stream-play-options.ts";
import { getStreamLength } from "./stream-length.ts";
import { SPLITS, type Split, TestNetwork } from "./test-network.ts";

const CONFIGURATION = Uint8Array.of(0x17, 0, 0, 0, 0, 1);
const KEYFRAME = Uint8Array.of(0x17, 1, 0, 0, 0, 9);
const FRAME = Uint8Array.of(0x27, 1, 0, 0, 0, 9);
const SOUND = Uint8Array.of(0xaf, 1, 7);

/** A film of the scripted server: frames each 40 ms, sound between, a keyframe each second. */
class TestFilm {
	readonly network: TestNetwork;
	readonly ns: NetStream;
	readonly codes: string[] = [];
	readonly playStatus: string[] = [];

	static async begin(split?: Split): Promise<TestFilm> {
		const network = new TestNetwork(split);
		network.answers.play = stream => {
			stream.sendEvent(EVENT_STREAM_IS_RECORDED);
			stream.acceptPlay(true);
		};
		const { nc } = network.connection();
		nc.connect("rtmp://host/vod");
		const film = new TestFilm(network, new NetStream(nc));
		film.ns.play("film", 0);
		await network.run();
		return film;
	}

	private constructor(network: TestNetwork, ns: NetStream) {
		this.network = network;
		this.ns = ns;
		ns.addEventListener("netStatus", ({ info }) => this.codes.push(info.code.slice("NetStream.".length)));
		ns.client = { onPlayStatus: (info: AmfObject) => this.playStatus.push(String(info["code"])) };
	}

	async send(from: number, to: number): Promise<void> {
		const { server } = this.network;
		for (let time = from; time < to; time += 40) {
			server.send(MEDIA_VIDEO, time, time % 1000 === 0 ? KEYFRAME : FRAME);
			server.send(MEDIA_AUDIO, time + 20, SOUND);
		}
		await this.network.run();
	}

	status(code: StatusCode, more?: AmfObject): Promise<void> {
		this.network.server.stream.sendStatus(netStatus(code, undefined, more));
		return this.network.run();
	}

	/** Does as a server does that was asked to seek. */
	async answerSeek(keyframe: number): Promise<void> {
		const { stream } = this.network.server;
		stream.sendEvent(EVENT_STREAM_IS_RECORDED);
		stream.sendEvent(EVENT_STREAM_BEGIN);
		await this.status("NetStream.Seek.Notify");
		await this.status("NetStream.Play.Start");
		this.network.server.send(MEDIA_VIDEO, keyframe, CONFIGURATION);
		await this.send(keyframe, keyframe + 2000);
	}

	get time(): number {
		return Math.round(this.ns.time * 1000);
	}
}

describe.each(SPLITS)("a recorded stream, bytes %s", (_name, split) => {
	test("plays by the clock to its end, with the statuses of a player", async () => {
		const film = await TestFilm.begin(split());
		const { network, ns, codes } = film;
		expect([ns.info.isLive, codes]).toEqual([false, ["Play.Reset", "Play.Start"]]);
		await film.send(0, 1000);
		expect(codes.slice(2)).toEqual(["Buffer.Full"]);
		await network.pass(400);
		expect([film.time, Math.round(ns.bufferLength * 1000)]).toEqual([400, 580]);
		expect([ns.info.videoBufferLength, ns.info.audioBufferLength].map(value => Math.round(value * 1000))).toEqual([
			560, 580,
		]);
		network.server.data("onPlayStatus", new AmfEcmaArray([["code", "NetStream.Play.Complete"]]));
		await film.status("NetStream.Play.Stop");
		expect(codes.slice(3)).toEqual(["Buffer.Flush", "Play.Stop"]);
		await network.pass(1000);
		expect([film.time, codes.slice(5), film.playStatus]).toEqual([980, ["Buffer.Empty"], ["NetStream.Play.Complete"]]);
	});

	test("seeks: what was there is dropped, and it plays on from the keyframe that comes", async () => {
		const film = await TestFilm.begin(split());
		const { network, ns, codes } = film;
		const media = ns.media();
		await film.send(0, 2000);
		await network.pass(500);
		const sought = ns.seekAsync(33.4);
		await network.run();
		expect(network.server.events.at(-1)).toBe("seek 33400");
		await film.send(2000, 2400);
		expect(film.time).toBe(500);
		const asNotified: number[] = [];
		ns.onStatus = info => {
			if (info.code === "NetStream.Seek.Notify") asNotified.push(film.time, ns.bufferLength);
		};
		await film.answerSeek(33_000);
		expect((await sought).code).toBe("NetStream.Seek.Notify");
		expect([asNotified, film.time]).toEqual([[33_400, 0], 33_000]);
		await network.pass(200);
		expect([film.time, codes.slice(2)]).toEqual([33_200, ["Buffer.Full", "Seek.Notify", "Play.Start", "Buffer.Full"]]);
		ns.close();
		const frames: MediaMessage[] = [];
		for await (const message of media) if (message.isVideo) frames.push(message);
		expect(frames.slice(0, 2).map(message => [message.timestamp, message.isConfiguration])).toEqual([
			[33_000, true],
			[33_000, false],
		]);
	});

	test("pauses and goes on without a gap", async () => {
		const film = await TestFilm.begin(split());
		const { network, ns, codes } = film;
		await film.send(0, 2000);
		await network.pass(500);
		const paused = ns.pauseAsync();
		await network.run();
		expect(network.server.events.at(-1)).toBe("pause true 1980");
		await film.status("NetStream.Pause.Notify");
		expect((await paused).code).toBe("NetStream.Pause.Notify");
		await film.send(2000, 2400);
		await network.pass(60_000);
		expect(film.time).toBe(500);
		const resumed = ns.resumeAsync();
		await network.run();
		expect(network.server.events.at(-1)).toBe("pause false 2380");
		await film.status("NetStream.Unpause.Notify");
		expect((await resumed).code).toBe("NetStream.Unpause.Notify");
		await network.pass(500);
		expect([film.time, codes.slice(2)]).toEqual([1000, ["Buffer.Full", "Pause.Notify", "Unpause.Notify"]]);
	});
});

describe("seek", () => {
	test.each(["NetStream.Seek.Failed", "NetStream.Seek.InvalidTime"] as const)(
		"that ends with %s rejects, and the stream goes on as it was",
		async code => {
			const film = await TestFilm.begin();
			const { network, ns } = film;
			const media = ns.media();
			await film.send(0, 2000);
			const sought = ns.seekAsync(1e6);
			const paused = ns.pauseAsync();
			sought.catch(() => undefined);
			await network.run();
			await film.status(code, { details: 12_000 });
			await expect(sought).rejects.toMatchObject({ info: { code, details: 12_000 } });
			await film.status("NetStream.Pause.Notify");
			await expect(paused).resolves.toMatchObject({ code: "NetStream.Pause.Notify" });
			expect((await media.next()).value).toMatchObject({ timestamp: 0 });
			expect(ns.bufferLength).toBeGreaterThan(1.5);
		},
	);

	test("while it is paused goes there and stands", async () => {
		const film = await TestFilm.begin();
		await film.send(0, 2000);
		film.ns.pause();
		film.ns.seek(7.5);
		await film.answerSeek(7000);
		await film.network.pass(1000);
		expect(film.time).toBe(7000);
		film.ns.resume();
		await film.network.pass(1000);
		expect(film.time).toBe(8000);
	});

	test("times below zero are zero", async () => {
		const film = await TestFilm.begin();
		film.ns.seek(-3);
		await film.network.run();
		expect(film.network.server.events.at(-1)).toBe("seek 0");
	});
});

describe("pause", () => {
	test("without a value pauses, where there is a listener as in ActionScript 3", async () => {
		const { network, ns } = await TestFilm.begin();
		ns.pause();
		ns.pause();
		await network.run();
		expect(network.server.events.slice(1)).toEqual(["pause true 0", "pause true 0"]);
	});

	test("without a value toggles for a stream whose handler is onStatus alone, as in ActionScript 2", async () => {
		const network = new TestNetwork();
		const { nc } = network.connection();
		nc.connect("rtmp://host/vod");
		const ns = new NetStream(nc);
		ns.onStatus = () => undefined;
		ns.play("film");
		ns.pause();
		ns.pause();
		ns.pause(false);
		await network.run();
		expect(network.server.events.slice(1)).toEqual(["pause true 0", "pause false 0", "pause false 0"]);
	});
});

describe("play", () => {
	test.each<[args: Parameters<NetStream["play"]>, asked: string]>([
		[["a"], "play a -2000 -1000 true"],
		[["a", -1], "play a -1000 -1000 true"],
		[["a", 0], "play a 0 -1000 true"],
		[["a", 1.005, 0], "play a 1005 0 true"],
		[["b", 4.35, 2.5, false], "play b 4350 2500 false"],
		[["a", 0, -1, 1], "play a 0 -1000 true"],
		[["a", 0, -1, 0], "play a 0 -1000 false"],
		[["a", 0, -1, 2], "play a 0 -1000 false"],
		[["a", 0, -1, 3], "play a 0 -1000 true"],
	])("%j asks for %s", async (args, asked) => {
		const network = new TestNetwork();
		const { nc } = network.connection();
		nc.connect("rtmp://host/vod");
		const ns = new NetStream(nc);
		ns.play(...args);
		await network.run();
		expect(network.server.events).toEqual([asked]);
	});

	test("adds to a playlist without disturbing what plays, whose items follow each other", async () => {
		const film = await TestFilm.begin();
		const { network, ns } = film;
		await film.send(0, 2000);
		await network.pass(1500);
		network.server.onPlay = () => undefined;
		ns.play("second", 0, -1, false);
		await network.run();
		expect([film.time, ns.bufferLength > 0.4]).toEqual([1500, true]);
		network.server.data("onPlayStatus", { code: "NetStream.Play.Switch", level: "status" });
		await film.send(0, 1000);
		await network.pass(1000);
		expect([film.time, film.playStatus]).toEqual([520, ["NetStream.Play.Switch"]]);
	});

	test("another stream begins with an empty buffer", async () => {
		const film = await TestFilm.begin();
		await film.send(0, 5000);
		await film.network.pass(1000);
		film.ns.play("other", 0);
		expect([film.time, film.ns.bufferLength]).toEqual([0, 0]);
		film.ns.play(false);
		await film.network.run();
		expect(film.network.server.events.slice(-2)).toEqual(["play other 0 -1000 true", "stop other"]);
	});
});

describe("play2", () => {
	test("tells the transition in the members of Flash, with times in seconds", async () => {
		const film = await TestFilm.begin();
		const options = new NetStreamPlayOptions();
		options.streamName = "film_high";
		options.oldStreamName = "film";
		options.offset = 12.5;
		const sent = sentBy(film);
		const done = film.ns.play2Async(options);
		await film.network.run();
		expect(sent()).toContain(
			`play2 {"len":-1,"offset":12.5,"oldStreamName":"film","start":-2,"streamName":"film_high","transition":"switch"}`,
		);
		await film.status("NetStream.Play.Transition", {
			details: "film_high",
			reason: "NetStream.Transition.Success",
		});
		expect(await done).toMatchObject({ reason: "NetStream.Transition.Success" });
		expect(film.ns.info.resourceName).toBe("film_high");
		film.network.server.data("onPlayStatus", { code: "NetStream.Play.TransitionComplete", level: "status" });
		await film.network.run();
		expect(film.playStatus).toEqual(["NetStream.Play.TransitionComplete"]);
	});

	test("that fails rejects, and what plays goes on", async () => {
		const film = await TestFilm.begin();
		const media = film.ns.media();
		const done = film.ns.play2Async({ streamName: "none", transition: NetStreamPlayTransitions.SWAP });
		done.catch(() => undefined);
		await film.network.run();
		await film.status("NetStream.Play.Failed");
		await expect(done).rejects.toMatchObject({ code: "NetStream.Play.Failed" });
		await film.send(0, 40);
		expect((await media.next()).value).toMatchObject({ timestamp: 0 });
		await film.status("NetStream.Play.Failed");
		await media.next();
		await expect(media.next()).rejects.toMatchObject({ code: "NetStream.Play.Failed" });
	});

	test("refuses an unknown transition and a missing name", async () => {
		const { ns } = await TestFilm.begin();
		expect(() => ns.play2({ streamName: "a", transition: "jump" as "switch" })).toThrow("NetStreamPlayTransitions");
		expect(() => ns.play2({})).toThrow("streamName");
	});
});

describe("the buffer", () => {
	test("runs dry and fills again; bufferTime says how far", async () => {
		const film = await TestFilm.begin();
		film.ns.bufferTime = 1;
		film.ns.bufferTimeMax = 5;
		expect([film.ns.bufferTime, film.ns.bufferTimeMax]).toEqual([1, 5]);
		await film.send(0, 1040);
		await film.network.pass(2000);
		await film.send(1040, 1400);
		expect(film.codes.slice(2)).toEqual(["Buffer.Full", "Buffer.Empty"]);
		await film.send(1400, 3000);
		expect(film.codes.slice(4)).toEqual(["Buffer.Full"]);
		expect(() => {
			film.ns.bufferTimeMax = -1;
		}).toThrow(RangeError);
	});

	test("says nothing any more once the stream is closed or its connection lost", async () => {
		for (const how of ["close", "drop"] as const) {
			const film = await TestFilm.begin();
			await film.send(0, 1000);
			if (how === "close") film.ns.close();
			else film.network.drop();
			await film.network.pass(5000);
			expect(film.codes).toEqual(["Play.Reset", "Play.Start", "Buffer.Full"]);
		}
	});
});

describe("getStreamLength", () => {
	test("asks the server, in seconds, and rejects what is no length", async () => {
		const network = new TestNetwork();
		const { nc } = network.connection();
		nc.connect("rtmp://host/vod");
		const answers: (number | string)[] = [12.5, "long"];
		const { callAsync } = nc;
		nc.callAsync = (name, ...args) => {
			expect([name, ...args]).toEqual(["getStreamLength", "film"]);
			return Promise.resolve(answers.shift());
		};
		expect(await getStreamLength(nc, "film")).toBe(12.5);
		await expect(getStreamLength(nc, "film")).rejects.toMatchObject({ code: "NetConnection.Call.Failed" });
		nc.callAsync = callAsync;
	});
});

/** The commands with one object that the client has sent from now on, as text. */
function sentBy({ network }: TestFilm): () => string[] {
	const { connection } = network.server;
	const receive = connection.onMessage.bind(connection);
	const sent: string[] = [];
	connection.onMessage = (type, timestamp, streamId, payload) => {
		if (type === 20) sent.push(textOf(payload));
		receive(type, timestamp, streamId, payload);
	};
	return () => sent;
}

function textOf(payload: Uint8Array): string {
	const command = decodeCommand(20, payload);
	return `${command.name} ${JSON.stringify(command.args[0])}`;
}
