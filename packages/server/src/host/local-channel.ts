import { pathToFileURL } from "node:url";
import {
	type AnyDefinition,
	freshAddress,
	HostRuntime,
	loadDefinition,
	registerAppResolver,
} from "../application/index.ts";
import type { ChannelHandler, HostChannel, RuntimeSetup } from "./host-channel.ts";

/** The real one, whatever the application or its test puts in its place. */
const soon = setImmediate;

let knowsApplications = false;

const NO_ANSWER = "This cannot be answered at once where an application runs in the server itself (isolation: none).";

/**
 * Runs an application in the media process itself (`isolation: none`): for tests, and for code that is as trusted as
 * the server's own. Nothing bounds it. What is loaded once stays in memory: each change of the code adds to it.
 */
export function startLocalChannel(setup: RuntimeSetup, handler: ChannelHandler): HostChannel {
	if (!knowsApplications) registerAppResolver(false);
	knowsApplications = true;
	return localChannel(
		() => loadDefinition(freshAddress(pathToFileURL(setup.main).href), setup.folder),
		handler,
		setup.folder,
	);
}

/** The same for a definition that is loaded already. */
export function localChannel(
	load: () => Promise<AnyDefinition>,
	handler: ChannelHandler,
	folder?: string,
): HostChannel {
	let isOpen = true;
	/** Frames arrive in later turns of the loop, as from another process. */
	const later = (action: () => void) =>
		soon(() => {
			if (isOpen) action();
		});
	/** Frames of the runtime that have not arrived. */
	const sent: Uint8Array[] = [];
	let answer: Uint8Array | undefined;
	const runtime = new HostRuntime(
		{
			send(frame) {
				sent.push(frame);
				later(() => {
					const arrived = sent.shift();
					if (arrived !== undefined) handler.onFrame(arrived);
				});
			},
			sendAndWait(frame) {
				answer = undefined;
				for (const each of [...sent.splice(0), frame]) handler.onFrame(each, true);
				if (answer === undefined) throw new Error(NO_ANSWER);
				return answer;
			},
		},
		{ load, folder },
	);
	return {
		queuedBytes: 0,
		send: frame => later(() => runtime.receive(frame)),
		answer(frame) {
			answer = frame;
		},
		setFlowing: () => {},
		kill() {
			if (!isOpen) return;
			isOpen = false;
			soon(() => handler.onEnd("ended"));
		},
		locate: () => Promise.resolve(undefined),
		memory: () => Promise.resolve(undefined),
	};
}
