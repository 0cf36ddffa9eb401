import type { Readable } from "node:stream";

/** How much of a line is kept, in bytes. */
const MAX_LINE_BYTES = 8192;
/** How much is read in a round, and how long a round lasts at least: who writes more has to wait. */
const ROUND_BYTES = 64 * 1024;
const ROUND_MILLIS = 50;
const LINE_FEED = 10;

/**
 * Reads lines that a program writes, whatever and however much it writes: what is longer than 8 KiB is cut off, and
 * 1.3 MB a second are read at most, so that a program without end waits for its own output and nobody else does.
 */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
	let parts: Buffer[] = [];
	let have = 0;
	let round = 0;
	let timer: NodeJS.Timeout | undefined;
	const keep = (bytes: Buffer) => {
		const part = bytes.subarray(0, MAX_LINE_BYTES - have);
		if (part.length === 0) return;
		parts.push(part);
		have += part.length;
	};
	const finish = () => {
		const line = Buffer.concat(parts).toString("utf8");
		parts = [];
		have = 0;
		onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
	};
	const nextRound = () => {
		timer = undefined;
		if (round >= ROUND_BYTES) {
			begin();
			stream.resume();
		}
	};
	const begin = () => {
		round = 0;
		timer = setTimeout(nextRound, ROUND_MILLIS);
		timer.unref();
	};
	stream.on("data", (bytes: Buffer) => {
		if (timer === undefined) begin();
		round += bytes.length;
		if (round >= ROUND_BYTES) stream.pause();
		let from = 0;
		for (let to = bytes.indexOf(LINE_FEED); to >= 0; to = bytes.indexOf(LINE_FEED, from)) {
			keep(bytes.subarray(from, to));
			finish();
			from = to + 1;
		}
		keep(bytes.subarray(from));
	});
	stream.on("end", () => {
		if (have > 0) finish();
	});
	// It breaks when the program ends, which is told elsewhere.
	stream.on("error", () => {});
}
