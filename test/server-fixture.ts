import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NetConnection, type NetStatusEvent, NetStream } from "@millrace/client";
import type { AmfValue } from "@millrace/core/amf";
import { MediaMessage } from "@millrace/core/flv";
import {
	audioConfiguration,
	data,
	keyframe,
	picture,
	type Sent,
	sound,
	videoConfiguration,
} from "../packages/server/src/hub/hub-fixture.ts";
import { nameOf } from "../packages/server/src/library/recording/recording-fixture.ts";
import type { LogFields } from "../packages/server/src/log/index.ts";
import { createServer, type MillraceServer } from "../packages/server/src/server.ts";

/** Several servers that speak with each other, and clients of them. */
const folders: string[] = [];
const servers: MillraceServer[] = [];
const connections: NetConnection[] = [];

/** To be called after each test. */
export async function closeServers(): Promise<void> {
	for (const connection of connections.splice(0)) connection.close();
	await Promise.all(servers.splice(0).map(server => server.stop()));
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export const sleep = (millis: number) => new Promise(resolve => setTimeout(resolve, millis));

/** Waits until something holds; the test's own time limit ends it. */
export async function until(condition: () => boolean): Promise<void> {
	while (!condition()) await sleep(5);
}

/** A server with applications that the test writes. */
export class TestServer {
	readonly folder: string;
	readonly log: { readonly event: string; readonly fields: LogFields }[] = [];
	#settings: Record<string, unknown>;
	#server: MillraceServer | undefined;
	#port = 0;

	constructor(settings: Record<string, unknown> = {}) {
		this.folder = mkdtempSync(join(tmpdir(), "millrace-servers-"));
		folders.push(this.folder);
		this.#settings = settings;
	}

	get server(): MillraceServer {
		if (this.#server === undefined) throw new Error("The server has not been started.");
		return this.#server;
	}

	get port(): number {
		return this.#port;
	}

	/** The address of an application. */
	url(application: string): string {
		return `rtmp://127.0.0.1:${this.#port}/${application}`;
	}

	/** Writes an application's main file. */
	write(name: string, code: string): this {
		mkdirSync(join(this.folder, name), { recursive: true });
		writeFileSync(join(this.folder, name, "main.ts"), code);
		return this;
	}

	/** Starts it, again on the port that it had. */
	async start(): Promise<this> {
		const note = (event: string, fields: LogFields = {}) => void this.log.push({ event, fields });
		const log = { debug: note, info: note, warn: note, error: note, enabled: () => true, child: () => log };
		const server = createServer(
			{
				listeners: [{ protocol: "rtmp", host: "127.0.0.1", port: this.#port }],
				media: { applications: this.folder },
				applications: { live: {} },
				...this.#settings,
			},
			{ log },
		);
		this.#server = server;
		servers.push(server);
		await server.start();
		this.#port = server.addresses[0]!.port;
		return this;
	}

	async stop(): Promise<void> {
		servers.splice(servers.indexOf(this.server), 1);
		await this.server.stop();
	}

	/** Lines that applications have logged. */
	get lines(): string[] {
		return this.log.filter(({ event }) => event === "application").map(({ fields }) => String(fields.text));
	}

	/** A client of an application, let in. */
	async connect(application: string, ...args: AmfValue[]): Promise<NetConnection> {
		return connectTo(this.url(application), ...args);
	}

	/** Somebody who publishes a stream of `live`. */
	async publish(name: string, application = "live"): Promise<TestStreamPublisher> {
		const stream = new NetStream(await this.connect(application));
		await stream.publishAsync(name);
		return new TestStreamPublisher(stream);
	}

	/** Somebody who plays a stream of `live`. */
	async play(name: string, application = "live", start = -1): Promise<TestStreamPlayer> {
		return new TestStreamPlayer(new NetStream(await this.connect(application)), name, start);
	}
}

/** A client that is let in. */
export async function connectTo(address: string, ...args: AmfValue[]): Promise<NetConnection> {
	const connection = new NetConnection({ proxy: false });
	connections.push(connection);
	connection.client = {};
	await connection.connectAsync(address, ...args);
	return connection;
}

/** Publishes a keyframe, nine pictures and some sound a second: each picture's number tells it. */
export class TestStreamPublisher {
	readonly stream: NetStream;
	/** The number of the next picture. */
	next = 0;
	#timer: NodeJS.Timeout;

	constructor(stream: NetStream) {
		this.stream = stream;
		this.send(data("@setDataFrame", "onMetaData", "cam"), 0);
		this.send(videoConfiguration(0), 0);
		this.send(audioConfiguration(0), 0);
		this.#timer = setInterval(() => this.tick(), 20);
	}

	/** One picture, which is 100 ms of the stream's time. */
	tick(): void {
		const id = this.next++;
		this.send(id % 10 === 0 ? keyframe(id) : picture(id), id * 100);
		this.send(sound(id), id * 100);
		// Of `Stream.send`.
		if (id % 10 === 5) this.send(data("onCue", `cue ${id}`), id * 100);
	}

	send({ type, payload }: Sent, time: number): void {
		this.stream.sendMedia(new MediaMessage(type, time, payload));
	}

	/** Nothing more comes; the stream is still published. */
	pause(): void {
		clearInterval(this.#timer);
	}

	stop(): void {
		clearInterval(this.#timer);
		this.stream.close();
	}
}

/** What a player gets: `K10@1000`, and its statuses. */
export class TestStreamPlayer {
	readonly stream: NetStream;
	readonly got: string[] = [];
	readonly codes: string[] = [];

	constructor(stream: NetStream, name: string, start: number) {
		this.stream = stream;
		stream.client = { onCue: () => {}, onMetaData: () => {}, onPlayStatus: () => {} };
		stream.onMedia = message => this.got.push(nameOf(message));
		stream.addEventListener("netStatus", (event: NetStatusEvent) => {
			this.codes.push(event.info.code.replace("NetStream.", ""));
		});
		stream.play(name, start);
	}

	/** Numbers of the pictures, in order. */
	get pictures(): number[] {
		return this.got.filter(name => /^[KP]/.test(name)).map(name => Number.parseInt(name.slice(1), 10));
	}

	/** Waits for more pictures than there are. */
	async more(count: number): Promise<void> {
		const goal = this.pictures.length + count;
		await until(() => this.pictures.length >= goal);
	}
}

/** Whether numbers rise one by one. */
export function isGapless(numbers: readonly number[]): boolean {
	return numbers.every((number, at) => at === 0 || number === numbers[at - 1]! + 1);
}
