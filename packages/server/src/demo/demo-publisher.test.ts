import { flvHeader, MEDIA_AUDIO, MEDIA_DATA, MEDIA_VIDEO, MediaMessage, writeFlvTags } from "@millrace/core/flv";
import { encodeData } from "@millrace/core/rtmp";
import { VirtualClock } from "@millrace/testkit";
import { describe, expect, it } from "vitest";
import { liveOptions } from "../hub/hub-fixture.ts";
import { Hub, type LiveStream } from "../hub/index.ts";
import { DemoPublisher } from "./demo-publisher.ts";

const OPTIONS = liveOptions({ latency: "interactive", graceMillis: 0 });

const video = (time: number, ...body: number[]) => new MediaMessage(MEDIA_VIDEO, time, new Uint8Array(body));

/** 120 ms: a configuration, a keyframe, two pictures at a distance of 40 ms, and a sound. */
const CLIP = clip([
	new MediaMessage(MEDIA_DATA, 0, encodeData(0, "onMetaData", [])),
	video(0, 0x17, 0, 0, 0, 0, 1, 1),
	video(0, 0x17, 1, 0, 0, 0),
	video(40, 0x27, 1, 0, 0, 0),
	new MediaMessage(MEDIA_AUDIO, 60, new Uint8Array([0x2f, 0])),
	video(80, 0x27, 1, 0, 0, 0),
]);

function clip(messages: MediaMessage[]): Uint8Array {
	return new Uint8Array([...flvHeader(true, true), ...writeFlvTags(messages)]);
}

function watch(live: LiveStream): string[] {
	const got: string[] = [];
	live.attach({
		framer: {
			key: "times",
			frame: batch => new TextEncoder().encode(batch.map(m => `${m.type}@${m.timestamp} `).join("")),
		},
		offer: block => got.push(...new TextDecoder().decode(block).trim().split(" ")) > 0,
		onPublished() {},
		onUnpublished: () => got.push("unpublished"),
		onSkipped() {},
		onEnded() {},
	});
	return got;
}

describe("the demonstration stream", () => {
	it("repeats its clip in real time on a clock that runs on, until it is stopped", () => {
		const clock = new VirtualClock(5000);
		const live = new Hub(clock, { onViewerSkipped() {} }).open("demo", OPTIONS);
		const got = watch(live);
		const demo = new DemoPublisher(CLIP, clock);
		demo.start(live);
		expect(got).toEqual(["18@0", "9@0", "9@0"]);
		clock.advance(1000);
		const pictures = got.filter(name => name.startsWith("9@")).map(name => Number(name.slice(2)));
		// Each turn has its configuration again, at the keyframe's time.
		const wanted = Array.from({ length: 9 }, (_, turn) => [0, 0, 40, 80].map(time => time + turn * 120)).flat();
		expect(pictures).toEqual(wanted.filter(time => time <= 1000).slice(0, pictures.length));
		expect(pictures.at(-1)).toBeGreaterThanOrEqual(920);
		demo.stop();
		expect([got.at(-1), live.isLive]).toEqual(["unpublished", false]);
		const before = got.length;
		clock.advance(1000);
		expect(got).toHaveLength(before);
	});

	it("publishes nothing from a clip that holds nothing, or where somebody publishes already", () => {
		const clock = new VirtualClock();
		const live = new Hub(clock, { onViewerSkipped() {} }).open("demo", OPTIONS);
		new DemoPublisher(clip([]), clock).start(live);
		expect(live.isLive).toBe(false);
		live.publish("key", { onPublicationEnded() {} });
		const demo = new DemoPublisher(CLIP, clock);
		demo.start(live);
		clock.advance(100);
		demo.stop();
		expect([live.isPublishing, live.bytesIn]).toEqual([true, 0]);
	});
});
