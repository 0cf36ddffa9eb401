import type { Random } from "./random.ts";

/** Integers at which lengths, counts and signs go wrong. */
const INTERESTING = [
	0, 1, 2, 7, 8, 15, 16, 63, 64, 127, 128, 254, 255, 256, 1024, 4096, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7f_ffff,
	0x80_0000, 0xff_ffff, 0x1fff_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff,
] as const;

type Mutation = (input: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
	flipBit,
	setByte,
	stepByte,
	setInteger,
	stepInteger,
	deleteBlock,
	duplicateBlock,
	repeatBlock,
	insertBytes,
	insertFromOther,
	spliceWithOther,
	truncate,
	extend,
];

/** A changed copy of `input`, no longer than `maxLength`; `other` is another entry of the corpus to take parts from. */
export function mutate(input: Uint8Array, other: Uint8Array, random: Random, maxLength: number): Uint8Array {
	let mutated: Uint8Array = input.slice();
	// Mostly few changes, at times many.
	const rounds = 1 << random.below(5);
	for (let round = 0; round < rounds; round++) mutated = random.pick(MUTATIONS)(mutated, random, other);
	return mutated.length > maxLength ? mutated.slice(0, maxLength) : mutated;
}

function flipBit(input: Uint8Array, random: Random): Uint8Array {
	if (input.length > 0) input[random.below(input.length)]! ^= 1 << random.below(8);
	return input;
}

function setByte(input: Uint8Array, random: Random): Uint8Array {
	// Markers and small counts are low numbers.
	if (input.length > 0) input[random.below(input.length)] = random.below(random.oneIn(2) ? 32 : 256);
	return input;
}

function stepByte(input: Uint8Array, random: Random): Uint8Array {
	if (input.length > 0) input[random.below(input.length)]! += 1 + random.below(8) - 5;
	return input;
}

function setInteger(input: Uint8Array, random: Random): Uint8Array {
	return withInteger(input, random, () => random.pick(INTERESTING));
}

function stepInteger(input: Uint8Array, random: Random): Uint8Array {
	return withInteger(input, random, value => value + random.below(65) - 32);
}

/** Replaces a big- or little-endian integer of one to four bytes: what length fields are. */
function withInteger(input: Uint8Array, random: Random, change: (value: number) => number): Uint8Array {
	const size = 1 + random.below(4);
	if (input.length < size) return input;
	const at = random.below(input.length - size + 1);
	const order = Array.from({ length: size }, (_, index) => at + index);
	if (random.oneIn(4)) order.reverse();
	let value = change(order.reduce((sum, index) => sum * 256 + input[index]!, 0)) >>> 0;
	for (const index of order.reverse()) {
		input[index] = value & 255;
		value >>>= 8;
	}
	return input;
}

function deleteBlock(input: Uint8Array, random: Random): Uint8Array {
	const [start, end] = block(input, random);
	return joined(input.subarray(0, start), input.subarray(end));
}

function duplicateBlock(input: Uint8Array, random: Random): Uint8Array {
	const [start, end] = block(input, random);
	return insertedAt(input, random.below(input.length + 1), input.subarray(start, end));
}

/** Many copies of a short block one after the other: nesting, and counts that come true. */
function repeatBlock(input: Uint8Array, random: Random): Uint8Array {
	const start = random.below(input.length);
	const part = input.subarray(start, start + 1 + random.below(12));
	const copies = Array.from({ length: 1 + random.below(random.oneIn(8) ? 200 : 12) }, () => part);
	return insertedAt(input, start, joined(...copies));
}

function insertBytes(input: Uint8Array, random: Random): Uint8Array {
	const bytes = Uint8Array.from({ length: 1 + random.below(8) }, () => random.below(random.oneIn(2) ? 32 : 256));
	return insertedAt(input, random.below(input.length + 1), bytes);
}

function insertFromOther(input: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
	const [start, end] = block(other, random);
	return insertedAt(input, random.below(input.length + 1), other.subarray(start, end));
}

function spliceWithOther(input: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
	return joined(input.subarray(0, random.below(input.length + 1)), other.subarray(random.below(other.length + 1)));
}

function truncate(input: Uint8Array, random: Random): Uint8Array {
	return input.slice(0, random.below(input.length + 1));
}

function extend(input: Uint8Array, random: Random): Uint8Array {
	return joined(input, new Uint8Array(1 + random.below(random.oneIn(8) ? 300 : 16)).fill(random.below(256)));
}

/** The bounds of a part of the input, mostly a short one. */
function block(input: Uint8Array, random: Random): [number, number] {
	const start = random.below(input.length);
	const length = random.below(random.oneIn(4) ? input.length + 1 : 17);
	return [start, Math.min(start + length, input.length)];
}

function insertedAt(input: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
	return joined(input.subarray(0, at), bytes, input.subarray(at));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
	const result = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
	let at = 0;
	for (const part of parts) {
		result.set(part, at);
		at += part.length;
	}
	return result;
}
