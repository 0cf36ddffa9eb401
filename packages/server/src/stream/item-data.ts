import { AmfEcmaArray, type AmfObject, encodeAmf0 } from "@millrace/core/amf";
import { MillraceError } from "@millrace/core/fault";
import { MEDIA_DATA, MEDIA_DATA_AMF3, MediaMessage, parseData } from "@millrace/core/flv";
import { encodeData } from "@millrace/core/rtmp";

/** What is true of a file as a whole, and not of a stream that it is played into. */
const FILE_FACTS: ReadonlySet<string> = new Set([
	...["duration", "filesize", "datasize", "videosize", "audiosize", "lasttimestamp", "lastkeyframetimestamp"],
	...["lastkeyframelocation", "keyframes", "seekpoints", "hasKeyframes", "canSeekToEnd", "totaldatarate"],
]);
const SET_DATA_FRAME = encodeAmf0("@setDataFrame");

/** A file's metadata as a live stream's: to be kept for viewers who join, and without what is true of the file alone. */
export function liveMetadata(metadata: AmfObject, timestamp: number): MediaMessage {
	const members = Object.entries(metadata).filter(([name]) => !FILE_FACTS.has(name));
	const payload = encodeData(0, "@setDataFrame", ["onMetaData", new AmfEcmaArray(members)]);
	return new MediaMessage(MEDIA_DATA, timestamp, payload);
}

/** Data that a stream keeps for viewers who join, such that another stream that gets it will do so too. */
export function keptData({ type, payload }: MediaMessage, timestamp: number): MediaMessage {
	// AMF3 messages have a format selector in front, and their names are in AMF0 behind it.
	const start = type === MEDIA_DATA_AMF3 && payload[0] === 0 ? 1 : 0;
	const body = new Uint8Array(payload.length + SET_DATA_FRAME.length);
	body.set(payload.subarray(0, start));
	body.set(SET_DATA_FRAME, start);
	body.set(payload.subarray(start), start + SET_DATA_FRAME.length);
	return new MediaMessage(type, timestamp, body);
}

/** What a server says to its players, in the form of data: nothing that belongs to the stream. */
const PLAYER_DATA: ReadonlySet<string> = new Set(["|RtmpSampleAccess", "onStatus", "onPlayStatus"]);

/**
 * A message of a stream that another server was asked for, as a publisher would have sent it: metadata is to be kept.
 * `undefined`: it is for players.
 */
export function relayedData(message: MediaMessage): MediaMessage | undefined {
	const { type, payload } = message;
	if (type !== MEDIA_DATA && type !== MEDIA_DATA_AMF3) return message;
	try {
		const { handler, keep } = parseData(payload, type);
		if (PLAYER_DATA.has(handler)) return undefined;
		return handler === "onMetaData" && keep === undefined ? keptData(message, message.timestamp) : message;
	} catch (error) {
		// What cannot be read is passed on as it is, as from a publisher.
		if (!(error instanceof MillraceError)) throw error;
		return message;
	}
}
