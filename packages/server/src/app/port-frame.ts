import { PeerError } from "@millrace/core/fault";

/**
 * How several ports share one channel between a host and its runtime. A frame belongs to one port and is handled as a
 * whole: a head of three numbers (the port; for frames of the runtime, how many events of the port it has begun; the
 * number of items), and the items, each behind its length. All numbers are unsigned, of 32 bits, most significant first.
 */
export type PortFrame = {
	/** 0: control messages, which belong to no port. */
	readonly port: number;
	readonly handled: number;
	/** Encoded events, effects or control messages (`port-codec.ts`). */
	readonly items: readonly Uint8Array[];
};

const HEAD_BYTES = 12;
const LENGTH_BYTES = 4;

export function encodeFrame({ port, handled, items }: PortFrame): Uint8Array {
	let length = HEAD_BYTES;
	for (const item of items) length += LENGTH_BYTES + item.length;
	const bytes = new Uint8Array(length);
	const view = new DataView(bytes.buffer);
	view.setUint32(0, port);
	view.setUint32(4, handled);
	view.setUint32(8, items.length);
	let offset = HEAD_BYTES;
	for (const item of items) {
		view.setUint32(offset, item.length);
		bytes.set(item, offset + LENGTH_BYTES);
		offset += LENGTH_BYTES + item.length;
	}
	return bytes;
}

/** Reads a frame item by item: as many as there are may take longer than one turn should. */
export class FrameReader {
	readonly port: number;
	readonly handled: number;
	readonly #bytes: Uint8Array;
	readonly #view: DataView;
	#left: number;
	#offset = HEAD_BYTES;

	/** Throws a `PeerError` for bytes that are no frame. */
	constructor(bytes: Uint8Array) {
		if (bytes.length < HEAD_BYTES) throw malformed();
		this.#bytes = bytes;
		this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
		this.port = this.#view.getUint32(0);
		this.handled = this.#view.getUint32(4);
		this.#left = this.#view.getUint32(8);
	}

	/** Bytes of the frame. */
	get length(): number {
		return this.#bytes.length;
	}

	/** The next item, a view of the frame; `undefined` behind the last. Throws a `PeerError` where the lengths are wrong. */
	next(): Uint8Array | undefined {
		if (this.#left === 0) {
			if (this.#offset !== this.#bytes.length) throw malformed();
			return undefined;
		}
		const begin = this.#offset + LENGTH_BYTES;
		if (begin > this.#bytes.length) throw malformed();
		const end = begin + this.#view.getUint32(this.#offset);
		if (end > this.#bytes.length) throw malformed();
		this.#left--;
		this.#offset = end;
		return this.#bytes.subarray(begin, end);
	}
}

/** The items are views of `bytes`. Throws a `PeerError` for bytes that are no frame. */
export function decodeFrame(bytes: Uint8Array): PortFrame {
	const reader = new FrameReader(bytes);
	const items: Uint8Array[] = [];
	for (let item = reader.next(); item !== undefined; item = reader.next()) items.push(item);
	return { port: reader.port, handled: reader.handled, items };
}

/** Frames on a stream of bytes: each behind its length. */
export function frameHead(frame: Uint8Array): Uint8Array {
	const head = new Uint8Array(LENGTH_BYTES);
	new DataView(head.buffer).setUint32(0, frame.length);
	return head;
}

/** Cuts a stream of bytes into frames. */
export class FrameSplitter {
	readonly #maxBytes: number;
	readonly #onFrame: (frame: Uint8Array) => void;
	#parts: Uint8Array[] = [];
	#have = 0;

	/** Frames longer than `maxBytes` throw. */
	constructor(maxBytes: number, onFrame: (frame: Uint8Array) => void) {
		this.#maxBytes = maxBytes;
		this.#onFrame = onFrame;
	}

	/** Hands on the frames that are complete. The bytes are kept. Throws a `PeerError`, and what the handler throws. */
	push(bytes: Uint8Array): void {
		this.#parts.push(bytes);
		this.#have += bytes.length;
		while (this.#have >= LENGTH_BYTES) {
			const head = this.#peekLength();
			if (head > this.#maxBytes) throw new PeerError("APPLICATION_MALFORMED", `A frame of ${head} bytes.`);
			if (this.#have < LENGTH_BYTES + head) return;
			this.#onFrame(this.#take(LENGTH_BYTES + head).subarray(LENGTH_BYTES));
		}
	}

	#peekLength(): number {
		const first = this.#parts[0]!;
		const head = first.length >= LENGTH_BYTES ? first : this.#joined();
		return new DataView(head.buffer, head.byteOffset).getUint32(0);
	}

	#take(length: number): Uint8Array {
		const first = this.#parts[0]!.length >= length ? this.#parts[0]! : this.#joined();
		this.#have -= length;
		if (first.length === length) this.#parts.shift();
		else this.#parts[0] = first.subarray(length);
		return first.subarray(0, length);
	}

	#joined(): Uint8Array {
		const joined = new Uint8Array(this.#have);
		let offset = 0;
		for (const part of this.#parts) {
			joined.set(part, offset);
			offset += part.length;
		}
		this.#parts = [joined];
		return joined;
	}
}

function malformed(): PeerError {
	return new PeerError("APPLICATION_MALFORMED", "A frame contradicts its lengths.");
}
