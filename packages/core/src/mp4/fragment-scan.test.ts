import { describe, expect, test } from "vitest";
import type { ByteSource } from "./byte-source.ts";
import { aacConfig, aacFrame, avcConfig, avcFrame, bytes, FragmentKeeper } from "./fragment-case.ts";
import { scanFragments } from "./fragment-scan.ts";
import { FragmentWriter } from "./fragment-writer.ts";

function sourceOf(data: Uint8Array): ByteSource {
	return { size: data.length, read: async (offset, length) => data.slice(offset, offset + length) };
}

function writeFile(): FragmentKeeper {
	const keeper = new FragmentKeeper();
	const writer = new FragmentWriter(keeper);
	for (const message of [avcConfig(), aacConfig()]) writer.write(message);
	for (let millis = 0; millis < 3000; millis += 250) {
		writer.write(avcFrame(millis, millis % 1000 === 0));
		writer.write(aacFrame(millis));
	}
	writer.end();
	return keeper;
}

describe("a scan of a fragmented file", () => {
	test("finds, at every length, where the last whole fragment ends", async () => {
		const keeper = writeFile();
		const file = keeper.file();
		const [init, ...fragments] = keeper.files[0]!;
		const index = fragments.pop()!;
		const ends = [init!.length];
		for (const fragment of fragments) ends.push(ends.at(-1)! + fragment.length);
		for (let length = 0; length < file.length; length++) {
			const whole = ends.filter(end => end <= length);
			const scan = await scanFragments(sourceOf(file.subarray(0, length)));
			// ftyp alone is a whole box.
			const least = length < 28 ? 0 : 28;
			expect(scan).toEqual({
				completeBytes: whole.at(-1) ?? least,
				fragments: Math.max(0, whole.length - 1),
				hasInit: whole.length > 0,
				hasIndex: false,
			});
		}
		const scan = await scanFragments(sourceOf(file));
		expect(scan).toEqual({ completeBytes: file.length, fragments: fragments.length, hasInit: true, hasIndex: true });
		expect(ends.at(-1)! + index.length).toBe(file.length);
	});

	test("stops where no box begins, and reads long sizes", async () => {
		const free = "00000001 66726565 00000000 00000012 aabb";
		const scan = async (hex: string) => (await scanFragments(sourceOf(bytes(hex)))).completeBytes;
		expect(await scan(free)).toBe(18);
		expect(await scan(`${free} 00000007 6d6f6f66`)).toBe(18);
		expect(await scan(`${free} 00000008 6d6f0066`)).toBe(18);
		expect(await scan(`${free} 00000000 6d646174`)).toBe(18);
		expect(await scan(`${free} 00000001 66726565 00000000 0000000f`)).toBe(18);
		expect(await scan("00000008 6d6f6f66 00000008 66726565 00000008 6d646174")).toBe(24);
	});
});
