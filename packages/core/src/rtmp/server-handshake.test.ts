import { randomSource } from "@millrace/testkit";
import { describe, expect, test } from "vitest";
import { type FaultCode, PeerError } from "../fault/index.ts";
import {
	type DigestScheme,
	findDigest,
	PLAYER_KEY,
	SERVER_KEY,
	SERVER_SIGNING_KEY,
	verifySignature,
	writeDigest,
} from "./handshake-digest.ts";
import { ServerHandshake } from "./server-handshake.ts";

const PACKET = 1536;

function clientHello(version: number, scheme?: DigestScheme): Uint8Array {
	const hello = new Uint8Array(1 + PACKET);
	hello[0] = 3;
	hello.set(randomSource(7)(PACKET), 1);
	new DataView(hello.buffer).setUint32(5, version);
	if (scheme !== undefined) writeDigest(hello.subarray(1), scheme, PLAYER_KEY);
	return hello;
}

/** Feeds everything in pieces and returns what the server sent; asserts that nothing past C2 is used. */
function run(server: ServerHandshake, input: Uint8Array, pieceSize: (offset: number) => number): Uint8Array[] {
	const sent: Uint8Array[] = [];
	for (let offset = 0; offset < input.length; ) {
		const piece = input.subarray(offset, offset + pieceSize(offset));
		const used = server.receive(piece, 1_700_000_000_123);
		sent.push(...server.takeOutput());
		if (used < piece.length) {
			expect(server.done).toBe(true);
			expect(offset + used).toBe(1 + 2 * PACKET);
			break;
		}
		offset += used;
	}
	return sent;
}

const splits: [string, (offset: number) => number][] = [
	["whole", () => 10_000],
	["byte by byte", () => 1],
	["split at random", offset => 1 + ((offset * 7919) % 700)],
	["split at the packets' borders", offset => (offset === 0 ? 1 : PACKET)],
];

describe.each(splits)("the server's handshake, %s", (_name, pieceSize) => {
	test("answers a plain client with an exact echo and a zero version", () => {
		const hello = clientHello(0);
		const server = new ServerHandshake({ random: randomSource() });
		const input = new Uint8Array(1 + 2 * PACKET + 5).fill(0xee);
		input.set(hello);
		const sent = run(server, input, pieceSize);
		expect(sent.map(slice => slice.length)).toEqual([3073]);
		const reply = sent[0]!;
		expect(reply[0]).toBe(3);
		const view = new DataView(reply.buffer);
		expect(view.getUint32(1)).toBe(1_700_000_000_123 % 2 ** 32);
		expect(view.getUint32(5)).toBe(0);
		expect(reply.subarray(1 + PACKET)).toEqual(hello.subarray(1));
		expect([server.done, server.kind, server.scheme, server.peerVersion]).toEqual([true, "plain", undefined, 0]);
	});

	test.each(["D8", "D772"] as const)("answers a digest client in its layout %s", scheme => {
		const hello = clientHello(0x80000702, scheme);
		const c1Digest = findDigest(hello.subarray(1), PLAYER_KEY)!.digest;
		const server = new ServerHandshake({ random: randomSource() });
		const input = new Uint8Array(1 + 2 * PACKET);
		input.set(hello);
		const [reply] = run(server, input, pieceSize);
		const s1 = reply!.subarray(1, 1 + PACKET);
		expect(findDigest(s1, SERVER_KEY)?.scheme).toBe(scheme);
		expect(s1[4]).toBeGreaterThanOrEqual(3);
		expect(verifySignature(reply!.subarray(1 + PACKET), SERVER_SIGNING_KEY, c1Digest)).toBe(true);
		expect([server.done, server.kind, server.scheme, server.peerVersion]).toEqual([true, "digest", scheme, 0x80000702]);
	});
});

describe("the server's handshake", () => {
	test("answers junk in the version field plainly, as several encoders send it", () => {
		const server = new ServerHandshake({ random: randomSource() });
		server.receive(clientHello(0x01020304), 0);
		const [reply] = server.takeOutput();
		expect(server.kind).toBe("plain");
		expect(server.peerVersion).toBe(0x01020304);
		expect(new DataView(reply!.buffer).getUint32(5)).toBe(0);
	});

	test.each(["D8", "D772"] as const)("answers a digest of layout %s that is wrong by one bit plainly", scheme => {
		const hello = clientHello(0x0a002d02, scheme);
		hello[1000]! ^= 4;
		const server = new ServerHandshake({ random: randomSource() });
		server.receive(hello, 0);
		expect(server.kind).toBe("plain");
		expect(new DataView(server.takeOutput()[0]!.buffer).getUint32(5)).toBe(0);
	});

	test("is silent until C1 is complete, and not done until C2 is", () => {
		const server = new ServerHandshake({ random: randomSource() });
		server.receive(clientHello(0).subarray(0, PACKET), 0);
		expect(server.takeOutput()).toEqual([]);
		expect(server.kind).toBeUndefined();
		expect(server.peerVersion).toBeUndefined();
		server.receive(new Uint8Array(1), 0);
		expect(server.takeOutput()).toHaveLength(1);
		expect(server.takeOutput()).toEqual([]);
		server.receive(new Uint8Array(PACKET - 1), 0);
		expect(server.done).toBe(false);
		expect(server.receive(new Uint8Array(10), 0)).toBe(1);
		expect(server.done).toBe(true);
		expect(server.receive(new Uint8Array(10), 0)).toBe(0);
	});

	test("takes empty input for nothing", () => {
		const server = new ServerHandshake({ random: randomSource() });
		expect(server.receive(new Uint8Array(0), 0)).toBe(0);
		expect(server.done).toBe(false);
	});

	test("judges every first byte: 3 and RTMPE pass, other protocols are named, the rest is a bad version", () => {
		const others = [0x15, 0x16, ...[..."CDGHOPS"].map(letter => letter.charCodeAt(0))];
		for (let byte = 0; byte < 256; byte++) {
			const server = new ServerHandshake({ random: randomSource() });
			const first = Uint8Array.of(byte, 1, 2, 3);
			if ([3, 6, 8, 9].includes(byte)) {
				expect(server.receive(first, 0)).toBe(4);
				continue;
			}
			const code: FaultCode = others.includes(byte) ? "HANDSHAKE_NOT_RTMP" : "HANDSHAKE_BAD_VERSION";
			const fault = faultOf(() => server.receive(first, 0));
			expect(fault).toBeInstanceOf(PeerError);
			expect([byte, fault.code, fault.offset]).toEqual([byte, code, 0]);
			expect(server.takeOutput()).toEqual([]);
		}
	});

	test.each([6, 8, 9])("refuses RTMPE %i by name where it is not offered", byte => {
		const server = new ServerHandshake({ random: randomSource(), encryption: false });
		const fault = faultOf(() => server.receive(Uint8Array.of(byte), 0));
		expect([fault.code, fault.offset]).toEqual(["HANDSHAKE_BAD_VERSION", 0]);
		expect(fault.message).toContain("RTMPE");
	});
});

function faultOf(action: () => unknown): PeerError {
	try {
		action();
	} catch (fault) {
		if (fault instanceof PeerError) return fault;
		throw fault;
	}
	throw new Error("no fault was thrown");
}
