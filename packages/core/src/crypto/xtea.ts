/**
 * Encrypts the eight bytes at `offset` in place with XTEA: 32 cycles, words and key read with the lowest byte first.
 *
 * @param key 16 bytes
 */
export function xteaEncrypt(key: Uint8Array, bytes: Uint8Array, offset: number): void {
	const block = new DataView(bytes.buffer, bytes.byteOffset + offset, 8);
	const words = new DataView(key.buffer, key.byteOffset, 16);
	let left = block.getInt32(0, true);
	let right = block.getInt32(4, true);
	let sum = 0;
	for (let cycle = 0; cycle < 32; cycle++) {
		left = (left + (mix(right) ^ (sum + words.getInt32((sum & 3) * 4, true)))) | 0;
		sum = (sum + DELTA) | 0;
		right = (right + (mix(left) ^ (sum + words.getInt32(((sum >>> 11) & 3) * 4, true)))) | 0;
	}
	block.setInt32(0, left, true);
	block.setInt32(4, right, true);
}

const DELTA = 0x9e3779b9;

function mix(word: number): number {
	return (((word << 4) ^ (word >>> 5)) + word) | 0;
}
