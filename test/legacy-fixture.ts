import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { NetConnection, type NetStatusEvent } from "@millrace/client";
import type { AmfValue } from "@millrace/core/amf";
import type { LogFields } from "../packages/server/src/log/index.ts";
import { createServer, type MillraceServer } from "../packages/server/src/server.ts";

/** A whole server whose applications folder holds what a test writes, and clients that connect to it over the wire. */

const MILLIS_BETWEEN_LOOKS = 5;

export type LegacyFixtureOptions = {
	/** Files by their paths in the applications folder: `chat/main.asc`. Default: none. */
	readonly files?: Readonly<Record<string, string | Uint8Array>>;
	/** `code` of the server's settings. */
	readonly code?: Readonly<Record<string, unknown>>;
	/** `applications` of the server's settings. Default: whatever has a folder. */
	readonly applications?: Readonly<Record<string, object>>;
	/** `media` of the server's settings, beside the applications folder. */
	readonly media?: Readonly<Record<string, unknown>>;
};

/** A server that `[Symbol.asyncDispose]` stops, with all that was made for it. */
export class LegacyFixture implements AsyncDisposable {
	readonly folder = mkdtempSync(join(tmpdir(), "millrace-legacy-"));
	/** Lines of the log, first one first: what applications say and what is wrong. */
	readonly lines: string[] = [];
	readonly server: MillraceServer;
	readonly #clients: LegacyClient[] = [];
	#applications = 0;

	constructor({ files = {}, code, applications, media }: LegacyFixtureOptions = {}) {
		for (const [path, content] of Object.entries(files)) this.write(path, content);
		const note = (event: string, fields: LogFields = {}) => {
			this.lines.push(event === "application" ? String(fields.text) : `${event} ${fields.text ?? ""}`);
		};
		const log = { debug: note, info: note, warn: note, error: note, enabled: () => true, child: () => log };
		this.server = createServer(
			{
				listeners: [{ protocol: "rtmp", host: "127.0.0.1", port: 0 }],
				media: { ...media, applications: this.folder },
				code: { reload: false, ...code },
				...(applications && { applications }),
			},
			{ log },
		);
	}

	static async start(options: LegacyFixtureOptions = {}): Promise<LegacyFixture> {
		const fixture = new LegacyFixture(options);
		await fixture.server.start();
		return fixture;
	}

	get port(): number {
		return this.server.addresses[0]!.port;
	}

	/** Makes an application of a main file, and more files by their paths in its folder. Returns its name. */
	app(main: string, files: Readonly<Record<string, string | Uint8Array>> = {}): string {
		const name = `app${++this.#applications}`;
		for (const [path, content] of Object.entries({ "main.asc": main, ...files }))
			this.write(`${name}/${path}`, content);
		return name;
	}

	/** Writes a file by its path in the applications folder. */
	write(path: string, content: string | Uint8Array): void {
		const file = join(this.folder, path);
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, content);
	}

	/** A client that begins to connect. `address` is behind the host: `chat/room`. */
	dial(address: string, ...args: AmfValue[]): LegacyClient {
		return this.#dial(new LegacyClient(), address, args);
	}

	#dial(client: LegacyClient, address: string, args: readonly AmfValue[]): LegacyClient {
		this.#clients.push(client);
		client.connection.connect(`rtmp://127.0.0.1:${this.port}/${address}`, ...args);
		return client;
	}

	/** A client that has been told what becomes of its connection. */
	async connect(address: string, ...args: AmfValue[]): Promise<LegacyClient> {
		const client = this.dial(address, ...args);
		await client.until(() => client.statuses.length > 0);
		return client;
	}

	/** The same of a client that says it is that version of a player. */
	async connectAs(flashVersion: string, address: string, ...args: AmfValue[]): Promise<LegacyClient> {
		const client = this.#dial(new LegacyClient(flashVersion), address, args);
		await client.until(() => client.statuses.length > 0);
		return client;
	}

	/** The first line of the log that matches. */
	async logged(text: RegExp): Promise<string> {
		for (;;) {
			const found = this.lines.find(line => text.test(line));
			if (found !== undefined) return found;
			await sleep(MILLIS_BETWEEN_LOOKS);
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const { connection } of this.#clients) connection.close();
		await this.server.stop();
		rmSync(this.folder, { recursive: true, force: true });
	}
}

/** A client that writes down what it is told. */
export class LegacyClient {
	readonly connection: NetConnection;
	readonly statuses: Record<string, unknown>[] = [];
	/** Calls of the server: name and arguments. */
	readonly received: unknown[][] = [];
	/** Answers of the client's methods, by name; those of others are their first argument. */
	readonly answers: Record<string, (...args: unknown[]) => unknown> = {};

	constructor(flashVersion?: string) {
		this.connection = new NetConnection({ ...(flashVersion !== undefined && { flashVersion }) });
		const note =
			(name: string) =>
			(...args: unknown[]) => {
				this.received.push([name, ...args]);
				return (this.answers[name] ?? (first => first))(...args);
			};
		// It has every method that the server may call; the library looks for them as members of its own.
		const method = (_target: object, name: string | symbol) => note(String(name));
		const getOwnPropertyDescriptor = (target: object, name: string | symbol) => ({
			...{ configurable: true, enumerable: true, writable: true },
			value: method(target, name),
		});
		this.connection.client = new Proxy({}, { get: method, getOwnPropertyDescriptor });
		this.connection.addEventListener("netStatus", (event: NetStatusEvent) => this.statuses.push({ ...event.info }));
	}

	/** Codes without `NetConnection.`. */
	get codes(): string[] {
		return this.statuses.map(({ code }) => String(code).replace("NetConnection.", ""));
	}

	/** Resolves with the result, or with the info object of the failure. */
	call(name: string, ...args: AmfValue[]): Promise<unknown> {
		return new Promise(resolve => this.connection.call(name, { onResult: resolve, onStatus: resolve }, ...args));
	}

	/** The arguments of the server's calls of a method, as soon as there are so many. */
	async calls(name: string, count = 1): Promise<unknown[][]> {
		const found = () => this.received.filter(([called]) => called === name).map(([, ...args]) => args);
		await this.until(() => found().length >= count);
		return found();
	}

	async until(condition: () => boolean): Promise<void> {
		while (!condition()) await sleep(MILLIS_BETWEEN_LOOKS);
	}
}

function sleep(millis: number): Promise<void> {
	return new Promise(resolve => setTimeout(resolve, millis));
}
