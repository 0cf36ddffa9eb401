import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { constants, setPriority } from "node:os";
import type { Duplex } from "node:stream";
import { FrameSplitter, frameHead } from "../app/index.ts";
import { RUNTIME_FLAGS, RUNTIME_PROCESS, runtimeReadFolders } from "../application/index.ts";
import type { ChannelHandler, HostChannel, RuntimeSetup, StartChannel } from "./host-channel.ts";
import { locateByInspector } from "./locate.ts";
import type { OrphanGuard } from "./orphan-guard.ts";
import { readLines } from "./output-lines.ts";

/** The descriptor by which frames go both ways. */
const FRAME_DESCRIPTOR = 3;
/** The descriptor by which a runtime that stands still gets its answers. */
const ANSWER_DESCRIPTOR = 4;
/** When a chunk of the runtime's output is this large, more is waiting: others get their turn first. */
const FULL_CHUNK_BYTES = 64 * 1024;
/** A process that has closed its descriptor and not ended gets this long to end, in milliseconds. */
const CLOSED_MILLIS = 500;
/** Lines that name the debugger's address, and those that Node says about flags of ours. */
const DEBUGGER_LINE = /^Debugger listening on (ws:\/\/\S+)/;
const DEBUGGER_CHATTER = /^(For help, see: |Debugger attached|Debugger ending|Waiting for the debugger)/;

/**
 * Runs applications in processes of their own (`isolation: process`), which Node's permission model keeps to the
 * application's folder. `guard` ends those that this process leaves behind.
 */
export function processChannels(guard: OrphanGuard): StartChannel {
	return (setup, handler) => new ProcessChannel(setup, handler, guard);
}

class ProcessChannel implements HostChannel {
	readonly #child: ChildProcess;
	readonly #frames: Duplex;
	readonly #answers: Duplex;
	readonly #handler: ChannelHandler;
	readonly #folder: string;
	#onDebugger: ((address: string) => void) | undefined;
	#lastErrorLine = "";
	#isDying = false;
	#isFlowing = true;
	#ending: string | undefined;

	constructor(setup: RuntimeSetup, handler: ChannelHandler, guard: OrphanGuard) {
		this.#handler = handler;
		this.#folder = setup.folder;
		const heapBytes = setup.memoryMebibytes * 1024 * 1024;
		const program = [RUNTIME_PROCESS, setup.main, setup.folder, String(heapBytes)];
		this.#child = spawn(process.execPath, [...flags(setup), ...program], {
			cwd: setup.folder,
			env: { LANG: process.env["LANG"], TZ: process.env["TZ"] },
			stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
			// A process group of its own: a signal to its group does not reach ours.
			detached: true,
		});
		this.#frames = this.#child.stdio[FRAME_DESCRIPTOR] as Duplex;
		const splitter = new FrameSplitter(setup.frameBytes, frame => handler.onFrame(frame));
		this.#frames.on("data", (bytes: Buffer) => this.#take(splitter, bytes));
		this.#answers = this.#child.stdio[ANSWER_DESCRIPTOR] as Duplex;
		// They break when the process ends, which is told by `exit`.
		this.#frames.on("error", () => {});
		this.#answers.on("error", () => {});
		this.#frames.on("close", () => {
			setTimeout(() => this.#killFor("closed its connection to the server"), CLOSED_MILLIS).unref();
		});
		readLines(this.#child.stdout!, line => handler.onLine(false, line));
		readLines(this.#child.stderr!, line => this.#onErrorLine(line));
		this.#child.on("error", error => {
			this.#ending ??= error.message;
			if (this.#child.pid === undefined) handler.onEnd(this.#ending);
		});
		const { pid } = this.#child;
		this.#child.on("exit", (code, signal) => {
			if (pid !== undefined) guard.remove(pid);
			handler.onEnd(this.#ending ?? this.#describeExit(code, signal));
		});
		if (pid === undefined) return;
		guard.add(pid);
		// Sockets come first where there is not enough for both.
		lowerPriority(pid);
	}

	get queuedBytes(): number {
		return this.#frames.writableLength;
	}

	send(frame: Uint8Array): void {
		writeFrame(this.#frames, frame);
	}

	answer(frame: Uint8Array): void {
		writeFrame(this.#answers, frame);
	}

	setFlowing(isFlowing: boolean): void {
		this.#isFlowing = isFlowing;
		if (isFlowing) this.#frames.resume();
		else this.#frames.pause();
	}

	kill(): void {
		this.#killFor("was ended");
	}

	locate(): Promise<string | undefined> {
		const address = new Promise<string>(resolve => {
			this.#onDebugger = resolve;
		});
		this.#child.kill("SIGUSR1");
		return locateByInspector(address, this.#folder);
	}

	async memory(): Promise<number | undefined> {
		if (process.platform !== "linux") return undefined;
		try {
			const [, pages] = (await readFile(`/proc/${this.#child.pid}/statm`, "utf8")).split(" ");
			return Number(pages) * PAGE_BYTES;
		} catch {
			// It has ended.
			return undefined;
		}
	}

	#take(splitter: FrameSplitter, bytes: Buffer): void {
		try {
			splitter.push(bytes);
		} catch (error) {
			// Nothing that follows can be told apart.
			this.#frames.destroy();
			const text = error instanceof Error ? error.message : String(error);
			this.#killFor(`broke the rules of the port: ${text.replace(/\.$/, "")}`);
			return;
		}
		if (bytes.length < FULL_CHUNK_BYTES || !this.#isFlowing) return;
		this.#frames.pause();
		setImmediate(() => {
			if (this.#isFlowing) this.#frames.resume();
		});
	}

	#killFor(reason: string): void {
		this.#ending ??= reason;
		this.#child.kill("SIGKILL");
	}

	#onErrorLine(line: string): void {
		const address = DEBUGGER_LINE.exec(line)?.[1];
		if (address !== undefined) this.#onDebugger?.(address);
		else if (!DEBUGGER_CHATTER.test(line)) {
			// What follows is V8's own account of how it ran out of memory, for those who debug V8.
			if (line.startsWith("<--- Last few GCs")) this.#isDying = true;
			if (line.startsWith("FATAL ERROR")) this.#ending ??= `ran out of memory (${line})`;
			if (this.#isDying || line.trim() === "") return;
			this.#lastErrorLine = line;
			this.#handler.onLine(true, line);
		}
	}

	#describeExit(code: number | null, signal: NodeJS.Signals | null): string {
		if (signal !== null) return `was ended by ${signal}`;
		const last = code === 0 ? "" : this.#lastErrorLine;
		return `ended with exit code ${code}${last === "" ? "" : `: ${last}`}`;
	}
}

function writeFrame(stream: Duplex, frame: Uint8Array): void {
	if (stream.destroyed) return;
	stream.cork();
	stream.write(frameHead(frame));
	stream.write(frame);
	stream.uncork();
}

/** What Linux calls a page where Node runs. */
const PAGE_BYTES = 4096;

function flags({ folder, memoryMebibytes, network }: RuntimeSetup): string[] {
	const known = process.allowedNodeEnvironmentFlags;
	const optional = [...(network ? ["--allow-net"] : []), "--allow-inspector"].filter(flag => known.has(flag));
	return [
		"--permission",
		...optional,
		...runtimeReadFolders(folder).map(path => `--allow-fs-read=${path}`),
		`--allow-fs-write=${folder}`,
		`--max-old-space-size=${memoryMebibytes}`,
		"--disable-warning=SecurityWarning",
		"--disable-warning=ExperimentalWarning",
		"--enable-source-maps",
		"--inspect-port=127.0.0.1:0",
		...RUNTIME_FLAGS,
	];
}

function lowerPriority(pid: number): void {
	try {
		setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
	} catch {
		// It has ended already, or the system does not let us: then it runs as we do.
	}
}
