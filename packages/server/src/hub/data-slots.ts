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
	#bytes = 0;
	/** Rises with each change. */
	version = 0;

	/** The kept messages, in the order in which they were first set. */
	messages(): IterableIterator<MediaMessage> {
		return this.#slots.values();
	}

	/**
	 * Takes a data message. `@setDataFrame h, v` is kept and becomes `h, v`; `@clearDataFrame h` forgets. Bodies that
	 * are not AMF are passed on as they are: some encoders send raw time codes so.
	 *
	 * @returns the message to pass on to viewers, or `undefined` where there is none
	 */
	apply(message: MediaMessage): MediaMessage | undefined {
		const { payload } = message;
		const start = message.type === MEDIA_DATA_AMF3 && payload[0] === 0 ? 1 : 0;
		const handler = readString(payload, start);
		if (handler === undefined) return message;
		if (handler.text === CLEAR) {
			const name = readString(payload, handler.end);
			if (name !== undefined) this.#forget(name.text);
			return undefined;
		}
		if (handler.text === METADATA) {
			this.#keep(METADATA, message);
			return message;
		}
		if (handler.text !== SET) return message;
		const name = readString(payload, handler.end);
		if (name === undefined) return undefined;
		const body = withoutFirst(payload, start, handler.end);
		const plain = new MediaMessage(message.type, message.timestamp, body, message.flags);
		this.#keep(name.text, plain);
		return plain;
	}

	/** Forgets everything, as when the stream has ended. */
	clear(): void {
		this.#slots.clear();
		this.#bytes = 0;
	}

	#keep(name: string, message: MediaMessage): void {
		const before = this.#slots.get(name);
		const bytes = this.#bytes - (before?.payload.length ?? 0) + message.payload.length;
		if (bytes > MAX_BYTES || (before === undefined && this.#slots.size >= MAX_SLOTS)) return;
		this.#slots.set(name, message);
		this.version++;
		this.#bytes = bytes;
	}

	#forget(name: string): void {
		this.#bytes -= this.#slots.get(name)?.payload.length ?? 0;
		if (this.#slots.delete(name)) this.version++;
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
