import { PeerError } from "../../fault/index.ts";

/** Receives the parts of an aggregate in order. */
export type AggregatePartHandler = (type: number, timestamp: number, payload: Uint8Array) => void;

const PART_HEADER = 11;
const TYPE_AGGREGATE = 22;
/** Servers put some dozens together. Each part becomes a message that costs far more than its header. */
const MAX_PARTS = 4096;

/**
 * Splits an aggregate message (RTMP 1.0 §7.1.6) into its parts. They have the form of FLV tags, not the header that
 * the specification draws (Flash Media Server, GStreamer). Their times keep their distances and move to the
 * aggregate's own: `timestamp + (part − first part)`, modulo 2^32. Parts are copied, for the aggregate may be large
 * and they live on.
 *
 * @throws PeerError MESSAGE_MALFORMED where a part runs past the end, is itself an aggregate, or is one of too many
 */
export function splitAggregate(payload: Uint8Array, timestamp: number, onPart: AggregatePartHandler): void {
	let offset = 0;
	let first = -1;
	let parts = 0;
	while (offset + PART_HEADER <= payload.length) {
		const type = payload[offset]! & 31;
		const length = (payload[offset + 1]! << 16) | (payload[offset + 2]! << 8) | payload[offset + 3]!;
		const time =
			((payload[offset + 4]! << 16) |
				(payload[offset + 5]! << 8) |
				payload[offset + 6]! |
				(payload[offset + 7]! << 24)) >>>
			0;
		const start = offset + PART_HEADER;
		const end = start + length;
		if (end > payload.length) {
			throw new PeerError("MESSAGE_MALFORMED", `A part of an aggregate has ${length} bytes, past its end.`, offset);
		}
		if (type === TYPE_AGGREGATE) throw new PeerError("MESSAGE_MALFORMED", "An aggregate holds an aggregate.", offset);
		if (++parts > MAX_PARTS)
			throw new PeerError("MESSAGE_MALFORMED", `An aggregate has over ${MAX_PARTS} parts.`, offset);
		if (first < 0) first = time;
		if (length > 0) onPart(type, (timestamp + (time - first)) >>> 0, payload.slice(start, end));
		// The back pointer of the last part may be missing.
		offset = end + 4;
	}
}
