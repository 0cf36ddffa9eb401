import { equalBytes } from "../crypto/index.ts";
import { PeerError } from "../fault/index.ts";
import {
	type DigestScheme,
	findDigest,
	PLAYER_KEY,
	PLAYER_SIGNING_KEY,
	SERVER_KEY,
	SERVER_SIGNING_KEY,
	verificationKey,
	verifySignature,
	writeDigest,
	writeSignature,
} from "./handshake-digest.ts";
import { cipherOf, drawSecret, readPublicKey, writePublicKey } from "./handshake-encrypted.ts";
import {
	checkVersion,
	type EncryptedVersion,
	HANDSHAKE_PACKET_BYTES,
	type HandshakeKind,
	isEncryptedVersion,
	packetVersion,
	type RandomBytes,
	writePacket,
} from "./handshake-plain.ts";
import type { LinkCipher } from "./link-cipher.ts";
import { signatureCipher } from "./signature-cipher.ts";

export type ServerHandshakeOptions = {
	/** The source of S1's and S2's random bytes, and of keys. */
	random: RandomBytes;
	/** Whether RTMPE is offered (types 6, 8 and 9). Default true. */
	encryption?: boolean;
};

/**
 * The server's side of the handshake (RTMP 1.0 §5.2): plain, with the digest that Flash Player wants before it plays
 * H.264, or encrypted (RTMPE). It answers in the form that the client used. S0, S1 and S2 leave together when C1 is
 * complete, as all known servers send them. Without encryption any C2 is accepted: echoes are often wrong, and no client
 * suffers from it.
 */
export class ServerHandshake {
	readonly #random: RandomBytes;
	readonly #offersEncryption: boolean;
	/** C1, then C2 where it is looked at. */
	readonly #packet = new Uint8Array(HANDSHAKE_PACKET_BYTES);
	readonly #output: Uint8Array[] = [];
	#received = 0;
	#version = 0;
	#kind: HandshakeKind | undefined;
	#scheme: DigestScheme | undefined;
	#peerVersion: number | undefined;
	#verificationKey: Uint8Array | undefined;
	#encryption: { readonly s1: Uint8Array; readonly s1Digest: Uint8Array; readonly cipher: LinkCipher } | undefined;

	constructor(options: ServerHandshakeOptions) {
		this.#random = options.random;
		this.#offersEncryption = options.encryption ?? true;
	}

	/** C2 has come whole: what follows belongs to the chunk stream. */
	get done(): boolean {
		return this.#received === HANDSHAKE_BYTES;
	}

	/** The form of the handshake; `undefined` until C1 is complete. */
	get kind(): HandshakeKind | undefined {
		return this.#kind;
	}

	/** The layout of the digest in C1; `undefined` in the plain handshake. */
	get scheme(): DigestScheme | undefined {
		return this.#scheme;
	}

	/** Bytes 4 to 7 of C1, such as 0x80000702 of Flash Player; 0 in the plain form, `undefined` until C1 is complete. */
	get peerVersion(): number | undefined {
		return this.#peerVersion;
	}

	/** The byte with which the client began: 3, or 6, 8 or 9 for RTMPE; 0 until it has come. */
	get version(): number {
		return this.#version;
	}

	/** What everything after the handshake is encrypted with; `undefined` without encryption and until C1 is complete. */
	get cipher(): LinkCipher | undefined {
		return this.#encryption?.cipher;
	}

	/** The last 32 bytes of S1; `undefined` until C1 is complete. */
	get verificationKey(): Uint8Array | undefined {
		return this.#verificationKey;
	}

	/**
	 * Takes what has come from the client, in pieces of any size, and returns how many of the bytes it used: all of them
	 * until the handshake is done, then none. The rest belongs to the chunk stream. `nowMillis` becomes S1's time.
	 * Throws `PeerError` at the first byte (`HANDSHAKE_BAD_VERSION`, `HANDSHAKE_NOT_RTMP`), and with encryption for C1
	 * and C2 (`HANDSHAKE_BAD_SIGNATURE`, `HANDSHAKE_BAD_KEY`); the connection is then to be closed.
	 */
	receive(bytes: Uint8Array, nowMillis: number): number {
		const used = Math.min(bytes.length, HANDSHAKE_BYTES - this.#received);
		let offset = 0;
		if (this.#received === 0 && used > 0) {
			checkVersion(bytes[0]!, this.#offersEncryption);
			this.#version = bytes[0]!;
			this.#received = 1;
			offset = 1;
		}
		while (offset < used) {
			const fill = (this.#received - 1) % HANDSHAKE_PACKET_BYTES;
			const part = bytes.subarray(offset, Math.min(used, offset + HANDSHAKE_PACKET_BYTES - fill));
			this.#packet.set(part, fill);
			this.#received += part.length;
			offset += part.length;
			if (this.#received === C1_END) this.#reply(nowMillis);
			else if (this.#received === HANDSHAKE_BYTES) this.#checkC2();
		}
		return used;
	}

	/** The slices to send, in order; the caller owns them from now on. */
	takeOutput(): Uint8Array[] {
		return this.#output.splice(0);
	}

	#reply(nowMillis: number): void {
		const c1 = this.#packet;
		const reply = new Uint8Array(HANDSHAKE_BYTES);
		const s1 = reply.subarray(1, C1_END);
		const s2 = reply.subarray(C1_END);
		reply[0] = this.#version;
		this.#peerVersion = packetVersion(c1);
		if (isEncryptedVersion(this.#version)) {
			this.#replyEncrypted(this.#version, s1, s2, nowMillis);
		} else {
			// Encoders with junk in bytes 4 to 7 exist: a digest that does not verify is no digest.
			const found = this.#peerVersion === 0 ? undefined : findDigest(c1, PLAYER_KEY);
			if (found === undefined) this.#replyPlain(s1, s2, nowMillis);
			else this.#replyWithDigest(found.scheme, found.digest, s1, s2, nowMillis);
		}
		this.#verificationKey = verificationKey(s1);
		this.#output.push(reply);
	}

	#replyPlain(s1: Uint8Array, s2: Uint8Array, nowMillis: number): void {
		this.#kind = "plain";
		// A version in a plain S1 makes ffmpeg, as a player, look for a digest and give up.
		writePacket(s1, nowMillis, 0, this.#random);
		// The echo is exact, without a time of receipt: librtmp, OBS and GStreamer compare it and warn.
		s2.set(this.#packet);
	}

	#replyWithDigest(scheme: DigestScheme, digest: Uint8Array, s1: Uint8Array, s2: Uint8Array, nowMillis: number): void {
		this.#kind = "digest";
		this.#scheme = scheme;
		writePacket(s1, nowMillis, SERVER_VERSION, this.#random);
		writeDigest(s1, scheme, SERVER_KEY);
		s2.set(this.#random(HANDSHAKE_PACKET_BYTES));
		writeSignature(s2, SERVER_SIGNING_KEY, digest);
	}

	#replyEncrypted(version: EncryptedVersion, s1: Uint8Array, s2: Uint8Array, nowMillis: number): void {
		// Whatever the version field says: gortmplib has 0 there.
		const found = findDigest(this.#packet, PLAYER_KEY);
		if (found === undefined) {
			throw new PeerError("HANDSHAKE_BAD_SIGNATURE", "C1 has no digest that verifies, which RTMPE needs.", 1);
		}
		this.#kind = "encrypted";
		this.#scheme = found.scheme;
		const peerKey = readPublicKey(this.#packet, found.scheme);
		const { publicKey, secret } = drawSecret(this.#random, peerKey);
		writePacket(s1, nowMillis, SERVER_VERSION, this.#random);
		writePublicKey(s1, ENCRYPTED_SCHEME, publicKey);
		const s1Digest = writeDigest(s1, ENCRYPTED_SCHEME, SERVER_KEY);
		s2.set(this.#random(HANDSHAKE_PACKET_BYTES));
		writeSignature(s2, SERVER_SIGNING_KEY, found.digest, signatureCipher(version));
		// A copy: the reply is the caller's soon.
		this.#encryption = { s1: s1.slice(), s1Digest, cipher: cipherOf(secret, publicKey, peerKey) };
	}

	/** ffmpeg as a publisher echoes S1, as without encryption; everybody else signs. */
	#checkC2(): void {
		if (this.#encryption === undefined) return;
		const { s1, s1Digest } = this.#encryption;
		const cipher = signatureCipher(this.#version as EncryptedVersion);
		if (verifySignature(this.#packet, PLAYER_SIGNING_KEY, s1Digest, cipher)) return;
		if (equalBytes(this.#packet, s1)) return;
		throw new PeerError("HANDSHAKE_BAD_SIGNATURE", "C2 does not answer the digest of S1.", C1_END);
	}
}

const C1_END = 1 + HANDSHAKE_PACKET_BYTES;
/** C0, C1 and C2; S0, S1 and S2 are as long. */
const HANDSHAKE_BYTES = 1 + 2 * HANDSHAKE_PACKET_BYTES;
/** The version in a digest S1. ffmpeg verifies a digest only where the first byte is 3 or more. */
const SERVER_VERSION = 0x04050101;
/** Of S1 in RTMPE, whatever the client's: players look in both places, ffmpeg as a publisher in this one only. */
const ENCRYPTED_SCHEME = "D8";
