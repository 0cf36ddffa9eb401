import { expect } from "vitest";
import { sleep } from "./abuse-server.ts";
import { join, u24, u32 } from "./bytes.ts";
import { chunkCases } from "./case/chunk.ts";
import { PLAIN_HANDSHAKE, RawClient } from "./raw-client.ts";
import { section } from "./section.ts";

/** How much processor time one offender's 16 MiB in chunks of one byte may take, in milliseconds. */
const MAX_CPU_MILLIS = 4000;

section("chunk layer", chunkCases, (_, row) => {
	row(
		"row 12: a message of 16 MiB in chunks of one byte costs seconds at most, and no one else a packet",
		async ({ server }) => {
			const client = await server.openConnected();
			const length = 0xffffff;
			const body = new Uint8Array(2 * length - 1);
			for (let i = 1; i < body.length; i += 2) body[i] = 0xc8;
			const before = server.cpuMillis();
			await client.sendAll(join(2, u24(0), u24(4), 1, u32(0), u32(1), 8, u24(0), u24(length), 9, u32(0)));
			for (let at = 0; at < body.length; at += 1 << 20) await client.sendAll(body.subarray(at, at + (1 << 20)));
			client.writer.chunkSize = 1;
			expect(await client.call("createStream")).toBe(1);
			const used = server.cpuMillis() - before;
			console.log(`row 12: ${used} ms of processor time for ${body.length} bytes`);
			expect(used).toBeLessThan(MAX_CPU_MILLIS);
			client.destroy();
		},
	);

	row("row 12: chunks of one byte before connect end at the limit of a message", async ({ server }) => {
		const client = await server.openShaken();
		client.send(join(2, u24(0), u24(4), 1, u32(0), u32(1), 3, u24(0), u24(65_537), 20, u32(0)));
		expect(await server.reasonFor(client, 2000)).toBe("MESSAGE_TOO_LARGE");
	});

	row("row 21: a publisher's clock that wraps, jumps and goes back runs on for the viewer", async ({ server }) => {
		const publisher = await server.openPublishing("odd-clock");
		const viewer = await server.openConnected();
		await viewer.createStream();
		await viewer.play("odd-clock");
		const times: number[] = [];
		viewer.onMessage = ({ type, timestamp }) => {
			if (type === 8) times.push(timestamp);
		};
		const sent = [0, 0xfffffe, 0xffffff, 0x1000000, 0xffffffff, 0, 5, 0x7fffffff, 0x80000000, 20, 10, 0xffffff, 40];
		for (const time of sent) publisher.send(publisher.message(8, join(0x2f, time & 255, 1), 1, time, 8));
		await viewer.until(() => times.length === sent.length, "every frame");
		expect(times).toEqual([...times].sort((a, b) => a - b));
		expect(times.at(-1)).toBeLessThan(60_000);
		publisher.destroy();
		viewer.destroy();
	});

	row("row 22: a valid session that is cut after any of its bytes leaves nothing behind", async ({ server }) => {
		const writer = await server.open();
		const session = join(
			PLAIN_HANDSHAKE,
			writer.command("connect", 1, { app: "live", tcUrl: "rtmp://127.0.0.1/live" }),
			writer.command("createStream", 2, null),
			writer.command("publish", 0, null, ["cut", "live"], 1),
			writer.message(9, join(0x17, 1, [0, 0, 0, 1, 2]), 1),
			writer.command("deleteStream", 0, null, [1]),
		);
		writer.destroy();
		for (let at = 1; at < session.length; at += 100) {
			const group = Array.from({ length: Math.min(100, session.length - at) }, async (_, i) => {
				const client = await RawClient.open(server.port, "127.40.0.1");
				client.socket.end(session.subarray(0, at + i));
				await client.closed;
			});
			await Promise.all(group);
		}
		// The last publisher is waited for within the grace time.
		const deadline = Date.now() + 3000;
		let text = '"cut"';
		while (text.includes('"cut"') && Date.now() < deadline) {
			await sleep(100);
			text = await (await fetch(server.process.httpUrl("api/streams"))).text();
		}
		expect(text).not.toContain('"cut"');
	});
});
