import { randomSource } from "@millrace/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PeerError } from "../fault/index.ts";
import { ClientHandshake, type ClientHandshakeOptions } from "./client-handshake.ts";
import {
	type DigestScheme,
	findDigest,
	PLAYER_KEY,
	PLAYER_SIGNING_KEY,
	SERVER_KEY,
	SERVER_SIGNING_KEY,
	verifySignature,
	writeDigest,
	writeSignature,
} from "./handshake-digest.ts";
import { ServerHandshake } from "./server-handshake.ts";

const PACKET = 1536;
const forms = [false, "D8", "D772"] as const;

function open(options: Partial<ClientHandshakeOptions> = {}): { client: ClientHandshake; c1: Uint8Array } {
	const client = new ClientHandshake({ random: randomSource(3), nowMillis: 5000, ...options });
	return { client, c1: client.takeOutput()[0]!.slice(1) };
}

/** S0, S1 and S2 as a server would write them that answers in `scheme`. */
function digestReply(c1: Uint8Array, scheme: DigestScheme): Uint8Array {
	const reply = new Uint8Array(1 + 2 * PACKET).fill(9);
	reply.set([3, 0, 0, 0, 0, 4, 5, 1, 1]);
	writeDigest(reply.subarray(1, 1 + PACKET), scheme, SERVER_KEY);
	writeSignature(reply.subarray(1 + PACKET), SERVER_SIGNING_KEY, findDigest(c1, PLAYER_KEY)!.digest);
	return reply;
}

/** Runs both roles against each other, the wire cut as `cut` says, and returns the bytes after either handshake. */
function converse(client: ClientHandshake, server: ServerHandshake, cut: (length: number) => number): number[][] {
	const rest: number[][] = [[], []];
	const wires = [[...client.takeOutput()], [] as Uint8Array[]];
	for (let turn = 0; wires[0]!.length + wires[1]!.length > 0; turn++) {
		const toServer = turn % 2 === 0;
		for (const slice of wires[toServer ? 0 : 1]!.splice(0)) {
			for (let offset = 0; offset < slice.length; ) {
				const piece = slice.subarray(offset, offset + cut(slice.length));
				const used = toServer ? server.receive(piece, 8000) : client.receive(piece);
				if (used < piece.length) rest[toServer ? 1 : 0]!.push(...piece.subarray(used));
				offset += piece.length;
			}
		}
		if (toServer) wires[1]!.push(...withTail(server.takeOutput(), [0xa1, 0xa2]));
		else wires[0]!.push(...withTail(client.takeOutput(), [0xb1, 0xb2, 0xb3]));
	}
	return rest;
}

/** The first chunk-stream bytes ride in the slice of the last handshake packet. */
function withTail(slices: Uint8Array[], tail: number[]): Uint8Array[] {
	if (slices.length === 0) return slices;
	return [new Uint8Array([...slices.flatMap(slice => [...slice]), ...tail])];
}

describe.each(forms)("client and server together, asked for digest %s", digest => {
	const check = (cut: (length: number) => number) => {
		const client = new ClientHandshake({ random: randomSource(3), nowMillis: 1, digest, verify: "strict" });
		const server = new ServerHandshake({ random: randomSource(4) });
		const rest = converse(client, server, cut);
		expect(rest).toEqual([
			[0xa1, 0xa2],
			[0xb1, 0xb2, 0xb3],
		]);
		const kind = digest === false ? "plain" : "digest";
		const scheme = digest === false ? undefined : digest;
		expect([client.done, client.kind, client.scheme, client.verified]).toEqual([true, kind, scheme, digest !== false]);
		expect([server.done, server.kind, server.scheme]).toEqual([true, kind, scheme]);
	};

	test("they agree when all comes whole", () => check(length => length));
	test("they agree byte by byte", () => check(() => 1));
	test("they agree when the wire is cut at random", () => {
		fc.assert(
			fc.property(fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 9 }), sizes => {
				let next = 0;
				check(() => sizes[next++ % sizes.length]!);
			}),
			{ numRuns: 20 },
		);
	});
});

describe("the client's handshake", () => {
	test("sends version, time, zero and random bytes at once when it is plain", () => {
		const client = new ClientHandshake({ random: randomSource(3), nowMillis: 2 ** 32 + 77 });
		const [hello] = client.takeOutput();
		expect(hello).toHaveLength(1 + PACKET);
		expect([...hello!.subarray(0, 9)]).toEqual([3, 0, 0, 0, 77, 0, 0, 0, 0]);
		expect(hello!.subarray(9)).toEqual(randomSource(3)(1528));
		expect(client.takeOutput()).toEqual([]);
	});

	test.each(["D8", "D772"] as const)("carries Flash Player's version and a digest when asked for %s", scheme => {
		const { c1 } = open({ digest: scheme });
		expect([...c1.subarray(4, 8)]).toEqual([0x80, 0, 7, 2]);
		expect(findDigest(c1, PLAYER_KEY)?.scheme).toBe(scheme);
	});

	test("echoes a plain S1 as soon as it is complete, before S2", () => {
		const { client } = open();
		const reply = new Uint8Array(1 + PACKET).map((_, index) => index);
		reply[0] = 3;
		client.receive(reply);
		expect(client.takeOutput()).toEqual([reply.slice(1)]);
		expect([client.kind, client.done]).toEqual(["plain", false]);
		expect(client.receive(new Uint8Array(PACKET + 1))).toBe(PACKET);
		expect([client.done, client.verified]).toEqual([true, false]);
		expect(client.takeOutput()).toEqual([]);
	});

	test("echoes S1 unchanged when it is plain, even if a server puts a version there", () => {
		const { client } = open();
		const reply = new Uint8Array(1 + 2 * PACKET).fill(13);
		reply[0] = 3;
		client.receive(reply);
		expect(client.takeOutput()).toEqual([reply.slice(1, 1 + PACKET)]);
		expect([client.kind, client.peerVersion]).toEqual(["plain", 0x0d0d0d0d]);
	});

	test.each(["D8", "D772"] as const)("accepts an S1 of layout %s whatever layout it asked in, and signs C2", layout => {
		for (const digest of ["D8", "D772"] as const) {
			const { client, c1 } = open({ digest, verify: "strict" });
			const reply = digestReply(c1, layout);
			expect(client.receive(reply)).toBe(reply.length);
			expect([client.done, client.verified, client.scheme, client.peerVersion]).toEqual([
				true,
				true,
				layout,
				0x04050101,
			]);
			const s1Digest = findDigest(reply.subarray(1, 1 + PACKET), SERVER_KEY)!.digest;
			expect(verifySignature(client.takeOutput()[0]!, PLAYER_SIGNING_KEY, s1Digest)).toBe(true);
		}
	});

	// Offsets in S0+S1+S2: one bit in S1, then one in S2's body and one in its signature.
	test.each([
		[600, "S1"],
		[1 + PACKET + 3, "S2"],
		[2 * PACKET, "S2"],
	])("refuses a bit flipped at %i, in %s, only if it is strict", (at, packet) => {
		const strict = open({ digest: "D8", verify: "strict" });
		const reply = digestReply(strict.c1, "D8");
		reply[at]! ^= 1;
		expect(() => strict.client.receive(reply)).toThrow(
			expect.objectContaining({ code: "HANDSHAKE_BAD_SIGNATURE", message: expect.stringContaining(packet) }),
		);
		const lenient = open({ digest: "D8" });
		lenient.client.receive(reply);
		expect([lenient.client.done, lenient.client.verified]).toEqual([true, false]);
		expect(lenient.client.kind).toBe(packet === "S1" ? "plain" : "digest");
	});

	test("accepts a plain answer to a digest question unless it is strict", () => {
		const plain = new Uint8Array(1 + 2 * PACKET);
		plain[0] = 3;
		const lenient = open({ digest: "D8" });
		lenient.client.receive(plain);
		expect([lenient.client.done, lenient.client.kind]).toEqual([true, "plain"]);
		expect(lenient.client.takeOutput()).toEqual([plain.slice(1, 1 + PACKET)]);
		const strict = open({ digest: "D8", verify: "strict" });
		expect(() => strict.client.receive(plain)).toThrow(PeerError);
	});

	test("verifies nothing in the plain handshake, even if it is strict", () => {
		const { client } = open({ verify: "strict" });
		const reply = new Uint8Array(1 + 2 * PACKET).fill(0x55);
		reply[0] = 3;
		client.receive(reply);
		expect(client.done).toBe(true);
	});

	test("judges S0 as the server judges C0", () => {
		for (const [byte, code] of [
			[6, "HANDSHAKE_BAD_VERSION"],
			[0x48, "HANDSHAKE_NOT_RTMP"],
			[0x15, "HANDSHAKE_NOT_RTMP"],
			[0xff, "HANDSHAKE_BAD_VERSION"],
		] as const) {
			expect(() => open().client.receive(Uint8Array.of(byte))).toThrow(expect.objectContaining({ code }));
		}
		expect(open().client.receive(new Uint8Array(0))).toBe(0);
	});
});
