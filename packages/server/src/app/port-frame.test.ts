import { PeerError } from "@millrace/core/fault";
import { splits } from "@millrace/testkit";
import { describe, expect, it } from "vitest";
import { decodeFrame, encodeFrame, FrameSplitter, frameHead } from "./port-frame.ts";

const FRAMES = [
	{ port: 0, handled: 0, items: [] },
	{ port: 7, handled: 2 ** 32 - 1, items: [new Uint8Array([1, 2, 3]), new Uint8Array(0), new Uint8Array(300)] },
	{ port: 1, handled: 1, items: [new Uint8Array(70_000)] },
];

describe("a frame", () => {
	it("arrives as it was sent", () => {
		for (const frame of FRAMES) expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
	});

	it("is refused when its lengths contradict each other", () => {
		const bytes = encodeFrame(FRAMES[1]!);
		for (let length = 0; length < bytes.length; length++) {
			expect(() => decodeFrame(bytes.subarray(0, length))).toThrow(PeerError);
		}
		expect(() => decodeFrame(new Uint8Array([...bytes, 0]))).toThrow(PeerError);
	});

	it.each(splits)("is found in a stream of bytes, $name", split => {
		const stream = FRAMES.map(encodeFrame).flatMap(frame => [...frameHead(frame), ...frame]);
		const found: unknown[] = [];
		const splitter = new FrameSplitter(100_000, frame => found.push(decodeFrame(frame)));
		split.feed(Uint8Array.from(stream), piece => splitter.push(piece.slice()));
		expect(found).toEqual(FRAMES);
	});

	it("is not waited for when it is longer than allowed", () => {
		const splitter = new FrameSplitter(10, () => {});
		expect(() => splitter.push(frameHead(new Uint8Array(11)))).toThrow(PeerError);
	});
});
