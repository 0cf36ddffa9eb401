import type { AmfValue } from "@millrace/core/amf";
import { DEFAULT_INSTANCE, netStatus, type StatusCode } from "@millrace/core/rtmp";
import { ApplicationInstance, type InstanceMedia } from "../app/index.ts";
import type {
	AnyDefinition,
	Application,
	ApplicationConfig,
	ApplicationDefinition,
	Methods,
	RecordedFile,
	RemoteMethods,
	StreamFile,
} from "../application/index.ts";
import { localChannel, RuntimeLink } from "../host/index.ts";
import type { EventLog, LogFields } from "../log/index.ts";
import type { FakeClientOptions } from "./client-end.ts";
import { FakeClient } from "./fake-client.ts";
import { plainValue } from "./wire-value.ts";

/** How an application is started for a test. */
export type StartApplicationOptions = {
	/** Its name, that of its folder on a server. Default `test`. */
	readonly name?: string;
	/** Default `_definst_`, as where an address names none. */
	readonly instance?: string;
	/** What the application finds at `app.config`. Default: nothing. */
	readonly config?: ApplicationConfig;
	/** What `app.streams.files()` tells of: names, and lengths in seconds (default 60). Default: nothing. */
	readonly files?: readonly { readonly name: string; readonly length?: number }[];
	/** Where persistent shared objects are kept. Default: there can be none. */
	readonly folder?: string;
	/** Clients at once; more are rejected. Default 100,000, as on a server. */
	readonly maxClients?: number;
	/** Calls that one client may make in a second. Default 1000, as on a server. */
	readonly callsPerSecond?: number;
	/** Whether lines of the level `error` (what handlers throw) are kept off the error output. Default false. */
	readonly quiet?: boolean;
};

/** A line that the application, or the server about it, has logged. */
export type LogLine = { readonly level: "debug" | "info" | "warn" | "error"; readonly text: string };

/** What the application did to a stream of its own (`app.streams.get(name)`). */
export type StreamDeed = {
	/** Its name. */
	readonly stream: string;
	/** `play`, `push` (`publishTo`), `end-push`, `push-send`, `push-buffer`, `record`, `send`, `clear`, `flush`, `buffer-time`, `gather`, `receive` or `close`. */
	readonly action: string;
	/** What belongs to the action: a name and options, a mode, values. */
	readonly args: readonly AmfValue[];
};

/**
 * Starts an instance of an application in this process, with everything between it and its clients as on a server: the
 * port, its encoding and its order, the permissions. There is no network and no media, and nothing isolates the code.
 *
 * Resolves when `onStart` is done and what it did has arrived; rejects with what it threw.
 */
export async function startApplication<
	State,
	ClientState,
	M extends Methods<State, ClientState, Remote>,
	Remote extends object,
>(
	definition: ApplicationDefinition<State, ClientState, M, Remote>,
	options: StartApplicationOptions = {},
): Promise<RunningApplication<ApplicationDefinition<State, ClientState, M, Remote>>> {
	const { promise: started, resolve, reject } = Promise.withResolvers<Application<State, ClientState, Remote>>();
	const watched: ApplicationDefinition<State, ClientState, M, Remote> = Object.assign(Object.create(definition), {
		async onStart(app: Application<State, ClientState, Remote>) {
			try {
				await definition.onStart?.(app);
			} catch (error) {
				reject(error);
				throw error;
			}
			resolve(app);
		},
	});
	const place = new TestPlace(watched as unknown as AnyDefinition, options);
	// Whichever happens first settles it: `state` may have thrown.
	void place.ended.then(() => reject(new Error(place.log.at(-1)?.text ?? "The application has ended.")));
	const app = await started;
	// What `onStart` did has arrived.
	await place.settled();
	return new RunningApplication(app as ApplicationOf<ApplicationDefinition<State, ClientState, M, Remote>>, place);
}

/** The instance that runs a definition, as the code of the application sees it. */
export type ApplicationOf<Definition> =
	Definition extends ApplicationDefinition<infer State, infer ClientState, infer _M, infer Remote>
		? Application<State, ClientState, Remote>
		: never;

/** A running instance of an application, in a test; of which one: `RunningApplication<typeof app>`. */
export class RunningApplication<Definition> {
	/** The instance as the application's code sees it, with its state and its clients. */
	readonly app: ApplicationOf<Definition>;
	/** Every line of the log, first one first. */
	readonly log: readonly LogLine[];
	/** What the application did to streams, first one first. */
	readonly streamDeeds: readonly StreamDeed[];
	readonly #place: TestPlace;
	#nextClient = 1;

	/** `startApplication` makes them. */
	constructor(app: ApplicationOf<Definition>, place: TestPlace) {
		this.app = app;
		this.#place = place;
		this.log = place.log;
		this.streamDeeds = place.streamDeeds;
	}

	/** False once the application has shut down, or has been stopped. */
	get isRunning(): boolean {
		return !this.#place.instance.isClosed;
	}

	/**
	 * Connects a client. Resolves when it is let in, and rejects with a `NetStatusError` when it is not: `info` is the
	 * status, with `info.application` and `info.ex` where the application gave them.
	 */
	async connect(options: FakeClientOptions = {}): Promise<FakeClient<RemoteMethods<Definition>>> {
		const { instance } = this.#place;
		if (instance.isClosed) throw new Error("The application has ended. Start it again with startApplication.");
		const client = new FakeClient<RemoteMethods<Definition>>(`c${this.#nextClient++}`, instance, options);
		await client.connect();
		return client;
	}

	/** Tells the application that a recording is finished, as the server does (`onRecord`). */
	finishRecording(file: RecordedFile): void {
		this.#place.instance.tellRecorded(file);
	}

	/**
	 * Tells a stream of the application what happened to it (`stream.onStatus`).
	 *
	 * @param code `NetStream.Play.Start`, …
	 * @param more a description, and whatever else the status holds: `details` is the name of what is played
	 */
	tellStream(name: string, code: StatusCode, more: Readonly<Record<string, AmfValue>> = {}): void {
		const { description, ...others } = more;
		const status = netStatus(code, typeof description === "string" ? description : undefined, others);
		this.#place.instance.tellStream(name, status);
	}

	/**
	 * Waits until nothing moves between the application and its clients: calls without an answer have been handled, and
	 * what came of it has arrived. What waits for a timer or the network is not waited for.
	 */
	settled(): Promise<void> {
		return this.#place.settled();
	}

	/** Ends the application: its clients get `NetConnection.Connect.AppShutdown`. Resolves when `onShutdown` is done. */
	stop(): Promise<void> {
		return this.#place.stop();
	}
}

/** Turns of the event loop without a frame after which nothing moves any more: one way through the port takes three. */
const QUIET_TURNS = 8;
/** An application and clients that go on for more turns than this never come to rest. */
const MAX_TURNS = 100_000;
/** An application in the test's own process is not watched: stopping at a breakpoint is no fault. */
const NEVER_MILLIS = 2 ** 30;
/** What is made up of a file. */
const FILE_SECONDS = 60;
const FILE_BYTES_PER_SECOND = 100_000;
const MEBIBYTE = 1024 * 1024;

/** The real one, whatever a test puts in its place. */
const soon = setImmediate;

/** The media side of an application in a test. */
class TestPlace {
	readonly instance: ApplicationInstance;
	readonly log: LogLine[] = [];
	readonly streamDeeds: StreamDeed[] = [];
	/** The application has ended, and `onShutdown` is done. */
	readonly ended: Promise<void>;
	/** Frames that have crossed, both ways. */
	#frames = 0;

	constructor(definition: AnyDefinition, options: StartApplicationOptions) {
		const { name = "test", instance = DEFAULT_INSTANCE, config = {} } = options;
		const log = (level: LogLine["level"], text: string) => {
			this.log.push({ level, text });
			if (level === "error" && options.quiet !== true) console.error(`${name}: ${text}`);
		};
		const { promise: ended, resolve: onEnded } = Promise.withResolvers<void>();
		this.ended = ended;
		const link = new RuntimeLink({
			start: (_setup, handler) => {
				const counted = (frame: Uint8Array, take: (frame: Uint8Array) => void) => {
					this.#frames++;
					take(frame);
				};
				const counting = { ...handler, onFrame: (frame: Uint8Array) => counted(frame, handler.onFrame) };
				const channel = localChannel(() => Promise.resolve(definition), counting, options.folder);
				return { ...channel, send: frame => counted(frame, channel.send) };
			},
			setup: { application: name, folder: "", main: "", network: true },
			limits: {
				memoryMebibytes: Number.POSITIVE_INFINITY,
				turnMillis: NEVER_MILLIS,
				startMillis: NEVER_MILLIS,
				queueBytes: 16 * MEBIBYTE,
				frameBytes: 16 * MEBIBYTE,
			},
			config,
			log: eventLog(log),
			now: () => performance.now(),
			schedule(millis, action) {
				const timer = setTimeout(action, millis).unref();
				return () => clearTimeout(timer);
			},
			onReady: () => {},
			onEnded: () => onEnded(),
			onEmpty: empty => empty.end("The application has ended."),
		});
		this.instance = new ApplicationInstance(
			name,
			instance,
			{ open: (_application, opened, listener) => link.open(opened, listener) },
			{
				limits: { clients: options.maxClients ?? 100_000, callsPerSecond: options.callsPerSecond ?? 1000 },
				media: () => this.#media(options.files ?? []),
				now: () => performance.now(),
				log: (level, _event, text) => log(level, text),
				onEnded: () => {},
			},
		);
	}

	async settled(): Promise<void> {
		let quiet = 0;
		for (let turn = 0; quiet < QUIET_TURNS; turn++) {
			if (turn === MAX_TURNS) throw new Error("The application and its clients do not come to rest.");
			const before = this.#frames;
			await new Promise<void>(resolve => void soon(resolve));
			quiet = this.#frames === before ? quiet + 1 : 0;
		}
	}

	stop(): Promise<void> {
		this.instance.end(netStatus("NetConnection.Connect.AppShutdown", "The test has ended."));
		return this.ended;
	}

	#media(known: NonNullable<StartApplicationOptions["files"]>): InstanceMedia {
		const files = known.map(({ name, length = FILE_SECONDS }): StreamFile => {
			const bytes = length * FILE_BYTES_PER_SECOND;
			return { name, kind: kindOf(name), bytes, modifiedMillis: 0, isGrowing: false, length };
		});
		return {
			act: (stream, action, args) =>
				this.streamDeeds.push({ stream, action, args: args.map(value => plainValue(value)) }),
			async answer(question, [name]) {
				const file = files.find(each => each.name === name);
				switch (question) {
					case "files":
						return files.map(each => ({ ...each }));
					case "streams":
						return [];
					case "stream-length":
						return file?.length ?? 0;
					case "stream-size":
						return file?.bytes ?? 0;
					case "add-directory":
						return true;
					case "stream-time":
						return 0;
					case "stream-metadata":
						return file && { duration: file.length ?? 0 };
					case "stream-stats":
						throw new Error(`${String(name)} is not live: there is no media in a test.`);
				}
			},
			close: () => {},
		};
	}
}

/** By the prefix, as names are written that have one. */
function kindOf(name: string): string {
	return /^(mp[34]):/.exec(name)?.[1] ?? "flv";
}

/** A log whose lines are texts. */
function eventLog(write: (level: LogLine["level"], text: string) => void): EventLog {
	const line = (level: LogLine["level"]) => (event: string, fields?: LogFields) => write(level, fields?.text ?? event);
	const log: EventLog = {
		debug: line("debug"),
		info: line("info"),
		warn: line("warn"),
		error: line("error"),
		child: () => log,
		enabled: () => true,
	};
	return log;
}
