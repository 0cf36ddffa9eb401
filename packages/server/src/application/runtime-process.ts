import { readSync } from "node:fs";
import { Socket } from "node:net";
import { pathToFileURL } from "node:url";
import { FrameSplitter, frameHead } from "../app/index.ts";
import { registerAppResolver } from "./app-resolver.ts";
import { DescriptorWriter } from "./descriptor-writer.ts";
import { HostRuntime } from "./host-runtime.ts";
import { loadDefinition } from "./load-definition.ts";

/**
 * The program of an application's process: descriptor 3 leads to the media process, and by descriptor 4 come answers
 * that are waited for. When that process ends, so does this. What would let the code reach beyond its process is taken
 * away before the code is loaded.
 */
const FRAME_DESCRIPTOR = 3;
const ANSWER_DESCRIPTOR = 4;
/** The media process is trusted with the length of its frames. */
const MAX_FRAME_BYTES = 2 ** 32;

const [, , main, folder, heapBytes] = process.argv;
if (main === undefined || folder === undefined) throw new Error("The application's main file or folder is missing.");
registerAppResolver(true);
confine();

const frames = new Socket({ fd: FRAME_DESCRIPTOR });
const output = new DescriptorWriter(FRAME_DESCRIPTOR, () => process.exit(0));
const runtime = new HostRuntime(
	{
		send(frame) {
			output.write(frameHead(frame), frame);
		},
		sendAndWait(frame) {
			output.write(frameHead(frame), frame);
			output.finish();
			const length = readExactly(4).readUInt32BE();
			return readExactly(length);
		},
	},
	{ load: () => loadDefinition(pathToFileURL(main).href, folder), folder, heapBytes: Number(heapBytes) },
);
const splitter = new FrameSplitter(MAX_FRAME_BYTES, frame => runtime.receive(frame));
frames.on("data", (bytes: Buffer) => splitter.push(bytes));
frames.on("close", () => process.exit(0));
frames.on("error", () => process.exit(0));
process.on("uncaughtException", error => runtime.reportFault(error));
process.on("unhandledRejection", error => runtime.reportFault(error));

/** Stands still until so many bytes have come. */
function readExactly(length: number): Buffer {
	const bytes = Buffer.alloc(length);
	for (let have = 0; have < length; ) {
		const count = readSync(ANSWER_DESCRIPTOR, bytes, have, length - have, null);
		if (count === 0) process.exit(0);
		have += count;
	}
	return bytes;
}

function confine(): void {
	const refuse = (what: string) => () => {
		throw new Error(`An application cannot use ${what}.`);
	};
	const builtin = process.getBuiltinModule.bind(process);
	const os = builtin("node:os");
	const refused = ["kill", "_kill", "abort", "binding", "_linkedBinding", "dlopen", "_debugProcess", "_debugEnd"];
	for (const name of refused) {
		Object.defineProperty(process, name, { value: refuse(`process.${name}`), writable: false, configurable: false });
	}
	process.getBuiltinModule = (name: string) =>
		/^(node:)?inspector(\/promises)?$/.test(name) ? refuse(name)() : builtin(name);
	// Of any process of the same user, ours among them.
	os.setPriority = refuse("os.setPriority");
	builtin("node:module").syncBuiltinESMExports();
}
