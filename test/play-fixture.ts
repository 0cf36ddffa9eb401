import type { AmfValue } from "@millrace/core/amf";
import { EVENT_SET_BUFFER_LENGTH, encodeUserControl, TYPE_USER_CONTROL } from "@millrace/core/rtmp";
import { type Split, VirtualClock } from "@millrace/testkit";
import { mayPublish } from "../packages/server/src/access/index.ts";
import {
	DefaultApplicationHost,
	type PortEvent,
	type PortListener,
	type StreamName,
} from "../packages/server/src/app/index.ts";
import { directoryOf } from "../packages/server/src/app/instance-fixture.ts";
import { resolveOptions } from "../packages/server/src/config/index.ts";
import { liveOptions } from "../packages/server/src/hub/hub-fixture.ts";
import { Hub } from "../packages/server/src/hub/index.ts";
import { MemorySource } from "../packages/server/src/library/file-player-fixture.ts";
import { type MediaCatalog, PlayerSchedule } from "../packages/server/src/library/index.ts";
import { silentLog } from "../packages/server/src/log/index.ts";
import type { Wire, WireHandler } from "../packages/server/src/net/index.ts";
import { RtmpPeer } from "../packages/server/src/rtmp/index.ts";
import { RawRtmpClient } from "./raw-rtmp-client.ts";

/** Peers without a network, with files in memory and an application that lets everything happen. */
export class PlayFixture implements MediaCatalog {
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
	readonly #instances = directoryOf({
		open: (application: string, instance: string, listener: PortListener) => {
			const port = new DefaultApplicationHost().open(application, instance, listener);
			return {
				send: (event: PortEvent) => {
					if (event.kind === "play" || event.kind === "stop") this.events.push(`${event.kind} ${event.stream.name}`);
					port.send(event);
				},
				answer: reply => port.answer(reply),
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
			{ protocol: "rtmp", secure: false },
			{
				rejection: () => undefined,
				hub: this.hub,
				instances: this.#instances,
				log: { ...silentLog, child: () => ({ ...silentLog, error: record, warn: record }) },
				connection: { ...rtmp, limits },
				encryption: false,
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

export class TestClient extends RawRtmpClient {
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
			isSpent: false,
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

/** A film of pictures each 100 ms, numbered by their times. */
export function programme(seconds: number, gopMillis: number): MemorySource {
	const source = MemorySource.of(seconds, { fps: 10, gopMillis, audio: false, bytes: 6 });
	for (const { payload, timestamp } of source.messages) payload[5] = (timestamp / 100) & 255;
	return source;
}

/** In front of media. */
export const DATA_START = "data onStatus,NetStream.Data.Start";
/** The next item of a playlist begins. */
export const SWITCHED = "data onPlayStatus,NetStream.Play.Switch";
/** A transition is done. */
export const CHANGED = "data onPlayStatus,NetStream.Play.TransitionComplete";
/** What comes before the media of a file. */
export const STARTED = [
	"control4:1",
	"begin",
	"onStatus NetStream.Play.Reset",
	"onStatus NetStream.Play.Start",
	"data |RtmpSampleAccess,true,true",
	DATA_START,
	"data onMetaData,[object Object]",
].map(event => event.replace(":1", ""));
/** The same for what does not begin a playlist. */
export const NEXT = STARTED.filter(event => !event.includes("Reset"));
/** The end of all. */
export const ENDED = ["eof", "data onPlayStatus,NetStream.Play.Complete", "onStatus NetStream.Play.Stop"];

/** Pictures from a time up to another, each 100 ms, with keyframes at every `gop`. */
export function pictures(from: number, to: number, gop = 500, shift = 0): string[] {
	const names: string[] = [];
	for (let time = from; time < to; time += 100) {
		names.push(`${time % gop === 0 ? "K" : "P"}${time / 100}@${time + shift}`);
	}
	return names;
}

/** A codec configuration, as it is written down. */
export const configuration = (time: number) => `v0@${time}`;
/** Media alone. */
export const media = (events: readonly string[]) => events.filter(event => event.includes("@"));
/** All but media. */
export const others = (events: readonly string[]) => events.filter(event => !event.includes("@"));
