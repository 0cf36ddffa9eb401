import { describe, expect, it } from "vitest";
import {
	audioConfiguration,
	data,
	HubFixture,
	keyframe,
	type liveOptions,
	picture,
	sound,
	videoConfiguration,
} from "./hub-fixture.ts";

const META = data("@setDataFrame", "onMetaData", "one");

describe("data of a live stream", () => {
	it("is kept by @setDataFrame, replaced, forgotten by @clearDataFrame, and replayed to those who join", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		const early = fixture.watch();
		publisher.play(100, META, data("@setDataFrame", "other", "x"), sound(1));
		publisher.play(100, data("@setDataFrame", "onMetaData", "two"));
		expect(fixture.watch().take()).toEqual(["onMetaData,two", "other,x"]);
		publisher.play(100, data("@clearDataFrame", "other"));
		expect(fixture.watch().take()).toEqual(["onMetaData,two"]);
		expect(early.take()).toEqual(["onMetaData,one", "other,x", "A1", "onMetaData,two"]);
	});

	it("is not sent twice to a viewer who joins between its arrival and its flush", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		publisher.play(100, videoConfiguration(1), keyframe(2)).send(META);
		const viewer = fixture.watch();
		publisher.play(100, picture(3));
		expect(viewer.take()).toEqual(["v1", "K2", "onMetaData,one", "P3"]);
	});

	it("keeps the order of setting and clearing within one batch", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		const early = fixture.watch();
		publisher.play(100, sound(1), META, data("@clearDataFrame", "onMetaData"), sound(2));
		expect(fixture.watch().take()).toEqual([]);
		expect(early.take()).toEqual(["A1", "onMetaData,one", "A2"]);
	});

	it("is passed on and not replayed where it came by send", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		const early = fixture.watch();
		publisher.play(100, sound(1), data("onCuePoint", "now"));
		expect(early.take()).toEqual(["A1", "onCuePoint,now"]);
		expect(fixture.watch().take()).toEqual([]);
	});

	it("reaches a viewer who lost it while it was too slow", () => {
		const fixture = new HubFixture({ viewerQueue: { maxBytes: 30, maxMillis: 1000, closeAfterMillis: 30_000 } });
		const publisher = fixture.publish();
		publisher.play(100, META, videoConfiguration(1), keyframe(2));
		const viewer = fixture.watch();
		viewer.take();
		viewer.blocked = true;
		publisher.play(100, picture(3), picture(4), picture(5), data("@setDataFrame", "onMetaData", "two"));
		expect(viewer.events).toEqual(["skipped"]);
		viewer.drain(fixture.clock.now());
		publisher.play(100, keyframe(6));
		expect(viewer.take()).toEqual(["onMetaData,two", "v1", "K6"]);
	});
});

describe("a publisher", () => {
	it("that drops may come back within the grace time, with another codec, and viewers notice a pause only", () => {
		const fixture = new HubFixture();
		const first = fixture.publish();
		const viewer = fixture.watch();
		first.play(100, videoConfiguration(1), keyframe(2)).send(picture(3));
		first.publication.end("dropped");
		fixture.clock.advance(4000);
		const second = fixture.publish();
		second.time = 700_000;
		second
			.play(40, videoConfiguration(4), picture(5), sound(6))
			.play(100, picture(7), keyframe(8))
			.play(100, picture(9));
		expect(viewer.events).toEqual(
			["published", "v1@0", "K2@0", "P3@100", "v4@100", "A6@4100", "K8@4140", "P9@4240"].slice(1),
		);
	});

	it("that comes back without a keyframe is passed on as it is after ten seconds", () => {
		const fixture = new HubFixture();
		const first = fixture.publish();
		const viewer = fixture.watch();
		first.play(100, videoConfiguration(1), keyframe(2));
		first.publication.end("dropped");
		const second = fixture.publish();
		second.play(9900, picture(3));
		viewer.take();
		second.play(200, picture(4)).play(100, picture(5));
		expect(viewer.take()).toEqual(["P5"]);
	});

	it("that does not come back within the grace time has ended, and its stream is forgotten", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		const viewer = fixture.watch();
		publisher.play(100, META, keyframe(1));
		publisher.publication.end("dropped");
		fixture.clock.advance(4900);
		const late = fixture.watch();
		expect(late.take()).toEqual(["onMetaData,one", "K1"]);
		expect([fixture.live.isLive, fixture.live.isPublishing]).toEqual([true, false]);
		fixture.clock.advance(200);
		expect(viewer.events.at(-1)).toBe("unpublished");
		expect(late.events).toEqual(["unpublished"]);
		expect(fixture.watch().take()).toEqual([]);
		for (const watching of [...fixture.live.viewers]) watching.detach();
		expect([...fixture.hub.streams()]).toEqual([]);
		fixture.clock.advance(2000);
		expect(fixture.clock.timerCount).toBe(0);
	});

	it("that stops ends the stream at once, after what it sent; the next one is announced to who stayed", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		const viewer = fixture.watch();
		publisher.play(100, keyframe(1)).send(picture(2));
		publisher.publication.end("stopped");
		publisher.publication.end("dropped");
		fixture.publish().play(100, META, videoConfiguration(3), keyframe(4));
		expect(viewer.events.map(event => event.replace(/@.*/, ""))).toEqual([
			"K1",
			"P2",
			"unpublished",
			"published",
			"onMetaData,one",
			"v3",
			"K4",
		]);
	});

	it("of the same identity takes over without its viewers noticing, and the first is told", () => {
		const fixture = new HubFixture();
		const first = fixture.publish("key");
		const viewer = fixture.watch();
		first.play(100, videoConfiguration(1), keyframe(2)).send(picture(3));
		const second = fixture.publish("key");
		expect(first.ended).toBe("taken-over");
		first.send(picture(99));
		second.play(100, videoConfiguration(4), keyframe(5));
		expect(viewer.take()).toEqual(["v1", "K2", "P3", "v4", "K5"]);
		expect(viewer.events).toEqual([]);
	});

	it("of another identity is refused, and everyone is where that is the policy", () => {
		const fixture = new HubFixture();
		fixture.publish("key");
		const sink = { onPublicationEnded() {} };
		expect(fixture.live.publish("loopback", sink)).toEqual({ refused: "already-published" });
		const strict = new HubFixture({ duplicate: "refuse" });
		const publisher = strict.publish("key");
		expect(strict.live.publish("key", sink)).toEqual({ refused: "already-published" });
		expect(publisher.ended).toBeUndefined();
	});

	it("that sends nothing is closed after the idle time-out, and its viewers are told", () => {
		const fixture = new HubFixture({ idleTimeoutMillis: 10_000 });
		const publisher = fixture.publish();
		const viewer = fixture.watch();
		publisher.play(10_000, keyframe(1));
		expect(publisher.ended).toBeUndefined();
		fixture.clock.advance(1001);
		expect(publisher.ended).toBe("idle");
		expect(viewer.events).toEqual(["K1@0", "unpublished"]);
		expect(fixture.live.isLive).toBe(false);
	});

	it("is told when the server stops, as its viewers are, and no timer is left", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		const viewer = fixture.watch();
		publisher.send(keyframe(1));
		fixture.hub.stop();
		expect(publisher.ended).toBe("server-stopping");
		expect([viewer.events, viewer.ended]).toEqual([["K1@0", "unpublished"], "server-stopping"]);
		expect([fixture.clock.timerCount, [...fixture.hub.streams()]]).toEqual([0, []]);
	});
});

describe("the latency modes", () => {
	const flushes = (options: Parameters<typeof liveOptions>[0], run: (fixture: HubFixture) => void): number[] => {
		const fixture = new HubFixture(options);
		const publisher = fixture.publish();
		const viewer = fixture.watch();
		publisher.play(1000, audioConfiguration(1), sound(2));
		// Where all windows begin, so that they have their full length.
		fixture.clock.advance(350 - (fixture.clock.now() % 350));
		const start = fixture.clock.now();
		const times: number[] = [];
		viewer.offer = () => times.push(fixture.clock.now() - start) > 0;
		run(fixture);
		fixture.clock.advance(1000);
		return times;
	};
	const receive = (fixture: HubFixture, ...sent: ReturnType<typeof sound>[]): void => {
		for (const { type, payload } of sent) fixture.live.receive(type, 0, payload, fixture.clock.now());
		fixture.live.endTurn();
	};

	it("gather for 50 ms by default and 350 ms for scale, from the first message on", () => {
		const run = (fixture: HubFixture): void => {
			receive(fixture, sound(3));
			fixture.clock.advance(30);
			receive(fixture, keyframe(4), picture(5));
		};
		expect(flushes({}, run)).toEqual([50]);
		expect(flushes({ latency: "scale" }, run)).toEqual([350]);
	});

	it("end the windows of all streams at the same times", () => {
		const run = (fixture: HubFixture): void => {
			fixture.clock.advance(60);
			receive(fixture, sound(3));
			fixture.clock.advance(60);
			receive(fixture, sound(4));
		};
		expect(flushes({}, run)).toEqual([100, 150]);
	});

	it("send video at the end of its turn in interactive mode, with the audio before it, and audio alone after 20 ms", () => {
		const run = (fixture: HubFixture): void => {
			receive(fixture, sound(3));
			fixture.clock.advance(10);
			receive(fixture, keyframe(4), sound(5));
			fixture.clock.advance(90);
			receive(fixture, sound(6));
		};
		expect(flushes({ latency: "interactive" }, run)).toEqual([10, 120]);
	});

	it("let audio go with regular video in interactive mode", () => {
		const run = (fixture: HubFixture): void => {
			for (let i = 0; i < 5; i++) {
				receive(fixture, picture(i));
				fixture.clock.advance(10);
				receive(fixture, sound(i));
				fixture.clock.advance(30);
			}
		};
		const times = flushes({ latency: "interactive" }, run);
		expect(times.slice(-4)).toEqual([80, 120, 160, 170 + 60]);
	});

	it("gather longer when the loop falls behind, and return to their window", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		const viewer = fixture.watch();
		publisher.play(1000, keyframe(1));
		const waits = (): number => {
			publisher.send(picture(2));
			let waited = 0;
			viewer.take();
			for (; viewer.events.length === 0; waited++) fixture.clock.advance(1);
			return waited;
		};
		expect(waits()).toBeLessThanOrEqual(50);
		for (let i = 0; i < 20; i++) {
			publisher.send(picture(3));
			fixture.clock.stall(245);
			fixture.clock.advance(0);
		}
		expect(waits()).toBeGreaterThan(120);
		for (let i = 0; i < 40; i++) waits();
		expect(waits()).toBeLessThanOrEqual(50);
	});
});
