import { type AnyDefinition, HostRuntime } from "../application/index.ts";
import type { ChannelHandler, HostChannel, StartChannel } from "./host-channel.ts";

/** A generator of numbers below a limit. */
export type Below = (limit: number) => number;

/** Park and Miller's generator; the same seed gives the same numbers. */
export function seeded(seed: number): Below {
	let state = (seed % 2_147_483_646) + 1;
	return limit => {
		state = (state * 48_271) % 2_147_483_647;
		return state % limit;
	};
}

/**
 * A channel in this process that delivers each frame after a random number of turns of the event loop, in order, as a
 * pipe between processes may. For tests of what the port promises.
 */
export function delayedChannel(definition: AnyDefinition, below: Below): StartChannel {
	return (_setup, handler: ChannelHandler): HostChannel => {
		let isOpen = true;
		const toRuntime = lane(below, frame => isOpen && runtime.receive(frame));
		const toMedia = lane(below, frame => isOpen && handler.onFrame(frame));
		const runtime = new HostRuntime(
			{ send: toMedia, sendAndWait: cannotWait },
			{ load: () => Promise.resolve(definition) },
		);
		return {
			queuedBytes: 0,
			send: toRuntime,
			answer: () => {},
			setFlowing: () => {},
			kill() {
				if (!isOpen) return;
				isOpen = false;
				setImmediate(() => handler.onEnd("was ended"));
			},
			locate: () => Promise.resolve(undefined),
			memory: () => Promise.resolve(undefined),
		};
	};
}

const MOST_TURNS = 4;

function cannotWait(): never {
	throw new Error("This channel cannot wait.");
}

function lane(below: Below, deliver: (frame: Uint8Array) => void): (frame: Uint8Array) => void {
	const waiting: Uint8Array[] = [];
	const wait = (turns: number) => {
		if (turns > 0) setImmediate(() => wait(turns - 1));
		else {
			deliver(waiting.shift()!);
			if (waiting.length > 0) setImmediate(() => wait(below(MOST_TURNS)));
		}
	};
	return frame => {
		waiting.push(frame);
		if (waiting.length === 1) setImmediate(() => wait(below(MOST_TURNS)));
	};
}
