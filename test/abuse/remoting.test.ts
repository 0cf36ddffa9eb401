import { RemotingWriter } from "@millrace/core/amf";
import { expect } from "vitest";
import { HttpOffender } from "./http-offender.ts";
import { section } from "./section.ts";
import { declareWaves, type Wave } from "./wave-row.ts";

const SETTINGS = ["limits.connections=1200", "log.level=debug", "remoting.requestsPerAddress=20"];

/** A request to the gateway; `length` is what its head says of its body. */
function post(body: Uint8Array | string, length = body.length): Buffer {
	const head = `POST /gateway HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-amf\r\nContent-Length: ${length}\r\n\r\n`;
	return Buffer.concat([Buffer.from(head), Buffer.from(body as Uint8Array)]);
}

/** A packet with one call, whose arguments are these bytes. */
function packet(args: Uint8Array): Uint8Array {
	const head = Buffer.from("000000000001000a6c6976652e7468696e6700022f31ffffffff", "hex");
	return Buffer.concat([head, args]);
}

function calls(count: number, instance = () => "live"): Uint8Array {
	const writer = new RemotingWriter(0);
	for (let index = 1; index <= count; index++) writer.call(`${instance()}.thing`, `/${index}`, []);
	return writer.finish();
}

function repeated(hex: string, times: number, end = ""): Uint8Array {
	return Buffer.from(hex.repeat(times) + end, "hex");
}

/** A million references to one array of a thousand. */
const BOMB = Buffer.concat([
	Buffer.from("0a0000ffff", "hex"),
	Buffer.from("0a000003e8", "hex"),
	repeated("05", 1000),
	repeated("070001", 65_534),
]);

const WAVES: readonly Wave[] = [
	{
		name: "requests to the gateway that never end, with all of 60 kB and of 1 MB (row 74)",
		kinds: [
			client => void client.send(post("x".repeat(60_000), 70_000)),
			client => void client.send(post("x".repeat(1_000_000), 1_040_000)),
		],
		reasons: [],
		refused: 500,
		stayMillis: 3000,
	},
	{
		name: "packets that are none, nested, bombs, and a great many calls (row 74)",
		kinds: [
			client => void client.send(post("<html>")),
			client => void client.send(post(packet(repeated("0a00000001", 5000, "05")))),
			client => void client.send(post(packet(BOMB))),
			client => void client.send(post(calls(256))),
			client => void client.send(Buffer.concat(Array.from({ length: 20 }, () => post(calls(10))))),
		],
		reasons: [],
		refused: 400,
		stayMillis: 5000,
	},
];

section(
	"the gateway of Flash Remoting",
	[],
	(_, row) => {
		for (const [name, body, code] of [
			["is no packet", Buffer.from("GIF89a"), "REMOTING_INVALID"],
			["breaks off", packet(Uint8Array.of()), "AMF_TRUNCATED"],
			["breaks off in its arguments", packet(repeated("0a00000001", 1, "00")), "AMF_TRUNCATED"],
			["is nested 100 deep", packet(repeated("0a00000001", 100, "05")), "AMF_TOO_DEEP"],
			["counts 2^32 − 1 arguments", packet(repeated("0affffffff", 1)), "AMF_COUNT_TOO_LARGE"],
			[
				"holds 200,000 values",
				packet(Buffer.concat([repeated("0a00030d40", 1), repeated("05", 200_000)])),
				"AMF_TOO_MANY_VALUES",
			],
			[
				"holds a class that nobody knows the end of",
				packet(repeated("110a0703580101", 1)),
				"AMF_UNKNOWN_EXTERNALIZABLE",
			],
			["counts 65,535 calls", Buffer.from("00000000ffff", "hex"), "REMOTING_TOO_LARGE"],
		] as const) {
			row(`row 74: a packet that ${name} is refused`, async ({ server }) => {
				const http = new HttpOffender(await server.open());
				http.client.send(post(body));
				const [, status, text] = await http.waitFor(/^HTTP\/1\.1 (\d{3}) [\s\S]*\r\n\r\n(.*)\n$/);
				expect([status, text]).toEqual(["400", expect.stringContaining(code)]);
				expect(await server.refusalOf(http.client, 2000)).toContain(code);
				http.client.destroy();
			});
		}

		row("row 74: references to large things are served", async ({ server }) => {
			const http = new HttpOffender(await server.open());
			http.client.send(post(packet(BOMB)));
			await http.waitFor(/^HTTP\/1\.1 200 [\s\S]*Method not found/);
			http.client.destroy();
		});

		row("row 74: bodies beyond the limit are refused, announced or not", async ({ server }) => {
			const http = new HttpOffender(await server.open());
			http.client.send(post("x", 1_000_000_000));
			await http.waitFor(/^HTTP\/1\.1 413 /);
			await http.client.closed;
			const chunked = new HttpOffender(await server.open());
			chunked.send(
				"POST /gateway HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-amf\r\nTransfer-Encoding: chunked\r\n\r\n",
			);
			const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
			for (let i = 0; i < 40 && !chunked.client.isClosed; i++) chunked.send(chunk);
			await chunked.client.closed;
			expect(await server.refusalOf(chunked.client, 2000)).toContain("413");
		});

		row("row 74: more requests at once than an address may have are refused, others are served", async ({ server }) => {
			const address = server.address();
			const held = await Promise.all(Array.from({ length: 20 }, () => server.open(address)));
			for (const client of held) client.send(post("x", 100));
			const more = new HttpOffender(await server.open(address));
			// The others may not have been read yet.
			for (let tries = 0; tries < 50 && !/ 429 /.test(more.text); tries++) {
				more.text = "";
				more.client.send(post(calls(1)));
				await more.waitFor(/^HTTP\/1\.1 (200|429) [\s\S]*\r\n\r\n[\s\S]/);
			}
			expect(more.text).toMatch(/^HTTP\/1\.1 429 /);
			const other = new HttpOffender(await server.open());
			other.client.send(post(calls(1)));
			await other.waitFor(/^HTTP\/1\.1 200 /);
			for (const client of [...held, more.client, other.client]) client.destroy();
		});

		row("row 74: a request that calls 256 instances reaches eight", async ({ server }) => {
			const http = new HttpOffender(await server.open());
			let next = 0;
			http.client.send(post(calls(256, () => `live/room${next++}`)));
			await http.client.until(() => http.answers().length === 1, "the answer");
			const { body } = http.answers()[0]!;
			expect(body.match(/Method not found/g)).toHaveLength(8);
			expect(body.match(/8 instances at most/g)).toHaveLength(248);
			http.client.destroy();
		});

		declareWaves(row, WAVES, 180);
	},
	SETTINGS,
);
