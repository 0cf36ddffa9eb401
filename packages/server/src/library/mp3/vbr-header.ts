import type { Mp3Frame } from "@millrace/core/codec";

/** What encoders tell of a file in its first frame, which holds no sound then. */
export type VbrHeader = {
	/** `Info`: all frames have the same bitrate. */
	readonly isConstant: boolean;
	/** Frames of sound, without this one. */
	readonly frames: number | undefined;
	/** From this frame to the end of the sound. */
	readonly bytes: number | undefined;
	/** Where each hundredth of the time begins, in 256ths of the bytes. */
	readonly hundredths: Uint8Array | undefined;
};

/** Reads the `Xing`, `Info` (LAME) or `VBRI` (Fraunhofer) header in a frame; `undefined`: the frame is sound. */
export function readVbrHeader(bytes: Uint8Array, frame: Mp3Frame): VbrHeader | undefined {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const sideBytes = frame.version === 1 ? (frame.channels === 1 ? 17 : 32) : frame.channels === 1 ? 9 : 17;
	const at = 4 + sideBytes;
	const name = nameAt(bytes, at);
	if (name === "Xing" || name === "Info") return readXing(view, at, name === "Info");
	if (nameAt(bytes, VBRI_AT) !== "VBRI" || bytes.length < VBRI_AT + 18) return undefined;
	return {
		isConstant: false,
		frames: view.getUint32(VBRI_AT + 14),
		bytes: view.getUint32(VBRI_AT + 10),
		hundredths: undefined,
	};
}

/** Whatever the number of channels. */
const VBRI_AT = 4 + 32;
const HAS_FRAMES = 1;
const HAS_BYTES = 2;
const HAS_TABLE = 4;
const TABLE_BYTES = 100;

function readXing(view: DataView, start: number, isConstant: boolean): VbrHeader {
	let at = start + 8;
	const flags = start + 8 <= view.byteLength ? view.getUint32(start + 4) : 0;
	const next = (flag: number): number | undefined => {
		if ((flags & flag) === 0 || at + 4 > view.byteLength) return undefined;
		at += 4;
		return view.getUint32(at - 4);
	};
	const frames = next(HAS_FRAMES);
	const bytes = next(HAS_BYTES);
	const hasTable = (flags & HAS_TABLE) !== 0 && at + TABLE_BYTES <= view.byteLength;
	const hundredths = hasTable ? new Uint8Array(view.buffer, view.byteOffset + at, TABLE_BYTES).slice() : undefined;
	return { isConstant, frames, bytes, hundredths };
}

function nameAt(bytes: Uint8Array, at: number): string {
	return String.fromCharCode(...bytes.subarray(at, at + 4));
}
