import type { BlockMemory } from "./framer.ts";

/** Larger blocks get memory of their own. */
const SCRATCH_BYTES = 64 * 1024;

const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES).buffer;

/**
 * Memory for a block that nobody keeps: the next one is made in the same. What is allocated for each block anew has to be
 * collected, by a search through all that is in use, and is in none of the processor's caches (0027).
 */
export const scratchMemory: BlockMemory = length =>
	length > SCRATCH_BYTES ? Buffer.allocUnsafeSlow(length) : Buffer.from(scratch, 0, length);
