import { PeerError } from "../fault/index.ts";

/** The length of C1, S1, C2 and S2 in bytes (RTMP 1.0 §5.2.3). */
export const HANDSHAKE_PACKET_BYTES = 1536;
/** C0 and S0 of RTMP without encryption (RTMP 1.0 §5.2.2). */
export const HANDSHAKE_VERSION = 3;

/** Gives `count` random bytes that nobody can foretell; injected, for the core has no randomness of its own. */
export type RandomBytes = (count: number) => Uint8Array;

/** The form of a handshake. */
export type HandshakeKind = "plain" | "digest" | "encrypted";
/** C0 and S0 of RTMPE: 6, with signatures under XTEA 8, under Blowfish 9. */
export type EncryptedVersion = 6 | 8 | 9;

/** Whether C0 or S0 is one of RTMPE. */
export function isEncryptedVersion(version: number): version is EncryptedVersion {
	return version === 6 || version === 8 || version === 9;
}

/**
 * Judges C0 or S0, where version 3 and, if it is offered, RTMPE are right. Others throw `PeerError`:
 * `HANDSHAKE_NOT_RTMP` where the byte is the first of HTTP, TLS or SSH, which end up here by a wrong port, else
 * `HANDSHAKE_BAD_VERSION`.
 */
export function checkVersion(version: number, offersEncryption: boolean): void {
	if (version === HANDSHAKE_VERSION || (offersEncryption && isEncryptedVersion(version))) return;
	const found = `The first byte is 0x${version.toString(16).padStart(2, "0")}`;
	const protocol = OTHER_PROTOCOLS.get(version);
	if (protocol !== undefined) throw new PeerError("HANDSHAKE_NOT_RTMP", `${found}, as ${protocol} begins.`, 0);
	if (isEncryptedVersion(version)) {
		throw new PeerError("HANDSHAKE_BAD_VERSION", `${found}: RTMPE, which is not offered.`, 0);
	}
	throw new PeerError("HANDSHAKE_BAD_VERSION", `${found}; RTMP has 0x03.`, 0);
}

/**
 * Fills C1 or S1 (RTMP 1.0 §5.2.3): time in milliseconds modulo 2^32, the version (0 in the plain handshake; the
 * specification calls it zero), and random bytes.
 */
export function writePacket(packet: Uint8Array, nowMillis: number, version: number, random: RandomBytes): void {
	const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
	view.setUint32(0, nowMillis >>> 0);
	view.setUint32(4, version);
	packet.set(random(HANDSHAKE_PACKET_BYTES - FREE_OFFSET), FREE_OFFSET);
}

/** Bytes 4 to 7 of C1 or S1 as one number: 0 in the plain handshake, else the version of Flash or of the server. */
export function packetVersion(packet: Uint8Array): number {
	return ((packet[4]! << 24) | (packet[5]! << 16) | (packet[6]! << 8) | packet[7]!) >>> 0;
}

/** Where the time and the version of C1 and S1 end and the free 1528 bytes begin. */
const FREE_OFFSET = 8;

const HTTP = "an HTTP request or answer";
const OTHER_PROTOCOLS: ReadonlyMap<number, string> = new Map([
	[0x15, "a TLS alert"],
	[0x16, "a TLS hello"],
	[0x43, HTTP], // CONNECT
	[0x44, HTTP], // DELETE
	[0x47, HTTP], // GET
	[0x48, HTTP], // HEAD, and HTTP/1.1 in answers
	[0x4f, HTTP], // OPTIONS
	[0x50, HTTP], // POST, PUT, PATCH, and HTTP/2's preface
	[0x53, "SSH"],
]);
