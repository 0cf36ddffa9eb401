import { createHmac, getDiffieHellman } from "node:crypto";
import { ClientHandshake } from "@millrace/core/rtmp";
import { expect } from "vitest";
import { AbuseServer, sleep } from "./abuse-server.ts";
import { handshakeCases } from "./case/handshake.ts";
import { PLAIN_HANDSHAKE, type RawClient } from "./raw-client.ts";
import { section } from "./section.ts";

const PLAYER_KEY = "Genuine Adobe Flash Player 001";
const PACKET_BYTES = 1536;
const PRIME = getDiffieHellman("modp2").getPrime();
const DEGENERATE_KEYS: readonly [string, Uint8Array][] = [
	["0", numbered(0)],
	["1", numbered(1)],
	["p − 1", Uint8Array.from([...PRIME.subarray(0, 127), PRIME[127]! - 1])],
	["p", PRIME],
];

section("handshake and accept", handshakeCases, (_, row) => {
	row("row 3: every version but 3 and those of RTMPE is closed at the first byte", async ({ server }) => {
		for (let version = 0; version < 256; version++) {
			if ([3, 6, 8, 9].includes(version)) continue;
			const client = await server.open();
			client.send(Uint8Array.of(version));
			await client.closed;
			expect(await server.reasonFor(client, 2000), `version ${version}`).toMatch(/^HANDSHAKE_(BAD_VERSION|NOT_RTMP)$/);
		}
	});

	for (const scheme of ["D8", "D772"] as const) {
		row(`row 5: a right digest (${scheme}) is answered by a signature that verifies`, async ({ server }) => {
			const client = await server.open();
			const handshake = new ClientHandshake({ random: bytes, nowMillis: 1, digest: scheme, verify: "strict" });
			for (const slice of handshake.takeOutput()) client.send(slice);
			await sleep(200);
			handshake.receive(client.reply);
			expect(handshake).toMatchObject({ done: true, kind: "digest", scheme, verified: true });
			client.destroy();
		});
	}

	row("row 5: a digest with one wrong bit is no digest, and answered by the plain echo", async ({ server }) => {
		const c1 = signed(signed(packet(), 776, 772), 12, 8);
		c1[1000] = c1[1000]! ^ 1;
		expect(await echoOf(server, c1)).toEqual(c1);
	});

	row("row 5: digests in both places cannot both be right; the one that is gets its answer", async ({ server }) => {
		// The second changes bytes that the first has signed, so that only the second holds.
		const c1 = signed(signed(packet(), 12, 8), 776, 772);
		const echo = await echoOf(server, c1);
		expect(echo).not.toEqual(c1);
		expect(echo.length).toBe(PACKET_BYTES);
	});

	for (const [name, key] of DEGENERATE_KEYS) {
		row(`row 6: RTMPE with the public key ${name} is refused before anything is answered`, async ({ server }) => {
			for (const version of [6, 8, 9]) {
				const client = await server.open();
				const c1 = packet();
				c1.set(key, 772 + ((c1[1532]! + c1[1533]! + c1[1534]! + c1[1535]!) % 632));
				client.send(Uint8Array.of(version, ...signed(c1, 12, 8)));
				await client.closed;
				expect(await server.reasonFor(client, 2000)).toBe("HANDSHAKE_BAD_KEY");
				expect(client.reply[0]).toBe(0);
			}
		});
	}

	row("row 3: RTMPE without a digest that verifies is refused", async ({ server }) => {
		for (const version of [6, 8, 9]) {
			const client = await server.open();
			client.send(Uint8Array.of(version, ...packet()));
			await client.closed;
			expect(await server.reasonFor(client, 2000)).toBe("HANDSHAKE_BAD_SIGNATURE");
		}
	});

	row("row 6: RTMPE is refused whose client answers S1 with anything else than its signature", async ({ server }) => {
		const client = await server.open();
		const handshake = new ClientHandshake({ random: bytes, nowMillis: 1, encryption: 6 });
		for (const slice of handshake.takeOutput()) client.send(slice);
		client.send(new Uint8Array(PACKET_BYTES));
		await client.closed;
		expect(await server.reasonFor(client, 2000)).toBe("HANDSHAKE_BAD_SIGNATURE");
	});

	row("row 7: more connections of one address in a minute than allowed are refused, in a few lines", async () => {
		const strict = await AbuseServer.start(["limits.connectionsPerAddressPerMinute=100"]);
		try {
			let refused = 0;
			for (let i = 0; i < 1000; i += 50) {
				const group = Array.from({ length: 50 }, () => strict.open("127.30.0.1").catch(() => undefined));
				for (const client of await Promise.all(group)) {
					await Promise.race([client?.closed, sleep(20)]);
					if (client === undefined || client.isClosed) refused++;
					client?.destroy();
				}
			}
			expect(refused).toBe(900);
			const other = await strict.openConnected("127.30.0.2");
			expect(await other.createStream()).toBe(1);
			other.destroy();
			await sleep(1200);
			const lines = strict.process.log.filter(({ fields }) => fields["event"] === "refuse");
			const count = lines.reduce((sum, { fields }) => sum + Number(fields["repeated"] ?? 1), 0);
			expect(count).toBe(900);
			expect(lines.length).toBeLessThan(100);
		} finally {
			await strict.stop();
		}
	});

	row(
		"row 8: half-open connections up to the limit of descriptors are let go of, and others are served after",
		async () => {
			const small = await AbuseServer.start([], ["prlimit", "--nofile=200"]);
			try {
				const flood = await Promise.all(Array.from({ length: 400 }, () => small.open().catch(() => undefined)));
				for (const client of flood) client?.send(PLAIN_HANDSHAKE.subarray(0, 700));
				await Promise.all(flood.map(client => Promise.race([client?.closed, sleep(5000)])));
				expect(flood.filter(client => client !== undefined && !client.isClosed)).toEqual([]);
				expect(small.process.isRunning).toBe(true);
				const client = await small.openConnected();
				expect(await client.createStream()).toBe(1);
				client.destroy();
			} finally {
				await small.stop();
			}
		},
	);
});

function numbered(last: number): Uint8Array {
	return new Uint8Array(128).fill(last, 127);
}

function bytes(count: number): Uint8Array {
	return Uint8Array.from({ length: count }, (_, i) => (i * 7 + 3) & 255);
}

function packet(): Uint8Array {
	const c1 = bytes(PACKET_BYTES);
	c1.set([0x80, 0, 7, 2], 4);
	return c1;
}

/** C1 with a digest at the place to which the four bytes at `pointer` lead. */
function signed(c1: Uint8Array, base: number, pointer: number): Uint8Array {
	const sum = c1[pointer]! + c1[pointer + 1]! + c1[pointer + 2]! + c1[pointer + 3]!;
	const offset = base + (sum % 728);
	const hmac = createHmac("sha256", PLAYER_KEY);
	hmac.update(c1.subarray(0, offset)).update(c1.subarray(offset + 32));
	const copy = c1.slice();
	copy.set(hmac.digest(), offset);
	return copy;
}

/** S2 for a C1. */
async function echoOf(server: AbuseServer, c1: Uint8Array): Promise<Uint8Array> {
	const client: RawClient = await server.open();
	client.send(Uint8Array.of(3));
	client.send(c1);
	await client.until(() => client.reply.at(-1) !== 0 || client.reply.at(-2) !== 0, "S2");
	await sleep(50);
	client.destroy();
	return client.reply.slice(1 + PACKET_BYTES);
}
