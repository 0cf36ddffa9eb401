/** The least that an FLV header has, in bytes; its own size field may announce more. */
export const FLV_HEADER_BYTES = 9;

/** What an FLV header says (FLV 10.1 §E.2). The flags are hints: live muxers set both whatever follows. */
export type FlvHeader = {
	/** 1 in every file that is known. */
	readonly version: number;
	readonly hasAudio: boolean;
	readonly hasVideo: boolean;
	/** Where the first PreviousTagSize begins; at least 9. */
	readonly headerBytes: number;
};

/**
 * The start of an FLV file or HTTP-FLV answer: the header and the first PreviousTagSize, 13 bytes, after which tags can
 * follow at once.
 */
export function flvHeader(hasAudio: boolean, hasVideo: boolean): Uint8Array {
	const flags = (hasAudio ? FLAG_AUDIO : 0) | (hasVideo ? FLAG_VIDEO : 0);
	return new Uint8Array([0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, FLV_HEADER_BYTES, 0, 0, 0, 0]);
}

/**
 * Reads the nine bytes of an FLV header; `undefined`: they do not begin with `FLV`. A size that cannot be true (under
 * 9, or past 64 KiB) is read as 9.
 */
export function readFlvHeader(bytes: Uint8Array): FlvHeader | undefined {
	if (bytes.length < FLV_HEADER_BYTES || bytes[0] !== 0x46 || bytes[1] !== 0x4c || bytes[2] !== 0x56) return undefined;
	const announced = ((bytes[5]! << 24) | (bytes[6]! << 16) | (bytes[7]! << 8) | bytes[8]!) >>> 0;
	const isPossible = announced >= FLV_HEADER_BYTES && announced <= MAX_HEADER_BYTES;
	return {
		version: bytes[3]!,
		hasAudio: (bytes[4]! & FLAG_AUDIO) !== 0,
		hasVideo: (bytes[4]! & FLAG_VIDEO) !== 0,
		headerBytes: isPossible ? announced : FLV_HEADER_BYTES,
	};
}

const FLAG_AUDIO = 4;
const FLAG_VIDEO = 1;
const MAX_HEADER_BYTES = 65_536;
