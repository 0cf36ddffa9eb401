import { createInterface } from "node:readline";
import { MessageChannel, Worker } from "node:worker_threads";
import { RUNTIME_FLAGS, RUNTIME_THREAD, type RuntimeData } from "../application/index.ts";
import type { ChannelHandler, HostChannel, RuntimeSetup } from "./host-channel.ts";

/**
 * Runs an application in a thread of the media process (`isolation: thread`), for trusted code: a loop or a leak in the
 * JavaScript heap is bounded, but memory outside of it is not, and `process.kill` reaches the server.
 */
export function startThreadChannel(setup: RuntimeSetup, handler: ChannelHandler): HostChannel {
	const { port1: answers, port2 } = new MessageChannel();
	const answered = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
	const worker = new Worker(RUNTIME_THREAD, {
		workerData: {
			...{ main: setup.main, folder: setup.folder, heapBytes: setup.memoryMebibytes * 1024 * 1024 },
			...{ answers: port2, answered },
		} satisfies RuntimeData,
		transferList: [port2],
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
	worker.on("exit", code => {
		answers.close();
		handler.onEnd(ending ?? `ended with exit code ${code}`);
	});
	return {
		queuedBytes: 0,
		send: frame => worker.postMessage(frame, [frame.buffer as ArrayBuffer]),
		answer(frame) {
			answers.postMessage(frame, [frame.buffer as ArrayBuffer]);
			Atomics.add(answered, 0, 1);
			Atomics.notify(answered, 0);
		},
		setFlowing: () => {},
		kill() {
			ending ??= "was ended";
			void worker.terminate();
		},
		locate: () => Promise.resolve(undefined),
		memory: () => Promise.resolve(undefined),
	};
}
