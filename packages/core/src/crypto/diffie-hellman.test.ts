import { createHash, getDiffieHellman } from "node:crypto";
import { describe, expect, test } from "vitest";
import { DiffieHellman, isPublicKey } from "./diffie-hellman.ts";
import { hmacSha256 } from "./hmac.ts";
import { Rc4 } from "./rc4.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");

/** SHA-512 of a word, twice. */
function exponentOf(word: string): Uint8Array {
	const half = createHash("sha512").update(word).digest();
	return Uint8Array.from([...half, ...half]);
}

const PRIME = getDiffieHellman("modp2").getPrime("hex");
const numbered = (value: bigint) => bytes(value.toString(16).padStart(256, "0"));

// Computed by an independent program.
const A =
	"18fe0877df1a84e0d06d436dfa4f399a796f8e7d09d36f176866352a49abc632ad1b541e1c473720cfac2395623dc3b284665f9c4ec49ac5006158ea606d09990f9ccbd0f6819a8a0ec625939c6e629e83b8390dc2cb4faecd03734ff26021f91a10629fe25eb7dfa259bebe9babee953b2191acb88b4266f3f617507e3e538a";
const B =
	"418bb1259932461b1216d8a23af52391509aabe4f0ec7c1750be7d2d4515b6381176304190244f2f3505d88896e4affa373430ecb1c6df42bb601a47adaf699d0be92f9744737689bf49627300f4ee254006bbe5902a179947d5ed055f62de8a114d933e599eb3fcb469cb365d89fd8896eab726bab69f4e864e8758fd36201c";
const Z =
	"d48b33726b7d44218cc594eec8cab787172e2a0ab677dae4dd945f46d81c5f488de9a6cbb2220ea5db65a5a1c0bef42b8d90ff0bd9c43e85d88ded2a9d92e3dd8935c3bfbd6899dd5cf3098ae9dd201fce03ddf7491ecabd185ac8e80837b06312d7c9ba95ad28373aefe82cbbdd0b4fd520dd788578c1217a0baaa7edbc6c0b";

describe("Diffie-Hellman", () => {
	test("makes the published keys and secret", () => {
		const client = new DiffieHellman(exponentOf("client"));
		const server = new DiffieHellman(exponentOf("server"));
		expect([hex(client.publicKey), hex(server.publicKey)]).toEqual([A, B]);
		expect(hex(client.computeSecret(server.publicKey))).toBe(Z);
		expect(hex(server.computeSecret(client.publicKey))).toBe(Z);
	});

	test.each([
		[B, "4f8f2d679052c9d253831a2b68a618c2", "3f4517cede2ecc20a259cb9bd9f09ef5"],
		[A, "6dc9124e550d5a35aa79258052a2eb50", "bc4dbf18aac9e3bf50dc751ba074548c"],
	])("leads to the published key and key stream for the peer's key %.8s", (peerKey, key, stream) => {
		const derived = hmacSha256(bytes(Z), bytes(peerKey)).subarray(0, 16);
		expect(hex(derived)).toBe(key);
		const cipher = new Rc4(derived);
		cipher.skip(1536);
		const output = new Uint8Array(16);
		cipher.apply(output, output);
		expect(hex(output)).toBe(stream);
	});

	test("keeps the length of short results: zeros come before them", () => {
		const server = new DiffieHellman(Uint8Array.of(1));
		expect(hex(server.publicKey)).toBe("02".padStart(256, "0"));
		expect(hex(server.computeSecret(numbered(5n)))).toBe("05".padStart(256, "0"));
	});

	test("agrees with OpenSSL", () => {
		const openssl = getDiffieHellman("modp2");
		openssl.generateKeys();
		const ours = new DiffieHellman(exponentOf("ours").subarray(0, 32));
		const secret = hex(openssl.computeSecret(ours.publicKey)).padStart(256, "0");
		expect(hex(ours.computeSecret(bytes(openssl.getPublicKey("hex").padStart(256, "0"))))).toBe(secret);
	});

	test("takes public keys from 2 to p − 2 only", () => {
		const prime = BigInt(`0x${PRIME}`);
		for (const bad of [0n, 1n, prime - 1n, prime, prime + 1n, 2n ** 1024n - 1n]) {
			expect(isPublicKey(numbered(bad))).toBe(false);
		}
		for (const good of [2n, 3n, prime - 2n]) expect(isPublicKey(numbered(good))).toBe(true);
	});
});
