/** What became of a setting that is known. */
export type Outcome =
	| { readonly outcome: "taken"; readonly to: string; readonly note?: string }
	| { readonly outcome: "equivalent" | "not applicable"; readonly note: string };

/** The outcome of what another setting has already taken along. */
export function takenWith(to: string, note: string): Outcome {
	return { outcome: "taken", to, note };
}

/** The outcome of a setting without a value that could be used. */
export function unset(value: string, wanted: string): Outcome {
	if (value === "") return { outcome: "equivalent", note: "It is empty: the default holds." };
	return { outcome: "not applicable", note: `It should be ${wanted}: the default holds.` };
}
