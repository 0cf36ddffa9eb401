import type { Slab } from "../bytes/index.ts";
import { LimitError, PeerError } from "../fault/index.ts";
import { TYPE_ABORT, TYPE_AUDIO, TYPE_SET_CHUNK_SIZE, TYPE_VIDEO } from "./message/message-type.ts";
import { BudgetAccount, OBJECT_OVERHEAD_BYTES } from "./shared-budget.ts";
import { readU32 } from "./u32.ts";

/** Receives each message as soon as its last chunk is there. */
export interface ChunkHandler {
	/**
	 * @param type message type id (RTMP 1.0 §6.1.1)
	 * @param timestamp in milliseconds, modulo 2^32
	 * @param streamId message stream id
	 * @param payload the message's own copy, exactly sized; the reader never touches it again
	 */
	onMessage(type: number, timestamp: number, streamId: number, payload: Uint8Array): void;
}

/** What a chunk reader may hold. */
export type ChunkReaderLimits = {
	/** Largest message, in bytes. */
	messageBytes: number;
	/** Largest sum of what has come of unfinished messages, in bytes. They take at most three times that in memory. */
	partialBytes: number;
	/** Chunk streams with state. */
	chunkStreams: number;
};

/** RTMP 1.0 §5.4.1: both directions begin with chunks of 128 bytes. */
export const DEFAULT_CHUNK_SIZE = 128;
/** Basic header (3), message header (11) and extended timestamp (4). */
const MAX_HEADER = 18;
const EXTENDED = 0xffffff;
/** An extended delta this close to the current time was meant as an absolute time (seen from some encoders). */
const MISUSED_ABSOLUTE_MILLIS = 10_000;
const EMPTY = new Uint8Array(0);
/** What a chunk stream and the array of its payload cost beside the bytes in it, about; measured on Node 26. */
const CHUNK_STREAM_BYTES = 5 * OBJECT_OVERHEAD_BYTES;

/** Whether the peer repeats the extended timestamp on the continuation chunks of a message. */
const REPEATS_UNKNOWN = 0;
const REPEATS = 1;
const REPEATS_NOT = 2;

/** Memory of one chunk stream: the last header, and the message that is being put together. */
class ChunkStream {
	timestamp = 0;
	delta = 0;
	/** The extended field as it was sent, which continuation chunks repeat. */
	extendedField = 0;
	extended = false;
	length = 0;
	type = 0;
	streamId = 0;
	inMessage = false;
	payload: Uint8Array = EMPTY;
	filled = 0;
}

/**
 * Turns bytes into messages (RTMP 1.0 §5.3). Bytes may come in any pieces. Memory grows with what has arrived, never
 * with a length that was only announced. Set Chunk Size and Abort take effect here and are handed on as well.
 *
 * `receive` throws `PeerError` or `LimitError` and must not be called again after that.
 */
export class ChunkReader {
	/** The peer's chunk size in bytes. */
	chunkSize: number = DEFAULT_CHUNK_SIZE;
	/** Messages that the peer aborted, or began anew, before they were finished. */
	discardedMessages = 0;

	readonly #handler: ChunkHandler;
	readonly #account: BudgetAccount;
	readonly #slab: Slab | undefined;
	#limits: ChunkReaderLimits;
	/** Chunk streams 0 to 63 by index, which is nearly all of them; the rest by id. */
	readonly #near: (ChunkStream | undefined)[] = new Array(64).fill(undefined);
	readonly #far = new Map<number, ChunkStream>();
	#streamCount = 0;
	/** What has come of unfinished messages: the same however the bytes were cut, so that the limit is, too. */
	#partialBytes = 0;
	#heldBytes = 0;
	#repeats = REPEATS_UNKNOWN;

	/** Head of a chunk header whose rest has not arrived. */
	readonly #stash = new Uint8Array(MAX_HEADER);
	#stashed = 0;
	/** The chunk stream whose chunk is being read, and how much of that chunk is still to come. */
	#current: ChunkStream | undefined;
	#chunkLeft = 0;

	/**
	 * @param account where unfinished messages are counted; default: nowhere
	 * @param slab what audio and video messages that came whole are copied into; default: each has an array of its own
	 */
	constructor(handler: ChunkHandler, limits: ChunkReaderLimits, account = new BudgetAccount(undefined), slab?: Slab) {
		this.#handler = handler;
		this.#slab = slab;
		this.#account = account;
		this.#limits = limits;
	}

	/** Memory that unfinished messages take, in bytes. */
	get heldBytes(): number {
		return this.#heldBytes;
	}

	/** Replaces the limits, as when `connect` has been accepted. */
	setLimits(limits: ChunkReaderLimits): void {
		this.#limits = limits;
	}

	/** Takes any piece of the chunk stream. The bytes are not kept. */
	receive(bytes: Uint8Array): void {
		const end = bytes.length;
		let offset = 0;
		while (offset < end) {
			if (this.#current !== undefined) {
				offset = this.#readPayload(this.#current, bytes, offset, end);
				continue;
			}
			if (this.#stashed === 0) {
				const used = this.#readHeader(bytes, offset, end);
				if (used > 0) {
					offset += used;
					continue;
				}
				for (let i = offset; i < end; i++) this.#stash[this.#stashed++] = bytes[i]!;
				return;
			}
			const before = this.#stashed;
			const take = Math.min(MAX_HEADER - before, end - offset);
			for (let i = 0; i < take; i++) this.#stash[before + i] = bytes[offset + i]!;
			const used = this.#readHeader(this.#stash, 0, before + take);
			if (used === 0) {
				this.#stashed = before + take;
				return;
			}
			this.#stashed = 0;
			if (used >= before) {
				offset += used - before;
			} else {
				// What looked like the start of an extended timestamp was payload.
				this.receive(this.#stash.slice(used, before));
			}
		}
	}

	/**
	 * Reads one chunk header and returns its length, or 0 while it is incomplete; nothing has changed then.
	 */
	#readHeader(bytes: Uint8Array, start: number, end: number): number {
		const first = bytes[start]!;
		const format = first >> 6;
		let id = first & 63;
		let offset = start + 1;
		if (id === 0) {
			if (offset + 1 > end) return 0;
			id = 64 + bytes[offset]!;
			offset += 1;
		} else if (id === 1) {
			if (offset + 2 > end) return 0;
			id = 64 + bytes[offset]! + (bytes[offset + 1]! << 8);
			offset += 2;
		}
		const known = id < 64 ? this.#near[id] : this.#far.get(id);
		if (format === 3) return this.#continueStream(known, id, bytes, start, offset, end);
		if (known === undefined && format === 2) throw noPrevious(id, format);

		const fieldsEnd = offset + (format === 0 ? 11 : format === 1 ? 7 : 3);
		if (fieldsEnd > end) return 0;
		let field = (bytes[offset]! << 16) | (bytes[offset + 1]! << 8) | bytes[offset + 2]!;
		const extended = field === EXTENDED;
		const headerEnd = extended ? fieldsEnd + 4 : fieldsEnd;
		if (headerEnd > end) return 0;
		if (extended) field = readU32(bytes, fieldsEnd);

		const stream = known ?? this.#open(id);
		if (stream.inMessage) this.#discard(stream);
		if (format < 2) {
			stream.length = (bytes[offset + 3]! << 16) | (bytes[offset + 4]! << 8) | bytes[offset + 5]!;
			stream.type = bytes[offset + 6]!;
		}
		if (format === 0) {
			stream.streamId =
				(bytes[offset + 7]! | (bytes[offset + 8]! << 8) | (bytes[offset + 9]! << 16) | (bytes[offset + 10]! << 24)) >>>
				0;
			stream.timestamp = field;
			// RTMP 1.0 §5.3.1.2.4: a type-3 header after a type-0 one takes that timestamp as its delta.
			stream.delta = field;
		} else if (extended && isNear(field, stream.timestamp)) {
			stream.delta = 0;
			stream.timestamp = field;
		} else {
			stream.delta = field;
			stream.timestamp = (stream.timestamp + field) >>> 0;
		}
		stream.extended = extended;
		stream.extendedField = field;
		this.#begin(stream);
		return headerEnd - start;
	}

	/** A type-3 header: the next chunk of a message, or a new message that keeps every field of the last. */
	#continueStream(
		stream: ChunkStream | undefined,
		id: number,
		bytes: Uint8Array,
		start: number,
		offset: number,
		end: number,
	): number {
		if (stream === undefined) throw noPrevious(id, 3);
		let headerEnd = offset;
		if (stream.extended) {
			const repeated = this.#repeatsExtended(stream, bytes, offset, end);
			if (repeated < 0) return 0;
			headerEnd += repeated;
		}
		if (stream.inMessage) {
			this.#current = stream;
			this.#chunkLeft = Math.min(this.chunkSize, stream.length - stream.filled);
		} else {
			stream.timestamp = (stream.timestamp + stream.delta) >>> 0;
			this.#begin(stream);
		}
		return headerEnd - start;
	}

	/**
	 * How many bytes of extended timestamp follow a type-3 header: 4 or 0, or −1 while that cannot be told yet. The
	 * 2009 draft said none, the specification of 2012 says 4 (errata §5.1), and encoders of both kinds exist (librtmp
	 * before 2015, OBS before 30.1). Four bytes that equal the field of the header before settle it for the connection.
	 */
	#repeatsExtended(stream: ChunkStream, bytes: Uint8Array, offset: number, end: number): number {
		if (this.#repeats === REPEATS) return offset + 4 > end ? -1 : 4;
		if (this.#repeats === REPEATS_NOT && stream.inMessage) return 0;
		const field = stream.extendedField;
		for (let i = 0; i < 4; i++) {
			if (offset + i >= end) return -1;
			const expected = (field >>> (24 - 8 * i)) & 0xff;
			const found = bytes[offset + i]!;
			// Some encoders keep 31 bits of it.
			if (found !== expected && !(i === 0 && (found & 0x7f) === (expected & 0x7f))) {
				if (stream.inMessage) this.#repeats = REPEATS_NOT;
				return 0;
			}
		}
		if (stream.inMessage) this.#repeats = REPEATS;
		return 4;
	}

	#open(id: number): ChunkStream {
		if (this.#streamCount >= this.#limits.chunkStreams) {
			throw new LimitError("CHUNK_TOO_MANY_STREAMS", `The limit is ${this.#limits.chunkStreams}.`);
		}
		if (!this.#account.add(CHUNK_STREAM_BYTES)) throw new LimitError("SHARED_BYTES_SPENT", `For chunk stream ${id}.`);
		this.#streamCount++;
		const stream = new ChunkStream();
		if (id < 64) this.#near[id] = stream;
		else this.#far.set(id, stream);
		return stream;
	}

	#begin(stream: ChunkStream): void {
		if (stream.length > this.#limits.messageBytes) {
			throw new LimitError("MESSAGE_TOO_LARGE", `${stream.length} bytes; the limit is ${this.#limits.messageBytes}.`);
		}
		if (stream.length === 0) {
			this.#finish(stream, EMPTY);
			return;
		}
		stream.inMessage = true;
		stream.filled = 0;
		this.#current = stream;
		this.#chunkLeft = Math.min(this.chunkSize, stream.length);
	}

	/** Copies what is there of the current chunk into the message and returns the offset behind it. */
	#readPayload(stream: ChunkStream, bytes: Uint8Array, offset: number, end: number): number {
		const count = Math.min(this.#chunkLeft, end - offset);
		this.#partialBytes += count;
		if (this.#partialBytes > this.#limits.partialBytes) {
			throw new LimitError("CHUNK_TOO_MUCH_PARTIAL", `The limit is ${this.#limits.partialBytes} bytes.`);
		}
		const filled = stream.filled + count;
		if (filled > stream.payload.length) this.#grow(stream, filled, end - offset);
		copy(bytes, offset, count, stream.payload, stream.filled);
		stream.filled = filled;
		this.#chunkLeft -= count;
		if (this.#chunkLeft === 0) {
			this.#current = undefined;
			if (filled === stream.length) {
				const payload = stream.payload;
				this.#release(stream);
				this.#finish(stream, payload);
			}
		}
		return offset + count;
	}

	/**
	 * Makes room for `needed` bytes: the whole message where it may be in the bytes at hand, else four times what has
	 * come, so that an announced length alone takes nothing. When the limit has no room for that, twice.
	 */
	#grow(stream: ChunkStream, needed: number, available: number): void {
		const { length } = stream;
		let size = available >= length ? length : Math.min(length, Math.max(256, needed * 4));
		if (this.#heldBytes + size > this.#limits.partialBytes) size = Math.min(length, Math.max(256, needed * 2));
		const added = size - stream.payload.length;
		if (!this.#account.add(added)) throw new LimitError("SHARED_BYTES_SPENT", `${added} bytes more were asked for.`);
		const isSharable = size === length && (stream.type === TYPE_AUDIO || stream.type === TYPE_VIDEO);
		const payload = isSharable && this.#slab !== undefined ? this.#slab.allocate(size) : new Uint8Array(size);
		this.#heldBytes += added;
		if (stream.filled > 0) copy(stream.payload, 0, stream.filled, payload, 0);
		stream.payload = payload;
	}

	#discard(stream: ChunkStream): void {
		this.#release(stream);
		this.discardedMessages++;
	}

	#release(stream: ChunkStream): void {
		this.#partialBytes -= stream.filled;
		this.#heldBytes -= stream.payload.length;
		this.#account.remove(stream.payload.length);
		stream.payload = EMPTY;
		stream.filled = 0;
		stream.inMessage = false;
	}

	#finish(stream: ChunkStream, payload: Uint8Array): void {
		if (stream.type === TYPE_SET_CHUNK_SIZE) this.#setChunkSize(payload);
		else if (stream.type === TYPE_ABORT) this.#abort(payload);
		this.#handler.onMessage(stream.type, stream.timestamp, stream.streamId, payload);
	}

	/** RTMP 1.0 §5.4.1. The top bit must be zero and is masked, as other servers do. */
	#setChunkSize(payload: Uint8Array): void {
		if (payload.length < 4) throw new PeerError("CHUNK_BAD_SIZE", `The message has ${payload.length} bytes.`);
		const size = readU32(payload, 0) & 0x7fffffff;
		if (size === 0) throw new PeerError("CHUNK_BAD_SIZE", "It is zero.");
		this.chunkSize = Math.min(size, 0xffffff);
	}

	/** RTMP 1.0 §5.4.2. The timestamp of the aborted message stays the base of later deltas (errata §6). */
	#abort(payload: Uint8Array): void {
		if (payload.length < 4) return;
		const id = readU32(payload, 0);
		const stream = id < 64 ? this.#near[id] : this.#far.get(id);
		if (stream?.inMessage) this.#discard(stream);
	}
}

/** Not modulo 2^32: a delta below zero in the first seconds is as near to the time as 2^32 is to zero. */
function isNear(field: number, timestamp: number): boolean {
	return field >= 0x1000000 && Math.abs(field - timestamp) < MISUSED_ABSOLUTE_MILLIS;
}

function noPrevious(id: number, format: number): PeerError {
	return new PeerError("CHUNK_NO_PREVIOUS_HEADER", `Chunk stream ${id}, header type ${format}.`);
}

/** A loop wins below some dozens of bytes; above, the platform's copy does, though it needs a view object. */
function copy(from: Uint8Array, offset: number, count: number, to: Uint8Array, at: number): void {
	if (count < 48) {
		for (let i = 0; i < count; i++) to[at + i] = from[offset + i]!;
	} else {
		// Not `subarray`: on a Node Buffer that makes another Buffer, which costs several times as much.
		to.set(new Uint8Array(from.buffer, from.byteOffset + offset, count), at);
	}
}
