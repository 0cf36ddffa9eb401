/**
 * The candidate that a mistyped word most likely means, or undefined when none is near: at most two edits for every
 * five characters. Case does not count as a difference.
 */
export function suggestionFor(word: string, candidates: Iterable<string>): string | undefined {
	let best: string | undefined;
	let bestDistance = Number.POSITIVE_INFINITY;
	for (const candidate of candidates) {
		const allowed = Math.max(1, Math.floor(Math.max(word.length, candidate.length) * 0.4));
		const ceiling = Math.min(bestDistance, allowed + 1);
		const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), ceiling);
		if (distance < ceiling) {
			best = candidate;
			bestDistance = distance;
		}
	}
	return best;
}

/**
 * How many characters must be inserted, deleted, replaced or swapped with their neighbour to turn one text into the
 * other. Stops and answers `ceiling` once the distance cannot be below it.
 */
export function editDistance(left: string, right: string, ceiling = Number.POSITIVE_INFINITY): number {
	if (Math.abs(left.length - right.length) >= ceiling) return ceiling;
	let beforePrevious: number[] = [];
	let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
	for (let row = 1; row <= left.length; row += 1) {
		const current = [row];
		for (let column = 1; column <= right.length; column += 1) {
			const same = left[row - 1] === right[column - 1];
			let cost = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + (same ? 0 : 1));
			const swapped =
				row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
			if (swapped) cost = Math.min(cost, beforePrevious[column - 2]! + 1);
			current.push(cost);
		}
		if (Math.min(...current) >= ceiling) return ceiling;
		beforePrevious = previous;
		previous = current;
	}
	return previous[right.length]!;
}
