/** Big-endian 32-bit values, of which the protocol's control messages are made. */
export function readU32(bytes: Uint8Array, offset: number): number {
	return ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!) >>> 0;
}

export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
	bytes[offset] = value >>> 24;
	bytes[offset + 1] = value >>> 16;
	bytes[offset + 2] = value >>> 8;
	bytes[offset + 3] = value;
}

export function u32Payload(value: number): Uint8Array {
	const payload = new Uint8Array(4);
	writeU32(payload, 0, value);
	return payload;
}
