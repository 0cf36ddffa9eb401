import type { AmfValue } from "@millrace/core/amf";
import { FileError } from "@millrace/core/fault";
import { EVENT_SET_BUFFER_LENGTH, encodeUserControl, TYPE_USER_CONTROL } from "@millrace/core/rtmp";
import { type Split, splits, VirtualClock } from "@millrace/testkit";
import { describe, expect, it } from "vitest";
import { mayPublish } from "../packages/server/src/access/index.ts";
import {
	InstanceDirectory,
	LiveApplicationHost,
	type PortEvent,
	type StreamName,
} from "../packages/server/src/app/index.ts";
import { resolveOptions } from "../packages/server/src/config/index.ts";
import { liveOptions } from "../packages/server/src/hub/hub-fixture.ts";
import { Hub } from "../packages/server/src/hub/index.ts";
import { MemorySource, picture, sound } from "../packages/server/src/library/file-player-fixture.ts";
import { type MediaCatalog, PlayerSchedule } from "../packages/server/src/library/index.ts";
import { silentLog } from "../packages/server/src/log/index.ts";
import type { Wire, WireHandler } from "../packages/server/src/net/index.ts";
import { RtmpPeer } from "../packages/server/src/rtmp/index.ts";
import { RawRtmpClient } from "./raw-rtmp-client.ts";

/** Peers without a network, with files in memory and an application that lets everything happen. */
class PlayFixture implements MediaCatalog {
	readonly clock = new VirtualClock(1000);
	readonly hub = new Hub(this.clock, { onViewerSkipped() {} });
	readonly schedule = new PlayerSchedule(this.clock);
	readonly files = new Map<string, MemorySource>();
	readonly events: string[] = [];
	readonly log: string[] = [];
	/** What opening the next file rejects with. */
	failure: Error | undefined;
	readonly #split: Split | undefined;
	readonly #exactSeek: boolean;
	readonly #instances = new InstanceDirectory({
		open: (application, instance, onEffects) => {
			const port = new LiveApplicationHost().open(application, instance, onEffects);
			return {
				send: (event: PortEvent) => {
					if (event.kind === "play" || event.kind === "stop") this.events.push(`${event.kind} ${event.stream.name}`);
					port.send(event);
				},
				close: () => port.close(),
			};
		},
	});
	#nextId = 1;

	constructor({ split, exactSeek = false }: { split?: Split; exactSeek?: boolean } = {}) {
		this.#split = split;
		this.#exactSeek = exactSeek;
		// Two qualities of a programme, and another one: a picture each 100 ms, numbered by its time.
		this.files.set("film", programme(10, 500));
		this.files.set("mp4:film", programme(10, 700));
		this.files.set("short", programme(0.3, 500));
	}

	async open({ name }: StreamName) {
		const { failure } = this;
		this.failure = undefined;
		if (failure !== undefined) throw failure;
		const file = this.files.get(name);
		if (file !== undefined) file.users++;
		return file;
	}

	async lengthMillis({ name }: StreamName) {
		return this.files.get(name)?.durationMillis;
	}

	/** A client that is connected, with two streams. */
	client(flashVer = "test"): TestClient {
		return new TestClient(this, `c${this.#nextId++}`, flashVer, this.#split);
	}

	peer(id: string, wire: (handler: WireHandler) => Wire): RtmpPeer {
		const { rtmp, limits } = resolveOptions({});
		const record = (event: string, fields: { reason?: unknown } = {}) => {
			this.log.push(`${event} ${fields.reason ?? ""}`);
		};
		return new RtmpPeer(
			id,
			wire,
			{
				hub: this.hub,
				instances: this.#instances,
				log: { ...silentLog, child: () => ({ ...silentLog, error: record, warn: record }) },
				connection: { ...rtmp, limits },
				catalog: this,
				schedule: this.schedule,
				now: this.clock.now,
				random: count => new Uint8Array(count),
				application: () => ({
					live: liveOptions({ latency: "interactive", graceMillis: 0 }),
					mayPublish: (remoteAddress, key) => mayPublish({ remoteAddress, key }, { from: "anywhere", key: "abcdefgh" }),
					files: { minBufferMillis: 1000, exactSeek: this.#exactSeek },
				}),
				describe: () => "",
			},
			() => {},
		);
	}
}

class TestClient extends RawRtmpClient {
	readonly peer: RtmpPeer;
	/** Whether its network takes nothing. */
	blocked = false;
	/** Bytes of the writes that its network was given. */
	readonly writes: number[] = [];
	readonly #fixture: PlayFixture;
	#handler: WireHandler | undefined;

	constructor(fixture: PlayFixture, id: string, flashVer: string, split: Split | undefined) {
		super(bytes => {
			const receive = (piece: Uint8Array) => this.#handler?.onWireData?.(piece);
			if (split === undefined) receive(bytes);
			else split.feed(bytes, receive);
		});
		this.#fixture = fixture;
		const isBlocked = () => this.blocked;
		const wire: Wire = {
			get backlog() {
				return isBlocked() ? 1 : 0;
			},
			bytesWritten: 0,
			remoteAddress: "192.0.2.1",
			write: bytes => {
				this.writes.push(bytes.length);
				this.receive(bytes);
			},
			pause() {},
			resume() {},
			notifyDrain() {},
			end: () => {
				this.closed = true;
			},
			destroy: () => {
				this.closed = true;
			},
		};
		this.peer = fixture.peer(id, handler => {
			this.#handler = handler;
			return wire;
		});
		this.showsTimes = true;
		this.start();
		this.connect("vod", flashVer);
		this.command(0, "createStream").command(0, "createStream");
		this.take();
	}

	/** Sends a command for stream 1, and lets what it begins come to rest. */
	async does(name: string, ...args: AmfValue[]): Promise<string[]> {
		this.command(1, name, ...args);
		return this.settled();
	}

	play2(options: Record<string, AmfValue>): Promise<string[]> {
		return this.does("play2", options);
	}

	/** Events since the last call, after everything has come to rest; those of stream 1 without its number. */
	async settled(): Promise<string[]> {
		for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve));
		return this.take().map(event => event.replace(/^(\w+):1( |$)/, "$1$2").replace(/:1$/, ""));
	}

	/** Lets time pass. */
	async after(millis: number): Promise<string[]> {
		const events: string[] = [];
		for (let passed = 0; passed < millis; passed += 100) {
			this.#fixture.clock.advance(100);
			events.push(...(await this.settled()));
		}
		return events;
	}

	bufferLength(millis: number): this {
		return this.message(TYPE_USER_CONTROL, 0, encodeUserControl(EVENT_SET_BUFFER_LENGTH, 1, millis));
	}

	drain(): void {
		this.blocked = false;
		this.#handler?.onWireDrain();
	}

	drop(): void {
		this.#handler?.onWireClosed(undefined);
	}
}

function programme(seconds: number, gopMillis: number): MemorySource {
	const source = MemorySource.of(seconds, { fps: 10, gopMillis, audio: false, bytes: 6 });
	for (const { payload, timestamp } of source.messages) payload[5] = (timestamp / 100) & 255;
	return source;
}

const DATA_START = "data onStatus,NetStream.Data.Start";
const SWITCHED = "data onPlayStatus,NetStream.Play.Switch";
const CHANGED = "data onPlayStatus,NetStream.Play.TransitionComplete";
const STARTED = [
	"control4:1",
	"begin",
	"onStatus NetStream.Play.Reset",
	"onStatus NetStream.Play.Start",
	"data |RtmpSampleAccess,true,true",
	DATA_START,
	"data onMetaData,[object Object]",
].map(event => event.replace(":1", ""));
const NEXT = STARTED.filter(event => !event.includes("Reset"));
const ENDED = ["eof", "data onPlayStatus,NetStream.Play.Complete", "onStatus NetStream.Play.Stop"];

/** Pictures from a time up to another, each 100 ms, with keyframes at every `gop`. */
function pictures(from: number, to: number, gop = 500, shift = 0): string[] {
	const names: string[] = [];
	for (let time = from; time < to; time += 100) {
		names.push(`${time % gop === 0 ? "K" : "P"}${time / 100}@${time + shift}`);
	}
	return names;
}

const configuration = (time: number) => `vundefined@${time}`;
/** Media alone. */
const media = (events: readonly string[]) => events.filter(event => event.includes("@"));
const others = (events: readonly string[]) => events.filter(event => !event.includes("@"));

describe.each(splits)("a file, with commands that come $name,", split => {
	it("is played in the order that players expect, and ends", async () => {
		const fixture = new PlayFixture({ split });
		const client = fixture.client();
		expect(await client.does("play", "short", 0)).toEqual([
			...STARTED,
			configuration(0),
			...pictures(0, 300),
			...ENDED,
		]);
		expect(client.infos.get("NetStream.Play.Start")).toMatchObject({ details: "short", clientid: "c1" });
		expect(await client.does("closeStream")).toEqual([]);
		expect([fixture.events, fixture.files.get("short")!.users]).toEqual([["play short", "stop short"], 1]);
	});

	it("takes seek, pause, a playlist and play2 in their order", async () => {
		const client = new PlayFixture({ split }).client();
		client.command(1, "play", "film", 0).command(1, "seek", 9000).command(1, "play", "short", 0, -1000, false);
		client.command(1, "pause", true, 9500).command(1, "pause", false, 9800);
		const events = await client.settled();
		expect(others(events)).toEqual([
			...STARTED,
			...["control4", "begin", "onStatus NetStream.Seek.Notify", "onStatus NetStream.Play.Start"],
			...[DATA_START, "data onMetaData,[object Object]"],
			...["onStatus NetStream.Pause.Notify", "eof"],
			...["begin", "onStatus NetStream.Unpause.Notify", "onStatus NetStream.Play.Start"],
			...[SWITCHED, ...NEXT],
			...ENDED,
		]);
		expect(media(events)).toEqual([
			configuration(9000),
			...pictures(9000, 10_000),
			configuration(9940),
			...pictures(0, 300, 500, 9940),
		]);
	});
});

describe("play", () => {
	it.each<[args: AmfValue[], expected: string]>([
		[["film"], "recorded"],
		[["film", -2], "recorded"],
		[["film", -2000], "recorded"],
		[["film", -1], "waiting"],
		[["film", -1000], "waiting"],
		[["film", 0], "recorded"],
		[["film", 4500], "recorded"],
		[["mp4:film", 0], "recorded"],
		[["nothing", -2000], "waiting"],
		[["nothing", 0], "NetStream.Play.StreamNotFound"],
		[["nothing", 1], "NetStream.Play.StreamNotFound"],
		[["cam", -2000], "live"],
		[["cam", -1000], "live"],
		[["cam", 0], "live"],
		[["both", -2000], "live"],
		[["both", -1000], "live"],
		[["both", 0], "recorded"],
	])("of %j is %s", async (args, expected) => {
		const fixture = new PlayFixture();
		fixture.files.set("both", programme(1, 500));
		const publisher = fixture.client();
		publisher.command(1, "publish", "cam", "live").media(1, "K200");
		publisher.command(2, "publish", "both", "live").media(2, "K201");
		const client = fixture.client();
		const events = await client.does("play", ...args);
		const seen = events.includes("control4")
			? "recorded"
			: media(events).length > 0
				? "live"
				: events.includes("onStatus NetStream.Play.Start")
					? "waiting"
					: events.join().replace("onStatus ", "");
		expect(seen).toBe(expected);
	});

	it("of a length ends there; of length 0 it is one picture", async () => {
		const client = new PlayFixture().client();
		expect(media(await client.does("play", "film", 1200, 500))).toEqual([
			configuration(0),
			...pictures(1000, 1700, 500, -1000),
		]);
		expect(media(await client.does("play", "film", 1200, 0))).toEqual([configuration(0), "K10@0"]);
		expect(client.infos.get("NetStream.Play.Stop")).toMatchObject({ details: "film" });
	});

	it("sends ahead what the client buffers, tells that, and goes on in time", async () => {
		const client = new PlayFixture().client();
		const first = await client.does("play", "film", 0);
		expect(first.at(-1)).toBe("control31");
		expect(media(first).length).toBeLessThan(18);
		client.bufferLength(4000);
		const second = media(await client.settled());
		expect(second.length).toBeGreaterThan(20);
		const later = await client.after(1000);
		expect(media(later).length).toBeLessThan(16);
		expect(later.filter(event => event.startsWith("control"))).toEqual(["control32"]);
		client.bufferLength(36_000_000);
		expect((await client.settled()).slice(-3)).toEqual(ENDED);
	});

	it.each([2, 3])("with a reset of %d sends all at once", async reset => {
		const events = await new PlayFixture().client().does("play", "film", 0, -1000, reset);
		expect(media(events).length).toBe(101);
		expect(events.slice(-3)).toEqual(ENDED);
	});

	it("tells the length and the bytes at the end", async () => {
		const client = new PlayFixture().client();
		await client.does("play", "short", 0);
		expect(client.infos.get("NetStream.Play.Complete")).toMatchObject({ level: "status", duration: 0.24, bytes: 23 });
	});

	it("does not tell ffmpeg that data starts, which it would take for a stream", async () => {
		const events = await new PlayFixture().client("LNX 9,0,124,2").does("play", "short", 0);
		expect(events).not.toContain(DATA_START);
		expect(events).toContain("data onMetaData,[object Object]");
	});

	it.each([
		["FILE_INVALID", "NetStream.Play.FileStructureInvalid"],
		["FILE_NO_TRACK", "NetStream.Play.NoSupportedTrackFound"],
		["FILE_TOO_COMPLEX", "NetStream.Play.FileStructureInvalid"],
		["FILE_UNREADABLE", "NetStream.Play.Failed"],
	] as const)("of a file with %s is refused with %s and logged", async (fault, status) => {
		const fixture = new PlayFixture();
		fixture.failure = new FileError(fault, "x");
		const client = fixture.client();
		expect(await client.does("play", "film", 0)).toEqual([`onStatus ${status}`]);
		expect(fixture.log).toEqual([`play-failed ${fault}`]);
		expect(fixture.events).toEqual(["play film", "stop film"]);
		expect((await client.does("play", "short", 0)).at(-1)).toBe(ENDED[2]);
	});

	it("that fails on the way ends with a status and the connection goes on", async () => {
		const fixture = new PlayFixture();
		const client = fixture.client();
		await client.does("play", "film", 0);
		fixture.files.get("film")!.failure = new FileError("FILE_INVALID", "x");
		expect(await client.does("seek", 5000)).toEqual([
			...["control4", "begin", "onStatus NetStream.Seek.Notify", "onStatus NetStream.Play.Start"],
			...[DATA_START, "data onMetaData,[object Object]"],
			...["onStatus NetStream.Play.FileStructureInvalid", "eof", "onStatus NetStream.Play.Stop"],
		]);
		expect([client.closed, fixture.log]).toEqual([false, ["play-failed FILE_INVALID"]]);
		expect(media(await client.does("play", "short", 0)).length).toBe(4);
		expect(fixture.files.get("film")!.users).toBe(1);
	});

	it("lets go of the file when the client leaves, even while it is being opened", async () => {
		for (const wait of [true, false]) {
			const fixture = new PlayFixture();
			const client = fixture.client();
			client.command(1, "play", "film", 0);
			if (wait) await client.settled();
			client.drop();
			await client.settled();
			expect([fixture.files.get("film")!.users, fixture.schedule.size]).toEqual([1, 0]);
			expect(fixture.events).toEqual(["play film", "stop film"]);
		}
	});

	it("keeps what the client does not read in its file", async () => {
		const fixture = new PlayFixture();
		fixture.files.set("large", MemorySource.of(60, { bytes: 20_000 }));
		const client = fixture.client();
		client.bufferLength(0).command(1, "play", "large", 0);
		await client.settled();
		client.command(1, "play", "large", 0);
		client.blocked = true;
		const before = client.writes.length;
		await client.settled();
		expect(client.writes.length).toBe(before);
		client.drain();
		await client.settled();
		expect(Math.max(...client.writes)).toBeLessThan(100_000);
	});

	it("of two files on two streams leaves each alone", async () => {
		const client = new PlayFixture().client();
		client.command(1, "play", "film", 0).command(2, "play", "short", 0).command(1, "pause", true, 0);
		const events = await client.settled();
		expect(events.filter(event => event.endsWith(":2")).length).toBeGreaterThan(3);
		expect(media(events).filter(event => !event.endsWith(":2"))).toEqual([]);
	});
});

describe("a file that is sought", () => {
	const NOTIFIED = [
		...["control4", "begin", "onStatus NetStream.Seek.Notify", "onStatus NetStream.Play.Start"],
		...[DATA_START, "data onMetaData,[object Object]"],
	];

	it("goes on at the keyframe before, also after its end", async () => {
		const client = new PlayFixture().client();
		await client.does("play", "film", 0);
		const events = await client.does("seek", 5200);
		expect(events.slice(0, 8)).toEqual([...NOTIFIED, configuration(5000), "K50@5000"]);
		expect(client.infos.get("NetStream.Seek.Notify")?.["description"]).toBe("Seeking 5200 (stream ID: 1).");
		await client.does("seek", 9900);
		expect(await client.after(500)).toEqual([]);
		expect((await client.does("seek", 9600)).slice(-4)).toEqual(["P99@9900", ...ENDED]);
	});

	it("tells every one of several, and plays only the last", async () => {
		const client = new PlayFixture().client();
		await client.does("play", "film", 0);
		client.command(1, "seek", 2000).command(1, "seek", 4000).command(1, "seek", 8000);
		const events = await client.settled();
		expect(others(events).filter(event => event.includes("Seek"))).toHaveLength(3);
		expect(media(events).slice(0, 3)).toEqual([configuration(8000), "K80@8000", "P81@8100"]);
	});

	it("past its end tells the last time, and goes on", async () => {
		const client = new PlayFixture().client();
		await client.does("play", "film", 0);
		expect(await client.does("seek", 10_500)).toEqual(["onStatus NetStream.Seek.InvalidTime"]);
		expect(client.infos.get("NetStream.Seek.InvalidTime")?.["details"]).toBe(9940);
		expect(media(await client.after(600)).length).toBeGreaterThan(3);
	});

	it("hides what comes before the time where the application wants that", async () => {
		const client = new PlayFixture({ exactSeek: true }).client();
		await client.does("play", "film", 0);
		expect(media(await client.does("seek", 5200)).slice(0, 6)).toEqual([
			configuration(5000),
			...["Pundefined@5000", "K50@5000", "P51@5100", "Pundefined@5200", "P52@5200"],
		]);
	});
});

describe("a file that is paused", () => {
	it("goes on behind the position of the client, which has thrown away what it was sent", async () => {
		const client = new PlayFixture().client();
		await client.does("play", "film", 0);
		expect(await client.does("pause", true, 700)).toEqual(["onStatus NetStream.Pause.Notify", "eof"]);
		expect(await client.after(5000)).toEqual([]);
		const events = await client.does("pause", false, 700);
		expect(events.slice(0, 4)).toEqual([
			...["begin", "onStatus NetStream.Unpause.Notify", "onStatus NetStream.Play.Start"],
			"P8@800",
		]);
		expect(events.at(-1)).toBe("control31");
	});

	it.each([
		["pauseRaw", 700],
		["pause", 0],
	])("goes on where it was after %s at %d", async (command, position) => {
		const client = new PlayFixture().client();
		const before = media(await client.does("play", "film", 0));
		await client.does(command, true, position);
		const after = media(await client.does(command, false, position));
		expect([...before, ...after].slice(1)).toEqual(pictures(0, 100 * (before.length + after.length - 1)));
		expect(after.length).toBeGreaterThan(5);
	});

	it("by librtmp on stream 0 gets its next buffer at once", async () => {
		const client = new PlayFixture().client();
		await client.does("play", "film", 0);
		client.command(0, "pause", true, 1500).command(0, "pause", false, 1500);
		const events = await client.settled();
		expect(media(events)[0]).toBe("P16@1600");
		expect(media(events).length).toBeGreaterThan(7);
	});
});

describe("a playlist", () => {
	it("plays its items one after another on one clock, with one end", async () => {
		const fixture = new PlayFixture();
		const client = fixture.client();
		client.command(1, "play", "short", 0).command(1, "play", "film", 9500, -1000, false);
		client.command(1, "play", "short", 0, 200, false);
		const events = await client.settled();
		expect(others(events)).toEqual([...STARTED, SWITCHED, ...NEXT, SWITCHED, ...NEXT, ...ENDED]);
		expect(media(events)).toEqual([
			...[configuration(0), ...pictures(0, 300)],
			...[configuration(240), ...pictures(9500, 10_000, 500, 240 - 9500)],
			...[configuration(680), ...pictures(0, 200, 500, 680)],
		]);
		await client.does("closeStream");
		expect(fixture.events).toEqual([
			...["play short", "play film", "play short"],
			...["stop short", "stop film", "stop short"],
		]);
	});

	it("passes over what is not there, and takes more when all has been played", async () => {
		const client = new PlayFixture().client();
		client.command(1, "play", "short", 0).command(1, "play", "nothing", 0, -1000, false);
		const events = await client.settled();
		expect(events.slice(-4)).toEqual(["onStatus NetStream.Play.StreamNotFound", ...ENDED]);
		expect(client.infos.get("NetStream.Play.StreamNotFound")?.["details"]).toBe("nothing");
		const more = await client.does("play", "short", 0, -1000, false);
		expect(others(more)).toEqual([SWITCHED, ...NEXT, ...ENDED]);
		expect(media(more)[1]).toBe("K0@240");
	});

	it("goes from what is live to what is recorded when the publisher leaves, and back", async () => {
		const fixture = new PlayFixture();
		const publisher = fixture.client();
		publisher.command(1, "publish", "cam", "live").media(1, "K200", 0);
		publisher.command(2, "publish", "late", "live").media(2, "v9", 0).media(2, "K210", 50_000);
		const client = fixture.client();
		client.command(1, "play", "cam", -1000).command(1, "play", "short", 0, -1000, false);
		client.command(1, "play", "late", -1000, -1000, false);
		expect(media(await client.settled())).toEqual(["K200@0"]);
		publisher.media(1, "P201", 400);
		await client.settled();
		publisher.command(1, "closeStream");
		const events = await client.settled();
		expect(events).not.toContain("onStatus NetStream.Play.UnpublishNotify");
		expect(media(events)).toEqual([configuration(400), ...pictures(0, 300, 500, 400), "v9@640", "K210@640"]);
		publisher.media(2, "P211", 50_040);
		expect(media(await client.settled())).toEqual(["P211@680"]);
	});

	it("leaves a live item when its length is over, and one that nobody publishes", async () => {
		const fixture = new PlayFixture();
		const publisher = fixture.client();
		publisher.command(1, "publish", "cam", "live").media(1, "K200", 0);
		const client = fixture.client();
		client.command(1, "play", "cam", -1000, 2000).command(1, "play", "nobody", -1000, 1000, false);
		client.command(1, "play", "short", 0, -1000, false);
		expect(others(await client.after(1900)).slice(-1)).toEqual(["data |RtmpSampleAccess,true,true"]);
		expect(others(await client.after(200))).toEqual([SWITCHED, ...NEXT.slice(1, 4)]);
		expect(others(await client.after(1200))).toEqual([SWITCHED, ...NEXT, ...ENDED]);
	});

	it("holds no more items than the limit", async () => {
		const client = new PlayFixture().client();
		client.command(1, "play", "film", 0);
		for (let i = 0; i < 257; i++) client.command(1, "play", "short", 0, -1000, false);
		const failed = (await client.settled()).filter(event => event.includes("Failed"));
		expect(failed).toEqual(["onStatus NetStream.Play.Failed"]);
	});
});

describe("play2", () => {
	it("switches between two files at the next keyframe of the new one, without a gap", async () => {
		const fixture = new PlayFixture();
		const client = fixture.client();
		const before = await client.does("play", "film", 0);
		const sent = media(before).length - 1;
		const events = await client.play2({ streamName: "mp4:film", oldStreamName: "film", transition: "switch" });
		expect(events[0]).toBe("onStatus NetStream.Play.Transition");
		expect(client.infos.get("NetStream.Play.Transition")).toMatchObject({
			level: "status",
			reason: "NetStream.Transition.Success",
			details: "film",
		});
		const all = [...events, ...(await client.after(3000))];
		const at = Math.ceil((sent * 100) / 700) * 700;
		const switched = all.indexOf(CHANGED);
		expect(all.slice(switched, switched + 3)).toEqual([CHANGED, "data onMetaData,[object Object]", configuration(at)]);
		const end = 100 * (sent + media(all).length - 1);
		expect(media(all)).toEqual([...pictures(sent * 100, at), configuration(at), ...pictures(at, end, 700)]);
		await client.does("closeStream");
		expect(fixture.events).toEqual(["play film", "play film", "stop film", "stop film"]);
		expect([fixture.files.get("film")!.users, fixture.files.get("mp4:film")!.users]).toEqual([1, 1]);
	});

	it("switches at the time that the client names, though more was sent", async () => {
		const client = new PlayFixture().client();
		await client.does("play", "film", 0);
		const events = await client.play2({ streamName: "mp4:film", transition: "switch", offset: 0.8 });
		expect(events.slice(0, 5)).toEqual([
			...["onStatus NetStream.Play.Transition", CHANGED, "data onMetaData,[object Object]"],
			...[configuration(700), "K7@700"],
		]);
	});

	it("has nothing to switch when all has been sent, but goes back to a time that the client names", async () => {
		const fixture = new PlayFixture();
		const client = fixture.client();
		await client.does("play", "film", 0, -1000, 3);
		expect(await client.play2({ streamName: "mp4:film", transition: "switch" })).toEqual([
			"onStatus NetStream.Play.Failed",
		]);
		expect(fixture.files.get("mp4:film")!.users).toBe(1);
		const events = await client.play2({ streamName: "mp4:film", transition: "switch", offset: 9.2 });
		expect(media(events)).toEqual([configuration(9100), ...pictures(9100, 10_000, 700)]);
		expect(events.slice(-3)).toEqual(ENDED);
	});

	it("takes over at once when the client seeks, and forgets what it looks for when the client leaves", async () => {
		const fixture = new PlayFixture();
		const client = fixture.client();
		await client.does("play", "film", 0);
		await client.play2({ streamName: "mp4:film", transition: "switch" });
		const events = await client.does("seek", 5000);
		expect(media(events).slice(0, 2)).toEqual([configuration(4900), "K49@4900"]);
		expect(events.filter(event => event === CHANGED)).toHaveLength(1);
		client.command(1, "play2", { streamName: "film", transition: "switch" }).command(1, "closeStream");
		await client.settled();
		client.command(1, "play", "film", 0).command(1, "play2", { streamName: "mp4:film", transition: "switch" });
		await client.settled();
		client.drop();
		await client.settled();
		expect([fixture.files.get("film")!.users, fixture.files.get("mp4:film")!.users]).toEqual([1, 1]);
		const asked = fixture.events.filter(event => event.startsWith("play")).length;
		expect(fixture.events.filter(event => event.startsWith("stop"))).toHaveLength(asked);
	});

	it("lets a newer transition override one on the way", async () => {
		const client = new PlayFixture().client();
		await client.does("play", "film", 0);
		client.command(1, "play2", { streamName: "mp4:film", transition: "switch" });
		client.command(1, "play2", { streamName: "short", start: 0, transition: "swap" });
		const events = await client.settled();
		expect(events.slice(0, 3)).toEqual([
			...["onStatus NetStream.Play.Failed", "onStatus NetStream.Play.Transition", DATA_START],
		]);
		expect(
			media(events)
				.slice(-3)
				.map(name => name.replace(/@.*/, "")),
		).toEqual(["K0", "P1", "P2"]);
	});

	it("fails for what is not there, and the old stream goes on", async () => {
		const fixture = new PlayFixture();
		const client = fixture.client();
		await client.does("play", "film", 0);
		for (const transition of ["switch", "swap"]) {
			expect(await client.play2({ streamName: "nothing", transition })).toEqual(["onStatus NetStream.Play.Failed"]);
		}
		expect(await client.play2({ streamName: "short", oldStreamName: "other", transition: "swap" })).toEqual([
			"onStatus NetStream.Play.Failed",
		]);
		expect(await client.play2({ streamName: "short", transition: "switch" })).toEqual([
			"onStatus NetStream.Play.Failed",
		]);
		expect(client.infos.get("NetStream.Play.Failed")?.["details"]).toBe("short");
		expect(media(await client.after(600)).length).toBeGreaterThan(3);
		expect(fixture.files.get("short")!.users).toBe(1);
	});

	it("swaps at once, on the same clock", async () => {
		const client = new PlayFixture().client();
		const sent = media(await client.does("play", "film", 0)).length - 1;
		const events = await client.play2({ streamName: "short", oldStreamName: "film", start: 0, transition: "swap" });
		const shift = (sent - 1) * 100;
		expect(others(events).slice(0, 1)).toEqual(["onStatus NetStream.Play.Transition"]);
		expect(media(events)).toEqual([configuration(9940), ...pictures(0, 300, 500, 9940)]);
		expect(shift).toBeGreaterThan(0);
	});

	it("replaces an item that waits, and plays it in its turn", async () => {
		const client = new PlayFixture().client();
		client.command(1, "play", "short", 0).command(1, "play", "film", 0, -1000, false);
		client.command(1, "play2", { streamName: "mp4:film", oldStreamName: "film", transition: "swap" });
		const events = await client.settled();
		expect(events).toContain("onStatus NetStream.Play.Transition");
		expect(media(events).slice(4, 13)).toEqual([configuration(240), ...pictures(0, 800, 700, 240)]);
	});

	it("appends, waits when it shall, and goes on when it may", async () => {
		const client = new PlayFixture().client();
		expect(await client.play2({ streamName: "short", transition: "appendAndWait" })).toEqual([]);
		expect(media(await client.play2({ streamName: "x", transition: "resume" })).length).toBe(4);
		expect(await client.play2({ streamName: "short", transition: "appendAndWait" })).toEqual([]);
		expect(media(await client.play2({ streamName: "short", transition: "append" })).length).toBe(8);
		expect((await client.play2({ streamName: "film", start: 5, transition: "reset" })).slice(0, 3)).toEqual(
			STARTED.slice(0, 3),
		);
		expect(await client.play2({ transition: "stop" })).toEqual(["eof", "onStatus NetStream.Play.Stop"]);
		expect(media(await client.play2({ streamName: "film", offset: 5.2, transition: "resume" }))[1]).toBe("K50@5000");
	});

	it("switches between live streams at a keyframe of the new one, on one clock", async () => {
		const fixture = new PlayFixture();
		const publisher = fixture.client();
		publisher.command(1, "publish", "high", "live").media(1, "K1", 0);
		publisher.command(2, "publish", "low", "live").media(2, "v2", 0).media(2, "K2", 20_000);
		const client = fixture.client();
		await client.does("play", "high", -1000);
		publisher.media(1, "P3", 5000).media(2, "P4", 20_040);
		expect(media(await client.settled())).toEqual(["P3@5000"]);
		expect(await client.play2({ streamName: "low", oldStreamName: "high", transition: "switch" })).toEqual([
			"onStatus NetStream.Play.Transition",
		]);
		publisher.media(1, "P5", 5040).media(2, "P6", 20_080);
		expect(await client.settled()).toEqual(["P5@5040"]);
		publisher.media(2, "K7", 20_120);
		expect(await client.settled()).toEqual([CHANGED, "v2@5040", "K7@5040"]);
		publisher.media(1, "P8", 5160).media(2, "P9", 20_160);
		expect(await client.settled()).toEqual(["P9@5080"]);
		await client.does("closeStream");
		expect(fixture.events).toEqual(["play high", "play low", "stop high", "stop low"]);
	});

	it("keeps the clock of live streams that share it, and gives up when the new one ends", async () => {
		const fixture = new PlayFixture();
		const publisher = fixture.client();
		publisher.command(1, "publish", "high", "live").media(1, "K1", 0);
		publisher.command(2, "publish", "low", "live").media(2, "K2", 0);
		const client = fixture.client();
		await client.does("play", "high", -1000);
		await client.play2({ streamName: "low", transition: "switch" });
		publisher.media(1, "P3", 40).media(2, "K4", 80);
		expect(media(await client.settled())).toEqual(["P3@40", "K4@80"]);
		await client.play2({ streamName: "high", transition: "switch" });
		publisher.command(1, "closeStream");
		expect(await client.settled()).toEqual(["onStatus NetStream.Play.Failed"]);
		publisher.media(2, "P5", 120);
		expect(await client.settled()).toEqual(["P5@120"]);
	});
});

describe("a live stream that is being recorded", () => {
	it("is joined at an earlier point, and followed to what is published now", async () => {
		const fixture = new PlayFixture();
		const source = programme(3, 500);
		source.isGrowing = true;
		fixture.files.set("cam", source);
		const publisher = fixture.client();
		publisher.command(1, "publish", "cam", "live").media(1, "K200");
		const client = fixture.client();
		client.bufferLength(5000);
		expect(media(await client.does("play", "cam", 1200)).slice(0, 3)).toEqual([configuration(0), "K10@0", "P11@100"]);
		expect(await client.after(3000)).toEqual([]);
		source.grow(picture(3000, true, 6));
		expect(media(await client.settled())).toEqual(["K0@2000"]);
		source.finish();
		expect(await client.settled()).toEqual(ENDED);
	});
});

describe("getStreamLength", () => {
	it.each([
		["film", 9.94],
		["mp4:film", 9.94],
		["nothing", 0],
		["cam", 0],
		["../film", 0],
	])("of %s is %d seconds", async (name, seconds) => {
		const fixture = new PlayFixture();
		fixture.client().command(1, "publish", "cam", "live").media(1, "K200");
		const client = fixture.client();
		client.command(0, "getStreamLength", name).command(0, "createStream");
		expect(await client.settled()).toEqual([`_result ${seconds}`, "_result 3"]);
	});
});

describe("receiveAudio and receiveVideo", () => {
	it("choose what is sent of a file", async () => {
		const fixture = new PlayFixture();
		fixture.files.set(
			"av",
			new MemorySource([picture(0, true, 6), sound(10, 3), picture(100, false, 6), sound(110, 3)]),
		);
		const client = fixture.client();
		await client.does("receiveVideo", false);
		expect(media(await client.does("play", "av", 0)).map(name => name[0])).toEqual(["a", "A", "A"]);
	});
});
