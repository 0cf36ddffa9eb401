/** The middle value, or the mean of the two middle ones; undefined for no values. */
export function median(values: readonly number[]): number | undefined {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = sorted.length >> 1;
	const upper = sorted[middle];
	if (upper === undefined) return undefined;
	const lower = sorted[middle - 1];
	return sorted.length % 2 === 1 || lower === undefined ? upper : (lower + upper) / 2;
}

/** The largest value; undefined for no values. */
export function worst(values: readonly number[]): number | undefined {
	return values.length === 0 ? undefined : Math.max(...values);
}

/** One figure of one run: which round it was taken in, and its value. */
export type RoundValue = { round: number; value: number };

/**
 * The median of `subject / reference`, each ratio taken within one round: the machine's speed drifts between rounds, so
 * figures of different rounds are never divided. Rounds that lack either side, or whose reference is zero, are left out;
 * undefined when none remains.
 */
export function medianOfRatios(subject: readonly RoundValue[], reference: readonly RoundValue[]): number | undefined {
	const ratios: number[] = [];
	for (const { round, value } of subject) {
		const other = reference.find(candidate => candidate.round === round);
		if (other !== undefined && other.value !== 0) ratios.push(value / other.value);
	}
	return median(ratios);
}
