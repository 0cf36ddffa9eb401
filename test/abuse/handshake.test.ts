import { ClientHandshake } from "@millrace/core/rtmp";
import { expect } from "vitest";
import { AbuseServer, sleep } from "./abuse-server.ts";
import { handshakeCases } from "./case/handshake.ts";
import { PLAIN_HANDSHAKE, type RawClient } from "./raw-client.ts";
import { bytes, DEGENERATE_KEYS, encryptedHello, PACKET_BYTES, packet, signed } from "./rtmpe-hello.ts";
import { section } from "./section.ts";

section("handshake and accept", handshakeCases, (_, row) => {
	row("row 3: every version but 3 and those of RTMPE is closed at the first byte", async ({ server }) => {
		for (let version = 0; version < 256; version++) {
			if ([3, 6, 8, 9].includes(version)) continue;
			const client = await server.open();
			// One byte alone may still become HTTP or TLS.
			client.send(Uint8Array.of(version, 0));
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
				client.send(encryptedHello(version, key));
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
		const strict = await AbuseServer.start([
			"limits.connectionsPerAddressPerMinute=100",
			// Those that are taken must not end before all have been counted.
			...["rtmp.handshakeTimeoutMillis=20s", "rtmp.handshakeDeadlineMillis=20s"],
		]);
		try {
			const clients: (Awaited<ReturnType<AbuseServer["open"]>> | undefined)[] = [];
			for (let i = 0; i < 1000; i += 50) {
				const group = Array.from({ length: 50 }, () => strict.open("127.30.0.1").catch(() => undefined));
				clients.push(...(await Promise.all(group)));
			}
			const refused = () => clients.filter(client => client === undefined || client.isClosed).length;
			await expect.poll(refused, { timeout: 10_000 }).toBe(900);
			for (const client of clients) client?.destroy();
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
