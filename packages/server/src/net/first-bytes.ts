import { METHODS } from "node:http";

/** What a connection's first bytes say that it speaks. `rtmp` is also all that is neither of the others. */
export type FirstBytes = "rtmp" | "tls" | "http" | "more";

const TLS_HANDSHAKE = 0x16;
const TLS_MAJOR_VERSION = 3;
/** The beginning of every HTTP request. Longer than the longest is never waited for. */
const REQUEST_BEGINNINGS: readonly Uint8Array[] = METHODS.map(method => new TextEncoder().encode(`${method} `));

/**
 * Tells protocols on one port apart. An RTMP version is one byte below 32, which no HTTP method begins with; a TLS
 * record begins with 22 and 3. What is none of them is left to RTMP, whose handshake names what came instead. It asks
 * for `more` only while the bytes may still become a request or a TLS record, for 18 bytes at the most.
 */
export function readFirstBytes(bytes: Uint8Array): FirstBytes {
	if (bytes.length === 0) return "more";
	if (bytes[0] === TLS_HANDSHAKE) {
		if (bytes.length === 1) return "more";
		return bytes[1] === TLS_MAJOR_VERSION ? "tls" : "rtmp";
	}
	let mayBecome = false;
	for (const beginning of REQUEST_BEGINNINGS) {
		const common = Math.min(beginning.length, bytes.length);
		let same = 0;
		while (same < common && beginning[same] === bytes[same]) same++;
		if (same === beginning.length) return "http";
		mayBecome ||= same === bytes.length;
	}
	return mayBecome ? "more" : "rtmp";
}
