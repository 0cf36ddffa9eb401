import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";
import { Program } from "./program.ts";
import { TempDir } from "./temp-dir.ts";

/** Where a server is to listen and to keep its files. */
export type ServerPlace = {
	/** Address that it listens on and that the URLs name. */
	readonly host: string;
	readonly rtmpPort: number;
	readonly httpPort: number;
	/** An existing empty folder. */
	readonly dataDir: string;
};

/** How to start a server, and how to see that it takes connections. */
export type ServerLaunch = {
	readonly program: string;
	readonly args: readonly string[];
	readonly env?: Readonly<Record<string, string>>;
	/** Whether this line of its output says that it listens. */
	isReady(line: string): boolean;
};

export type ServerProcessOptions = {
	/** The server to start; default: Millrace from its sources. */
	readonly command?: (place: ServerPlace) => ServerLaunch;
	/** Arguments added to Millrace's, such as `--set`, `rtmp.readTimeoutMillis=3s`; default none. */
	readonly args?: readonly string[];
	/** Words before the program, such as `ip netns exec NAME`; default none. */
	readonly prefix?: readonly string[];
	/** Default 127.0.0.1. */
	readonly host?: string;
	/** How long it may take to listen, in milliseconds; default 20 s. */
	readonly readyMillis?: number;
};

/** One line of a server's log: its text, and its fields where it is a JSON object. */
export type LogRecord = { readonly text: string; readonly fields: Readonly<Record<string, unknown>> };

/** A server that runs as a child process, with what it logs. */
export class ServerProcess {
	readonly place: ServerPlace;
	/** Everything it logged, oldest first; the newest 20,000 lines. */
	readonly log: LogRecord[] = [];
	readonly #program: Program;
	readonly #dir: TempDir;
	readonly #waiting = new Set<(record: LogRecord) => void>();

	private constructor(place: ServerPlace, dir: TempDir, program: Program) {
		this.place = place;
		this.#dir = dir;
		this.#program = program;
		program.onLine(line => this.#take(line));
	}

	/** Starts a server on free ports and waits until it listens. Throws with its output when it does not. */
	static async start(options: ServerProcessOptions = {}): Promise<ServerProcess> {
		const dir = new TempDir("server");
		const dataDir = dir.file("data");
		mkdirSync(dataDir);
		const place = {
			host: options.host ?? "127.0.0.1",
			rtmpPort: await freePort(),
			httpPort: await freePort(),
			dataDir,
		};
		const launch = (options.command ?? millraceCommand(options.args))(place);
		const [path, ...args] = [...(options.prefix ?? []), launch.program, ...launch.args];
		const program = new Program(path!, args, { cwd: repositoryRoot(), ...(launch.env ? { env: launch.env } : {}) });
		const server = new ServerProcess(place, dir, program);
		try {
			await server.waitForLog(record => launch.isReady(record.text), options.readyMillis ?? 20_000);
		} catch (error) {
			await server.stop();
			throw error;
		}
		return server;
	}

	get pid(): number {
		return this.#program.pid;
	}

	/** False once the process has ended, by itself or by `stop`. */
	get isRunning(): boolean {
		return this.#program.exit === undefined;
	}

	/** `rtmp://…/app/stream`. */
	rtmpUrl(path: string): string {
		return `rtmp://${this.place.host}:${this.place.rtmpPort}/${path}`;
	}

	/** `http://…/path`. */
	httpUrl(path: string): string {
		return `http://${this.place.host}:${this.place.httpPort}/${path}`;
	}

	/** `ws://…/path`. */
	wsUrl(path: string): string {
		return `ws://${this.place.host}:${this.place.httpPort}/${path}`;
	}

	/**
	 * The first log line from number `from` on (0, the oldest) that `matches`, already written or yet to come. Throws
	 * with the end of the log when the server ends or the time is over.
	 */
	async waitForLog(matches: (record: LogRecord) => boolean, timeoutMillis: number, from = 0): Promise<LogRecord> {
		const seen = this.log.slice(from).find(matches);
		if (seen) return seen;
		return new Promise((resolve, reject) => {
			const finish = (record: LogRecord | undefined, trouble: string) => {
				clearTimeout(timer);
				this.#waiting.delete(look);
				if (record) resolve(record);
				else reject(new Error(this.#program.describe(trouble)));
			};
			const look = (record: LogRecord) => {
				if (matches(record)) finish(record, "");
			};
			const timer = setTimeout(
				() => finish(undefined, `did not log what was expected in ${timeoutMillis} ms`),
				timeoutMillis,
			);
			this.#waiting.add(look);
			this.#program.waitForExit(timeoutMillis + 1000).then(
				() => finish(undefined, "ended before it logged what was expected"),
				() => {},
			);
		});
	}

	/** As `waitForLog`, for a line whose field `event` is the name and that `matches` (default: any). */
	async waitForEvent(
		event: string,
		timeoutMillis: number,
		matches: (fields: LogRecord["fields"]) => boolean = () => true,
		from = 0,
	): Promise<LogRecord> {
		return this.waitForLog(({ fields }) => fields["event"] === event && matches(fields), timeoutMillis, from);
	}

	/** Ends the server (SIGTERM, SIGKILL after 5 s), waits for it, and removes its folder. */
	async stop(): Promise<void> {
		await this.#program.stop("SIGTERM", 5000);
		this.#dir.remove();
	}

	#take(line: string): void {
		const record = { text: line, fields: parseFields(line) };
		this.log.push(record);
		if (this.log.length > 20_000) this.log.shift();
		for (const look of [...this.#waiting]) look(record);
	}
}

/** Millrace from this repository's sources, with JSON lines as its log. */
export function millraceCommand(extra: readonly string[] = []): (place: ServerPlace) => ServerLaunch {
	return place => ({
		program: process.execPath,
		args: millraceArguments(
			"serve",
			...["--rtmp-port", String(place.rtmpPort), "--http-port", String(place.httpPort)],
			...["--data-dir", place.dataDir, "--log-format", "json", ...extra],
		),
		// One line a listener, RTMP before HTTP.
		isReady: line => {
			const fields = parseFields(line);
			return fields["event"] === "listening" && fields["protocol"] === "http";
		},
	});
}

/** The arguments that make Node run Millrace's command line from the sources. */
export function millraceArguments(...args: readonly string[]): string[] {
	return ["--conditions=source", fileURLToPath(new URL("../../server/src/cli/main.ts", import.meta.url)), ...args];
}

function repositoryRoot(): string {
	return fileURLToPath(new URL("../../..", import.meta.url));
}

function parseFields(line: string): Readonly<Record<string, unknown>> {
	if (!line.startsWith("{")) return {};
	try {
		return JSON.parse(line) as Record<string, unknown>;
	} catch {
		// Not a log line of ours: a program may print what it likes.
		return {};
	}
}
