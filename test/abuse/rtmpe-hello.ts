import { createHmac, getDiffieHellman } from "node:crypto";

const PLAYER_KEY = "Genuine Adobe Flash Player 001";
export const PACKET_BYTES = 1536;
const PRIME = getDiffieHellman("modp2").getPrime();
/** Public keys with which anybody knows the secret. */
export const DEGENERATE_KEYS: readonly [string, Uint8Array][] = [
	["0", numbered(0)],
	["1", numbered(1)],
	["p − 1", Uint8Array.from([...PRIME.subarray(0, 127), PRIME[127]! - 1])],
	["p", PRIME],
];

/** C0 and C1 of RTMPE with a public key and a digest that is right. */
export function encryptedHello(version: number, key: Uint8Array): Uint8Array {
	const c1 = packet();
	c1.set(key, 772 + ((c1[1532]! + c1[1533]! + c1[1534]! + c1[1535]!) % 632));
	return Uint8Array.of(version, ...signed(c1, 12, 8));
}

function numbered(last: number): Uint8Array {
	return new Uint8Array(128).fill(last, 127);
}

/** As many bytes, the same each time. */
export function bytes(count: number): Uint8Array {
	return Uint8Array.from({ length: count }, (_, i) => (i * 7 + 3) & 255);
}

/** C1 without a digest. */
export function packet(): Uint8Array {
	const c1 = bytes(PACKET_BYTES);
	c1.set([0x80, 0, 7, 2], 4);
	return c1;
}

/** C1 with a digest at the place to which the four bytes at `pointer` lead. */
export function signed(c1: Uint8Array, base: number, pointer: number): Uint8Array {
	const sum = c1[pointer]! + c1[pointer + 1]! + c1[pointer + 2]! + c1[pointer + 3]!;
	const offset = base + (sum % 728);
	const hmac = createHmac("sha256", PLAYER_KEY);
	hmac.update(c1.subarray(0, offset)).update(c1.subarray(offset + 32));
	const copy = c1.slice();
	copy.set(hmac.digest(), offset);
	return copy;
}
