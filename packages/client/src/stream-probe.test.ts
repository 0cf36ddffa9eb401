import { AmfEcmaArray, encodeAmf0 } from "@millrace/core/amf";
import { MEDIA_AUDIO, MEDIA_DATA, MEDIA_VIDEO, MediaMessage } from "@millrace/core/flv";
import { describe, expect, test } from "vitest";
import { ByteMeter } from "./byte-meter.ts";
import { StreamProbe } from "./stream-probe.ts";

describe("StreamProbe", () => {
	test("tells codecs, rates, keyframes and metadata", () => {
		const probe = new StreamProbe();
		probe.add(
			new MediaMessage(
				MEDIA_DATA,
				0,
				encodeAmf0(
					"onMetaData",
					new AmfEcmaArray([
						["width", 640],
						["height", 360],
					]),
				),
			),
		);
		probe.add(new MediaMessage(MEDIA_DATA, 0, Uint8Array.of(9)));
		probe.add(new MediaMessage(MEDIA_AUDIO, 0, Uint8Array.of(0xaf, 0, 0x11, 0x90)));
		for (let time = 0; time <= 4000; time += 100) {
			const payload = new Uint8Array(100);
			payload[0] = time % 2000 === 0 ? 0x14 : 0x24;
			probe.add(new MediaMessage(MEDIA_VIDEO, 7000 + time, payload));
		}
		expect(probe.report()).toMatchObject({
			videoCodec: "VP6",
			width: 640,
			height: 360,
			audioCodec: "AAC",
			audioCodecString: "mp4a.40.2",
			sampleRate: 48_000,
			seconds: 4,
			bitrate: (41 * 100 * 8) / 4,
			audioBitrate: undefined,
			keyframeInterval: 2,
			metadata: { width: 640 },
		});
	});

	test("says nothing of rates before it has seen enough", () => {
		expect(new StreamProbe().report()).toMatchObject({ seconds: 0, bitrate: undefined, keyframeInterval: undefined });
	});
});

describe("ByteMeter", () => {
	test("knows the bytes of the last second to a tenth, all of them, and the highest rate", () => {
		const meter = new ByteMeter();
		for (let now = 5000; now < 7000; now += 50) meter.add(10, now);
		expect([meter.total, meter.rate(6999)]).toEqual([400, 200]);
		expect(meter.rate(7500)).toBe(80);
		expect(meter.rate(60_000)).toBe(0);
		meter.add(5, 60_001);
		expect([meter.rate(60_002), meter.highest]).toEqual([5, 200]);
	});
});
