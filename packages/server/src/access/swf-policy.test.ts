import { encodeSwfAnswer, type SwfIdentity } from "@millrace/core/rtmp";
import { describe, expect, test } from "vitest";
import { SwfPolicy } from "./swf-policy.ts";

const KEY = new Uint8Array(32).fill(7);
const swf = (mark: number, size: number): SwfIdentity => ({ hash: new Uint8Array(32).fill(mark), size });
const known = [swf(1, 100), swf(2, 100), swf(3, 200)];
const files = {
	withSize: (size: number, instance: string) => (instance === "room" ? known.filter(file => file.size === size) : []),
};
const policyOf = (exempt: { from: string; to: string }[] = []) => new SwfPolicy(files, { timeoutMillis: 1, exempt });

describe("an answer to SWF verification", () => {
	const judge = (payload: Uint8Array, instance = "room") => policyOf().judge(payload, KEY, instance);

	test("is known where any file of its size fits", () => {
		for (const file of known) expect(judge(encodeSwfAnswer(file, KEY))).toBe("known");
	});

	test("is unknown with another file, size, connection or instance, or where it is none", () => {
		expect(judge(encodeSwfAnswer(swf(4, 100), KEY))).toBe("unknown");
		expect(judge(encodeSwfAnswer(swf(1, 200), KEY))).toBe("unknown");
		expect(judge(encodeSwfAnswer(known[0]!, new Uint8Array(32)))).toBe("unknown");
		expect(judge(encodeSwfAnswer(known[0]!, KEY), "other")).toBe("unknown");
		expect(judge(Uint8Array.of(0, 27, 1, 1))).toBe("unknown");
	});

	test("that is over a part of a file waits for the next one", () => {
		const part = encodeSwfAnswer(swf(9, 100), KEY);
		new DataView(part.buffer).setUint32(8, 50);
		expect(judge(part)).toBe("loading");
	});
});

describe("an exemption", () => {
	test.each([
		["FMLE/3.0 (compatible; FMSc/1.0)", true],
		["FMLE/3.0 (compatible; Lavf59.27.100)", true],
		["fmle/0.0", true],
		["FMLE/3.5.0.9", false],
		["FMLE/3.5", true],
		["FMLE/4", false],
		["WIN 9,0,28,0", true],
		["WIN 9,0,28,1", false],
		["WIN 32,0,0,465", false],
		["MAC 9,0,20,0", false],
		["FMLE", false],
		["XFMLE/3.0", false],
		["", false],
	])("by name and version: %s is asked or not (%s)", (flashVer, isExempt) => {
		const policy = policyOf([
			{ from: "FMLE/0.0", to: "FMLE/3.5" },
			{ from: "WIN 9,0,20,0", to: "WIN 9,0,28,0" },
			{ from: "MAC 9,0,0,0", to: "LNX 9,0,30,0" },
		]);
		expect(policy.isExempt(flashVer)).toBe(isExempt);
		expect(policyOf().isExempt(flashVer)).toBe(false);
	});
});
