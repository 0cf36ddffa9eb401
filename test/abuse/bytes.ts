/** Joins byte runs; numbers are single bytes and texts are UTF-8. */
export function join(...parts: readonly (number | string | Uint8Array | readonly number[])[]): Uint8Array {
	const arrays = parts.map(part =>
		typeof part === "number"
			? Uint8Array.of(part)
			: typeof part === "string"
				? new TextEncoder().encode(part)
				: Uint8Array.from(part),
	);
	const joined = new Uint8Array(arrays.reduce((sum, array) => sum + array.length, 0));
	let offset = 0;
	for (const array of arrays) {
		joined.set(array, offset);
		offset += array.length;
	}
	return joined;
}

/** The same bytes many times over. */
export function repeat(bytes: Uint8Array, count: number): Uint8Array {
	const all = new Uint8Array(bytes.length * count);
	for (let i = 0; i < count; i++) all.set(bytes, i * bytes.length);
	return all;
}

export function u16(value: number): Uint8Array {
	return Uint8Array.of(value >>> 8, value);
}

export function u24(value: number): Uint8Array {
	return Uint8Array.of(value >>> 16, value >>> 8, value);
}

export function u32(value: number): Uint8Array {
	return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** An AMF0 string with its marker. */
export function amfText(text: string): Uint8Array {
	const bytes = new TextEncoder().encode(text);
	return join(2, u16(bytes.length), bytes);
}

/** An AMF0 number with its marker. */
export function amfNumber(value: number): Uint8Array {
	const bytes = new Uint8Array(9);
	new DataView(bytes.buffer).setFloat64(1, value);
	return bytes;
}
