import { readSync } from "node:fs";
import type { Socket } from "node:net";

/** As much as is read at once, in bytes. */
const READ_BYTES = 64 * 1024;
/** One socket is read so often before others have their turn. */
const MAX_READS = 16;

/** All sockets of a thread are read into the same memory, one after the other. */
const buffer = Buffer.allocUnsafeSlow(READ_BYTES);

/** Who reads a socket that is read into borrowed memory. False: no more is to be read for now. */
type Reader = (length: number) => boolean;

/** Where a socket keeps its reader: a map of all sockets would cost each of them more. */
const READER = Symbol("reader");

/**
 * Reads a socket. The bytes are the listener's only during the call. Called again, it gives the socket to another
 * listener.
 *
 * Node has this for connections that it opens itself (`onread` of `net.connect`) and not for those that a server takes.
 * For them it allocates 64 KB a read, which for small messages costs more than all that is done with them (0010). So a
 * server's socket is given what the option would have given it; where a Node has other internals, or somebody reads the
 * socket already, it is read the usual way.
 */
export function readBorrowed(socket: Socket, onBytes: (bytes: Uint8Array) => void): void {
	const read: Reader = length => {
		onBytes(buffer.subarray(0, length));
		return true;
	};
	const known = (socket as Internals)[READER];
	if (known !== undefined) known.read = read;
	else if (!readsInto(socket, read)) socket.on("data", onBytes);
	socket.resume();
}

/**
 * Lets a socket that is read into borrowed memory be read as any other: for those that expect an ordinary one. Where it
 * was read the usual way, its listener is taken off.
 */
export function readOrdinarily(socket: Socket, onBytes: (bytes: Uint8Array) => void): void {
	const known = (socket as Internals)[READER];
	if (known === undefined) socket.off("data", onBytes);
	else known.read = length => socket.push(Buffer.from(buffer.subarray(0, length)));
}

/**
 * Reads at once, past its stream, what waits for a socket that is read into borrowed memory: to be woken for it and to
 * look which socket it is for costs more than to read it.
 *
 * @returns false where nothing waits, or where the stream is to find out what: the end, for one
 */
export function readWaiting(socket: Socket, descriptor: number): boolean {
	const { [READER]: reader } = socket as Internals;
	if (reader === undefined || descriptor < 0) return false;
	let hasRead = false;
	for (let reads = 0; reads < MAX_READS && !socket.destroyed; reads++) {
		const length = readFrom(socket, descriptor);
		if (length === 0) break;
		hasRead = true;
		if (!reader.read(length) || length < READ_BYTES) break;
	}
	return hasRead;
}

function readFrom(socket: Socket, descriptor: number): number {
	try {
		return readSync(descriptor, buffer);
	} catch (error) {
		// The system reports an error of the connection once.
		if ((error as NodeJS.ErrnoException).code !== "EAGAIN") socket.destroy(error as Error);
		return 0;
	}
}

/** Whether `readBorrowed` reads this socket without allocating. */
export function canBorrow(socket: Socket): boolean {
	return (socket as Internals)[READER] !== undefined || slotsOf(socket) !== undefined;
}

type Internals = Socket & {
	[READER]?: { read: Reader };
	_handle?: { useUserBuffer?: (buffer: Uint8Array) => void } | null;
	[slot: symbol]: unknown;
};

function readsInto(socket: Socket, read: Reader): boolean {
	const slots = slotsOf(socket);
	if (slots === undefined) return false;
	const reader = { read };
	const internals = socket as Internals;
	internals[READER] = reader;
	internals[slots.buffer] = buffer;
	internals[slots.callback] = (length: number) => reader.read(length);
	internals._handle!.useUserBuffer!(buffer);
	return true;
}

/** Where a socket keeps the option's buffer and callback, unless it has them already or this Node has no such places. */
function slotsOf(socket: Socket): Slots | undefined {
	const internals = socket as Internals;
	if (typeof internals._handle?.useUserBuffer !== "function") return undefined;
	if (knownSlots === undefined || !(knownSlots.buffer in socket)) knownSlots = findSlots(socket);
	if (knownSlots === undefined || internals[knownSlots.buffer] || internals[knownSlots.callback]) return undefined;
	return knownSlots;
}

type Slots = { readonly buffer: symbol; readonly callback: symbol };

/** The same for all sockets of a Node. */
let knownSlots: Slots | undefined;

function findSlots(socket: Socket): Slots | undefined {
	const symbols = Object.getOwnPropertySymbols(socket);
	const buffer = symbols.find(({ description }) => description === "kBuffer");
	const callback = symbols.find(({ description }) => description === "kBufferCb");
	return buffer === undefined || callback === undefined ? undefined : { buffer, callback };
}
