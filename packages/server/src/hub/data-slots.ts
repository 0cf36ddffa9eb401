import { MEDIA_DATA_AMF3, MediaMessage } from "@millrace/core/flv";

/** AMF0's string marker. */
const STRING = 2;
const SET = "@setDataFrame";
const CLEAR = "@clearDataFrame";
/** Sent without the prefix by old encoders and relays, and kept all the same. */
const METADATA = "onMetaData";
/** Handlers whose last value is kept, and the bytes of all of them. More are passed on but not replayed. */
const MAX_SLOTS = 32;
const MAX_BYTES = 1024 * 1024;

/**
 * The data that late viewers need: what publishers set with `@setDataFrame` (RTMP dossier: Flash Media Server 2
 * reference, `NetStream.send`), under its handler's name, as ready messages.
 */
export class DataSlots {
	readonly #slots = new Map<string, MediaMessage>();
	/** Messages that are on their way to the viewers, and the name that each is kept under once it is with them. */
	readonly #coming = new Map<MediaMessage, string>();
	#bytes = 0;
	/** Rises with each change. */
	version = 0;

	/** The kept messages, in the order in which they were first set. */
	messages(): IterableIterator<MediaMessage> {
		return this.#slots.values();
	}

	/**
	 * Reads a data message as it arrives. `@setDataFrame h, v` becomes `h, v`, which `commit` will keep. Bodies that are
	 * not AMF are passed on as they are: some encoders send raw time codes so.
	 *
	 * @returns the message to pass on to viewers; the name that `@clearDataFrame` wants forgotten; or `undefined` where
	 *   there is nothing to do
	 */
	read(message: MediaMessage): MediaMessage | string | undefined {
		const { payload } = message;
		const start = message.type === MEDIA_DATA_AMF3 && payload[0] === 0 ? 1 : 0;
		const handler = readString(payload, start);
		if (handler === undefined) return message;
		if (handler.text === CLEAR) return readString(payload, handler.end)?.text;
		if (handler.text === METADATA) {
			this.#coming.set(message, METADATA);
			return message;
		}
		if (handler.text !== SET) return message;
		const name = readString(payload, handler.end);
		if (name === undefined) return undefined;
		const body = withoutFirst(payload, start, handler.end);
		const plain = new MediaMessage(message.type, message.timestamp, body, message.flags);
		this.#coming.set(plain, name.text);
		return plain;
	}

	/**
	 * A message that `read` gave has gone out to the viewers: from now on, it is replayed to those who join. Earlier,
	 * they would get it twice.
	 */
	commit(message: MediaMessage): void {
		const name = this.#coming.get(message);
		if (name === undefined) return;
		this.#coming.delete(message);
		this.#keep(name, message);
	}

	/** Whether a message that `read` gave, and that is on its way to the viewers, will be replayed to those who join. */
	willKeep(message: MediaMessage): boolean {
		return this.#coming.has(message);
	}

	/** Forgets what is kept under a name. */
	forget(name: string): void {
		this.#bytes -= this.#slots.get(name)?.payload.length ?? 0;
		if (this.#slots.delete(name)) this.version++;
	}

	/** Forgets everything, as when the stream has ended. */
	clear(): void {
		this.#slots.clear();
		this.#coming.clear();
		this.#bytes = 0;
	}

	#keep(name: string, message: MediaMessage): void {
		const before = this.#slots.get(name);
		const bytes = this.#bytes - (before?.payload.length ?? 0) + message.payload.length;
		if (bytes > MAX_BYTES || (before === undefined && this.#slots.size >= MAX_SLOTS)) {
			// What was kept under that name no longer holds.
			this.forget(name);
			return;
		}
		this.#slots.set(name, message);
		this.version++;
		this.#bytes = bytes;
	}
}

/** An AMF0 string without decoding what follows: handlers' names are short ASCII in all known encoders. */
function readString(payload: Uint8Array, offset: number): { text: string; end: number } | undefined {
	if (payload[offset] !== STRING || offset + 3 > payload.length) return undefined;
	const length = (payload[offset + 1]! << 8) | payload[offset + 2]!;
	const end = offset + 3 + length;
	if (end > payload.length || length > 255) return undefined;
	let text = "";
	for (let i = offset + 3; i < end; i++) text += String.fromCharCode(payload[i]!);
	return { text, end };
}

function withoutFirst(payload: Uint8Array, selector: number, end: number): Uint8Array {
	if (selector === 0) return payload.subarray(end);
	const body = new Uint8Array(payload.length - end + 1);
	body.set(payload.subarray(end), 1);
	return body;
}
