/**
 * mpegts.js seeks by an index of keyframes in the metadata, and asks its loader for the bytes from a place of the index
 * on. The server goes to keyframes by itself, so the index that is handed to the library names times only, and its
 * places say which.
 */
export type SeekIndex = {
	/** In seconds, as `onMetaData.keyframes.times` is. */
	readonly times: readonly number[];
	readonly filepositions: readonly number[];
};

/** More places than one after another can be bytes of: so many are never fed to one player. */
const SPAN = 2 ** 34;
const MOST_PLACES = 10_000;

/** An index of a file of so many seconds, a second apart, or more in a long one. */
export function createSeekIndex(duration: number): SeekIndex {
	const count = Math.max(1, Math.min(MOST_PLACES, Math.ceil(duration)));
	const step = Math.max(1, duration / count);
	const times = Array.from({ length: count }, (_, at) => Math.floor(at * step));
	const filepositions = times.map(time => (time + 1) * SPAN);
	// The library leaves out the first, where muxers put the codec's configuration.
	return { times: [0, ...times], filepositions: [0, ...filepositions] };
}

/**
 * What the library wants that asks for the bytes from a place on: the start of the file, the file from a time on, or
 * what follows on what it was given last.
 */
export function placeOf(position: number): "start" | "next" | number {
	if (position === 0) return "start";
	return position % SPAN === 0 ? position / SPAN - 1 : "next";
}
