/**
 * The first byte of every answer but that of `open`: how long the client is to wait before it asks again. No vendor
 * published the scale; all known servers and their settings fit `(byte − 1) × 16 ms`.
 */

/** The server has closed the session: nothing follows. */
export const INTERVAL_CLOSED = 0x00;
/** The client is to ask again at once. */
export const INTERVAL_AT_ONCE = 0x01;

/** The steps that servers of Flash's time used when nothing happened: 32, 64, 128, 256 and 512 ms. */
const BACK_OFF = [0x03, 0x05, 0x09, 0x11, 0x21] as const;
const EMPTY_ANSWERS_BEFORE_BACK_OFF = 10;

/** The wait that an interval byte asks for, in milliseconds; 0 for "closed" too. */
export function intervalMillis(byte: number): number {
	return byte <= INTERVAL_AT_ONCE ? 0 : (byte - 1) * 16;
}

/** The byte for an answer, after so many idle answers in a row that had nothing to say: one step for each ten. */
export function backOffInterval(emptyAnswers: number): number {
	const step = Math.floor(emptyAnswers / EMPTY_ANSWERS_BEFORE_BACK_OFF);
	return step === 0 ? INTERVAL_AT_ONCE : BACK_OFF[Math.min(step, BACK_OFF.length) - 1]!;
}
