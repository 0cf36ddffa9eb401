import type { NetStatus } from "@millrace/core/rtmp";
import { VirtualClock } from "@millrace/testkit";
import { StreamName } from "../app/index.ts";
import { liveOptions, type Sent, TestViewer } from "../hub/hub-fixture.ts";
import { Hub, type LiveStreamOptions, type Publication } from "../hub/index.ts";
import { MemorySource } from "../library/file-player-fixture.ts";
import { type MediaListing, PlayerSchedule, Recorder, type RecordSettings } from "../library/index.ts";
import { MemoryFileSystem, nameOf, readFlv, recordSettings } from "../library/recording/recording-fixture.ts";
import { createEventLog, type LogRecord } from "../log/index.ts";
import type { ApplicationStreams } from "./application-streams.ts";
import { StreamDirectory } from "./stream-directory.ts";

export type StreamFixtureOptions = {
	readonly live?: Partial<LiveStreamOptions>;
	readonly record?: Partial<RecordSettings>;
};

/** The streams of the instance `app/_definst_`, with files in memory, on a clock that the test moves. */
export class StreamFixture {
	readonly clock = new VirtualClock(1000);
	readonly hub = new Hub(this.clock, { onViewerSkipped() {} });
	readonly disk = new MemoryFileSystem();
	readonly log: LogRecord[] = [];
	readonly recorder: Recorder;
	/** By their names with prefixes, of the application `app`. */
	readonly files = new Map<string, MemorySource | Error>();
	/** What streams were told: `one Play.Start`. */
	readonly statuses: string[] = [];
	/** The same, whole. */
	readonly infos: NetStatus[] = [];
	readonly directory: StreamDirectory;
	readonly streams: ApplicationStreams;
	readonly #options: StreamFixtureOptions;
	/** Called with each status. */
	onStatus: ((stream: string, code: string) => void) | undefined;

	constructor(options: StreamFixtureOptions = {}) {
		this.#options = options;
		const { clock, hub } = this;
		const { log } = createEventLog({
			sink: { write: record => this.log.push(record), flush: () => {} },
			perSecond: 1000,
		});
		this.recorder = new Recorder({
			folder: "/media",
			clock,
			fs: this.disk,
			platform: "linux",
			wallClock: () => this.disk.now,
			log,
		});
		const record = recordSettings(options.record);
		this.directory = new StreamDirectory({
			hub,
			clock,
			schedule: new PlayerSchedule(clock),
			recorder: this.recorder,
			log,
			library: {
				open: async name => this.#open(name),
				lengthMillis: async name => this.#source(name)?.durationMillis,
				describe: async name => this.#listing(name.name),
				addDirectory: async () => true,
				list: async () => [...this.files.keys()].map(name => this.#listing(name)!),
			},
			application: name =>
				name === "app" || name === "other" ? { live: liveOptions(options.live), record } : undefined,
		});
		this.streams = this.directory.open("app", "_definst_", (stream, info) => {
			const code = info.code.replace("NetStream.", "");
			this.statuses.push(`${stream} ${code}`);
			this.infos.push(info);
			this.onStatus?.(stream, code);
		});
	}

	/** A stream of the instance. */
	get(name = "one") {
		const stream = this.streams.get(name);
		if (stream === undefined) throw new Error(`No stream can be called ${name}.`);
		return stream;
	}

	/** A viewer of a live stream. */
	watch(name = "one", application = "app"): TestViewer {
		return new TestViewer(this.#live(name, application), "plain");
	}

	/** Somebody else publishes, with a clock that the test sets; fails where that is refused. */
	publish(name: string, application = "app"): FixturePublisher {
		const answer = this.#live(name, application).publish("key", { onPublicationEnded() {} });
		if (!("publication" in answer)) throw new Error(answer.refused);
		return new FixturePublisher(answer.publication, this);
	}

	/** What the statuses were since the last call. */
	takeStatuses(): string[] {
		return this.statuses.splice(0);
	}

	/** Lets everything happen that needs no time. */
	async settle(): Promise<void> {
		for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve));
	}

	/** Lets time pass, with what happens in it. */
	async pass(millis: number): Promise<void> {
		await this.settle();
		for (let rest = millis; rest > 0; rest -= 50) {
			this.clock.advance(Math.min(rest, 50));
			this.disk.now += Math.min(rest, 50);
			await this.settle();
		}
	}

	/** A recorded file's messages: `K3@0`. */
	read(name = "one"): string[] {
		return readFlv(this.disk.files.get(`/media/app/streams/_definst_/${name}.flv`)!.bytes).map(nameOf);
	}

	#live(name: string, application: string) {
		return this.hub.open(new StreamName(application, "_definst_", name).key, liveOptions(this.#options.live));
	}

	#source({ application, name }: StreamName): MemorySource | undefined {
		const file = application === "app" ? this.files.get(name) : undefined;
		if (file instanceof Error) throw file;
		return file;
	}

	#open(name: StreamName): MemorySource | undefined {
		const source = this.#source(name);
		if (source === undefined) return undefined;
		// Each time it is opened, somebody is to release it.
		source.users++;
		return source;
	}

	#listing(name: string): MediaListing | undefined {
		const file = this.files.get(name);
		if (file === undefined) return undefined;
		const bytes = file instanceof MemorySource ? file.bytes : 0;
		const lengthMillis = async () => (file instanceof MemorySource ? file.durationMillis : undefined);
		const facts = {
			file: `${name}.flv`,
			kind: "flv",
			bytes,
			modifiedMillis: 5,
			isGrowing: false,
			lengthMillis,
		} as const;
		return { name, instance: "_definst_", ...facts };
	}
}

/** Somebody who publishes from outside. */
export class FixturePublisher {
	readonly publication: Publication;
	/** The time of the next message. */
	time = 0;
	readonly #fixture: StreamFixture;

	constructor(publication: Publication, fixture: StreamFixture) {
		this.publication = publication;
		this.#fixture = fixture;
	}

	/** Sends messages that come together, then lets time pass. */
	async play(millis: number, ...messages: Sent[]): Promise<void> {
		for (const { type, payload } of messages) {
			this.publication.receive(type, this.time, payload, this.#fixture.clock.now());
		}
		this.publication.endTurn();
		this.time += millis;
		await this.#fixture.pass(millis);
	}
}
