/** One way in which a network may cut a stream of bytes into pieces. */
export type Split = {
	readonly name: string;
	/** Gives all bytes in order. Each piece is overwritten when `receive` returns: nobody may keep it. */
	feed(bytes: Uint8Array, receive: (piece: Uint8Array) => void): void;
};

/** The splits under which every scenario must give the same: whole, byte by byte, and in random pieces. */
export const splits: readonly Split[] = [
	{ name: "whole", feed: (bytes, receive) => feed(bytes, receive, () => bytes.length) },
	{ name: "byte by byte", feed: (bytes, receive) => feed(bytes, receive, () => 1) },
	randomSplit(1),
	randomSplit(2),
];

/** Pieces of 1 to 40 bytes with a long one now and then; the same seed cuts the same bytes alike. */
export function randomSplit(seed: number): Split {
	return {
		name: `in random pieces (${seed})`,
		feed(bytes, receive) {
			let state = seed;
			const below = (limit: number) => {
				// Park and Miller's generator: good enough for lengths.
				state = (state * 48_271) % 2_147_483_647;
				return state % limit;
			};
			below(1);
			feed(bytes, receive, () => 1 + below(below(8) === 0 ? 2000 : 40));
		},
	};
}

function feed(bytes: Uint8Array, receive: (piece: Uint8Array) => void, nextLength: () => number): void {
	for (let at = 0; at < bytes.length; ) {
		const piece = bytes.slice(at, at + nextLength());
		at += piece.length;
		receive(piece);
		piece.fill(0xee);
	}
}
