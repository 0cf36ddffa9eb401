import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";

/** How long the debugger gets to stop the code, in milliseconds. */
const LOCATE_MILLIS = 2000;
/** Longest message of the debugger, in bytes; a script that brings its source map along makes a long one. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
/** The only place where a debugger of ours listens. */
const DEBUGGER_ADDRESS = /^ws:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]+$/;

type CallFrame = { readonly location: { readonly scriptId: string; readonly lineNumber: number } };

type DebuggerEvent = {
	readonly method?: string;
	readonly params?: { readonly scriptId?: string; readonly url?: string; readonly callFrames?: readonly CallFrame[] };
};

/**
 * Asks a process's debugger where its code is (Chrome DevTools Protocol: `Debugger.pause` stops even an endless loop).
 *
 * What the process says is not believed: it may name another place than its debugger's, and answer there itself.
 *
 * @param address the debugger's, as soon as it is known
 * @returns the innermost place in the folder, as `main.ts:12`; `undefined` where none could be found in time
 */
export async function locateByInspector(address: Promise<string>, folder: string): Promise<string | undefined> {
	const scripts: Scripts = new Map();
	let socket: WebSocket | undefined;
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<undefined>(resolve => {
		timer = setTimeout(() => resolve(undefined), LOCATE_MILLIS);
	});
	const found = address.then(
		url =>
			new Promise<string | undefined>(resolve => {
				if (!DEBUGGER_ADDRESS.test(url)) return resolve(undefined);
				socket = new WebSocket(url, { maxPayload: MAX_MESSAGE_BYTES });
				socket.on("open", () => {
					socket?.send('{"id":1,"method":"Debugger.enable"}');
					socket?.send('{"id":2,"method":"Debugger.pause"}');
				});
				socket.on("message", data => {
					try {
						const { method, params } = JSON.parse(String(data)) as DebuggerEvent;
						// A frame names its script by number; scripts are told of when the debugger is switched on.
						if (method === "Debugger.scriptParsed") scripts.set(params?.scriptId, params?.url);
						else if (method === "Debugger.paused") resolve(placeOf(params?.callFrames ?? [], scripts, folder));
					} catch {
						// No debugger speaks so.
						resolve(undefined);
					}
				});
				// A process that ends meanwhile has no place.
				socket.on("error", () => resolve(undefined));
				socket.on("close", () => resolve(undefined));
			}),
	);
	try {
		return await Promise.race([found, late]);
	} finally {
		clearTimeout(timer);
		socket?.terminate();
	}
}

type Scripts = Map<string | undefined, string | undefined>;

function placeOf(frames: readonly CallFrame[], scripts: Scripts, folder: string): string | undefined {
	for (const { location } of frames) {
		const url = scripts.get(location.scriptId);
		if (!url?.startsWith("file:")) continue;
		const path = relative(folder, fileURLToPath(url));
		if (!path.startsWith("..")) return `${path}:${location.lineNumber + 1}`;
	}
	return undefined;
}
