import { pathToFileURL } from "node:url";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { registerAppResolver } from "./app-resolver.ts";
import { HostRuntime } from "./host-runtime.ts";
import { loadDefinition } from "./load-definition.ts";
import type { RuntimeData } from "./runtime-place.ts";

/** The program of an application's thread. */
const { main, folder, heapBytes, answers, answered } = workerData as RuntimeData;
registerAppResolver(false);

const runtime = new HostRuntime(
	{
		send: frame => parentPort?.postMessage(frame, [frame.buffer as ArrayBuffer]),
		sendAndWait(frame) {
			const before = Atomics.load(answered, 0);
			parentPort?.postMessage(frame, [frame.buffer as ArrayBuffer]);
			Atomics.wait(answered, 0, before);
			const answer = receiveMessageOnPort(answers) as { readonly message: Uint8Array } | undefined;
			if (answer === undefined) throw new Error("The server gave no answer.");
			return answer.message;
		},
	},
	{ load: () => loadDefinition(pathToFileURL(main).href, folder), folder, heapBytes },
);
parentPort?.on("message", (frame: Uint8Array) => runtime.receive(frame));
process.on("uncaughtException", error => runtime.reportFault(error));
process.on("unhandledRejection", error => runtime.reportFault(error));
