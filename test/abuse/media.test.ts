import { expect } from "vitest";
import { sleep } from "./abuse-server.ts";
import { join, u16, u24, u32 } from "./bytes.ts";
import { mediaCases } from "./case/media.ts";
import { section } from "./section.ts";

const GROWTH_BYTES = 64 * 1024 * 1024;
const KEY = join(0x17, 1, [0, 0, 0], [1, 2, 3]);
const INTER = join(0x27, 1, [0, 0, 0], [1, 2, 3]);

section(
	"media",
	mediaCases,
	(_, row) => {
		row("row 50: a group of pictures that never ends is not kept, however small its frames", async ({ server }) => {
			const publisher = await server.openPublishing("endless");
			const frame = (payload: Uint8Array, time: number) => publisher.message(9, payload, 1, time, 9);
			publisher.send(frame(KEY, 0));
			const before = server.rss();
			for (let batch = 0; batch < 100; batch++) {
				await publisher.sendAll(Buffer.concat(Array.from({ length: 5000 }, () => frame(INTER, 1))));
			}
			await sleep(300);
			expect(server.rss() - before).toBeLessThan(GROWTH_BYTES);
			const viewer = await server.openConnected();
			await viewer.createStream();
			await viewer.play("endless");
			let frames = 0;
			viewer.onMessage = ({ type }) => {
				if (type === 9) frames++;
			};
			publisher.send(frame(INTER, 2));
			// Where keyframes are too rare to wait for, a viewer gets what comes.
			await viewer.until(() => frames > 0, "a frame");
			expect(frames).toBeLessThan(5000);
			viewer.destroy();
			publisher.destroy();
		});

		row("row 51: 1,000,000 metadata updates keep the last one only", async ({ server }) => {
			const publisher = await server.openPublishing("chatty");
			const viewer = await server.openConnected();
			await viewer.createStream();
			await viewer.play("chatty");
			viewer.onMessage = () => {};
			const payload = join(2, u16(13), "@setDataFrame", 2, u16(10), "onMetaData", 5);
			const one = join(4, u24(0), u24(payload.length), 18, [1, 0, 0, 0], payload);
			const before = server.rss();
			const batch = Buffer.concat(Array.from({ length: 10_000 }, () => one));
			for (let i = 0; i < 100; i++) await publisher.sendAll(batch);
			expect(await publisher.call("createStream")).toBe(2);
			const growth = server.rss() - before;
			console.log(`row 51: +${(growth / 1024 / 1024).toFixed(1)} MB`);
			expect(growth).toBeLessThan(GROWTH_BYTES);
			viewer.destroy();
			publisher.destroy();
		});

		row("row 51: metadata under ever new names is passed on, and kept up to a limit", async ({ server }) => {
			const publisher = await server.openPublishing("names");
			const before = server.rss();
			for (let i = 0; i < 200; i++) {
				const value = join(0x0c, u32(100_000), new Uint8Array(100_000).fill(65));
				const name = `handler${i}`;
				await publisher.sendAll(
					publisher.message(18, join(2, u16(13), "@setDataFrame", 2, u16(name.length), name, value), 1),
				);
			}
			expect(await publisher.call("createStream")).toBe(2);
			expect(server.rss() - before).toBeLessThan(GROWTH_BYTES);
			publisher.destroy();
		});

		row("row 52: a viewer that reads nothing loses what waits, and is closed", async ({ server }) => {
			const publisher = await server.openPublishing("wide");
			const viewer = await server.openConnected();
			await viewer.createStream();
			await viewer.play("wide");
			viewer.socket.pause();
			const frame = new Uint8Array(100_000);
			const before = server.rss();
			const startedAt = Date.now();
			for (let time = 0; Date.now() - startedAt < 6000 && !hasEnded(); time += 10) {
				frame.set(time % 500 === 0 ? KEY : INTER);
				await publisher.sendAll(publisher.message(9, frame, 1, time, 9));
				await sleep(10);
			}
			expect(await server.reasonFor(viewer, 5000)).toBe("VIEWER_TOO_SLOW");
			expect(server.rss() - before).toBeLessThan(GROWTH_BYTES);
			const skips = server.process.log.filter(({ fields }) => fields["event"] === "slow-viewer");
			expect(skips.length).toBeGreaterThan(0);
			publisher.destroy();
			viewer.destroy();

			function hasEnded(): boolean {
				return server.process.log.some(
					({ fields }) => fields["event"] === "disconnect" && fields["from"] === viewer.address,
				);
			}
		});

		row(
			"row 53: 1,000 viewers that leave in the same tick as the publisher leave nothing behind",
			async ({ server }) => {
				const publisher = await server.openPublishing("crowd");
				publisher.send(publisher.message(9, KEY, 1, 0, 9));
				const viewers = [];
				for (let i = 0; i < 1000; i += 100) {
					const group = Array.from({ length: 100 }, async () => {
						const viewer = await server.openConnected("127.50.0.1");
						await viewer.createStream();
						await viewer.play("crowd");
						return viewer;
					});
					viewers.push(...(await Promise.all(group)));
				}
				publisher.destroy();
				for (const viewer of viewers) viewer.destroy();
				const deadline = Date.now() + 5000;
				let text = "crowd";
				while (text.includes("crowd") && Date.now() < deadline) {
					await sleep(100);
					text = await (await fetch(server.process.httpUrl("api/streams"))).text();
				}
				expect(text).not.toContain("crowd");
			},
		);
	},
	["live.viewerQueue.maxBytes=1MiB", "limits.connections=1200"],
);
