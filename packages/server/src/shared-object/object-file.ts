import { crc32 } from "node:zlib";
import { FileError, PeerError } from "@millrace/core/fault";
import { decodeSharedObjectState, encodeSharedObjectState, type SharedObjectState } from "@millrace/core/shared-object";

/** `MSO` and the version of the format. */
const MAGIC = Uint8Array.of(0x4d, 0x53, 0x4f, 0x01);
const HEAD_BYTES = 12;

/**
 * A shared object as a file (`docs/reference/shared-object-files.md`): `MSO` and 1, the length of the rest and its
 * CRC-32, each in four bytes with the highest first, then the state as a message of type 16.
 */
export function encodeObjectFile(state: SharedObjectState): Uint8Array {
	const body = encodeSharedObjectState(state);
	const bytes = Buffer.alloc(HEAD_BYTES + body.length);
	bytes.set(MAGIC);
	bytes.writeUInt32BE(body.length, 4);
	bytes.writeUInt32BE(crc32(body), 8);
	bytes.set(body, HEAD_BYTES);
	return bytes;
}

/**
 * Reads such a file.
 *
 * @throws FileError SHARED_OBJECT_FILE for anything else, and for a file that was cut off or changed
 */
export function decodeObjectFile(path: string, bytes: Uint8Array): SharedObjectState {
	if (bytes.length < HEAD_BYTES || MAGIC.some((byte, index) => bytes[index] !== byte)) {
		throw new FileError("SHARED_OBJECT_FILE", `${path} is none that this server wrote.`);
	}
	const head = Buffer.from(bytes.buffer, bytes.byteOffset, HEAD_BYTES);
	const body = bytes.subarray(HEAD_BYTES);
	if (head.readUInt32BE(4) !== body.length || head.readUInt32BE(8) !== crc32(body)) {
		throw new FileError("SHARED_OBJECT_FILE", `${path} is damaged: its check sum is another.`);
	}
	try {
		return decodeSharedObjectState(body);
	} catch (error) {
		if (!(error instanceof PeerError)) throw error;
		throw new FileError("SHARED_OBJECT_FILE", `${path}: ${error.message}`, { cause: error });
	}
}
