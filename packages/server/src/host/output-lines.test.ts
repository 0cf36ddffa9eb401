import { PassThrough, Readable } from "node:stream";
import { expect, it } from "vitest";
import { readLines } from "./output-lines.ts";

async function linesOf(...chunks: readonly (string | Buffer)[]): Promise<string[]> {
	const lines: string[] = [];
	const stream = Readable.from(chunks.map(chunk => Buffer.from(chunk)));
	readLines(stream, line => lines.push(line));
	await new Promise(resolve => stream.once("close", resolve));
	return lines;
}

it("lines are what stands between line ends, in whatever pieces they come, and the last needs none", async () => {
	expect(await linesOf("one\ntw", "o\r\n", "\nlast")).toEqual(["one", "two", "", "last"]);
	const euro = Buffer.from("€\n");
	expect(await linesOf(euro.subarray(0, 1), euro.subarray(1))).toEqual(["€"]);
});

it("of a line without end the first 8 KiB are kept", async () => {
	const lines = await linesOf(...Array.from({ length: 100 }, () => "x".repeat(1000)), "\nnext\n");
	expect(lines).toEqual(["x".repeat(8192), "next"]);
});

it("who writes without end waits, and what was written is read later", async () => {
	const stream = new PassThrough({ highWaterMark: 1024 });
	let count = 0;
	readLines(stream, () => count++);
	const chunk = Buffer.from("line\n".repeat(2000));
	const startedAt = performance.now();
	for (let i = 0; i < 40; i++) if (!stream.write(chunk)) await new Promise(resolve => stream.once("drain", resolve));
	stream.end();
	await new Promise(resolve => stream.once("close", resolve));
	expect(count).toBe(80_000);
	// 400,000 bytes are more than five rounds.
	expect(performance.now() - startedAt).toBeGreaterThan(4 * 50);
});
