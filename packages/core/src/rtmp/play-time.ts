import type { AmfValue } from "../amf/index.ts";

/** The longest time that fits a message's timestamp. */
const LATEST = 0xffffffff;

/**
 * `start` of `play` in milliseconds: −2000 (live or recorded, the default), −1000 (live only), or 0 and more. GStreamer
 * sends the literal −2 of the specification's text; other negative values count as −2, as Flash's reference has it.
 */
export function startMillis(value: AmfValue): number {
	if (!isTime(value)) return -2000;
	if (value >= 0) return Math.min(value, LATEST);
	return value === -1 || value === -1000 ? -1000 : -2000;
}

/** `len` of `play` in milliseconds: −1000 (to the end, the default and any negative value), or 0 and more. */
export function lengthMillis(value: AmfValue): number {
	return isTime(value) && value >= 0 ? Math.min(value, LATEST) : -1000;
}

/** The position in `pause` and `seek` in milliseconds, 0 where there is none. */
export function positionMillis(value: AmfValue): number {
	return isTime(value) ? Math.min(Math.max(value, 0), LATEST) : 0;
}

function isTime(value: AmfValue): value is number {
	return typeof value === "number" && !Number.isNaN(value);
}
