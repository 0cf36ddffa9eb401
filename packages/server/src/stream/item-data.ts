import { AmfEcmaArray, type AmfObject, encodeAmf0 } from "@millrace/core/amf";
import { MEDIA_DATA, MEDIA_DATA_AMF3, MediaMessage } from "@millrace/core/flv";
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
