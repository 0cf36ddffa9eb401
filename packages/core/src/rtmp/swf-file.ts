import { HmacSha256 } from "../crypto/index.ts";
import { FileError } from "../fault/index.ts";
import { PLAYER_KEY } from "./handshake-digest.ts";

/** What SWF verification knows of a file: the hash of its uncompressed form, and that form's size in bytes. */
export type SwfIdentity = { readonly hash: Uint8Array; readonly size: number };

/** Undoes the compressions that a SWF file may have. Each may throw, and must not give more than `limit` bytes. */
export type SwfDecompressors = {
	/** zlib (RFC 1950), of `CWS` files. */
	inflate(bytes: Uint8Array, limit: number): Uint8Array;
	/** LZMA, of `ZWS` files: properties, dictionary size and data, without a size; `limit` is the exact one. */
	lzma(bytes: Uint8Array, limit: number): Uint8Array;
};

/** The length of a SWF file's header that is never compressed: signature, version and size. */
const HEADER_BYTES = 8;
/** Where the LZMA properties of a `ZWS` file begin, behind the header and the compressed length. */
const LZMA_OFFSET = 12;

/**
 * The identity of a SWF file as it lies on a disk, compressed or not: Flash Player and librtmp hash the uncompressed one.
 *
 * @param limit the largest uncompressed size, in bytes
 * @throws FileError FILE_INVALID where it is no SWF file or is broken, FILE_TOO_COMPLEX where it is larger than `limit`
 */
export function swfIdentity(file: Uint8Array, decompressors: SwfDecompressors, limit: number): SwfIdentity {
	const signature = String.fromCharCode(...file.subarray(0, 3));
	if (file.length < HEADER_BYTES || !/^[FCZ]WS$/.test(signature)) {
		throw new FileError("FILE_INVALID", "It does not begin as a SWF file.");
	}
	const size = new DataView(file.buffer, file.byteOffset).getUint32(4, true);
	if (Math.max(size, file.length) > limit) throw new FileError("FILE_TOO_COMPLEX", `The limit is ${limit} bytes.`);
	const body = bodyOf(signature, file, Math.max(0, size - HEADER_BYTES), limit - HEADER_BYTES, decompressors);
	const header = file.slice(0, HEADER_BYTES);
	header[0] = 0x46;
	const hash = new HmacSha256(PLAYER_KEY).update(header).update(body).digest();
	return { hash, size: HEADER_BYTES + body.length };
}

function bodyOf(
	signature: string,
	file: Uint8Array,
	size: number,
	limit: number,
	{ inflate, lzma }: SwfDecompressors,
): Uint8Array {
	if (signature === "FWS") return file.subarray(HEADER_BYTES);
	try {
		return signature === "CWS" ? inflate(file.subarray(HEADER_BYTES), limit) : lzma(file.subarray(LZMA_OFFSET), size);
	} catch (error) {
		throw new FileError("FILE_INVALID", `Its ${signature} compression is broken.`, { cause: error });
	}
}
