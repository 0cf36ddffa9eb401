import { encodeAmf0 } from "../amf/index.ts";
import { decodeUtf8 } from "../bytes/index.ts";
import { MEDIA_DATA, MediaMessage } from "../flv/index.ts";
import type { Carriage } from "./carriage.ts";

/** What is told of a text track with each of its texts. */
export type TextTrackFacts = {
	/** The track's number in the file. */
	readonly trackId: number;
	/** ISO 639-2, `und` where the file does not say. */
	readonly language: string;
};

const NO_BYTES = new Uint8Array(0);

/** How text travels: as the data message `onTextData`. */
const TEXT_CARRIAGE: Carriage = {
	...{ form: "text", fourCc: 0, record: NO_BYTES, configuration: undefined },
	...{ sampleRate: undefined, channels: undefined },
};

/** Sample entries of 3GPP timed text (3GPP TS 26.245 §5.16) and of QuickTime's text; `undefined`: it is another one. */
export function carriageOfText(format: string): Carriage | undefined {
	return format === "tx3g" || format === "text" ? TEXT_CARRIAGE : undefined;
}

/**
 * A sample of text as Flash Media Server sends it: `onTextData` with `text`, `trackid` and `language`. An empty text
 * takes the one before away. The style boxes behind the text are left out. Never throws.
 */
export function textMessage(sample: Uint8Array, millis: number, { trackId, language }: TextTrackFacts): MediaMessage {
	const length = sample.length < 2 ? 0 : (sample[0]! << 8) | sample[1]!;
	const text = textOf(sample.subarray(2, 2 + length));
	return new MediaMessage(
		MEDIA_DATA,
		Math.max(0, millis),
		encodeAmf0("onTextData", { text, trackid: trackId, language }),
	);
}

/** UTF-8, or UTF-16 behind a byte-order mark. */
function textOf(bytes: Uint8Array): string {
	if (bytes[0] !== 0xfe || bytes[1] !== 0xff) return decodeUtf8(bytes);
	let text = "";
	for (let at = 2; at + 1 < bytes.length; at += 2) text += String.fromCharCode((bytes[at]! << 8) | bytes[at + 1]!);
	return text;
}
