import type { ByteSource } from "./byte-source.ts";

/** Bytes of the file that are wanted next. */
export type ByteRange = { readonly offset: number; readonly length: number; readonly into?: Uint8Array | undefined };

/**
 * Work that reads a file without doing any input itself, so that it runs the same with promises and, in tests,
 * without: it yields the range of bytes it needs and is resumed with them, or yields `undefined` where it has worked
 * long enough and something else may have the thread.
 */
export type Reading<Result> = Generator<ByteRange | undefined, Result, Uint8Array | undefined>;

/** Asks for bytes, perhaps into memory that is there; fewer come only where the file ends. */
export function* readRange(offset: number, length: number, into?: Uint8Array): Reading<Uint8Array> {
	return (yield { offset, length, into }) ?? new Uint8Array(0);
}

/** Carries a reading out on a source. Rejects with what it throws, and with what the source rejects with. */
export async function carryOut<Result>(
	reading: Reading<Result>,
	source: ByteSource,
	pause: () => Promise<void>,
): Promise<Result> {
	let step = reading.next();
	while (step.done !== true) {
		if (step.value === undefined) {
			await pause();
			step = reading.next();
		} else {
			const { offset, length, into } = step.value;
			step = reading.next(await source.read(offset, length, into));
		}
	}
	return step.value;
}
