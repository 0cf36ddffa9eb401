import { describe, expect, it } from "vitest";
import { comparePackets } from "./compare.ts";
import type { MediaPacket } from "./packets.ts";

/** Ten pictures, a keyframe at each fifth, and ten sounds, in the order of a file. */
const reference: MediaPacket[] = Array.from({ length: 10 }, (_, i) => [
	{ kind: "video" as const, dts: i * 40, pts: i * 40 + 80, isKey: i % 5 === 0, size: 100, hash: `v${i}` },
	{ kind: "audio" as const, dts: i * 40, pts: i * 40, isKey: true, size: 10, hash: `a${i}` },
]).flat();

const moved = (packets: readonly MediaPacket[], millis: number) =>
	packets.map(packet => ({ ...packet, dts: packet.dts + millis, pts: packet.pts + millis }));
const without = (hash: string) => reference.filter(packet => packet.hash !== hash);
const changed = (hash: string, change: Partial<MediaPacket>) =>
	reference.map(packet => (packet.hash === hash ? { ...packet, ...change } : packet));

describe("a comparison of packets", () => {
	it("accepts the reference itself", () => {
		expect(comparePackets(reference, reference)).toEqual([
			{ kind: "video", packets: 10, skippedAtStart: 0, offsetMillis: 0 },
			{ kind: "audio", packets: 10, skippedAtStart: 0, offsetMillis: 0 },
		]);
	});

	it("begins at the first received keyframe and takes a constant offset", () => {
		const joined = moved(reference.slice(6), -1000);
		expect(comparePackets(reference, joined, { minimumPackets: 5 })).toEqual([
			{ kind: "video", packets: 5, skippedAtStart: 5, offsetMillis: -1000 },
			{ kind: "audio", packets: 5, skippedAtStart: 5, offsetMillis: -1000 },
		]);
	});

	it("takes equal packets of sound for those that fit best", () => {
		const silence = reference.map(packet => (packet.kind === "audio" ? { ...packet, hash: "silence" } : packet));
		expect(comparePackets(silence, silence)[1]!.skippedAtStart).toBe(0);
	});

	const faults: readonly (readonly [string, readonly MediaPacket[], RegExp])[] = [
		["a packet that is missing in the middle", without("v4"), /video: received packet 4 comes too early: 1 packets/],
		["a packet that is missing at the end", without("a9"), /audio: the last 1 packets of the reference are missing/],
		["a packet of other content", changed("v3", { hash: "x" }), /packet 3 has other content than the reference/],
		["a packet that came twice", changed("v3", { hash: "v2" }), /packet 3 came before already/],
		["a first packet that is unknown", changed("v0", { hash: "x" }), /first received packet is not in the reference/],
		["a decode time that is off by one", changed("v3", { dts: 121 }), /packet 3 has decode time 121, expected 120/],
		["a presentation time that is off", changed("v3", { pts: 120 }), /has presentation time 120, expected 200/],
		["sound that moved", reference.flatMap(one => moved([one], one.kind === "audio" ? 5 : 0)), /sound moved against/],
		["no keyframe", reference.slice(1, 9), /no keyframe was received, only 4 video, 4 audio and 0 data/],
		["too few packets", reference.slice(0, 4), /video: 2 packets were received, at least 5 are expected/],
		["more than was sent", [...reference, { ...reference[0]!, hash: "more" }], /one more than the reference has/],
	];
	it.each(faults)("finds %s", (_, received, message) => {
		expect(() => comparePackets(reference, received, { minimumPackets: 5 })).toThrow(message);
	});

	it("shows what stands around the first difference", () => {
		expect(() => comparePackets(reference, changed("v3", { hash: "x" }))).toThrow(
			/^ {2}reference 2: .*\n {2}received {2}2: .*\n> reference 3: dts 120 pts 200 size 100 v3\n> received {2}3: .* x\n/m,
		);
	});

	it("allows what the options allow", () => {
		const late = changed("v3", { dts: 121, pts: 201 }).filter(packet => packet.hash !== "a9");
		expect(comparePackets(reference, late, { toleranceMillis: 1, missingAtEnd: 1, minimumPackets: 9 })).toHaveLength(2);
	});
});
