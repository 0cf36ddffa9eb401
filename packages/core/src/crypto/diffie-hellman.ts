/** The length of a public key and of a secret, in bytes. */
export const DIFFIE_HELLMAN_BYTES = 128;

/**
 * One side of a Diffie-Hellman exchange in the group of RTMPE: the second of Oakley, 1024 bits, generator 2 (RFC 2409
 * §6.2). Each operation takes some half millisecond: `BigInt` with a short exponent is much faster than OpenSSL, which
 * tests the prime anew each time. Its time depends on the key, which is no loss where nobody is authenticated.
 */
export class DiffieHellman {
	/** 128 bytes, highest first. */
	readonly publicKey: Uint8Array;
	readonly #exponent: bigint;

	/** @param privateKey a number, highest byte first; 32 random bytes are ample for this group */
	constructor(privateKey: Uint8Array) {
		this.#exponent = fromBytes(privateKey);
		this.publicKey = toBytes(power(2n, this.#exponent));
	}

	/** The secret that both sides come to: 128 bytes, highest first, with zeros before it where it is shorter. */
	computeSecret(peerKey: Uint8Array): Uint8Array {
		return toBytes(power(fromBytes(peerKey), this.#exponent));
	}
}

/**
 * Whether a public key is one that a secret can come of: between 2 and p − 2 (RFC 2631 §2.1.5). The others make a
 * secret that everybody knows.
 */
export function isPublicKey(key: Uint8Array): boolean {
	const value = fromBytes(key);
	return value >= 2n && value <= PRIME - 2n;
}

const PRIME = BigInt(
	"0xffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd" +
		"ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed" +
		"ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff",
);

function power(base: bigint, exponent: bigint): bigint {
	let result = 1n;
	let square = base % PRIME;
	for (let rest = exponent; rest > 0n; rest >>= 1n) {
		if (rest & 1n) result = (result * square) % PRIME;
		square = (square * square) % PRIME;
	}
	return result;
}

function fromBytes(bytes: Uint8Array): bigint {
	let hex = "0x0";
	for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
	return BigInt(hex);
}

function toBytes(value: bigint): Uint8Array {
	const hex = value.toString(16).padStart(2 * DIFFIE_HELLMAN_BYTES, "0");
	const bytes = new Uint8Array(DIFFIE_HELLMAN_BYTES);
	for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
	return bytes;
}
