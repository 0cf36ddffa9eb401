import type { Socket } from "node:net";
import { readBorrowed, readWaiting } from "./read-borrowed.ts";
import { originOf } from "./socket-origin.ts";
import type { Wire, WireHandler } from "./wire.ts";
import { beforeClosing, descriptorOf, writeDirectly } from "./write-directly.ts";
import type { GroupMember, GroupSocket, Membership, WriteGroup } from "./write-group.ts";

/** How long a peer may take to read the last bytes, in milliseconds. */
const END_TIMEOUT_MILLIS = 5000;
/** TCP probes an idle peer after this time, so that its end is noticed even where it is never written to. */
const KEEP_ALIVE_MILLIS = 60_000;

const NOTHING = new Uint8Array(0);

/** A wire over a TCP or TLS socket. */
export class SocketWire implements Wire, GroupSocket {
	readonly remoteAddress: string;
	readonly #socket: Socket;
	readonly #handler: WireHandler;
	readonly #descriptor: number;
	#directBytes = 0;
	#membership: Membership | undefined;
	#knowsOfClosing = false;
	#error: Error | undefined;
	#waitsForDrain = false;
	#isEnding = false;

	readonly #onDrained = (): void => {
		this.#waitsForDrain = false;
		this.#handler.onWireDrain();
	};

	constructor(socket: Socket, handler: WireHandler) {
		this.#socket = socket;
		this.#handler = handler;
		this.#descriptor = descriptorOf(socket);
		this.remoteAddress = originOf(socket).address;
		// Without it, Nagle's algorithm and delayed acknowledgements hold a frame's tail for 40 ms.
		socket.setNoDelay(true);
		socket.setKeepAlive(true, KEEP_ALIVE_MILLIS);
		// What comes after the end is read and dropped, so that the peer can still read its goodbye.
		if (handler.onWireData !== undefined) {
			readBorrowed(socket, bytes => {
				if (!this.#isEnding) handler.onWireData?.(bytes);
			});
		}
		socket.on("error", error => {
			this.#error = error;
		});
		socket.on("close", () => handler.onWireClosed(this.#error));
	}

	get backlog(): number {
		return this.#socket.writableLength;
	}

	/** What the operating system has taken, it has copied. */
	get isSpent(): boolean {
		return this.#socket.writableLength === 0;
	}

	get bytesWritten(): number {
		return this.#socket.bytesWritten + this.#directBytes + (this.#membership?.bytes ?? 0);
	}

	write(bytes: Uint8Array): void {
		const socket = this.#socket;
		const taken = socket.writableLength === 0 ? writeDirectly(socket, this.#descriptor, bytes) : 0;
		this.#directBytes += taken;
		if (taken < bytes.length) this.#writeRest(bytes, taken);
	}

	joinGroup(group: WriteGroup, member: GroupMember): Membership | undefined {
		const socket = this.#socket;
		if (this.#descriptor < 0 || this.#membership !== undefined) return undefined;
		if (this.#isEnding || this.backlog > 0 || !socket.writable) return undefined;
		if (!this.#knowsOfClosing) {
			this.#knowsOfClosing = true;
			beforeClosing(socket, () => this.#membership?.leave());
		}
		this.#membership = group.admit(this.#descriptor, this, member);
		return this.#membership;
	}

	onLeftGroup(membership: Membership): void {
		this.#directBytes += membership.bytes;
		this.#membership = undefined;
	}

	onCutShort(block: Uint8Array, taken: number): void {
		// The group has counted the whole block.
		this.#directBytes -= block.length - taken;
		this.#writeRest(block, taken);
	}

	notifyDrain(): void {
		if (this.#waitsForDrain || this.#socket.destroyed) return;
		this.#waitsForDrain = true;
		// Nothing, behind what waits: a callback on each write would cost all the viewers that keep up.
		this.#socket.write(NOTHING, this.#onDrained);
	}

	pause(): void {
		if (this.#isEnding) return;
		stopReadingWhilePaused(this.#socket);
		this.#socket.pause();
	}

	resume(): void {
		this.#socket.resume();
	}

	readWaiting(): boolean {
		return !this.#isEnding && readWaiting(this.#socket, this.#descriptor);
	}

	end(): void {
		if (this.#socket.destroyed || this.#isEnding) return;
		this.#isEnding = true;
		this.#membership?.leave();
		this.#socket.resume();
		this.#socket.destroySoon();
		const timer = setTimeout(() => this.#socket.destroy(), END_TIMEOUT_MILLIS);
		timer.unref();
		this.#socket.once("close", () => clearTimeout(timer));
	}

	destroy(): void {
		this.#socket.destroy();
	}

	/** From here on the stream has what waits, and nothing may be written past it. */
	#writeRest(bytes: Uint8Array, taken: number): void {
		this.#membership?.leave();
		this.#socket.write(taken === 0 ? bytes : bytes.subarray(taken));
	}
}

/**
 * A paused socket that is not read into borrowed memory is read on until its high-water mark, packet by packet. The mark for reading alone cannot be set by a
 * public way, and one for both directions would cost an event for each write to a viewer. On a Node where the property
 * is not there, a paused socket is merely read on into memory, up to the default mark.
 */
function stopReadingWhilePaused(socket: Socket & { _readableState?: { highWaterMark: number } }): void {
	if (socket._readableState !== undefined) socket._readableState.highWaterMark = 1;
}
