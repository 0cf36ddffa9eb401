import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { NetConnection, type NetStatusEvent, NetStream, type ResponderObject, SharedObject } from "@millrace/client";
import { AmfEcmaArray, type AmfValue } from "@millrace/core/amf";
import { MediaMessage } from "@millrace/core/flv";
import { keyframe } from "../packages/server/src/hub/hub-fixture.ts";
import { FlvMaker } from "../packages/server/src/library/test-flv-file.ts";
import type { LogFields } from "../packages/server/src/log/index.ts";
import { createServer, type MillraceServer } from "../packages/server/src/server.ts";

const folders: string[] = [];
const servers: MillraceServer[] = [];
const connections: NetConnection[] = [];

/** Ends whatever the tests of a file have started; to be called after each of them. */
export async function endAll(): Promise<void> {
	for (const connection of connections.splice(0)) connection.close();
	await Promise.all(servers.splice(0).map(server => server.stop()));
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** A whole server whose applications are files that a test has written. */
export class ScriptServer {
	readonly folder: string;
	/** What was logged: the event's name and its text. */
	readonly lines: string[] = [];
	readonly server: MillraceServer;

	/** @param files texts by their paths in the folder of applications: `chat/main.asc` */
	constructor(files: Readonly<Record<string, string>>, settings: Record<string, unknown> = {}) {
		this.folder = mkdtempSync(join(tmpdir(), "millrace-scripts-"));
		folders.push(this.folder);
		for (const [path, text] of Object.entries(files)) this.write(path, text);
		const note = (event: string, fields: LogFields = {}) => {
			this.lines.push(`${event} ${fields.text ?? ""}`);
		};
		const log = { debug: note, info: note, warn: note, error: note, enabled: () => true, child: () => log };
		// The first port takes RTMP, the second HTTP.
		const listeners = (["rtmp", "http"] as const).map(protocol => ({ protocol, host: "127.0.0.1", port: 0 }));
		this.server = createServer({ listeners, media: { applications: this.folder }, ...settings }, { log });
		servers.push(this.server);
	}

	write(path: string, content: string | Uint8Array): void {
		const file = join(this.folder, path);
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, content);
	}

	/** Puts a film into an application's folder: one picture each 100 ms. */
	writeFilm(path: string, seconds: number): void {
		const maker = new FlvMaker();
		maker.data(
			0,
			"onMetaData",
			new AmfEcmaArray([
				["duration", seconds],
				["title", "A film"],
			] as const),
		);
		maker.avcConfiguration();
		for (let time = 0; time <= seconds * 1000; time += 100) {
			if (time % 1000 === 0) maker.key(time);
			else maker.inter(time);
		}
		this.write(path, maker.bytes());
	}

	async start(): Promise<this> {
		await this.server.start();
		return this;
	}

	get port(): number {
		return this.server.addresses[0]!.port;
	}

	/** The gateway of Flash Remoting. */
	get gateway(): string {
		return `http://127.0.0.1:${this.server.addresses[1]!.port}/gateway`;
	}

	url(application: string): string {
		return `rtmp://127.0.0.1:${this.port}/${application}`;
	}

	/** Connects; resolves with the first status. */
	async connect(application: string, ...args: AmfValue[]): Promise<ScriptClient> {
		const client = new ScriptClient();
		client.connection.connect(this.url(application), ...args);
		await until(
			() => client.codes.length > 0,
			() => `nothing from ${application}: ${this.lines.join("\n")}`,
		);
		return client;
	}

	/** Resolves when a line that fits is in the log. */
	async logged(text: RegExp): Promise<string> {
		await until(
			() => this.lines.some(line => text.test(line)),
			() => `${text} in ${this.lines.join("\n")}`,
		);
		return this.lines.find(line => text.test(line))!;
	}
}

/** A client, and everything that it is told. */
export class ScriptClient {
	readonly connection = new NetConnection();
	/** Codes of the connection, without `NetConnection.`. */
	readonly codes: string[] = [];
	/** What the application has called: name and arguments. */
	readonly received: unknown[][] = [];

	constructor() {
		connections.push(this.connection);
		// Whatever is called, is heard.
		this.connection.client = hears((name, args) => {
			this.received.push([name, ...args]);
			return args[0];
		});
		this.connection.addEventListener("netStatus", (event: NetStatusEvent) => {
			this.codes.push(event.info.code.replace("NetConnection.", ""));
		});
	}

	/** Resolves with the result, or with the description of the failure. */
	call(name: string, ...args: AmfValue[]): Promise<unknown> {
		return new Promise(resolve => {
			const responder: ResponderObject = {
				onResult: resolve,
				onStatus: (info: AmfValue) => resolve((info as { description: string }).description),
			};
			this.connection.call(name, responder, ...args);
		});
	}

	/** Resolves with the first call of that name that begins with those arguments. */
	async told(name: string, ...first: unknown[]): Promise<unknown[]> {
		const fits = (call: unknown[]) =>
			JSON.stringify(call.slice(0, first.length + 1)) === JSON.stringify([name, ...first]);
		await until(
			() => this.received.some(fits),
			() => `${name}(${JSON.stringify(first)}) among ${JSON.stringify(this.received)}`,
		);
		return this.received.find(fits)!.slice(1);
	}

	/** Publishes; resolves when the server has answered. */
	async publish(name: string, mode: "live" | "record" | "append" = "live"): Promise<ScriptStream> {
		const stream = new ScriptStream(this.connection);
		stream.stream.publish(name, mode);
		await until(() => stream.codes.length > 0);
		return stream;
	}

	/** Plays; resolves when the server has answered. */
	async play(name: string, start = -1): Promise<ScriptStream> {
		const stream = new ScriptStream(this.connection);
		stream.stream.play(name, start);
		await until(() => stream.codes.length > 0);
		return stream;
	}

	/** Begins to use a shared object, and resolves when its data are there or it was refused. */
	async object(name: string, persistent = false): Promise<ScriptObjectUse> {
		// In one folder of local objects, all connections to one address would share one object.
		const folder = mkdtempSync(join(tmpdir(), "millrace-client-"));
		folders.push(folder);
		const object = SharedObject.getRemote(name, this.connection.uri, persistent, false, { folder });
		const use: ScriptObjectUse = { object, data: object.data, lists: [], codes: [], sent: [] };
		object.client = hears((handler, args) => {
			use.sent.push([handler, ...args]);
		});
		// What cannot be called is a matter of the test.
		object.addEventListener("asyncError", () => {});
		object.addEventListener("sync", ({ changeList }) => {
			use.lists.push(changeList.map(({ code, name: slot = "" }) => `${code} ${slot}`.trim()).join(", "));
		});
		object.addEventListener("netStatus", (event: NetStatusEvent) => use.codes.push(event.info.code));
		object.connect(this.connection);
		await until(() => use.lists.length > 0 || use.codes.length > 0);
		return use;
	}
}

/** A client's use of a shared object, and what it has heard. */
export type ScriptObjectUse = {
	readonly object: SharedObject;
	readonly data: Readonly<Record<string, unknown>>;
	readonly lists: string[];
	readonly codes: string[];
	readonly sent: unknown[][];
};

/** A stream of a client, which sends a picture each time that it is told to, and notes what it receives. */
export class ScriptStream {
	readonly stream: NetStream;
	/** Codes, without `NetStream.`. */
	readonly codes: string[] = [];
	/** Data messages: name and arguments. */
	readonly data: unknown[][] = [];
	pictures = 0;
	/** How many pictures came together, for each time that any came; the last ones may not have come all. */
	readonly batches: number[] = [];
	#isBatchOpen = false;
	#time = 0;

	constructor(connection: NetConnection) {
		this.stream = new NetStream(connection);
		this.stream.client = hears((name, args) => {
			this.data.push([name, ...args]);
		});
		this.stream.addEventListener("netStatus", (event: NetStatusEvent) => {
			this.codes.push(event.info.code.replace("NetStream.", ""));
		});
		this.stream.onMedia = message => {
			if (message.isVideo && !message.isConfiguration) this.#countPicture();
		};
	}

	#countPicture(): void {
		this.pictures++;
		if (!this.#isBatchOpen) this.batches.push(0);
		this.#isBatchOpen = true;
		this.batches[this.batches.length - 1]!++;
		setImmediate(() => {
			this.#isBatchOpen = false;
		});
	}

	/** Sends so many keyframes, 100 ms apart on the stream's clock. */
	send(count = 1): void {
		for (let i = 0; i < count; i++) {
			const { type, payload } = keyframe(this.#time);
			this.stream.sendMedia(new MediaMessage(type, this.#time, payload));
			this.#time += 100;
		}
	}

	/** Sends keyframes until a condition holds, so many each 50 ms. */
	async sendUntil(condition: () => boolean, count = 1): Promise<void> {
		await until(
			() => {
				this.send(count);
				return condition();
			},
			undefined,
			50,
		);
	}
}

/** Waits for a condition; after half a minute it fails with what `describe` says. */
export async function until(condition: () => boolean, describe = () => String(condition), millis = 5): Promise<void> {
	const end = performance.now() + 30_000;
	while (!condition()) {
		if (performance.now() > end) throw new Error(`In vain: ${describe()}`);
		await new Promise(resolve => setTimeout(resolve, millis));
	}
}

/** An object that has every method, as far as peers can tell. */
function hears(listen: (name: string, args: unknown[]) => unknown): object {
	const value = (name: string | symbol) => ({
		value: (...args: unknown[]) => listen(String(name), args),
		configurable: true,
	});
	return new Proxy({}, { getOwnPropertyDescriptor: (_target, name) => value(name) });
}
