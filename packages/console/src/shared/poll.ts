/**
 * Asks again and again while the page is visible, and at once when it comes back into view; one question at a time.
 *
 * @param question answers how many milliseconds there are to the next one; never rejects
 * @returns asks now, unless an answer is due
 */
export function poll(question: () => Promise<number>): () => void {
	let timer: ReturnType<typeof setTimeout> | undefined;
	let asking = false;
	const ask = async () => {
		if (asking || document.hidden) return;
		asking = true;
		clearTimeout(timer);
		const wait = await question();
		asking = false;
		timer = setTimeout(ask, wait);
	};
	document.addEventListener("visibilitychange", ask);
	void ask();
	return () => void ask();
}
