import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Writable } from "node:stream";

export type ProgramOptions = {
	/** Working directory; default: this process's. */
	readonly cwd?: string;
	/** Variables added to this process's environment; default none. */
	readonly env?: Readonly<Record<string, string>>;
	/** How many bytes of stdout, and of stderr, are kept (the newest); default 1 MiB each. */
	readonly keepBytes?: number;
	/** Whether `stdin` can be written; default false, the program sees an empty one. */
	readonly stdin?: boolean;
	/** User and group id that the program runs under, for programs that refuse root; default: this process's. */
	readonly user?: number;
};

export type ProgramExit = {
	/** Exit code, or null when a signal ended the program or it could not be started. */
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
};

/**
 * A program that runs beside the test. It is ended by its own process id; whatever still runs when this process ends,
 * also by a signal, is killed.
 */
export class Program {
	readonly name: string;
	readonly #child: ChildProcess;
	readonly #output: Record<"stdout" | "stderr", OutputTail>;
	readonly #lineListeners = new Set<(line: string) => void>();
	readonly #ended: Promise<ProgramExit>;
	#exit: ProgramExit | undefined;
	#startFault: Error | undefined;

	/** Starts `path` (a name is looked up on PATH). A program that cannot be started reports it through `exit`. */
	constructor(path: string, args: readonly string[], options: ProgramOptions = {}) {
		this.name = path.slice(path.lastIndexOf("/") + 1);
		const keep = options.keepBytes ?? 1_048_576;
		const child = spawn(path, args, {
			cwd: options.cwd,
			env: { ...process.env, ...options.env },
			stdio: [options.stdin ? "pipe" : "ignore", "pipe", "pipe"],
			...(options.user === undefined ? {} : { uid: options.user, gid: options.user }),
		});
		this.#child = child;
		const hand = (line: string) => {
			for (const listener of this.#lineListeners) listener(line);
		};
		this.#output = { stdout: new OutputTail(keep, hand), stderr: new OutputTail(keep, hand) };
		child.stdout?.on("data", (bytes: Buffer) => this.#output.stdout.add(bytes));
		child.stderr?.on("data", (bytes: Buffer) => this.#output.stderr.add(bytes));
		// A program that ended takes its stdin along; the exit tells so.
		child.stdin?.on("error", () => {});
		keepTrack(this);
		this.#ended = new Promise(resolve => {
			const end = (exit: ProgramExit) => {
				if (this.#exit) return;
				this.#exit = exit;
				running.delete(this);
				this.#output.stdout.end();
				this.#output.stderr.end();
				resolve(exit);
			};
			child.once("error", error => {
				this.#startFault = error;
				end({ code: null, signal: null });
			});
			child.once("close", (code, signal) => end({ code, signal }));
			// A grandchild that inherited the pipes must not hold up the end.
			child.once("exit", (code, signal) => setTimeout(() => end({ code, signal }), 500).unref());
		});
	}

	/** Process id; −1 when the program could not be started. */
	get pid(): number {
		return this.#child.pid ?? -1;
	}

	/** The program's standard input; throws unless `stdin` was asked for. */
	get stdin(): Writable {
		if (!this.#child.stdin) throw new Error(`${this.name} was started without stdin`);
		return this.#child.stdin;
	}

	/** The newest part of standard output. */
	get stdout(): string {
		return this.#output.stdout.text;
	}

	/** The newest part of standard error. */
	get stderr(): string {
		return this.#output.stderr.text;
	}

	/** How the program ended; undefined while it runs. */
	get exit(): ProgramExit | undefined {
		return this.#exit;
	}

	/** Calls `listener` with each later line of either output, without its end; returns the function that stops this. */
	onLine(listener: (line: string) => void): () => void {
		this.#lineListeners.add(listener);
		return () => this.#lineListeners.delete(listener);
	}

	/**
	 * The first line of either output that matches, among those kept and those to come. Throws with the end of the
	 * output when the program ends first or the time is over.
	 */
	async waitForLine(pattern: RegExp, timeoutMillis: number): Promise<string> {
		const seen = `${this.stdout}\n${this.stderr}`.split("\n").find(line => pattern.test(line));
		if (seen !== undefined) return seen;
		return new Promise((resolve, reject) => {
			const finish = (line?: string, trouble?: string) => {
				clearTimeout(timer);
				stopListening();
				if (line === undefined) reject(new Error(this.describe(`${trouble} (waiting for ${pattern})`)));
				else resolve(line);
			};
			const stopListening = this.onLine(line => {
				if (pattern.test(line)) finish(line);
			});
			const timer = setTimeout(() => finish(undefined, `printed nothing for it in ${timeoutMillis} ms`), timeoutMillis);
			void this.#ended.then(() => finish(undefined, "ended"));
		});
	}

	/** Waits for the end. Throws with the end of the output when it does not come in time; the program then still runs. */
	async waitForExit(timeoutMillis: number): Promise<ProgramExit> {
		const exit = await withTimeout(this.#ended, timeoutMillis);
		if (!exit) throw new Error(this.describe(`still runs after ${timeoutMillis} ms`));
		return exit;
	}

	/** Sends a signal; nothing happens when the program has ended. */
	kill(signal: NodeJS.Signals): void {
		if (!this.#exit) this.#child.kill(signal);
	}

	/** Ends the program: `signal` (SIGTERM), SIGKILL after `graceMillis` (3 s), and waits until it is gone. */
	async stop(signal: NodeJS.Signals = "SIGTERM", graceMillis = 3000): Promise<ProgramExit> {
		this.kill(signal);
		const exit = await withTimeout(this.#ended, graceMillis);
		if (exit) return exit;
		this.kill("SIGKILL");
		return this.#ended;
	}

	/** A message about this program with the end of what it printed. */
	describe(trouble: string): string {
		const how = this.#startFault
			? `could not be started: ${this.#startFault.message}`
			: this.#exit
				? `exit ${this.#exit.code ?? this.#exit.signal}`
				: "running";
		const end = (text: string) => text.trimEnd().split("\n").slice(-15).join("\n");
		return `${this.name} ${trouble} [${how}]\n--- stdout\n${end(this.stdout)}\n--- stderr\n${end(this.stderr)}`;
	}
}

/** The path of a program on PATH, or in the folders of system programs, which a user's PATH may lack. */
export function findProgram(name: string): string | undefined {
	const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
	for (const folder of folders) {
		const path = join(folder, name);
		if (folder !== "" && isExecutable(path)) return path;
	}
	return undefined;
}

/**
 * Runs a program to its end and returns what it printed. Throws with the end of its output when it fails or does not
 * end within `timeoutMillis` (60 s), in which case it is killed.
 */
export async function runProgram(
	name: string,
	args: readonly string[],
	options: ProgramOptions & { readonly timeoutMillis?: number } = {},
): Promise<{ readonly stdout: string; readonly stderr: string }> {
	const program = new Program(findProgram(name) ?? name, args, options);
	try {
		const exit = await program.waitForExit(options.timeoutMillis ?? 60_000);
		if (exit.code !== 0) throw new Error(program.describe(`failed (${args.join(" ")})`));
	} finally {
		await program.stop("SIGKILL");
	}
	return { stdout: program.stdout, stderr: program.stderr };
}

/** Ends every program that still runs and waits for it: for `afterEach`, so that a failed test leaves nothing behind. */
export async function closeAllPrograms(): Promise<void> {
	await Promise.all([...running].map(program => program.stop()));
}

const running = new Set<Program>();
let tracksExit = false;

function keepTrack(program: Program): void {
	running.add(program);
	if (tracksExit) return;
	tracksExit = true;
	const killAll = () => {
		for (const one of running) one.kill("SIGKILL");
	};
	process.once("exit", killAll);
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
		process.once(signal, () => {
			killAll();
			process.kill(process.pid, signal);
		});
	}
}

/** Keeps the newest bytes of an output and hands on its lines. */
class OutputTail {
	readonly #keep: number;
	readonly #hand: (line: string) => void;
	readonly #decoder = new TextDecoder();
	#pieces: string[] = [];
	#length = 0;
	#partial = "";

	constructor(keep: number, hand: (line: string) => void) {
		this.#keep = keep;
		this.#hand = hand;
	}

	get text(): string {
		return this.#pieces.join("");
	}

	add(bytes: Buffer): void {
		const text = this.#decoder.decode(bytes, { stream: true });
		this.#pieces.push(text);
		this.#length += text.length;
		while (this.#length > this.#keep && this.#pieces.length > 1) this.#length -= this.#pieces.shift()!.length;
		const lines = (this.#partial + text).split(/\r\n|\n|\r/);
		// One endless line is cut as well.
		this.#partial = lines.pop()!.slice(-this.#keep);
		for (const line of lines) this.#hand(line);
	}

	end(): void {
		if (this.#partial !== "") this.#hand(this.#partial);
		this.#partial = "";
	}
}

function isExecutable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

async function withTimeout<T>(promise: Promise<T>, millis: number): Promise<T | undefined> {
	let timer: NodeJS.Timeout | undefined;
	const timeout = new Promise<undefined>(resolve => {
		timer = setTimeout(() => resolve(undefined), millis);
	});
	try {
		return await Promise.race([promise, timeout]);
	} finally {
		clearTimeout(timer);
	}
}
