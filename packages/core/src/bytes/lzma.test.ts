import { describe, expect, test } from "vitest";
import { lzmaDecompress } from "./lzma.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));

/** Random bytes, runs, and copies from near and far, some with a change at the end: every kind of match. */
function sample(): Uint8Array {
	let state = 3;
	const below = (limit: number) => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return (state >>> 16) % limit;
	};
	const out = Array.from({ length: 60 }, () => below(256));
	while (out.length < 4000) {
		const kind = below(8);
		if (kind === 0) {
			out.push(below(256));
		} else if (kind === 1) {
			const value = below(4);
			out.push(...new Array<number>(1 + below(30)).fill(value));
		} else {
			const distance = 1 + below(Math.min(out.length, [4, 60, 3000, 60_000][below(4)]!));
			const length = 2 + below([6, 20, 300][below(3)]!);
			for (let i = 0; i < length; i++) out.push(out.at(-distance)!);
			if (below(3) === 0) out.push(out.pop()! ^ 1);
		}
	}
	return Uint8Array.from(out.slice(0, 4000));
}

/** Literal context bits, literal position bits, position bits, and what liblzma makes of the sample with them. */
const packed: [number, number, number, string][] = [
	[
		3,
		0,
		2,
		"5d00001000005dbe51063dd9671fd1f5cf34561bcec241189d114e2ca0ee630bde22302366983451d22bc8fa8adaf17e7a240bb459b34cfdfa69ad0ed72bb60eef99c794741fe9e239044bc58114aa7d958c99a70ceb013cf92716cac17a155902a90d76c96b74f89d7d4a6121bbde0d64497e0e29b1b8826dc96600a9e91c61ae222fba2bb5be57b05ce2d6b739b1a7a073d9884cc59c291f4dd3fd286af1253be9cdf725ec9ef14068a3fb7a3b12eb99b6b28922d4ae8b6af0df7de515b86e254146ed4b21ff02a513798e9e8831390aeaf8580b347485f25d21f2e86124133934ee690dfb26ca2fd9c2533d796b140ad7683453c43c766b7758f24ccb8ed5f7441ffe67fbf4",
	],
	[
		0,
		4,
		4,
		"d800001000005dbe51067159b00e745783cd8c02f2542abc69d901b62b2edc16c922d2f8774138ba1d9fa9132b06c12ea0624e9d1ea2f7615bfea3420531565498655b003d7503e369c5cd8f565389e10fdcb7549df283e4acf1e1ef2d30ecebc5540efc2dda63ca385393a11811fb6b7dd8ee31b2d5e865b4910fe42734874ef62e7dca9ad478eb9f2befc40517cb7507d350e76a754e1a7295948aee3786abdaef8aea88a89564317c76178e41b0eae0f6eb9c1b01fa265815de9d48ad98140414eb548c0083891fb0e69a622030648fbbd4f19ab610e0c01c53d51c385e5a724d322aeaa9539746708d93d2cddb62a4e4cdd98987e7f16faf362dc8350799618a726ffffb61a7e3",
	],
	[
		4,
		0,
		0,
		"0400001000005dc04504c5bf463164e8f017cc786ddc9312d3912962f674c3c03aec85576daedef24ca5cfc755431b79b553d83e7ef494da1fbb98aec118cba5c2776baab07467aadb13e05def707f6057f133ed7f457b5097df1df08dee7a01034718d8a23bae2295e11b854ea1fc3c221e4b9ace820639292f6f9c185ec7695c9b814232f081a26e64ad6050ab5b554c83a6ed29c3337ce4126bbf6992b3d403e1dc241574abc9c843de79fe67798ceb93c8947384ef43ee87d23bbad6b181abfd53ad97e048513078682ac71ceb4437e6237f3e79a5fcb8dad4137768f7081e511246c84a81b5cc77f2d6ac856d198bf6e20f8ee40f85bc9aa6d5074b31d2ff68fe5f00",
	],
];

describe.each(packed)("LZMA with the properties %i, %i and %i", (_context, _literal, _position, hex) => {
	test("gives back what was packed, or the beginning of it", () => {
		expect(lzmaDecompress(bytes(hex), 4000)).toEqual(sample());
		expect(lzmaDecompress(bytes(hex), 1234)).toEqual(sample().subarray(0, 1234));
		expect(lzmaDecompress(bytes(hex), 0)).toEqual(new Uint8Array(0));
	});

	test("is refused where the data is cut, or ends before its size", () => {
		const whole = bytes(hex);
		const fault = expect.objectContaining({ code: "FILE_INVALID" });
		for (let length = 0; length < whole.length - 8; length++) {
			expect(() => lzmaDecompress(whole.subarray(0, length), 4000)).toThrow(fault);
		}
		expect(() => lzmaDecompress(whole, 4001)).toThrow(fault);
	});

	test("ends with a result or a fault whatever byte is changed", () => {
		for (let at = 0; at < hex.length / 2; at++) {
			const changed = bytes(hex);
			changed[at]! ^= 0x41;
			try {
				expect(lzmaDecompress(changed, 4000)).toHaveLength(4000);
			} catch (error) {
				expect(error).toMatchObject({ code: "FILE_INVALID" });
			}
		}
	});
});

test("LZMA with impossible properties is refused", () => {
	expect(() => lzmaDecompress(Uint8Array.of(225, 0, 0, 1, 0, 0, 0, 0, 0, 0), 1)).toThrow(
		expect.objectContaining({ code: "FILE_INVALID" }),
	);
});
