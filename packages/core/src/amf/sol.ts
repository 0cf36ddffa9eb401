import { PeerError } from "../fault/index.ts";
import type { ObjectEncoding } from "./amf-message.ts";
import { AmfSink, type AmfWriteOptions, encodingError, unencodable } from "./amf-sink.ts";
import { type AmfReadOptions, AmfSource } from "./amf-source.ts";
import type { AmfObject, AmfValue } from "./amf-types.ts";
import { Amf0Reader } from "./amf0-reader.ts";
import { Amf0Writer } from "./amf0-writer.ts";
import { Amf3Reader } from "./amf3-reader.ts";
import { Amf3Writer } from "./amf3-writer.ts";

/** What a local shared object file (`.sol`) holds. */
export type SolFile = {
	/** The object's name: that of the file without its folder and `.sol`. */
	readonly name: string;
	/** How the members are encoded: AMF0 by ActionScript 1 and 2, AMF3 by ActionScript 3. */
	readonly objectEncoding: ObjectEncoding;
	/** The members, without prototype. */
	readonly data: AmfObject;
};

/**
 * Reads a local shared object file of Flash Player: big-endian, a header with the object's name, then members, each
 * with a padding byte behind it, to the end of the file. References reach over the whole file. The length in the header
 * is not looked at, for it is often zero or wrong.
 *
 * @throws PeerError SOL_INVALID for another format, and the faults of AMF's readers; LimitError for more than the limits
 */
export function readSol(bytes: Uint8Array, options: AmfReadOptions = {}): SolFile {
	const source = new AmfSource(bytes, options);
	const { input } = source;
	for (const [index, byte] of MAGIC.entries()) {
		if (bytes[index] !== byte) throw invalid("It begins otherwise.", index);
	}
	input.skip(MAGIC.length + LENGTH_BYTES);
	for (const byte of SIGNATURE) {
		if (input.u8() !== byte) throw invalid("The signature TCSO is missing.", input.position - 1);
	}
	input.skip(FIXED.length);
	const name = input.utf8(input.u16());
	input.skip(PADDING_BYTES);
	const version = input.u8();
	if (version !== 0 && version !== 3) throw invalid(`Its AMF has the version ${version}.`, input.position - 1);
	const data: AmfObject = Object.create(null);
	const reader = version === 0 ? new Amf0Reader(source) : new Amf3Reader(source);
	while (!reader.atEnd) {
		const key = reader instanceof Amf3Reader ? reader.readKey() : readKey(source);
		data[key] = reader.read();
		input.skip(1);
	}
	return { name, objectEncoding: version, data };
}

/**
 * A local shared object file that Flash Player reads. Members that are functions are left out, as Flash does.
 *
 * @throws UsageError AMF_UNENCODABLE for what the encoding cannot hold, and for a file that is too large
 */
export function writeSol(file: SolFile, options: AmfWriteOptions = {}): Uint8Array {
	const sink = new AmfSink(options);
	const { out } = sink;
	out.bytes(MAGIC);
	out.u32(0);
	out.bytes(SIGNATURE);
	out.bytes(FIXED);
	writeName(sink, file.name);
	out.bytes(new Uint8Array(PADDING_BYTES));
	out.u8(file.objectEncoding);
	const write = file.objectEncoding === 0 ? memberWriter0(sink, options) : memberWriter3(sink);
	for (const [key, value] of membersOf(file.data)) {
		if (typeof value === "function") continue;
		write(key, value);
		out.u8(0);
	}
	out.patchU32(MAGIC.length, out.length - MAGIC.length - LENGTH_BYTES);
	return out.finish();
}

const MAGIC = Uint8Array.of(0x00, 0xbf);
const LENGTH_BYTES = 4;
/** `TCSO`. */
const SIGNATURE = Uint8Array.of(0x54, 0x43, 0x53, 0x4f);
/** What these bytes mean is not known; every file has them. */
const FIXED = Uint8Array.of(0x00, 0x04, 0x00, 0x00, 0x00, 0x00);
const PADDING_BYTES = 3;
const MAX_SHORT = 0xffff;

function readKey(source: AmfSource): string {
	const length = source.input.u16();
	source.mustBeKey(length);
	return source.input.utf8(length);
}

function writeName({ out }: AmfSink, text: string): void {
	const at = out.length;
	out.u16(0);
	const length = out.utf8(text);
	if (length > MAX_SHORT) throw unencodable(`A name has ${length} bytes; ${MAX_SHORT} are allowed.`);
	out.patchU16(at, length);
}

type MemberWriter = (key: string, value: AmfValue) => void;

function memberWriter0(sink: AmfSink, options: AmfWriteOptions): MemberWriter {
	const writer = new Amf0Writer(options, sink);
	return (key, value) => {
		writeName(sink, key);
		writer.write(value);
	};
}

/** One set of tables for the whole file: every value is written as one inside it. */
function memberWriter3(sink: AmfSink): MemberWriter {
	const writer = new Amf3Writer(sink);
	return (key, value) => {
		writer.writeKey(key);
		try {
			writer.writeValue(value);
		} catch (error) {
			throw encodingError(error);
		}
	};
}

/** Members may be getters of the application. */
function membersOf(data: AmfObject): [string, AmfValue][] {
	try {
		return Object.entries(data);
	} catch (error) {
		throw encodingError(error);
	}
}

function invalid(detail: string, offset: number): PeerError {
	return new PeerError("SOL_INVALID", detail, offset);
}
