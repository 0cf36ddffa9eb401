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

/** The items are views of `bytes`. Throws a `PeerError` for bytes that are no frame. */
export function decodeFrame(bytes: Uint8Array): PortFrame {
	if (bytes.length < HEAD_BYTES) throw malformed();
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const count = view.getUint32(8);
	const items: Uint8Array[] = [];
	let offset = HEAD_BYTES;
	while (items.length < count) {
		if (offset + LENGTH_BYTES > bytes.length) throw malformed();
		const end = offset + LENGTH_BYTES + view.getUint32(offset);
		if (end > bytes.length) throw malformed();
		items.push(bytes.subarray(offset + LENGTH_BYTES, end));
		offset = end;
	}
	if (offset !== bytes.length) throw malformed();
	return { port: view.getUint32(0), handled: view.getUint32(4), items };
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
