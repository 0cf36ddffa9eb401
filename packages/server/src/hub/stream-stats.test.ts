import { describe, expect, it } from "vitest";
import { audioConfiguration, data, HubFixture, keyframe, picture, sound, videoConfiguration } from "./hub-fixture.ts";

describe("the measures of a live stream", () => {
	it("count and rate what comes, by kind", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		publisher.play(10, videoConfiguration(1), audioConfiguration(2), data("onCuePoint", "x"));
		for (let i = 0; i < 500; i++) {
			if (i % 2 === 0) publisher.play(0, i % 50 === 0 ? keyframe(i) : picture(i));
			publisher.play(20, sound(i));
		}
		const stats = fixture.live.stats();
		expect(stats).toMatchObject({
			isPublishing: true,
			messagesIn: 753,
			audio: { messages: 501, bytes: 2004 },
			video: { messages: 251, bytes: 1757 },
			data: { messages: 1 },
			droppedMessages: 0,
			timestampRepairs: 0,
			jitterMillis: 0,
			silentMillis: 20,
			viewers: 0,
			bytesPerSecondOut: 0,
		});
		expect(stats.video.messagesPerSecond).toBeCloseTo(25, 0);
		expect(stats.audio.messagesPerSecond).toBeCloseTo(50, 0);
		expect(Math.abs(stats.bytesPerSecondIn - 375)).toBeLessThan(20);
		expect(fixture.live.bytesIn).toBe(stats.audio.bytes + stats.video.bytes + stats.data.bytes);
		expect(structuredClone(stats)).toEqual(stats);
	});

	it("tell how unevenly media arrives", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		for (let i = 0; i < 200; i++) {
			// In step by its own clock, and 30 ms early or late here.
			publisher.time = i * 40;
			publisher.send(keyframe(i));
			fixture.clock.advance(i % 2 === 0 ? 70 : 10);
		}
		expect(fixture.live.stats().jitterMillis).toBeCloseTo(30, 0);
		publisher.publication.end("dropped");
		fixture.publish();
		expect(fixture.live.stats().jitterMillis).toBe(0);
	});

	it("count what is dropped before the first keyframe of a publisher that came back", () => {
		const fixture = new HubFixture();
		fixture.publish().play(40, keyframe(1)).publication.end("dropped");
		fixture.publish().play(40, picture(2)).play(40, picture(3), sound(4)).play(40, keyframe(5));
		expect(fixture.live.stats().droppedMessages).toBe(2);
	});
});

describe("the measures of a viewer", () => {
	it("tell what waits, what was lost, and how late it is", () => {
		const fixture = new HubFixture({
			viewerQueue: { maxBytes: 10_000, maxMillis: 700, closeAfterMillis: 30_000 },
		});
		const publisher = fixture.publish();
		const { viewer, ...rest } = fixture.watch();
		expect(rest.ended).toBeUndefined();
		const stats = () => viewer.stats(fixture.clock.now());
		expect(stats()).toMatchObject({ state: "waiting", messages: 0 });
		publisher.play(100, videoConfiguration(1), keyframe(2), sound(3));
		expect(stats()).toMatchObject({ state: "steady", messages: 3, queuedBytes: 0, lagMillis: 0, skips: 0 });
		const given = viewer.sink as { blocked?: boolean };
		given.blocked = true;
		publisher.play(400, picture(4), sound(5)).play(400, picture(6));
		expect(stats()).toMatchObject({
			messages: 6,
			queued: { videoMessages: 2, videoBytes: 14, audioMessages: 1, audioBytes: 4, dataMessages: 0 },
			dropped: { videoMessages: 0 },
		});
		expect(stats().queuedBytes).toBeGreaterThan(10);
		expect(stats().lagMillis).toBeGreaterThan(600);
		publisher.play(400, picture(7), sound(8));
		expect(stats()).toMatchObject({
			state: "waiting",
			messages: 3,
			queuedBytes: 0,
			queued: { videoMessages: 0 },
			dropped: { videoMessages: 3, audioMessages: 2 },
			skips: 1,
			missedMessages: 0,
		});
		given.blocked = false;
		viewer.onDrain(fixture.clock.now());
		publisher.play(400, picture(9), sound(10)).play(400, picture(11), keyframe(12), sound(13));
		expect(stats()).toMatchObject({ state: "steady", missedMessages: 3, skips: 1, lagMillis: 0 });
		viewer.setPaused(true);
		expect(stats().state).toBe("paused");
		viewer.detach();
		expect(stats().state).toBe("gone");
	});

	it("leave it in peace where a limit keeps it back, and close it where its network does", () => {
		const fixture = new HubFixture({
			viewerQueue: { maxBytes: 10_000, maxMillis: 1000, closeAfterMillis: 5000 },
		});
		const publisher = fixture.publish();
		const limited = fixture.watch();
		const stuck = fixture.watch();
		Object.assign(limited, { isThrottled: true });
		publisher.play(100, keyframe(1));
		limited.blocked = true;
		stuck.blocked = true;
		for (let i = 0; i < 10; i++) publisher.play(1000, keyframe(i));
		expect([limited.ended, stuck.ended]).toEqual([undefined, "too-slow"]);
	});
});
