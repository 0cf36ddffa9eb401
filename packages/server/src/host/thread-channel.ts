import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";
import { RUNTIME_FLAGS, RUNTIME_THREAD, type RuntimeData } from "../application/index.ts";
import type { ChannelHandler, HostChannel, RuntimeSetup } from "./host-channel.ts";

/**
 * Runs an application in a thread of the media process (`isolation: thread`), for trusted code: a loop or a leak in the
 * JavaScript heap is bounded, but memory outside of it is not, and `process.kill` reaches the server.
 */
export function startThreadChannel(setup: RuntimeSetup, handler: ChannelHandler): HostChannel {
	const worker = new Worker(RUNTIME_THREAD, {
		workerData: { main: setup.main } satisfies RuntimeData,
		resourceLimits: { maxOldGenerationSizeMb: setup.memoryMebibytes },
		env: {},
		execArgv: [...RUNTIME_FLAGS],
		stdout: true,
		stderr: true,
		name: setup.application,
	});
	let ending: string | undefined;
	createInterface({ input: worker.stdout }).on("line", line => handler.onLine(false, line));
	createInterface({ input: worker.stderr }).on("line", line => handler.onLine(true, line));
	worker.on("message", (frame: Uint8Array) => handler.onFrame(frame));
	worker.on("error", error => {
		ending = error instanceof Error ? error.message : String(error);
	});
	worker.on("exit", code => handler.onEnd(ending ?? `ended with exit code ${code}`));
	return {
		queuedBytes: 0,
		send: frame => worker.postMessage(frame, [frame.buffer as ArrayBuffer]),
		setFlowing: () => {},
		kill() {
			ending ??= "was ended";
			void worker.terminate();
		},
		locate: () => Promise.resolve(undefined),
		memory: () => Promise.resolve(undefined),
	};
}
