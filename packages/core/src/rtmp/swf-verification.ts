import { equalBytes, hmacSha256, SHA256_BYTES } from "../crypto/index.ts";
import { EVENT_SWF_ANSWER, EVENT_SWF_REQUEST } from "./message/user-control.ts";
import type { SwfIdentity } from "./swf-file.ts";
import { readU32, writeU32 } from "./u32.ts";

/** A client's answer: what it says it hashed, and the proof. */
export type SwfAnswer = {
	/** The whole file's size in bytes, uncompressed. */
	readonly size: number;
	/** So much of it was there when the client hashed it: less while Flash Player still loads it. */
	readonly hashedBytes: number;
	readonly token: Uint8Array;
};

/** The server's question which SWF file has opened the connection: a user control message. */
export function encodeSwfRequest(): Uint8Array {
	return Uint8Array.of(0, EVENT_SWF_REQUEST, VERSION);
}

/** Whether a request can be answered: others than version 1 exist, and their form is not known. */
export function isKnownSwfRequest(payload: Uint8Array): boolean {
	return payload.length < 3 || payload[2]! <= VERSION;
}

/** The client's answer: a user control message. `verificationKey` are the last 32 bytes of S1. */
export function encodeSwfAnswer(swf: SwfIdentity, verificationKey: Uint8Array): Uint8Array {
	const payload = new Uint8Array(ANSWER_BYTES);
	payload.set([0, EVENT_SWF_ANSWER, VERSION, COMPLETE]);
	writeU32(payload, SIZE_OFFSET, swf.size);
	writeU32(payload, HASHED_OFFSET, swf.size);
	payload.set(hmacSha256(verificationKey, swf.hash), TOKEN_OFFSET);
	return payload;
}

/** Reads an answer; `undefined` where it is none of version 1. */
export function decodeSwfAnswer(payload: Uint8Array): SwfAnswer | undefined {
	if (payload.length !== ANSWER_BYTES || payload[1] !== EVENT_SWF_ANSWER || payload[2] !== VERSION) return undefined;
	return {
		size: readU32(payload, SIZE_OFFSET),
		hashedBytes: readU32(payload, HASHED_OFFSET),
		token: payload.subarray(TOKEN_OFFSET),
	};
}

/** Whether the answer proves that the client knows this file. */
export function provesSwf(answer: SwfAnswer, swf: SwfIdentity, verificationKey: Uint8Array): boolean {
	return answer.size === swf.size && equalBytes(answer.token, hmacSha256(verificationKey, swf.hash));
}

const VERSION = 1;
/** What every known client sends behind the version. */
const COMPLETE = 1;
const SIZE_OFFSET = 4;
const HASHED_OFFSET = 8;
const TOKEN_OFFSET = 12;
const ANSWER_BYTES = TOKEN_OFFSET + SHA256_BYTES;
