import type { DiffieHellman } from "../crypto/index.ts";
import { PeerError } from "../fault/index.ts";
import {
	type DigestScheme,
	findDigest,
	PLAYER_KEY,
	PLAYER_SIGNING_KEY,
	SERVER_KEY,
	SERVER_SIGNING_KEY,
	type SignatureCipher,
	verificationKey,
	verifySignature,
	writeDigest,
	writeSignature,
} from "./handshake-digest.ts";
import { cipherOf, drawKeyPair, readPublicKey, writePublicKey } from "./handshake-encrypted.ts";
import {
	checkVersion,
	type EncryptedVersion,
	HANDSHAKE_PACKET_BYTES,
	HANDSHAKE_VERSION,
	type HandshakeKind,
	isEncryptedVersion,
	packetVersion,
	type RandomBytes,
	writePacket,
} from "./handshake-plain.ts";
import type { LinkCipher } from "./link-cipher.ts";
import { signatureCipher } from "./signature-cipher.ts";

export type ClientHandshakeOptions = {
	/** The source of C1's and C2's random bytes, and of keys. */
	random: RandomBytes;
	/** C1's time in milliseconds. */
	nowMillis: number;
	/**
	 * Ask for the digest handshake in this layout, as Flash Player does (D8). Default `false`: plain, as encoders do; D772
	 * with `encryption`.
	 */
	digest?: false | DigestScheme;
	/** Ask for RTMPE of this version; 6 is what every server of RTMPE speaks. Default `false`. */
	encryption?: false | EncryptedVersion;
	/**
	 * With `digest`: `"strict"` demands a digest in S1 and a signature in S2, `"lenient"` accepts a server without them.
	 * The plain handshake verifies nothing, and RTMPE is always strict. Default `"lenient"`.
	 */
	verify?: "strict" | "lenient";
};

/**
 * The client's side of the handshake (RTMP 1.0 §5.2). C0 and C1 are in the output from the start, C2 when S1 is
 * complete.
 */
export class ClientHandshake {
	readonly #random: RandomBytes;
	readonly #isStrict: boolean;
	/** The digest that C1 was sent with, which S2's signature must answer. */
	readonly #c1Digest: Uint8Array | undefined;
	/** Of RTMPE. */
	readonly #keyPair: DiffieHellman | undefined;
	/** S1, then S2. */
	readonly #packet = new Uint8Array(HANDSHAKE_PACKET_BYTES);
	readonly #output: Uint8Array[] = [];
	#received = 0;
	#scheme: DigestScheme | undefined;
	#kind: HandshakeKind | undefined;
	/** S0: it decides how signatures are encrypted. */
	#version = 0;
	#cipher: LinkCipher | undefined;
	#verificationKey: Uint8Array | undefined;
	#peerVersion: number | undefined;
	#isVerified = false;

	constructor(options: ClientHandshakeOptions) {
		this.#random = options.random;
		const encryption = options.encryption ?? false;
		this.#isStrict = options.verify === "strict" || encryption !== false;
		const hello = new Uint8Array(S1_END);
		hello[0] = encryption === false ? HANDSHAKE_VERSION : encryption;
		const c1 = hello.subarray(1);
		const scheme = encryption === false ? (options.digest ?? false) : options.digest || ENCRYPTED_SCHEME;
		writePacket(c1, options.nowMillis, scheme === false ? 0 : PLAYER_VERSION, options.random);
		if (encryption !== false && scheme !== false) {
			this.#keyPair = drawKeyPair(options.random);
			writePublicKey(c1, scheme, this.#keyPair.publicKey);
		}
		if (scheme !== false) this.#c1Digest = writeDigest(c1, scheme, PLAYER_KEY);
		this.#output.push(hello);
	}

	/** S2 has come whole: what follows belongs to the chunk stream. */
	get done(): boolean {
		return this.#received === HANDSHAKE_BYTES;
	}

	/** The form in which the server answered; `undefined` until S1 is complete. */
	get kind(): HandshakeKind | undefined {
		return this.#kind;
	}

	/** The layout of the digest in S1, which need not be C1's; `undefined` in the plain handshake. */
	get scheme(): DigestScheme | undefined {
		return this.#scheme;
	}

	/** Bytes 4 to 7 of S1: the server's version, 0 where it answers plainly; `undefined` until S1 is complete. */
	get peerVersion(): number | undefined {
		return this.#peerVersion;
	}

	/** What everything after the handshake is encrypted with; `undefined` without encryption and until S1 is complete. */
	get cipher(): LinkCipher | undefined {
		return this.#cipher;
	}

	/** The last 32 bytes of S1; `undefined` until it is complete. */
	get verificationKey(): Uint8Array | undefined {
		return this.#verificationKey;
	}

	/** Both the digest of S1 and the signature of S2 were right. Never true in the plain handshake. */
	get verified(): boolean {
		return this.#isVerified;
	}

	/**
	 * Takes what has come from the server, in pieces of any size, and returns how many of the bytes it used: all of them
	 * until the handshake is done, then none. The rest belongs to the chunk stream. Throws `PeerError`
	 * (`HANDSHAKE_BAD_VERSION`, `HANDSHAKE_NOT_RTMP`, if strict `HANDSHAKE_BAD_SIGNATURE`, and with encryption
	 * `HANDSHAKE_BAD_KEY`); the connection is then to be closed.
	 */
	receive(bytes: Uint8Array): number {
		const used = Math.min(bytes.length, HANDSHAKE_BYTES - this.#received);
		let offset = 0;
		if (this.#received === 0 && used > 0) {
			this.#checkS0(bytes[0]!);
			this.#received = 1;
			offset = 1;
		}
		while (offset < used) {
			const fill = (this.#received - 1) % HANDSHAKE_PACKET_BYTES;
			const part = bytes.subarray(offset, Math.min(used, offset + HANDSHAKE_PACKET_BYTES - fill));
			this.#packet.set(part, fill);
			this.#received += part.length;
			offset += part.length;
			if (this.#received === S1_END) this.#acceptS1();
			else if (this.#received === HANDSHAKE_BYTES) this.#acceptS2();
		}
		return used;
	}

	/** The slices to send, in order; the caller owns them from now on. */
	takeOutput(): Uint8Array[] {
		return this.#output.splice(0);
	}

	/** Who asked for encryption must not be given a connection without: anybody on the way could have changed the byte. */
	#checkS0(version: number): void {
		const wantsEncryption = this.#keyPair !== undefined;
		checkVersion(version, wantsEncryption);
		if (wantsEncryption && !isEncryptedVersion(version)) {
			throw new PeerError("HANDSHAKE_BAD_VERSION", "The server answers RTMPE without encryption.", 0);
		}
		this.#version = version;
	}

	#acceptS1(): void {
		this.#peerVersion = packetVersion(this.#packet);
		this.#verificationKey = verificationKey(this.#packet);
		const mayHaveDigest = this.#c1Digest !== undefined && (this.#peerVersion !== 0 || this.#keyPair !== undefined);
		const found = mayHaveDigest ? findDigest(this.#packet, SERVER_KEY) : undefined;
		if (found === undefined) {
			if (this.#isStrict && this.#c1Digest !== undefined) {
				throw new PeerError("HANDSHAKE_BAD_SIGNATURE", "S1 has no digest that verifies.", 1);
			}
			this.#kind = "plain";
			this.#output.push(this.#packet.slice());
			return;
		}
		this.#kind = "digest";
		this.#scheme = found.scheme;
		const c2 = new Uint8Array(HANDSHAKE_PACKET_BYTES);
		c2.set(this.#random(HANDSHAKE_PACKET_BYTES));
		writeSignature(c2, PLAYER_SIGNING_KEY, found.digest, this.#signatureCipher);
		this.#output.push(c2);
		if (this.#keyPair === undefined) return;
		this.#kind = "encrypted";
		const peerKey = readPublicKey(this.#packet, found.scheme);
		this.#cipher = cipherOf(this.#keyPair.computeSecret(peerKey), this.#keyPair.publicKey, peerKey);
	}

	#acceptS2(): void {
		if (this.#c1Digest === undefined || this.#kind === "plain") return;
		this.#isVerified = verifySignature(this.#packet, SERVER_SIGNING_KEY, this.#c1Digest, this.#signatureCipher);
		if (this.#isStrict && !this.#isVerified) {
			throw new PeerError("HANDSHAKE_BAD_SIGNATURE", "S2 does not answer the digest of C1.", S1_END);
		}
	}

	get #signatureCipher(): SignatureCipher | undefined {
		return isEncryptedVersion(this.#version) ? signatureCipher(this.#version) : undefined;
	}
}

const S1_END = 1 + HANDSHAKE_PACKET_BYTES;
/** S0, S1 and S2. */
const HANDSHAKE_BYTES = 1 + 2 * HANDSHAKE_PACKET_BYTES;
/** The version in a digest C1: 128.0.7.2, which Flash Player 10 and later send. */
const PLAYER_VERSION = 0x80000702;
/** Of C1 in RTMPE, as librtmp and ffmpeg have it. */
const ENCRYPTED_SCHEME = "D772";
