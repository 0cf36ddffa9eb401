/** A source of bytes that look random, for what takes one: the same for each seed. */
export function randomSource(seed = 1): (count: number) => Uint8Array {
	let state = seed;
	return count =>
		Uint8Array.from({ length: count }, () => {
			state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
			return state >>> 24;
		});
}
