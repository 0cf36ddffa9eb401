import {
	type DigestScheme,
	findDigest,
	PLAYER_KEY,
	SERVER_KEY,
	SERVER_SIGNING_KEY,
	writeDigest,
	writeSignature,
} from "./handshake-digest.ts";
import {
	checkVersion,
	HANDSHAKE_PACKET_BYTES,
	HANDSHAKE_VERSION,
	packetVersion,
	type RandomBytes,
	writePacket,
} from "./handshake-plain.ts";

export type ServerHandshakeOptions = {
	/** The source of S1's and S2's random bytes. */
	random: RandomBytes;
};

/**
 * The server's side of the handshake (RTMP 1.0 §5.2), plain or with the digest that Flash Player wants before it plays
 * H.264. It answers in the form and layout that the client used. S0, S1 and S2 leave together when C1 is complete, as
 * all known servers send them. Any C2 is accepted: echoes are often wrong, and no client suffers from it.
 */
export class ServerHandshake {
	readonly #random: RandomBytes;
	readonly #c1 = new Uint8Array(HANDSHAKE_PACKET_BYTES);
	readonly #output: Uint8Array[] = [];
	#received = 0;
	#kind: "plain" | "digest" | undefined;
	#scheme: DigestScheme | undefined;
	#peerVersion: number | undefined;

	constructor(options: ServerHandshakeOptions) {
		this.#random = options.random;
	}

	/** C2 has come whole: what follows belongs to the chunk stream. */
	get done(): boolean {
		return this.#received === HANDSHAKE_BYTES;
	}

	/** The form of the handshake; `undefined` until C1 is complete. */
	get kind(): "plain" | "digest" | undefined {
		return this.#kind;
	}

	/** The layout of the digest handshake; `undefined` in the plain one. */
	get scheme(): DigestScheme | undefined {
		return this.#scheme;
	}

	/** Bytes 4 to 7 of C1, such as 0x80000702 of Flash Player; 0 in the plain form, `undefined` until C1 is complete. */
	get peerVersion(): number | undefined {
		return this.#peerVersion;
	}

	/**
	 * Takes what has come from the client, in pieces of any size, and returns how many of the bytes it used: all of them
	 * until the handshake is done, then none. The rest belongs to the chunk stream. `nowMillis` becomes S1's time.
	 * Throws `PeerError` at the first byte (`HANDSHAKE_BAD_VERSION`, `HANDSHAKE_NOT_RTMP`); the connection is then to
	 * be closed.
	 */
	receive(bytes: Uint8Array, nowMillis: number): number {
		const used = Math.min(bytes.length, HANDSHAKE_BYTES - this.#received);
		if (used === 0) return 0;
		if (this.#received === 0) checkVersion(bytes[0]!);
		const before = this.#received;
		this.#received += used;
		if (before < C1_END) {
			const start = before === 0 ? 1 : 0;
			this.#c1.set(bytes.subarray(start, Math.min(used, C1_END - before)), before + start - 1);
			if (this.#received >= C1_END) this.#reply(nowMillis);
		}
		return used;
	}

	/** The slices to send, in order; the caller owns them from now on. */
	takeOutput(): Uint8Array[] {
		return this.#output.splice(0);
	}

	#reply(nowMillis: number): void {
		const reply = new Uint8Array(HANDSHAKE_BYTES);
		reply[0] = HANDSHAKE_VERSION;
		const s1 = reply.subarray(1, C1_END);
		const s2 = reply.subarray(C1_END);
		this.#peerVersion = packetVersion(this.#c1);
		// Encoders with junk in bytes 4 to 7 exist: a digest that does not verify is no digest.
		const found = this.#peerVersion === 0 ? undefined : findDigest(this.#c1, PLAYER_KEY);
		if (found === undefined) {
			this.#kind = "plain";
			// A version in a plain S1 makes ffmpeg, as a player, look for a digest and give up.
			writePacket(s1, nowMillis, 0, this.#random);
			// The echo is exact, without a time of receipt: librtmp, OBS and GStreamer compare it and warn.
			s2.set(this.#c1);
		} else {
			this.#kind = "digest";
			this.#scheme = found.scheme;
			writePacket(s1, nowMillis, SERVER_VERSION, this.#random);
			writeDigest(s1, found.scheme, SERVER_KEY);
			s2.set(this.#random(HANDSHAKE_PACKET_BYTES));
			writeSignature(s2, SERVER_SIGNING_KEY, found.digest);
		}
		this.#output.push(reply);
	}
}

const C1_END = 1 + HANDSHAKE_PACKET_BYTES;
/** C0, C1 and C2; S0, S1 and S2 are as long. */
const HANDSHAKE_BYTES = 1 + 2 * HANDSHAKE_PACKET_BYTES;
/** The version in a digest S1. ffmpeg verifies a digest only where the first byte is 3 or more. */
const SERVER_VERSION = 0x04050101;
