import { equalBytes, HmacSha256, hmacSha256, SHA256_BYTES } from "../crypto/index.ts";
import { HANDSHAKE_PACKET_BYTES } from "./handshake-plain.ts";

/**
 * Where C1 and S1 hide their digest, named by the offset of the pointer to it. Flash Player and librtmp use D8 without
 * encryption and D772 with it; a server answers in the layout that it was asked in.
 */
export type DigestScheme = "D8" | "D772";

/** The key of the digest in C1. */
export const PLAYER_KEY: Uint8Array = bytesOf("Genuine Adobe Flash Player 001");
/** The key of the digest in S1. */
export const SERVER_KEY: Uint8Array = bytesOf("Genuine Adobe Flash Media Server 001");

const KEY_TAIL = new Uint8Array([
	0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8, 0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e, 0x57, 0x6e, 0xec, 0x5d,
	0x2d, 0x29, 0x80, 0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae,
]);

/** The key that C2's signature is derived from. */
export const PLAYER_SIGNING_KEY: Uint8Array = withTail(PLAYER_KEY);
/** The key that S2's signature is derived from. */
export const SERVER_SIGNING_KEY: Uint8Array = withTail(SERVER_KEY);

/** The offset of the digest in C1 or S1, from the packet's first byte. */
export function digestOffset(packet: Uint8Array, scheme: DigestScheme): number {
	const pointer = scheme === "D8" ? 8 : 772;
	const sum = packet[pointer]! + packet[pointer + 1]! + packet[pointer + 2]! + packet[pointer + 3]!;
	return (sum % 728) + pointer + 4;
}

/** Computes the digest of C1 or S1, writes it into its place and returns it: 32 bytes. */
export function writeDigest(packet: Uint8Array, scheme: DigestScheme, key: Uint8Array): Uint8Array {
	const offset = digestOffset(packet, scheme);
	const digest = computeDigest(packet, offset, key);
	packet.set(digest, offset);
	return digest;
}

/** Looks for a digest that verifies in C1 or S1, under either layout. `undefined`: the packet has none. */
export function findDigest(
	packet: Uint8Array,
	key: Uint8Array,
): { readonly scheme: DigestScheme; readonly digest: Uint8Array } | undefined {
	for (const scheme of SCHEMES) {
		const offset = digestOffset(packet, scheme);
		const digest = packet.slice(offset, offset + SHA256_BYTES);
		if (equalBytes(digest, computeDigest(packet, offset, key))) return { scheme, digest };
	}
	return undefined;
}

/** Encrypts a signature in place, with the key that it was made with: what RTMPE 8 and 9 do. */
export type SignatureCipher = (key: Uint8Array, signature: Uint8Array) => void;

/** Signs S2 or C2 in its last 32 bytes: proof that the peer's digest was read. */
export function writeSignature(
	packet: Uint8Array,
	signingKey: Uint8Array,
	peerDigest: Uint8Array,
	cipher?: SignatureCipher,
): void {
	packet.set(computeSignature(packet, signingKey, peerDigest, cipher), SIGNATURE_OFFSET);
}

/** Whether S2 or C2 carries the signature that belongs to the digest which it answers. */
export function verifySignature(
	packet: Uint8Array,
	signingKey: Uint8Array,
	peerDigest: Uint8Array,
	cipher?: SignatureCipher,
): boolean {
	return equalBytes(packet.subarray(SIGNATURE_OFFSET), computeSignature(packet, signingKey, peerDigest, cipher));
}

/** The last 32 bytes of S1, which the answer to a request for SWF verification is made with. */
export function verificationKey(s1: Uint8Array): Uint8Array {
	return s1.slice(SIGNATURE_OFFSET);
}

const SIGNATURE_OFFSET = HANDSHAKE_PACKET_BYTES - SHA256_BYTES;
/** The order of trial is nginx-rtmp's and ffmpeg's; no packet verifies under both. */
const SCHEMES: readonly DigestScheme[] = ["D772", "D8"];

function computeDigest(packet: Uint8Array, offset: number, key: Uint8Array): Uint8Array {
	return new HmacSha256(key)
		.update(packet.subarray(0, offset))
		.update(packet.subarray(offset + SHA256_BYTES))
		.digest();
}

function computeSignature(
	packet: Uint8Array,
	signingKey: Uint8Array,
	peerDigest: Uint8Array,
	cipher: SignatureCipher | undefined,
): Uint8Array {
	const key = hmacSha256(signingKey, peerDigest);
	const signature = hmacSha256(key, packet.subarray(0, SIGNATURE_OFFSET));
	cipher?.(key, signature);
	return signature;
}

function bytesOf(ascii: string): Uint8Array {
	return Uint8Array.from(ascii, character => character.charCodeAt(0));
}

function withTail(key: Uint8Array): Uint8Array {
	const whole = new Uint8Array(key.length + KEY_TAIL.length);
	whole.set(key);
	whole.set(KEY_TAIL, key.length);
	return whole;
}
