import { describe, expect, it } from "vitest";
import { FramedBlock } from "./framed-block.ts";
import { audioConfiguration, data, HubFixture, keyframe, picture, sound, videoConfiguration } from "./hub-fixture.ts";

const META = data("@setDataFrame", "onMetaData", "one");

describe("a live stream's viewers", () => {
	it("get what has been flushed since the last keyframe when they join, then each message once", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		publisher.play(40, META, videoConfiguration(1), audioConfiguration(2), keyframe(3)).play(40, picture(4));
		publisher.play(60, keyframe(5), sound(6)).send(picture(7));
		const viewer = fixture.watch();
		expect(viewer.takeWithTimes()).toEqual(["onMetaData,one@0", "v1@80", "a2@80", "K5@80", "A6@80"]);
		publisher.play(100, sound(8));
		expect(viewer.takeWithTimes()).toEqual(["P7@140", "A8@140"]);
	});

	it("wait for a publisher, are told when one comes, and start with its data and configurations", () => {
		const fixture = new HubFixture();
		const viewer = fixture.watch();
		const publisher = fixture.publish();
		expect(viewer.events).toEqual(["published"]);
		publisher.play(100, META, videoConfiguration(1), audioConfiguration(2), sound(3));
		expect(viewer.take()).toEqual([]);
		publisher.play(100, picture(4), sound(5), keyframe(6), sound(7));
		expect(viewer.take()).toEqual(["onMetaData,one", "v1", "a2", "K6", "A7"]);
	});

	it("start at a keyframe inside a batch, with what came before it in the same batch", () => {
		const fixture = new HubFixture();
		const waiting = fixture.watch();
		const publisher = fixture.publish();
		publisher.play(
			100,
			videoConfiguration(1),
			META,
			sound(2),
			picture(3),
			audioConfiguration(4),
			sound(5),
			keyframe(6),
		);
		expect(waiting.take()).toEqual(["onMetaData,one", "v1", "a4", "K6"]);
	});

	it("are sent blocks in memory that is used again where none of them keeps one", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish().play(100, keyframe(1));
		const viewer = fixture.watchTogether();
		publisher.play(100, picture(2)).play(100, picture(3)).play(100, picture(4));
		const other = fixture.watch();
		publisher.play(100, picture(5)).play(100, picture(6));
		other.viewer.detach();
		publisher.play(100, picture(7));
		expect(viewer.takeWithTimes().join()).toBe("K1@0,P2@100,P3@200,P4@300,P5@400,P6@500,P7@600");
		const memories = viewer.blocks.map(({ buffer }) => buffer);
		const kept = new Set(memories).size;
		expect([kept, memories[2] === memories[3], memories[3] === memories[6]]).toEqual([5, true, true]);
	});

	it("get audio at once where there is no video", () => {
		const fixture = new HubFixture();
		const early = fixture.watch();
		const publisher = fixture.publish();
		publisher.play(100, audioConfiguration(1), sound(2)).send(sound(3));
		const late = fixture.watch();
		publisher.play(100, sound(4));
		expect(early.take()).toEqual(["a1", "A2", "A3", "A4"]);
		expect(late.takeWithTimes()).toEqual(["a1@100", "A3@100", "A4@100"]);
	});

	it("get data alone where there is nothing else", () => {
		const fixture = new HubFixture();
		const early = fixture.watch();
		const publisher = fixture.publish();
		publisher.play(100, data("say", "1"), META);
		const late = fixture.watch();
		publisher.play(100, data("say", "2"));
		expect(early.take()).toEqual(["say,1", "onMetaData,one", "say,2"]);
		expect(late.take()).toEqual(["onMetaData,one", "say,2"]);
	});

	it("get video alone where there is no audio", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		publisher.play(100, videoConfiguration(1), keyframe(2), picture(3));
		const viewer = fixture.watch();
		publisher.play(100, picture(4));
		expect(viewer.take()).toEqual(["v1", "K2", "P3", "P4"]);
	});

	it("start anywhere where keyframes are too far apart for the cache", () => {
		const fixture = new HubFixture({ gopCache: { enabled: true, maxBytes: 100_000, maxMillis: 1000 } });
		const publisher = fixture.publish();
		const waiting = fixture.watch();
		publisher.play(600, videoConfiguration(1), keyframe(2)).play(600, picture(3)).play(600, picture(4));
		expect(waiting.take()).toEqual(["v1", "K2", "P3", "P4"]);
		const viewer = fixture.watch();
		publisher.play(100, picture(5));
		expect(viewer.take()).toEqual(["v1", "P5"]);
	});

	it("wait for the next keyframe where no group is cached", () => {
		const fixture = new HubFixture({ gopCache: { enabled: false, maxBytes: 0, maxMillis: 0 } });
		const publisher = fixture.publish();
		publisher.play(100, videoConfiguration(1), keyframe(2));
		const viewer = fixture.watch();
		publisher.play(100, picture(3)).play(100, keyframe(4));
		expect(viewer.take()).toEqual(["v1", "K4"]);
	});

	it("never get an old group with a new video configuration", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		publisher.play(100, videoConfiguration(1), keyframe(2)).play(100, videoConfiguration(3));
		const viewer = fixture.watch();
		publisher.play(100, keyframe(4));
		expect(viewer.take()).toEqual(["v3", "K4"]);
	});

	it("are sent blocks that are framed once for each shape and flush", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		const viewers = ["a", "a", "b", "a", "b"].map(shape => fixture.watch(shape));
		publisher.play(100, videoConfiguration(1), keyframe(2));
		for (const viewer of viewers) {
			expect(viewer.blocks.at(-1)).toBe(viewers.find(other => other.framer.key === viewer.framer.key)?.blocks.at(-1));
			viewer.framer.calls = 0;
		}
		publisher.play(100, picture(3), picture(4)).play(100, picture(5));
		expect(viewers.map(viewer => viewer.framer.calls).sort()).toEqual([0, 0, 0, 2, 2]);
		const late = ["a", "a", "b"].map(shape => fixture.watch(shape));
		expect(late[0]?.blocks[0]).toBe(late[1]?.blocks[0]);
		expect(late[0]?.take()).toEqual(late[2]?.take());
	});
});

describe("a viewer that pauses", () => {
	it("goes on where it was when the pause is shorter than the group", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		const viewer = fixture.watch();
		publisher.play(100, videoConfiguration(1), keyframe(2), sound(3)).send(picture(4));
		viewer.viewer.setPaused(true);
		publisher.play(100, sound(5)).play(100, picture(6));
		expect(viewer.take()).toEqual(["v1", "K2", "A3"]);
		viewer.viewer.setPaused(false);
		publisher.play(100, picture(7));
		expect(viewer.take()).toEqual(["P4", "A5", "P6", "P7"]);
	});

	it("goes on at the last keyframe when that is newer, and without a gap when nothing came", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		const viewer = fixture.watch();
		publisher.play(100, videoConfiguration(1), keyframe(2));
		viewer.viewer.setPaused(true);
		publisher.play(100, picture(3)).play(100, keyframe(4)).play(100, picture(5));
		viewer.viewer.setPaused(false);
		expect(viewer.take()).toEqual(["v1", "K2", "v1", "K4", "P5"]);
		viewer.viewer.setPaused(true);
		viewer.viewer.setPaused(false);
		publisher.play(100, picture(6));
		expect(viewer.take()).toEqual(["P6"]);
	});

	it("still waits for a keyframe when it waited for one before", () => {
		const fixture = new HubFixture({ viewerQueue: { maxBytes: 10, maxMillis: 1000, closeAfterMillis: 30_000 } });
		const publisher = fixture.publish();
		publisher.play(100, videoConfiguration(1), keyframe(2));
		const viewer = fixture.watch();
		viewer.blocked = true;
		publisher.play(100, picture(3), picture(4), picture(5), picture(6));
		viewer.viewer.setPaused(true);
		viewer.drain(fixture.clock.now());
		viewer.viewer.setPaused(false);
		viewer.take();
		publisher.play(100, picture(7)).play(100, keyframe(8));
		expect(viewer.take()).toEqual(["v1", "K8"]);
	});

	it("waits for the next publisher when its own ended during the pause", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		const viewer = fixture.watch();
		publisher.play(100, videoConfiguration(1), keyframe(2));
		viewer.viewer.setPaused(true);
		publisher.publication.end("stopped");
		viewer.viewer.setPaused(false);
		viewer.take();
		fixture.publish().play(100, picture(3)).play(100, videoConfiguration(4), keyframe(5));
		expect(viewer.take()).toEqual(["v4", "K5"]);
	});
});

describe("a viewer that wants one medium alone", () => {
	it("gets exactly that one and data, and no gap in audio when video comes back at its last keyframe", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		publisher.play(100, videoConfiguration(1), audioConfiguration(2), keyframe(3), sound(4));
		const viewer = fixture.watch();
		viewer.take();
		viewer.viewer.setFilter(true, false);
		publisher.play(100, picture(5), sound(6), data("say", "1")).play(100, keyframe(7), sound(8), picture(9));
		expect(viewer.take()).toEqual(["A6", "say,1", "A8"]);
		viewer.viewer.setFilter(true, true);
		publisher.play(100, picture(10), sound(11));
		expect(viewer.take()).toEqual(["v1", "K7", "P9", "P10", "A11"]);
	});

	it("gets the pictures that it missed when video is off for less than a group", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		publisher.play(100, videoConfiguration(1), keyframe(2), sound(3));
		const viewer = fixture.watch();
		viewer.take();
		viewer.viewer.setFilter(true, false);
		publisher.play(100, picture(4), sound(5));
		viewer.viewer.setFilter(true, true);
		publisher.play(100, picture(6));
		expect(viewer.take()).toEqual(["A5", "v1", "P4", "P6"]);
	});

	it("gets the audio configuration that it missed when audio comes back", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		publisher.play(100, audioConfiguration(1), sound(2));
		const viewer = fixture.watch();
		viewer.viewer.setFilter(false, true);
		publisher.play(100, audioConfiguration(3), sound(4));
		viewer.take();
		viewer.viewer.setFilter(true, true);
		publisher.play(100, sound(5));
		expect(viewer.take()).toEqual(["a3", "A5"]);
	});

	it("gets only what it wants from the start when it says so as it joins", () => {
		const fixture = new HubFixture();
		fixture.publish().play(100, videoConfiguration(1), audioConfiguration(2), keyframe(3), sound(4));
		const got: number[] = [];
		fixture.live.attach(
			{
				framer: { key: "types", frame: batch => new Uint8Array(batch.map(message => message.type)) },
				offer: block => got.push(...block) > 0,
				onPublished() {},
				onUnpublished() {},
				onSkipped() {},
				onEnded() {},
			},
			true,
			false,
		);
		expect(got).toEqual([8, 8]);
	});

	it("does not wait for a keyframe where it wants audio alone", () => {
		const fixture = new HubFixture({ viewerQueue: { maxBytes: 10, maxMillis: 1000, closeAfterMillis: 30_000 } });
		const publisher = fixture.publish();
		publisher.play(100, videoConfiguration(1), audioConfiguration(2), keyframe(3));
		const viewer = fixture.watch();
		viewer.viewer.setFilter(true, false);
		viewer.blocked = true;
		publisher.play(100, sound(4), sound(5), sound(6), sound(7));
		viewer.drain(fixture.clock.now());
		viewer.take();
		publisher.play(100, sound(8), picture(9));
		expect(viewer.take()).toEqual(["a2", "A8"]);
	});
});

describe("a viewer that is too slow", () => {
	it("hears of its publisher's end behind the last frames, and of the next one's beginning behind that", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		publisher.play(100, videoConfiguration(1), keyframe(2));
		const viewer = fixture.watch();
		viewer.events.length = 0;
		viewer.blocked = true;
		publisher.send(picture(3), picture(4));
		publisher.publication.end("stopped");
		fixture.publish().play(100, videoConfiguration(5), keyframe(6));
		expect(viewer.events).toEqual([]);
		viewer.drain(fixture.clock.now());
		expect(viewer.events.map(event => event.replace(/@.*/, ""))).toEqual(["P3", "P4", "unpublished", "published"]);
	});

	it("hears of its publisher's end where the last frames are lost", () => {
		const fixture = new HubFixture({ viewerQueue: { maxBytes: 12, maxMillis: 1000, closeAfterMillis: 30_000 } });
		const first = fixture.publish().play(100, videoConfiguration(1), keyframe(2));
		const viewer = fixture.watch();
		viewer.events.length = 0;
		viewer.blocked = true;
		first.send(picture(3));
		first.publication.end("stopped");
		const second = fixture.publish();
		second.play(100, videoConfiguration(4), keyframe(5), picture(6));
		viewer.viewer.deliver(new FramedBlock(new Uint8Array(100), []), fixture.clock.now());
		expect(viewer.events).toEqual(["skipped", "unpublished", "published"]);
		expect(viewer.viewer.droppedBlocks).toBe(2);
	});

	it("loses what waits beyond its bytes and goes on at the next keyframe, which is counted and told", () => {
		const fixture = new HubFixture({ viewerQueue: { maxBytes: 12, maxMillis: 1000, closeAfterMillis: 30_000 } });
		const publisher = fixture.publish();
		publisher.play(100, videoConfiguration(1), keyframe(2));
		const viewer = fixture.watch();
		viewer.take();
		viewer.blocked = true;
		publisher.play(100, picture(3));
		viewer.drain(fixture.clock.now());
		expect(viewer.take()).toEqual(["P3"]);
		viewer.blocked = true;
		publisher.play(100, picture(4)).play(100, picture(5)).play(100, picture(6));
		expect(viewer.events).toEqual(["skipped"]);
		expect([fixture.skipped, fixture.live.viewerSkips, viewer.viewer.skips, viewer.viewer.droppedBlocks]).toEqual([
			1, 1, 1, 2,
		]);
		publisher.play(100, keyframe(7)).play(100, picture(8));
		viewer.drain(fixture.clock.now());
		publisher.play(100, picture(9)).play(100, keyframe(10));
		expect(viewer.take()).toEqual(["v1", "K10"]);
	});

	it("skips as well when what waits has grown too old", () => {
		const fixture = new HubFixture({ viewerQueue: { maxBytes: 10_000, maxMillis: 1000, closeAfterMillis: 30_000 } });
		const publisher = fixture.publish();
		const viewer = fixture.watch();
		publisher.play(100, keyframe(1));
		viewer.blocked = true;
		publisher.play(900, picture(2)).play(200, picture(3)).play(100, picture(4));
		expect(viewer.viewer.skips).toBe(1);
	});

	it("is closed when it takes nothing for the stated time, within a second", () => {
		const fixture = new HubFixture({ viewerQueue: { maxBytes: 10, maxMillis: 1000, closeAfterMillis: 5000 } });
		const publisher = fixture.publish();
		const viewer = fixture.watch();
		publisher.play(100, keyframe(1));
		viewer.blocked = true;
		for (let i = 0; i < 49; i++) publisher.play(100, picture(i));
		expect(viewer.ended).toBeUndefined();
		for (let i = 0; i < 11; i++) publisher.play(100, picture(i));
		expect(viewer.ended).toBe("too-slow");
		expect([fixture.live.viewersClosedSlow, fixture.live.viewerCount]).toEqual([1, 0]);
	});

	it("gets nothing twice when its queue cannot hold even the start", () => {
		const fixture = new HubFixture({ viewerQueue: { maxBytes: 10, maxMillis: 1000, closeAfterMillis: 5000 } });
		const publisher = fixture.publish();
		publisher.play(100, videoConfiguration(1), keyframe(2), picture(3));
		const viewer = fixture.watch();
		viewer.viewer.setPaused(true);
		publisher.play(100, keyframe(4), picture(5), picture(6));
		viewer.take();
		viewer.blocked = true;
		viewer.viewer.setPaused(false);
		viewer.drain(fixture.clock.now());
		publisher.play(100, picture(7)).play(100, keyframe(8)).play(100, picture(9));
		expect(viewer.take()).toEqual(["v1", "K8", "P9"]);
	});
});
