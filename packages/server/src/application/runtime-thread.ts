import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { registerAppResolver } from "./app-resolver.ts";
import { HostRuntime } from "./host-runtime.ts";
import { loadDefinition } from "./load-definition.ts";
import type { RuntimeData } from "./runtime-place.ts";

/** The program of an application's thread. */
const { main } = workerData as RuntimeData;
registerAppResolver(false);

const runtime = new HostRuntime(
	{ send: frame => parentPort?.postMessage(frame, [frame.buffer as ArrayBuffer]) },
	{ load: () => loadDefinition(pathToFileURL(main).href), folder: dirname(main) },
);
parentPort?.on("message", (frame: Uint8Array) => runtime.receive(frame));
process.on("uncaughtException", error => runtime.reportFault(error));
process.on("unhandledRejection", error => runtime.reportFault(error));
