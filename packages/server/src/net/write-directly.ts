import { writeSync } from "node:fs";
import type { Socket } from "node:net";

type Internals = Socket & { readonly encrypted?: boolean; readonly _handle?: { readonly fd?: number } | null };

/**
 * The descriptor by which a connected TCP socket can be written to without its stream; −1 where there is none: for TLS,
 * on Windows, and where a Node does not tell it.
 */
export function descriptorOf(socket: Socket): number {
	const { encrypted, _handle: handle } = socket as Internals;
	return encrypted === true ? -1 : (handle?.fd ?? -1);
}

/**
 * Writes to a socket past its stream, in which nothing may wait. For what many sockets are sent at once the stream costs
 * half as much again as the call of the system, most of it for memory that is not in the processor's caches (0025).
 *
 * @returns how many of the bytes the operating system took. Where those are not all, the rest is for `socket.write`,
 *   which waits, or reports what is wrong.
 */
export function writeDirectly(socket: Socket, descriptor: number, bytes: Uint8Array): number {
	// The number of a socket that is closed may be another's.
	if (descriptor < 0 || !socket.writable || (socket as Internals)._handle === null) return 0;
	return writeTo(descriptor, bytes);
}

/** Writes to an open descriptor; returns how many of the bytes the operating system took. */
export function writeTo(descriptor: number, bytes: Uint8Array): number {
	try {
		return writeSync(descriptor, bytes);
	} catch {
		// It takes nothing now, or never again: the socket's stream will say which.
		return 0;
	}
}

/** Calls back when a socket is about to be closed, by whatever: while its descriptor is still its own. */
export function beforeClosing(socket: Socket, action: () => void): void {
	const destroy = socket._destroy;
	socket._destroy = function (error, callback) {
		action();
		destroy.call(this, error, callback);
	};
}
