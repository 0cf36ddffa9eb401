/** What is wrong with a file that can be played all the same. */
export type MovieFlaw = {
	/**
	 * `truncated`: the file ends before the last of its samples. `wrong-tables`: they contradict each other.
	 * `wrong-edit-list`: it leads to where no media is, and is not followed. `wrong-start`: the times of one track begin
	 * long after the other has ended, and are not believed.
	 */
	readonly kind: "truncated" | "wrong-tables" | "wrong-edit-list" | "wrong-start";
	/** A whole sentence, which names the track. */
	readonly text: string;
};
