import { PeerError } from "../fault/index.ts";

/**
 * The largest width or height that is believed: the highest level of H.264 and H.265 in practice (6.2) ends here, so a
 * larger one is a broken or hostile parameter set.
 */
export const MAX_PICTURE_SIDE = 16_888;

/** The bytes of a parameter set that are looked at: what stands further back is of no interest here. */
const MAX_PARAMETER_SET_BYTES = 4096;

/**
 * A NAL unit without its header of `headerBytes`, freed of emulation prevention bytes (00 00 03; H.264 §7.3.1,
 * H.265 §7.3.1.1). Only the first 4 KiB are taken.
 */
export function rbspOf(nal: Uint8Array, headerBytes: number): Uint8Array {
	const end = Math.min(nal.length, MAX_PARAMETER_SET_BYTES);
	const rbsp = new Uint8Array(Math.max(end - headerBytes, 0));
	let length = 0;
	let zeros = 0;
	for (let index = headerBytes; index < end; index++) {
		const byte = nal[index]!;
		if (zeros >= 2 && byte === 3) {
			zeros = 0;
			continue;
		}
		zeros = byte === 0 ? zeros + 1 : 0;
		rbsp[length++] = byte;
	}
	return rbsp.subarray(0, length);
}

/** Throws `PeerError` (`MESSAGE_MALFORMED`) for a picture without area or larger than `MAX_PICTURE_SIDE`. */
export function checkPictureSize(width: number, height: number): void {
	if (width > 0 && height > 0 && width <= MAX_PICTURE_SIDE && height <= MAX_PICTURE_SIDE) return;
	throw new PeerError("MESSAGE_MALFORMED", `A picture of ${width}×${height} is not possible.`);
}

/** The frame rate of a tick count and a clock, in frames a second; `undefined` where either is zero. */
export function frameRateOf(unitsInTick: number, timeScale: number): number | undefined {
	return unitsInTick > 0 && timeScale > 0 ? timeScale / unitsInTick : undefined;
}

/** A number as hexadecimal digits in capitals, as codec strings have them. */
export function hexOf(value: number, digits: number): string {
	return value.toString(16).toUpperCase().padStart(digits, "0");
}

/** The fault of every configuration that is not what its codec demands. */
export function malformed(detail: string): PeerError {
	return new PeerError("MESSAGE_MALFORMED", detail);
}
