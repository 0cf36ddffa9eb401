import { describe, expect, test } from "vitest";
import { UsageError } from "../fault/index.ts";
import { BoxWriter } from "./box-writer.ts";
import { bytes } from "./fragment-case.ts";

describe("a box writer", () => {
	test("fills in the sizes of boxes that lie in each other", () => {
		const box = new BoxWriter();
		expect(box.begin("moof")).toBe(0);
		expect(box.beginFull("tfdt", 1, 0x020304)).toBe(8);
		box.u64(2 ** 40 + 5);
		box.end();
		box.begin("free");
		box.zeros(3);
		box.end();
		box.end();
		expect(box.finish()).toEqual(
			bytes("00000027 6d6f6f66 00000014 74666474 01 020304 00000100 00000005 0000000b 66726565 000000"),
		);
	});

	test("refuses to end what was not begun, and to finish what is open", () => {
		const box = new BoxWriter();
		expect(() => box.end()).toThrow(UsageError);
		box.begin("moov");
		expect(() => box.finish()).toThrow(UsageError);
	});
});
