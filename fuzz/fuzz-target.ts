/** One parser under test. Each file of `fuzz/targets` exports one as `target`. */
export type FuzzTarget = {
	/** The file's name without its ending; it names the corpus folder too. */
	readonly name: string;
	/** Valid and nearly valid inputs to begin with. */
	seeds(): Uint8Array[];
	/** Returns for whatever input; throws only on a real defect. */
	run(input: Uint8Array): void;
};
