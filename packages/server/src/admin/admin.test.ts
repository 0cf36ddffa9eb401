import { codecFacts, MEDIA_VIDEO } from "@millrace/core/flv";
import { describe, expect, it } from "vitest";
import { HubFixture, keyframe } from "../hub/hub-fixture.ts";
import { describeCodecs } from "./describe-codecs.ts";
import { LiveView } from "./live-view.ts";

const SERVER = { version: "1", startedAt: 0, rtmpPort: 1935, connections: 0, publishKeyNeeded: true };

const NOTHING = codecFacts([]);

describe("describeCodecs", () => {
	it("says what is known and leaves out what is not", () => {
		const video = { ...NOTHING, videoCodec: "H.264" };
		expect(describeCodecs({ ...video, width: 640, height: 360, audioCodec: "AAC", sampleRate: 44_100 })).toBe(
			"H.264 640x360 + AAC 44.1 kHz",
		);
		expect(describeCodecs(video)).toBe("H.264");
		expect(describeCodecs({ ...NOTHING, audioCodec: "MP3" })).toBe("MP3");
		expect(describeCodecs(NOTHING)).toBe("");
	});
});

describe("LiveView", () => {
	it("shows the streams that are published or waited for, with times since 1970 and a measured rate", () => {
		const fixture = new HubFixture();
		const view = new LiveView(fixture.hub, 1_000_000, () => SERVER);
		fixture.watch();
		expect(view.streams()).toEqual([]);
		const publisher = fixture.publish();
		for (let i = 0; i < 50; i++)
			publisher.play(100, {
				type: MEDIA_VIDEO,
				payload: new Uint8Array([...keyframe(i).payload, ...new Uint8Array(118)]),
			});
		expect(view.streams()).toMatchObject([
			{
				path: "/app/cam",
				publishing: true,
				since: 1_001_000,
				viewers: 1,
				bytesIn: 6250,
				videoCodec: expect.stringMatching(/H\.264|avc/i),
			},
		]);
		expect(view.streams()[0]?.bitrate).toBeCloseTo(10_000, -3);
		publisher.publication.end("dropped");
		expect(view.streams()).toMatchObject([{ publishing: false }]);
		fixture.clock.advance(6000);
		expect([view.streams(), view.server()]).toEqual([[], SERVER]);
	});
});
