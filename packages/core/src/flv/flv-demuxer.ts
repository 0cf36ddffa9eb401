import { LimitError, PeerError } from "../fault/index.ts";
import { FLV_HEADER_BYTES, type FlvHeader, readFlvHeader } from "./flv-header.ts";
import {
	MEDIA_AUDIO,
	MEDIA_DATA,
	MEDIA_DATA_AMF3,
	MEDIA_VIDEO,
	MediaMessage,
	type MediaType,
} from "./media-message.ts";

/** Who receives what a `FlvDemuxer` finds. The methods are called from within `push`. */
export interface FlvHandler {
	onHeader?(header: FlvHeader): void;
	/** One tag; `offset` is where its header begins, in bytes from the start of the data. */
	onTag(message: MediaMessage, offset: number): void;
	/**
	 * A tag whose filter bit is set: behind the heads of audio and video, its body is encrypted (FLV 10.1 annex F).
	 * Without this method such tags are skipped.
	 */
	onFilteredTag?(message: MediaMessage, offset: number): void;
}

export type FlvDemuxerOptions = {
	/** The largest body of a tag in bytes; a larger one is a `LimitError`. Default 16 MiB, all that a tag can have. */
	maxTagBytes?: number;
	/**
	 * Where a tag of unknown type begins, search for the next place that looks like a tag of a known one: for damaged
	 * files. Default `false`: tags of unknown type are skipped by their size.
	 */
	resync?: boolean;
};

/**
 * Reads FLV as it comes, in pieces of any size (FLV 10.1 annex E), and is tolerant where files are wrong: the header's
 * flags and every PreviousTagSize are ignored, tags of unknown type and empty tags skipped, a larger header passed
 * over. Memory grows with the bytes received, never with a size that was only announced. A message's payload is an
 * exactly sized copy, so the pieces may be overwritten after `push`.
 */
export class FlvDemuxer {
	readonly #handler: FlvHandler;
	readonly #maxTagBytes: number;
	readonly #canResync: boolean;
	/** The file's header, then for each tag the PreviousTagSize before it and its header. */
	readonly #head = new Uint8Array(TAG_HEAD_BYTES);
	#headFill = 0;
	#state: State = STATE_HEADER;
	/** Bytes of the input that are read. */
	#offset = 0;
	/** Bytes still to be passed over. */
	#skip = 0;
	#body: Uint8Array = NO_BYTES;
	#bodyFill = 0;
	#bodySize = 0;
	#completeBytes = 0;
	#skippedTags = 0;
	#lastTime = 0;

	constructor(handler: FlvHandler, options: FlvDemuxerOptions = {}) {
		this.#handler = handler;
		this.#maxTagBytes = options.maxTagBytes ?? DEFAULT_MAX_TAG_BYTES;
		this.#canResync = options.resync ?? false;
	}

	/** Where the last complete tag ends: a file that was torn can be cut here (a PreviousTagSize is to be written then). */
	get completeBytes(): number {
		return this.#completeBytes;
	}

	/** How many tags were passed over: of unknown type, empty, or encrypted without anyone to take them. */
	get skippedTags(): number {
		return this.#skippedTags;
	}

	/**
	 * Takes the next bytes and gives every tag that they complete to the handler. Throws `PeerError`
	 * (`FLV_BAD_SIGNATURE`) if the data does not begin with an FLV header, and `LimitError` (`FLV_TAG_TOO_LARGE`); the
	 * rest of the data is then lost.
	 */
	push(bytes: Uint8Array): void {
		let at = 0;
		while (at < bytes.length) {
			const start = at;
			if (this.#state === STATE_BODY) at = this.#fillBody(bytes, at);
			else if (this.#state === STATE_SKIP) at = this.#passOver(bytes, at);
			else if (this.#state === STATE_SEARCH) at = this.#searchTag(bytes, at);
			else at = this.#fillHead(bytes, at);
			this.#offset += at - start;
			if (this.#state === STATE_BODY && this.#bodyFill === this.#bodySize) this.#finishBody();
			else if (this.#state === STATE_SKIP && this.#skip === 0) this.#expectTag();
			else if (this.#state === STATE_HEADER && this.#headFill === FLV_HEADER_BYTES) this.#finishHeader();
			else if (this.#state === STATE_TAG && this.#headFill === TAG_HEAD_BYTES) this.#finishTagHead();
		}
	}

	/**
	 * Says that nothing more comes. Returns a fault (`FLV_TRUNCATED`) if the data ends inside the header or a tag, for
	 * the caller to log or throw: what was whole has been delivered.
	 */
	end(): PeerError | undefined {
		if (this.#state === STATE_TAG && this.#headFill <= PREVIOUS_SIZE_BYTES) return undefined;
		const missing = this.#offset - this.#completeBytes;
		return new PeerError("FLV_TRUNCATED", `${missing} bytes after the last whole tag are no tag.`, this.#completeBytes);
	}

	#fillHead(bytes: Uint8Array, at: number): number {
		const size = this.#state === STATE_HEADER ? FLV_HEADER_BYTES : TAG_HEAD_BYTES;
		const count = Math.min(size - this.#headFill, bytes.length - at);
		for (let index = 0; index < count; index++) this.#head[this.#headFill + index] = bytes[at + index]!;
		this.#headFill += count;
		return at + count;
	}

	#finishHeader(): void {
		const header = readFlvHeader(this.#head);
		if (header === undefined) throw new PeerError("FLV_BAD_SIGNATURE", undefined, 0);
		this.#startSkip(header.headerBytes - FLV_HEADER_BYTES);
		this.#handler.onHeader?.(header);
	}

	#finishTagHead(): void {
		const head = this.#head;
		const type = head[4]! & TYPE_MASK;
		const size = (head[5]! << 16) | (head[6]! << 8) | head[7]!;
		const isMedia = isMediaType(type);
		if (this.#canResync && (!isMedia || size > this.#maxTagBytes)) {
			this.#state = STATE_SEARCH;
			this.#skippedTags++;
			return;
		}
		const isFiltered = (head[4]! & FILTER_BIT) !== 0;
		if (!isMedia || size === 0 || (isFiltered && this.#handler.onFilteredTag === undefined)) {
			this.#skippedTags++;
			this.#startSkip(size);
			return;
		}
		if (size > this.#maxTagBytes) {
			const tagOffset = this.#offset - TAG_HEAD_BYTES + PREVIOUS_SIZE_BYTES;
			throw new LimitError("FLV_TAG_TOO_LARGE", `${size} bytes; the limit is ${this.#maxTagBytes}.`, tagOffset);
		}
		this.#state = STATE_BODY;
		this.#bodySize = size;
		this.#bodyFill = 0;
		// Small bodies get their array at once; a large one must arrive before memory is spent on it.
		this.#body = new Uint8Array(Math.min(size, FIRST_BODY_BYTES));
	}

	#fillBody(bytes: Uint8Array, at: number): number {
		const count = Math.min(this.#bodySize - this.#bodyFill, bytes.length - at);
		const needed = this.#bodyFill + count;
		if (needed > this.#body.length) {
			const grown = new Uint8Array(Math.min(this.#bodySize, Math.max(needed, this.#body.length * 2)));
			grown.set(this.#body.subarray(0, this.#bodyFill));
			this.#body = grown;
		}
		this.#body.set(at === 0 && count === bytes.length ? bytes : bytes.subarray(at, at + count), this.#bodyFill);
		this.#bodyFill = needed;
		return at + count;
	}

	#finishBody(): void {
		const head = this.#head;
		const body = this.#body;
		this.#body = NO_BYTES;
		this.#expectTag();
		const type = (head[4]! & TYPE_MASK) as MediaType;
		const rawTime = ((head[11]! << 24) | (head[8]! << 16) | (head[9]! << 8) | head[10]!) >>> 0;
		const time = rawTime >= UNDERFLOW_FROM ? this.#lastTime : rawTime & 0x7fff_ffff;
		// Script tags in the middle of a file often have time zero.
		if (type === MEDIA_AUDIO || type === MEDIA_VIDEO) this.#lastTime = time;
		const message = new MediaMessage(type, time, body);
		const tagOffset = this.#offset - body.length - TAG_HEAD_BYTES + PREVIOUS_SIZE_BYTES;
		if (head[4]! & FILTER_BIT) this.#handler.onFilteredTag?.(message, tagOffset);
		else this.#handler.onTag(message, tagOffset);
	}

	#expectTag(): void {
		this.#completeBytes = this.#offset;
		this.#state = STATE_TAG;
		this.#headFill = 0;
	}

	#startSkip(count: number): void {
		this.#state = STATE_SKIP;
		this.#skip = count;
		if (count === 0) this.#expectTag();
	}

	#passOver(bytes: Uint8Array, at: number): number {
		const count = Math.min(this.#skip, bytes.length - at);
		this.#skip -= count;
		return at + count;
	}

	/** Moves on byte by byte until the last fifteen look like a PreviousTagSize and a tag header. */
	#searchTag(bytes: Uint8Array, start: number): number {
		const head = this.#head;
		for (let at = start; at < bytes.length; at++) {
			head.copyWithin(0, 1);
			head[TAG_HEAD_BYTES - 1] = bytes[at]!;
			if (looksLikeTag(head)) {
				this.#state = STATE_TAG;
				this.#headFill = TAG_HEAD_BYTES;
				return at + 1;
			}
		}
		return bytes.length;
	}
}

const STATE_HEADER = 0;
const STATE_TAG = 1;
const STATE_BODY = 2;
const STATE_SKIP = 3;
const STATE_SEARCH = 4;
type State = typeof STATE_HEADER | typeof STATE_TAG | typeof STATE_BODY | typeof STATE_SKIP | typeof STATE_SEARCH;

const PREVIOUS_SIZE_BYTES = 4;
const TAG_HEAD_BYTES = PREVIOUS_SIZE_BYTES + 11;
const TYPE_MASK = 0x1f;
const FILTER_BIT = 0x20;
const DEFAULT_MAX_TAG_BYTES = 16 * 1024 * 1024;
const FIRST_BODY_BYTES = 65_536;
const NO_BYTES = new Uint8Array(0);
/**
 * Times are signed 32-bit numbers, or have wrapped. The last minute before zero comes from an underflow (OBS before
 * 29.1.3, in sequence headers) and stands for the time of the tag before; others lose the sign, as writers cut it.
 */
const UNDERFLOW_FROM = 2 ** 32 - 60_000;

function isMediaType(type: number): boolean {
	return type === MEDIA_AUDIO || type === MEDIA_VIDEO || type === MEDIA_DATA || type === MEDIA_DATA_AMF3;
}

/**
 * A known type without reserved bits, a body, stream 0, and a PreviousTagSize that a tag can have. In compressed data
 * this happens by chance once in 2^37 bytes.
 */
function looksLikeTag(head: Uint8Array): boolean {
	const typeByte = head[4]!;
	if (!isMediaType(typeByte & TYPE_MASK) || typeByte > (TYPE_MASK | FILTER_BIT)) return false;
	if ((head[12]! | head[13]! | head[14]!) !== 0 || (head[5]! | head[6]! | head[7]!) === 0) return false;
	return head[0]! === 0 && (head[1]! | head[2]!) * 256 + head[3]! >= TAG_HEAD_BYTES - PREVIOUS_SIZE_BYTES;
}
