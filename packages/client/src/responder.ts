import type { AmfValue } from "@millrace/core/amf";

/** The encodings of values, as ActionScript 3 names them. */
export const ObjectEncoding = { AMF0: 0, AMF3: 3, DEFAULT: 3 } as const;

/** Receives the answer to a call (ActionScript 3). */
export class Responder {
	readonly result: (value: AmfValue) => void;
	readonly status: ((info: AmfValue) => void) | null;

	/**
	 * @param result called with the method's result
	 * @param status called with the info object where the call failed or the connection ended before the answer
	 */
	constructor(result: (value: AmfValue) => void, status: ((info: AmfValue) => void) | null = null) {
		this.result = result;
		this.status = status;
	}
}

/** Receives the answer to a call (ActionScript 1 and 2): any object with these members. */
export type ResponderObject = {
	onResult?(value: AmfValue): void;
	onStatus?(info: AmfValue): void;
	/** Remoting: what a gateway tells of the call besides. */
	onDebugEvents?(events: AmfValue): void;
};
