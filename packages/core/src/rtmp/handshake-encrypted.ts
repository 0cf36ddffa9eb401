import { DIFFIE_HELLMAN_BYTES, DiffieHellman, hmacSha256, isPublicKey, Rc4 } from "../crypto/index.ts";
import { PeerError } from "../fault/index.ts";
import type { DigestScheme } from "./handshake-digest.ts";
import { HANDSHAKE_PACKET_BYTES, type RandomBytes } from "./handshake-plain.ts";
import { LinkCipher } from "./link-cipher.ts";

/** The offset of the public key in C1 or S1, in the half of the packet that the digest is not in. */
export function publicKeyOffset(packet: Uint8Array, scheme: DigestScheme): number {
	const pointer = scheme === "D8" ? 1532 : 768;
	const sum = packet[pointer]! + packet[pointer + 1]! + packet[pointer + 2]! + packet[pointer + 3]!;
	return (sum % 632) + (scheme === "D8" ? 772 : 8);
}

/** Writes the public key into its place in C1 or S1. The digest covers it, so that it comes afterwards. */
export function writePublicKey(packet: Uint8Array, scheme: DigestScheme, key: Uint8Array): void {
	packet.set(key, publicKeyOffset(packet, scheme));
}

/** Copies the public key out of C1 or S1. Throws `PeerError` `HANDSHAKE_BAD_KEY` where no secret can come of it. */
export function readPublicKey(packet: Uint8Array, scheme: DigestScheme): Uint8Array {
	const offset = publicKeyOffset(packet, scheme);
	const key = packet.slice(offset, offset + DIFFIE_HELLMAN_BYTES);
	if (isPublicKey(key)) return key;
	throw new PeerError("HANDSHAKE_BAD_KEY", "It is not between 2 and p − 2.", 1 + offset);
}

/** A key pair whose public key does not begin with zero, which some peers would shorten. */
export function drawKeyPair(random: RandomBytes): DiffieHellman {
	for (let draws = 1; ; draws++) {
		const pair = new DiffieHellman(random(PRIVATE_KEY_BYTES));
		if (pair.publicKey[0] !== 0 || draws === MAX_DRAWS) return pair;
	}
}

/**
 * The secret of a new key pair with the peer's public key. It does not begin with zero: librtmp and ffmpeg, where they
 * are built with OpenSSL, shorten such a secret and pad it at the other end, and one connection in 256 would fail. Only
 * who sees the peer's key before it shows its own can avoid that: the server.
 */
export function drawSecret(
	random: RandomBytes,
	peerKey: Uint8Array,
): { readonly publicKey: Uint8Array; readonly secret: Uint8Array } {
	for (let draws = 1; ; draws++) {
		const pair = drawKeyPair(random);
		const secret = pair.computeSecret(peerKey);
		if (secret[0] !== 0 || draws === MAX_DRAWS) return { publicKey: pair.publicKey, secret };
	}
}

/** The two RC4 streams of the side that has `publicKey`, each past the part that is thrown away. */
export function cipherOf(secret: Uint8Array, publicKey: Uint8Array, peerKey: Uint8Array): LinkCipher {
	return new LinkCipher(streamOf(secret, publicKey), streamOf(secret, peerKey));
}

/** Ample for a group of 1024 bits, and four times as fast as an exponent of its whole length. */
const PRIVATE_KEY_BYTES = 32;
/** Against a source of randomness that always says the same. */
const MAX_DRAWS = 16;
const RC4_KEY_BYTES = 16;

function streamOf(secret: Uint8Array, publicKey: Uint8Array): Rc4 {
	const cipher = new Rc4(hmacSha256(secret, publicKey).subarray(0, RC4_KEY_BYTES));
	cipher.skip(HANDSHAKE_PACKET_BYTES);
	return cipher;
}
