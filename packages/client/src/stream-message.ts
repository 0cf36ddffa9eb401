import type { AmfClassRegistry, AmfValue } from "@millrace/core/amf";
import { MillraceError } from "@millrace/core/fault";
import {
	FLAG_COMMAND,
	FLAG_CONFIGURATION,
	FLAG_METADATA,
	FLAG_SEQUENCE_END,
	MEDIA_DATA,
	MEDIA_DATA_AMF3,
	type MediaMessage,
	parseData,
} from "@millrace/core/flv";
import { flashValue } from "./callback.ts";

/** What a data message calls at the stream's client. */
export type StreamCall = { readonly name: string; readonly args: AmfValue[] };

/** Whether servers call it with every stream or file: nobody need be warned that it is not taken. */
export function isUsualCall(name: string): boolean {
	return name === "onMetaData" || name === "onXMPData" || name === "onPlayStatus";
}

/** Times count modulo 2^32: the nearest to the last is meant, but none far before zero. */
export function unwrapTime(wrapped: number, last: number): number {
	if (last < 0) return wrapped;
	const nearest = last + ((wrapped - last) | 0);
	return nearest < -MAX_STEP_BACK_MILLIS ? wrapped : Math.max(0, nearest);
}

/** Whether a message is sound or a picture, which has a place on the time line. */
export function isFrame(message: MediaMessage): boolean {
	return (message.isAudio || message.isVideo) && (message.flags & NO_FRAME) === 0;
}

/** The call that a data message is; `undefined` for other messages and for data that is no AMF, which concerns nobody. */
export function streamCall({ type, payload }: MediaMessage, classes?: AmfClassRegistry): StreamCall | undefined {
	if (type !== MEDIA_DATA && type !== MEDIA_DATA_AMF3) return undefined;
	try {
		const { handler, values } = parseData(payload, type, classes);
		return { name: handler, args: values.map(value => flashValue(value)) };
	} catch (error) {
		if (!(error instanceof MillraceError)) throw error;
		return undefined;
	}
}

const MAX_STEP_BACK_MILLIS = 10_000;
const NO_FRAME = FLAG_CONFIGURATION | FLAG_METADATA | FLAG_SEQUENCE_END | FLAG_COMMAND;
