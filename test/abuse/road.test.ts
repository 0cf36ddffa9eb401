import { expect } from "vitest";
import { sleep } from "./abuse-server.ts";
import { frame, HttpOffender, post, tlsHello, tlsOver, UPGRADE } from "./http-offender.ts";
import { PLAIN_HANDSHAKE } from "./raw-client.ts";
import { section } from "./section.ts";

const SETTINGS = [
	"tls.selfSigned=true",
	"log.level=debug",
	"rtmpt.holdMillis=50ms",
	"rtmpt.sessionTimeoutMillis=2s",
	"rtmpt.gapTimeoutMillis=500ms",
	"rtmpt.unusedSessions=200",
	"rtmpt.bodyBytes=128KiB",
];
/** Time for what drips in: deadlines are 1 s and 2 s in these tests, and a byte comes every tenth of a second. */
const DRIP_MILLIS = 100;

section(
	"TLS, tunnels and WebSockets",
	[],
	(_, row) => {
		row("row 2: a TLS hello that drips in byte by byte is ended at the time-out", async ({ server }) => {
			const client = await server.open();
			const hello = await tlsHello();
			for (let i = 0; !client.isClosed && i < 100; i++) {
				client.send(hello.subarray(i, i + 1));
				await sleep(DRIP_MILLIS);
			}
			expect(client.isClosed).toBe(true);
			expect(await server.refusalOf(client, 2000)).toMatch(/TLS handshake/);
		});

		row("row 2: an RTMP handshake that drips in by TLS is ended at its deadline", async ({ server }) => {
			const client = await server.open();
			const socket = await tlsOver(client);
			for (let i = 0; !client.isClosed && i < 100; i++) {
				socket.write(PLAIN_HANDSHAKE.subarray(i, i + 1));
				await sleep(DRIP_MILLIS);
			}
			expect(client.isClosed).toBe(true);
			expect(await server.reasonFor(client, 2000)).toBe("HANDSHAKE_TIMEOUT");
		});

		row("row 2: a request's head that drips in byte by byte is ended at the time-out", async ({ server }) => {
			const client = await server.open();
			const http = new HttpOffender(client);
			const head = `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(1000)}`;
			for (let i = 0; !client.isClosed && i < 100; i++) {
				http.send(head[i]!);
				await sleep(DRIP_MILLIS);
			}
			expect(client.isClosed).toBe(true);
			expect(http.text).toMatch(/^HTTP\/1\.1 408 /);
			expect(await server.refusalOf(client, 2000)).toMatch(/request/i);
		});

		row("row 2: an RTMP handshake that drips into a tunnel is ended at its deadline", async ({ server }) => {
			const client = await server.open();
			const http = new HttpOffender(client);
			const id = await http.openTunnel();
			const startedAt = Date.now();
			for (let i = 0; Date.now() - startedAt < 3500; i++) {
				http.send(post(`/send/${id}/${i}`, String.fromCharCode(PLAIN_HANDSHAKE[i]!)));
				await sleep(DRIP_MILLIS);
			}
			expect(await server.reasonFor(client, 2000)).toBe("HANDSHAKE_TIMEOUT");
			client.destroy();
		});

		row("row 2: an RTMP handshake that drips into a WebSocket is ended at its deadline", async ({ server }) => {
			const client = await server.open();
			const http = new HttpOffender(client);
			http.send(UPGRADE);
			await http.waitFor(/^HTTP\/1\.1 101 /);
			for (let i = 0; !client.isClosed && i < 100; i++) {
				client.send(frame(2, PLAIN_HANDSHAKE.subarray(i, i + 1)));
				await sleep(DRIP_MILLIS);
			}
			expect(client.isClosed).toBe(true);
			expect(await server.reasonFor(client, 2000)).toBe("HANDSHAKE_TIMEOUT");
		});

		row("row 10: a client of TLS that wants to shake hands again is refused, however often", async ({ server }) => {
			const before = server.cpuMillis();
			for (let i = 0; i < 20; i++) {
				const client = await server.open();
				const socket = await tlsOver(client);
				const refused = await new Promise(resolve => {
					socket.removeAllListeners("error").on("error", resolve);
					socket.renegotiate({}, error => resolve(error));
				});
				expect(refused).toBeInstanceOf(Error);
				socket.destroy();
				client.destroy();
			}
			expect(server.cpuMillis() - before).toBeLessThan(3000);
		});

		row("row 10: a name without a certificate is shown the first one", async ({ server }) => {
			const client = await server.open();
			const socket = await tlsOver(client, { servername: "nobody.example" });
			expect(socket.getPeerCertificate().subjectaltname).toContain("DNS:localhost");
			socket.destroy();
			client.destroy();
		});

		for (const [name, bytes] of [
			["is longer than one may be", Uint8Array.from([0x16, 3, 1, 0xff, 0xff, ...new Uint8Array(200)])],
			["holds no hello", Uint8Array.from([0x16, 3, 1, 0, 4, 9, 9, 9, 9])],
			["is of SSL 3", Uint8Array.from([0x16, 3, 0, 0, 41, 1, 0, 0, 37, 3, 0, ...new Uint8Array(36)])],
		] as const) {
			row(`row 10: TLS whose first record ${name} is closed as broken`, async ({ server }) => {
				const client = await server.open();
				client.onBytes = () => {};
				client.send(bytes);
				await client.closed;
				expect(await server.refusalOf(client, 2000)).toMatch(/TLS handshake failed/);
			});
		}

		row("row 56: ids of sessions are 128 bits, all different, each bit as often set as not", async ({ server }) => {
			const http = new HttpOffender(await server.open());
			const ids: bigint[] = [];
			for (let i = 0; i < 1000; i++) ids.push(BigInt(`0x${await http.openTunnel()}`));
			expect(new Set(ids).size).toBe(1000);
			for (let bit = 0n; bit < 128n; bit++) {
				const set = ids.filter(id => (id >> bit) & 1n).length;
				// Six standard deviations: one run in millions.
				expect(Math.abs(set - 500), `bit ${bit}`).toBeLessThan(95);
			}
			http.client.destroy();
		});

		row("row 56: guessing ids finds nothing, and the one that is open stays so", async ({ server }) => {
			const http = new HttpOffender(await server.open());
			const id = await http.openTunnel();
			http.send(post(`/idle/${id}/0`, "\0"));
			await http.waitFor(/HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 200 /);
			const near = [
				`${id.slice(0, -1)}${id.endsWith("0") ? "1" : "0"}`,
				id.toUpperCase(),
				`${id}0`,
				id.slice(0, -1),
				"",
			];
			for (const guess of [...near, ...Array.from({ length: 500 }, (_, i) => i.toString(16).padStart(32, "0"))]) {
				if (guess === id) continue;
				http.text = "";
				http.send(post(`/idle/${guess}/1`, "\0"));
				await http.waitFor(/^HTTP\/1\.1 (404|405) [\s\S]*\r\n\r\n/);
			}
			http.text = "";
			http.send(post(`/idle/${id}/1`, "\0"));
			await http.waitFor(/^HTTP\/1\.1 200 /);
			http.client.destroy();
		});

		row(
			"row 56: a number that comes again is answered with the same bytes, and what it said counts once",
			async ({ server }) => {
				const http = new HttpOffender(await server.open());
				const id = await http.openTunnel();
				const text = String.fromCharCode(...PLAIN_HANDSHAKE.subarray(0, 1537));
				http.text = "";
				for (let i = 0; i < 3; i++) http.send(post(`/send/${id}/0`, text));
				await http.client.until(() => http.answers().length === 3, "three answers");
				const [first, second, third] = http.answers();
				expect(second).toEqual(first);
				expect(third).toEqual(first);
				http.send(post(`/idle/${id}/1`, "\0"));
				await http.client.until(() => http.answers().length === 4, "a fourth");
				const said = [http.answers()[0]!, http.answers()[3]!].map(({ body }) => body.slice(1)).join("");
				expect(said.length).toBe(3073);
				http.client.destroy();
			},
		);

		row("row 56: requests by two connections at once, out of order, are put in order", async ({ server }) => {
			const one = new HttpOffender(await server.open());
			const two = new HttpOffender(await server.open());
			const id = await one.openTunnel();
			const text = String.fromCharCode(...PLAIN_HANDSHAKE);
			one.text = "";
			// Before the first request it would not be out of order: clients may begin to count at 1.
			one.send(post(`/send/${id}/0`, text.slice(0, 500)));
			await one.client.until(() => one.answers().length === 1, "an answer to the first one");
			two.send(post(`/send/${id}/2`, text.slice(1000)));
			await sleep(50);
			expect(two.answers()).toEqual([]);
			one.text = "";
			one.send(post(`/send/${id}/1`, text.slice(500, 1000)));
			// The answers come by two connections: which is read first is not said.
			await two.client.until(() => two.answers().length === 1, "an answer to the later one");
			await one.client.until(() => one.answers().length === 1, "an answer to the earlier one");
			expect([...one.answers(), ...two.answers()].map(({ status }) => status)).toEqual([200, 200]);
			one.client.destroy();
			two.client.destroy();
		});

		row("row 56: a number that never comes ends the session, one too far ahead is not found", async ({ server }) => {
			const http = new HttpOffender(await server.open());
			const id = await http.openTunnel();
			http.send(post(`/idle/${id}/0`, "\0"));
			await http.waitFor(/HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 200 /);
			const other = new HttpOffender(await server.open());
			other.send(post(`/idle/${id}/100`, "\0"));
			await other.waitFor(/^HTTP\/1\.1 404 /);
			other.client.destroy();
			http.send(post(`/send/${id}/3`, "x"));
			expect(await server.reasonFor(http.client, 5000)).toBe("TUNNEL_GAP");
			http.client.destroy();
		});

		row("row 56: a session that is left is reclaimed", async ({ server }) => {
			const http = new HttpOffender(await server.open());
			const id = await http.openTunnel();
			http.send(post(`/send/${id}/0`, String.fromCharCode(...PLAIN_HANDSHAKE)));
			await sleep(100);
			http.client.destroy();
			expect(await server.reasonFor(http.client, 8000)).toMatch(/TUNNEL_ABANDONED|CONNECT_TIMEOUT/);
		});

		row("row 56: 5,000 sessions that are opened and not used leave those in use alone", async ({ server }) => {
			const used = new HttpOffender(await server.open());
			const id = await used.openTunnel();
			used.send(post(`/send/${id}/0`, String.fromCharCode(PLAIN_HANDSHAKE[0]!)));
			await used.waitFor(/HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 200 /);
			const logged = server.process.log.length;
			const before = server.rss();
			const http = new HttpOffender(await server.open());
			for (let i = 0; i < 50; i++) {
				http.text = "";
				http.send(post("/open/1", "\0").repeat(100));
				await http.client.until(() => http.answers().length === 100, "a hundred answers");
			}
			expect(server.rss() - before).toBeLessThan(64 * 1024 * 1024);
			used.text = "";
			used.send(post(`/idle/${id}/1`, "\0"));
			await used.waitFor(/^HTTP\/1\.1 200 /);
			// Sampling tells the sum a second later.
			await sleep(1500);
			expect(server.refusals(logged, http.client.address)).toBeGreaterThanOrEqual(4000);
			used.client.destroy();
			http.client.destroy();
		});

		row("row 56: a body beyond the limit ends the session", async ({ server }) => {
			const http = new HttpOffender(await server.open());
			const id = await http.openTunnel();
			http.send(post(`/idle/${id}/0`, "x".repeat(200_000), 100_000_000));
			await http.waitFor(/HTTP\/1\.1 413 /);
			expect(await server.reasonFor(http.client, 2000)).toBe("TUNNEL_BODY_TOO_LARGE");
			http.client.destroy();
		});

		for (const [name, request, status] of [
			["two lengths", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400],
			[
				"a length and chunks",
				"POST /open/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
				400,
			],
			["two codings", "POST /open/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400],
			["bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", 400],
			["a space before a colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400],
			["a folded header", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400],
			["a head of 40 kB", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(40_000)}\r\n\r\n`, 431],
			["a NUL in a header", "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400],
			[
				"chunks with extensions of 40 kB",
				`POST /open/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;${"x".repeat(40_000)}\r\na\r\n0\r\n\r\n`,
				413,
			],
		] as const) {
			row(`row 57: a request with ${name} is refused, and nothing behind it is read`, async ({ server }) => {
				const client = await server.open();
				const http = new HttpOffender(client);
				http.send(`${request}GET /api/health HTTP/1.1\r\nHost: a\r\n\r\n`);
				await client.closed;
				const statuses = http.answers().map(answer => answer.status);
				expect(statuses.at(-1)).toBe(status);
				expect(http.text).not.toContain("uptimeSeconds");
				expect(await server.refusalOf(client, 2000)).toMatch(/^The request is/);
			});
		}

		row(
			"row 57: requests of several sessions on one connection are answered each its own, in their order",
			async ({ server }) => {
				const http = new HttpOffender(await server.open());
				const [one, two] = [await http.openTunnel(), await http.openTunnel()];
				http.text = "";
				const text = String.fromCharCode(...PLAIN_HANDSHAKE.subarray(0, 1537));
				http.send(
					post(`/send/${one}/0`, text) +
						post(`/idle/${two}/0`, "\0") +
						post(`/idle/${one}/1`, "\0") +
						post("/open/1", "\0"),
				);
				await http.client.until(() => http.answers().length === 4, "four answers");
				const [a, b, c, d] = http.answers().map(({ body }) => body);
				expect(a!.length + c!.length - 2).toBe(3073);
				expect(b!.length).toBe(1);
				expect(d).toMatch(/^[0-9a-f]{32}\n$/);
				http.client.destroy();
			},
		);

		for (const [name, bytes] of [
			["without a mask", Uint8Array.of(0x82, 1, 3)],
			["of 4 GB", frame(2, new Uint8Array(4), true, 2 ** 32)],
			["of 2^63 bytes", Uint8Array.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])],
			["that is compressed", Uint8Array.of(0xc2, 0x81, 0, 0, 0, 0, 3)],
			["of a reserved kind", frame(3, new Uint8Array(1))],
			["in 2,000 fragments", Buffer.concat([frame(2, new Uint8Array(0), false), ...fragments(2000)])],
			[
				"in fragments of more than 1 MiB together",
				Buffer.concat([frame(2, new Uint8Array(0), false), ...fragments(20, 65_536)]),
			],
			["of text", frame(1, Uint8Array.of(65))],
		] as const) {
			row(`row 58: who sends a frame ${name} to a WebSocket is closed`, async ({ server }) => {
				const client = await server.open();
				const http = new HttpOffender(client);
				http.send(UPGRADE);
				await http.waitFor(/^HTTP\/1\.1 101 /);
				await client.sendAll(bytes);
				await client.closed;
				expect(await server.reasonFor(client, 2000)).toBe("WEB_SOCKET_BAD_FRAME");
			});
		}
	},
	SETTINGS,
);

function fragments(count: number, bytes = 0): Uint8Array[] {
	return Array.from({ length: count }, () => frame(0, new Uint8Array(bytes), false));
}
