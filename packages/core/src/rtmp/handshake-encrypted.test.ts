import { createHash } from "node:crypto";
import { randomSource, splits } from "@millrace/testkit";
import { describe, expect, test } from "vitest";
import { DiffieHellman } from "../crypto/index.ts";
import { ClientHandshake, type ClientHandshakeOptions } from "./client-handshake.ts";
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
	cipherOf,
	drawKeyPair,
	drawSecret,
	publicKeyOffset,
	readPublicKey,
	writePublicKey,
} from "./handshake-encrypted.ts";
import type { EncryptedVersion } from "./handshake-plain.ts";
import type { LinkCipher } from "./link-cipher.ts";
import { ServerHandshake } from "./server-handshake.ts";
import { signatureCipher } from "./signature-cipher.ts";

const PACKET = 1536;
const versions = [6, 8, 9] as const;
const schemes = ["D8", "D772"] as const;
const cases = versions.flatMap(version => schemes.map(scheme => [version, scheme] as const));

function open(options: Partial<ClientHandshakeOptions> = {}): { client: ClientHandshake; hello: Uint8Array } {
	const client = new ClientHandshake({ random: randomSource(3), nowMillis: 5000, encryption: 6, ...options });
	return { client, hello: client.takeOutput()[0]! };
}

/** The server's answer to a hello. */
function answer(hello: Uint8Array): { server: ServerHandshake; reply: Uint8Array } {
	const server = new ServerHandshake({ random: randomSource(4) });
	server.receive(hello, 8000);
	return { server, reply: server.takeOutput()[0]! };
}

/** That each side reads what the other writes, in pieces of different sizes. */
function expectAgreement(one: LinkCipher, other: LinkCipher): void {
	for (const [from, to] of [
		[one, other],
		[other, one],
	] as const) {
		for (const length of [1, 5, 4096]) {
			const text = randomSource(length)(length);
			const sealed = from.seal(text);
			if (length > 1) expect(sealed).not.toEqual(text);
			expect(text).toEqual(randomSource(length)(length));
			expect(to.open(sealed)).toEqual(text);
		}
	}
}

describe.each(cases)("RTMPE %i asked for in layout %s", (version, scheme) => {
	test.each(splits.map(split => [split.name, split] as const))("is agreed on, the wire cut %s", (_name, split) => {
		const { client, hello } = open({ encryption: version, digest: scheme });
		const server = new ServerHandshake({ random: randomSource(4) });
		split.feed(hello, piece => expect(server.receive(piece, 8000)).toBe(piece.length));
		const [reply] = server.takeOutput();
		expect(reply![0]).toBe(version);
		expect(findDigest(reply!.subarray(1, 1 + PACKET), SERVER_KEY)?.scheme).toBe("D8");
		split.feed(reply!, piece => expect(client.receive(piece)).toBe(piece.length));
		const [c2] = client.takeOutput();
		let used = 0;
		split.feed(Uint8Array.of(...c2!, 7, 7), piece => {
			used += server.receive(piece, 8000);
		});
		expect(used).toBe(PACKET);
		expect([client.done, client.kind, client.verified, client.scheme]).toEqual([true, "encrypted", true, "D8"]);
		expect([server.done, server.kind, server.scheme]).toEqual([true, "encrypted", scheme]);
		expect(client.verificationKey).toEqual(server.verificationKey);
		expect(server.verificationKey).toEqual(reply!.slice(1 + PACKET - 32, 1 + PACKET));
		expectAgreement(client.cipher!, server.cipher!);
	});

	test("is silent and undecided however early it stops, before C1 is complete and before C2 is", () => {
		const { client, hello } = open({ encryption: version, digest: scheme });
		for (let length = 0; length < hello.length; length += 37) {
			const server = new ServerHandshake({ random: randomSource(4) });
			server.receive(hello.subarray(0, length), 0);
			expect([server.takeOutput(), server.kind, server.cipher, server.done]).toEqual([[], undefined, undefined, false]);
		}
		const { server, reply } = answer(hello);
		client.receive(reply.subarray(0, reply.length - 1));
		expect(client.done).toBe(false);
		client.receive(reply.subarray(reply.length - 1));
		const [c2] = client.takeOutput();
		server.receive(c2!.subarray(0, PACKET - 1), 0);
		expect(server.done).toBe(false);
		server.receive(c2!.subarray(PACKET - 1), 0);
		expect(server.done).toBe(true);
	});

	test.each([5, 700, 900, 1400])("is refused with the bit at %i of C1 changed", at => {
		const { hello } = open({ encryption: version, digest: scheme });
		hello[at]! ^= 1;
		expect(() => answer(hello)).toThrow(expect.objectContaining({ code: "HANDSHAKE_BAD_SIGNATURE", offset: 1 }));
	});

	test.each([0, 700, 1503, 1504, 1511, 1535])("is refused with the bit at %i of C2 changed", at => {
		const { client, hello } = open({ encryption: version, digest: scheme });
		const { server, reply } = answer(hello);
		client.receive(reply);
		const [c2] = client.takeOutput();
		c2![at]! ^= 0x10;
		expect(() => server.receive(c2!, 0)).toThrow(
			expect.objectContaining({ code: "HANDSHAKE_BAD_SIGNATURE", offset: 1 + PACKET }),
		);
	});

	test.each([600, 1100, 1 + PACKET, 1 + 2 * PACKET - 20])(
		"is given up by the client with the bit at %i changed",
		at => {
			const { client, hello } = open({ encryption: version, digest: scheme });
			const { reply } = answer(hello);
			reply[at]! ^= 2;
			expect(() => client.receive(reply)).toThrow(expect.objectContaining({ code: "HANDSHAKE_BAD_SIGNATURE" }));
		},
	);

	test("has the client follow a server that answers in this version and layout, whatever was asked for", () => {
		const { client, hello } = open();
		const { reply, cipher } = replyOf(hello, version, scheme, randomSource(11)(32));
		client.receive(reply);
		expect([client.done, client.verified, client.scheme]).toEqual([true, true, scheme]);
		expectAgreement(client.cipher!, cipher);
	});
});

describe("RTMPE", () => {
	const prime =
		"ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd" +
		"ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed" +
		"ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff";
	const degenerate: [string, bigint][] = [
		["0", 0n],
		["1", 1n],
		["p − 1", BigInt(`0x${prime}`) - 1n],
		["p", BigInt(`0x${prime}`)],
		["p + 1", BigInt(`0x${prime}`) + 1n],
		["2^1024 − 1", 2n ** 1024n - 1n],
	];

	test.each(degenerate)("refuses the public key %s, on both sides", (_name, value) => {
		const key = Uint8Array.from(Buffer.from(value.toString(16).padStart(256, "0"), "hex"));
		for (const scheme of schemes) {
			const { client, hello } = open({ digest: scheme });
			const { reply } = answer(hello);
			const c1 = hello.subarray(1);
			writePublicKey(c1, scheme, key);
			writeDigest(c1, scheme, PLAYER_KEY);
			const fault = expect.objectContaining({ code: "HANDSHAKE_BAD_KEY", offset: 1 + publicKeyOffset(c1, scheme) });
			expect(() => answer(hello)).toThrow(fault);
			const s1 = reply.subarray(1, 1 + PACKET);
			writePublicKey(s1, "D8", key);
			writeDigest(s1, "D8", SERVER_KEY);
			expect(() => client.receive(reply)).toThrow(expect.objectContaining({ code: "HANDSHAKE_BAD_KEY" }));
		}
	});

	test("needs a digest, whatever the version field says (gortmplib has 0 there)", () => {
		const { client, hello } = open({ digest: "D8" });
		const c1 = hello.subarray(1);
		c1.set([0, 0, 0, 0], 4);
		writeDigest(c1, "D8", PLAYER_KEY);
		const { server } = answer(hello);
		expect([server.kind, server.peerVersion]).toEqual(["encrypted", 0]);
		expect(client.kind).toBeUndefined();
		const plain = new Uint8Array(1 + PACKET);
		plain[0] = 6;
		expect(() => answer(plain)).toThrow(expect.objectContaining({ code: "HANDSHAKE_BAD_SIGNATURE" }));
	});

	test("takes S1 back as C2, as ffmpeg sends it when it publishes", () => {
		const { hello } = open();
		const { server, reply } = answer(hello);
		const echo = reply.slice(1, 1 + PACKET);
		reply.fill(0);
		expect(server.receive(echo, 0)).toBe(PACKET);
		expect(server.done).toBe(true);
	});

	test("is not let go of by the client for a server that answers without it, or not in RTMP at all", () => {
		for (const [byte, code] of [
			[3, "HANDSHAKE_BAD_VERSION"],
			[7, "HANDSHAKE_BAD_VERSION"],
			[0x48, "HANDSHAKE_NOT_RTMP"],
		] as const) {
			expect(() => open().client.receive(Uint8Array.of(byte))).toThrow(expect.objectContaining({ code }));
		}
	});

	test("is not answered by the client where it did not ask", () => {
		const client = new ClientHandshake({ random: randomSource(), nowMillis: 0, digest: "D8" });
		expect(() => client.receive(Uint8Array.of(6))).toThrow(expect.objectContaining({ code: "HANDSHAKE_BAD_VERSION" }));
	});

	// librtmp and ffmpeg with OpenSSL misread them: one connection in 128 would fail.
	test("never has a server's key or secret that begins with zero", () => {
		const peer = new DiffieHellman(randomSource(9)(32));
		// The first of these draws has such a secret, by search.
		let seed = 1;
		while (new DiffieHellman(randomSource(seed)(32)).computeSecret(peer.publicKey)[0] !== 0) seed++;
		const { publicKey, secret } = drawSecret(randomSource(seed), peer.publicKey);
		expect(secret[0]).not.toBe(0);
		expect(publicKey[0]).not.toBe(0);
		expect(peer.computeSecret(publicKey)).toEqual(secret);
		expect(drawKeyPair(count => new Uint8Array(count)).publicKey[127]).toBe(1);
	});

	test.each([
		["D8", 882, 1078],
		["D772", 94, 130],
	] as const)("finds the place of the public key in layout %s", (scheme, inC1, inS1) => {
		const c1 = Uint8Array.from({ length: PACKET }, (_, i) => 7 * i + 11);
		const s1 = Uint8Array.from({ length: PACKET }, (_, i) => 13 * i + 11);
		expect([publicKeyOffset(c1, scheme), publicKeyOffset(s1, scheme)]).toEqual([inC1, inS1]);
		for (const value of [0, 1, 127, 158, 255]) {
			const packet = new Uint8Array(PACKET).fill(value);
			expect(publicKeyOffset(packet, scheme) + 128).toBeLessThanOrEqual(scheme === "D8" ? 1532 : 768);
		}
	});

	// The keys and key streams were computed by an independent program.
	test("encrypts with the published streams", () => {
		const pair = (word: string) => {
			const half = createHash("sha512").update(word).digest();
			return new DiffieHellman(Uint8Array.from([...half, ...half]));
		};
		const [client, server] = [pair("client"), pair("server")];
		const cipher = cipherOf(client.computeSecret(server.publicKey), client.publicKey, server.publicKey);
		const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
		expect(hex(cipher.seal(new Uint8Array(16)))).toBe("3f4517cede2ecc20a259cb9bd9f09ef5");
		expect(hex(cipher.open(new Uint8Array(16)))).toBe("bc4dbf18aac9e3bf50dc751ba074548c");
	});
});

/** S0, S1 and S2 of a server that answers in a version and layout of its choice, and what it encrypts with. */
function replyOf(
	hello: Uint8Array,
	version: EncryptedVersion,
	scheme: DigestScheme,
	privateKey: Uint8Array,
): { reply: Uint8Array; cipher: LinkCipher } {
	const c1 = hello.subarray(1);
	const found = findDigest(c1, PLAYER_KEY)!;
	const peerKey = readPublicKey(c1, found.scheme);
	const pair = new DiffieHellman(privateKey);
	const reply = randomSource(12)(1 + 2 * PACKET);
	reply[0] = version;
	const s1 = reply.subarray(1, 1 + PACKET);
	writePublicKey(s1, scheme, pair.publicKey);
	writeDigest(s1, scheme, SERVER_KEY);
	writeSignature(reply.subarray(1 + PACKET), SERVER_SIGNING_KEY, found.digest, signatureCipher(version));
	return { reply, cipher: cipherOf(pair.computeSecret(peerKey), pair.publicKey, peerKey) };
}
