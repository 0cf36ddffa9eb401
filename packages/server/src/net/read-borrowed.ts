import type { Socket } from "node:net";

/** As much as is read at once, in bytes. */
const READ_BYTES = 64 * 1024;

/** All sockets of a thread are read into the same memory, one after the other. */
const buffer = Buffer.allocUnsafeSlow(READ_BYTES);

/**
 * Reads a socket that nobody reads, or no longer: without data listeners and with nothing in its own buffer. The bytes
 * are the listener's only during the call.
 *
 * Node has this for connections that it opens itself (`onread` of `net.connect`) and not for those that a server takes.
 * For them it allocates 64 KB a read, which for small messages costs more than all that is done with them (0010). So a
 * server's socket is given what the option would have given it; where a Node has other internals, it is read the usual
 * way.
 */
export function readBorrowed(socket: Socket, onBytes: (bytes: Uint8Array) => void): void {
	if (!readsInto(socket, buffer, length => onBytes(buffer.subarray(0, length)))) socket.on("data", onBytes);
	socket.resume();
}

/** Whether `readBorrowed` reads this socket without allocating. */
export function canBorrow(socket: Socket): boolean {
	return slotsOf(socket) !== undefined;
}

type Internals = {
	_handle?: { useUserBuffer?: (buffer: Uint8Array) => void } | null;
	[slot: symbol]: unknown;
};

function readsInto(socket: Socket, target: Uint8Array, onRead: (length: number) => void): boolean {
	const slots = slotsOf(socket);
	if (slots === undefined) return false;
	const internals = socket as unknown as Internals;
	internals[slots.buffer] = target;
	// False would stop the reading.
	internals[slots.callback] = (length: number) => {
		onRead(length);
		return true;
	};
	internals._handle!.useUserBuffer!(target);
	return true;
}

/** Where a socket keeps the option's buffer and callback, unless it has them already or this Node has no such places. */
function slotsOf(socket: Socket): { buffer: symbol; callback: symbol } | undefined {
	const internals = socket as unknown as Internals;
	if (typeof internals._handle?.useUserBuffer !== "function") return undefined;
	let bufferSlot: symbol | undefined;
	let callbackSlot: symbol | undefined;
	for (const symbol of Object.getOwnPropertySymbols(socket)) {
		if (symbol.description === "kBuffer") bufferSlot = symbol;
		else if (symbol.description === "kBufferCb") callbackSlot = symbol;
	}
	if (bufferSlot === undefined || callbackSlot === undefined) return undefined;
	if (internals[bufferSlot] || internals[callbackSlot]) return undefined;
	return { buffer: bufferSlot, callback: callbackSlot };
}
