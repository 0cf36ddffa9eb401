import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FILES_FOLDER } from "./media.ts";
import { LOOPBACK, type Network } from "./network.ts";
import type { Launch, Place } from "./peer.ts";
import type { Transport } from "./scenario.ts";

/** A server that the bench started: where it listens, its process, and its end. */
export type ServerProcess = Omit<Place, "files" | "host"> & {
	pid: number;
	network: Network;
	/** Ends it and its directory; resolves when the process is gone. */
	stop(): Promise<void>;
	/** How it ended by itself, with the last lines that it wrote; undefined while it runs. */
	end(): string | undefined;
};

const READY_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 5_000;
const POLL_MS = 25;

const running = new Set<ChildProcess>();

/**
 * Starts a fresh server on free ports, at its end of the network, and waits until it is ready.
 * Throws an Error with the server's last words when it ends early or is not ready in 15 s.
 */
export async function startServer(
	launch: (place: Place) => Launch,
	transports: readonly Transport[],
	network: Network = LOOPBACK,
): Promise<ServerProcess> {
	const directory = mkdtempSync(join(tmpdir(), "millrace-bench-"));
	const [rtmpPort, httpPort] = await freePorts();
	const { command, args, cwd, readyLine } = launch({
		host: network.host,
		rtmpPort,
		httpPort,
		directory,
		files: FILES_FOLDER,
	});
	const logFile = join(directory, "output.log");
	// A file and not a pipe: what a server pays for its log does not depend on how fast we read.
	const log = openSync(logFile, "w");
	const child = spawn(...network.command("server", command, args), {
		cwd: cwd ?? directory,
		stdio: ["ignore", log, log],
	});
	closeSync(log);
	running.add(child);
	let ended: string | undefined;
	child.once("error", error => {
		ended = error.message;
	});
	child.once("exit", (code, signal) => {
		ended = `ended with ${signal ?? `status ${code}`}`;
		running.delete(child);
	});
	const output = () => readFileSync(logFile, "utf8");
	const server: ServerProcess = {
		rtmpPort,
		httpPort,
		directory,
		pid: child.pid ?? -1,
		network,
		end: () => ended && `${ended}; it wrote: ${lastLines(output())}`,
		async stop() {
			child.kill("SIGTERM");
			const deadline = Date.now() + STOP_TIMEOUT_MS;
			while (ended === undefined && Date.now() < deadline) await sleep(POLL_MS);
			if (ended === undefined) child.kill("SIGKILL");
			while (ended === undefined) await sleep(POLL_MS);
			rmSync(directory, { recursive: true, force: true });
		},
	};
	const ports = transports.some(transport => transport !== "rtmp") ? [rtmpPort, httpPort] : [rtmpPort];
	const deadline = Date.now() + READY_TIMEOUT_MS;
	const isReady = () =>
		(readyLine === undefined || readyLine.test(output())) && ports.every(port => isListening(server.pid, port));
	while (ended === undefined && Date.now() < deadline) {
		if (isReady()) return server;
		await sleep(POLL_MS);
	}
	const reason = server.end() ?? `was not ready in 15 s; it wrote: ${lastLines(output())}`;
	await server.stop();
	throw new Error(reason);
}

/** Ends what is still running, at once: for the bench's own end. Only processes that it started itself. */
export function killServers(): void {
	for (const child of running) child.kill("SIGTERM");
}

function lastLines(text: string): string {
	return text.trim().split("\n").slice(-4).join(" | ").slice(-400) || "nothing";
}

/** Two ports that were free a moment ago. */
async function freePorts(): Promise<[number, number]> {
	const listeners = [createServer(), createServer()];
	const ports = await Promise.all(
		listeners.map(
			listener =>
				new Promise<number>((resolve, reject) => {
					listener.once("error", reject);
					listener.listen(0, "127.0.0.1", () => {
						const address = listener.address();
						if (address !== null && typeof address === "object") resolve(address.port);
					});
				}),
		),
	);
	await Promise.all(listeners.map(listener => new Promise(resolve => listener.close(resolve))));
	return ports as [number, number];
}

/** Whether somebody listens on the port in the process's network, which may not be ours to connect to. */
function isListening(pid: number, port: number): boolean {
	const listener = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, "0")} [0-9A-F]+:0000 0A `);
	return ["tcp", "tcp6"].some(table => {
		const file = `/proc/${pid}/net/${table}`;
		return existsSync(file) && listener.test(readFileSync(file, "utf8"));
	});
}
