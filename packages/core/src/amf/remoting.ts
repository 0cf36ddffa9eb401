import { ByteWriter } from "../bytes/index.ts";
import { LimitError, PeerError } from "../fault/index.ts";
import type { ObjectEncoding } from "./amf-message.ts";
import { AmfSink, type AmfWriteOptions, encodingError, unencodable } from "./amf-sink.ts";
import { type AmfReadOptions, AmfSource } from "./amf-source.ts";
import type { AmfValue } from "./amf-types.ts";
import { Amf0Reader } from "./amf0-reader.ts";
import { Amf0Writer } from "./amf0-writer.ts";

/** What is said of a packet as a whole (AMF 0 specification §4.1.2): `Credentials`, `AppendToGatewayUrl`, … */
export type RemotingHeader = {
	readonly name: string;
	/** Who does not know the header must not do what the packet asks for. */
	readonly mustUnderstand: boolean;
	readonly value: AmfValue;
};

/** A call or an answer (AMF 0 specification §4.1.3). */
export type RemotingMessage = {
	/** Of a call the method; of an answer the call's `response` with `/onResult`, `/onStatus` or `/onDebugEvents`. */
	readonly target: string;
	/** Of a call what its answer goes to, `/1`; of an answer `null`, as text. */
	readonly response: string;
	/** Of a call the array of its arguments. */
	readonly value: AmfValue;
};

/** What one request or answer of Flash Remoting carries (AMF 0 specification §4.1): AMF over HTTP. */
export type RemotingPacket = {
	/** 0: AMF0 alone; 3: its sender reads AMF3 too. 1 came from Flash Communication Server. */
	readonly version: RemotingVersion;
	readonly headers: readonly RemotingHeader[];
	readonly messages: readonly RemotingMessage[];
};

export type RemotingVersion = 0 | 1 | 3;

/** How a packet is read. */
export type RemotingReadOptions = AmfReadOptions & {
	/** Headers of a packet. More: `REMOTING_TOO_LARGE`. Default 64. */
	readonly maxHeaders?: number;
	/** Messages of a packet. More: `REMOTING_TOO_LARGE`. Default 1024. */
	readonly maxMessages?: number;
};

/** The content type of packets, both ways. */
export const REMOTING_CONTENT_TYPE = "application/x-amf";

/** What an answer's target ends with, and what kind of answer it is. */
export const REMOTING_ANSWERS = { result: "/onResult", status: "/onStatus", debug: "/onDebugEvents" } as const;

export type RemotingAnswerKind = keyof typeof REMOTING_ANSWERS;

/** The `response` of an answer, which nobody answers. */
export const NO_RESPONSE = "null";

/**
 * Reads a packet. The lengths of headers and messages are not looked at: they may be unknown (−1), and Flash Player is
 * known to send wrong ones. Every header and message has reference tables of its own, and all share the limits. Bytes
 * behind the last message are left out.
 *
 * @throws PeerError REMOTING_INVALID for another version, and the faults of AMF's readers; LimitError for more than the
 * limits
 */
export function decodeRemoting(bytes: Uint8Array, options: RemotingReadOptions = {}): RemotingPacket {
	const source = new AmfSource(bytes, options);
	const { input } = source;
	const version = input.u16();
	if (version !== 0 && version !== 1 && version !== 3) {
		throw new PeerError("REMOTING_INVALID", `It begins with the version ${version}.`, 0);
	}
	// What stands in a packet cannot end with the bytes, as a value by itself may.
	source.enter();
	const headers: RemotingHeader[] = [];
	for (let left = readCount(source, "headers", options.maxHeaders ?? MAX_HEADERS, MIN_HEADER_BYTES); left > 0; left--) {
		const name = readText(source);
		const mustUnderstand = input.u8() !== 0;
		headers.push({ name, mustUnderstand, value: readValue(source) });
	}
	const messages: RemotingMessage[] = [];
	const maxMessages = options.maxMessages ?? MAX_MESSAGES;
	for (let left = readCount(source, "messages", maxMessages, MIN_MESSAGE_BYTES); left > 0; left--) {
		const target = readText(source);
		const response = readText(source);
		messages.push({ target, response, value: readValue(source) });
	}
	return { version, headers, messages };
}

/** Takes apart the target of an answer. `undefined`: it is that of a call. */
export function parseAnswerTarget(target: string): { response: string; kind: RemotingAnswerKind } | undefined {
	for (const kind of ANSWER_KINDS) {
		const ending = REMOTING_ANSWERS[kind];
		if (target.endsWith(ending)) return { response: target.slice(0, -ending.length), kind };
	}
	return undefined;
}

/**
 * Builds a packet. What cannot be written throws a `UsageError` (`AMF_UNENCODABLE`) and leaves the packet as it was, so
 * that something else can be said instead. With encoding 3 the packet has version 3, and AMF3 is used for objects.
 */
export class RemotingWriter {
	readonly #version: ObjectEncoding;
	readonly #options: AmfWriteOptions;
	readonly #headers: Uint8Array[] = [];
	readonly #messages: Uint8Array[] = [];
	#bytesLeft: number;

	/** `maxBytes` holds for the whole packet; `avmPlus` is by default true with encoding 3. */
	constructor(objectEncoding: ObjectEncoding, options: AmfWriteOptions = {}) {
		this.#version = objectEncoding;
		this.#options = options;
		this.#bytesLeft = options.maxBytes ?? DEFAULT_MAX_BYTES;
	}

	/** How many messages there are. */
	get messageCount(): number {
		return this.#messages.length;
	}

	header({ name, mustUnderstand, value }: RemotingHeader): void {
		this.#add(this.#headers, sink => {
			writeText(sink, name);
			sink.out.u8(mustUnderstand ? 1 : 0);
			this.#sized(sink, writer => this.#value(writer, value));
		});
	}

	/** A call. With AMF3 each argument stands behind a switch of its own, as Flash Player has it. */
	call(target: string, response: string, args: readonly AmfValue[]): void {
		if (this.#version === 0) {
			this.#message(target, response, writer => writer.write([...args]));
			return;
		}
		this.#message(target, response, (writer, sink) => {
			sink.out.u8(STRICT_ARRAY);
			sink.out.u32(args.length);
			for (const value of args) writer.writeAvmPlus(value);
		});
	}

	/** An answer to the call of that `response`. */
	answer(response: string, kind: RemotingAnswerKind, value: AmfValue): void {
		this.message({ target: response + REMOTING_ANSWERS[kind], response: NO_RESPONSE, value });
	}

	/** A message as it is. */
	message({ target, response, value }: RemotingMessage): void {
		this.#message(target, response, writer => this.#value(writer, value));
	}

	/** The packet. */
	finish(): Uint8Array {
		const out = new ByteWriter();
		out.u16(this.#version);
		for (const parts of [this.#headers, this.#messages]) {
			out.u16(parts.length);
			for (const part of parts) out.bytes(part);
		}
		return out.finish();
	}

	#message(target: string, response: string, write: ValueWriter): void {
		this.#add(this.#messages, sink => {
			writeText(sink, target);
			writeText(sink, response);
			this.#sized(sink, write);
		});
	}

	/** Each part is written for itself: its references reach nowhere else, and what fails leaves nothing behind. */
	#add(parts: Uint8Array[], write: (sink: AmfSink) => void): void {
		if (parts.length >= MAX_SHORT) throw unencodable(`A packet has ${MAX_SHORT} of them at most.`);
		const sink = new AmfSink({ ...this.#options, maxBytes: this.#bytesLeft });
		write(sink);
		const part = sink.out.finish();
		this.#bytesLeft -= part.length;
		parts.push(part);
	}

	#sized(sink: AmfSink, write: ValueWriter): void {
		const at = sink.out.length;
		sink.out.u32(0);
		try {
			write(new Amf0Writer({ avmPlus: this.#version === 3, ...this.#options }, sink), sink);
		} catch (error) {
			throw encodingError(error);
		}
		sink.out.patchU32(at, sink.out.length - at - LENGTH_BYTES);
	}

	#value(writer: Amf0Writer, value: AmfValue): void {
		if (this.#version === 3 && typeof value === "object" && value !== null) writer.writeAvmPlus(value);
		else writer.write(value);
	}
}

type ValueWriter = (writer: Amf0Writer, sink: AmfSink) => void;

const MAX_HEADERS = 64;
const MAX_MESSAGES = 1024;
const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;
const MAX_SHORT = 0xffff;
const LENGTH_BYTES = 4;
/** A name's length, the flag, a length, a marker. */
const MIN_HEADER_BYTES = 2 + 1 + LENGTH_BYTES + 1;
/** Two names' lengths, a length, a marker. */
const MIN_MESSAGE_BYTES = 2 + 2 + LENGTH_BYTES + 1;
/** The marker of AMF0's array of values alone. */
const STRICT_ARRAY = 0x0a;
const ANSWER_KINDS = Object.keys(REMOTING_ANSWERS) as RemotingAnswerKind[];

function readCount(source: AmfSource, what: string, most: number, elementBytes: number): number {
	const count = source.input.u16();
	if (count > most) {
		throw new LimitError("REMOTING_TOO_LARGE", `${count} ${what}; the limit is ${most}.`, source.input.position);
	}
	source.mustHold(count, elementBytes);
	return count;
}

function readText(source: AmfSource): string {
	const length = source.input.u16();
	source.mustBeKey(length);
	return source.input.utf8(length);
}

function readValue(source: AmfSource): AmfValue {
	source.input.skip(LENGTH_BYTES);
	return new Amf0Reader(source).read();
}

function writeText({ out }: AmfSink, text: string): void {
	const at = out.length;
	out.u16(0);
	const length = out.utf8(text);
	if (length > MAX_SHORT) throw unencodable(`A name has ${length} bytes; ${MAX_SHORT} are allowed.`);
	out.patchU16(at, length);
}
