import { MEDIA_DATA } from "@millrace/core/flv";
import { describe, expect, it } from "vitest";
import { data, HubFixture, keyframe, picture } from "./hub-fixture.ts";

describe("data that the server puts into a live stream", () => {
	it("comes at the stream's newest time, between what the publisher sends", () => {
		const fixture = new HubFixture();
		const publisher = fixture.publish();
		const viewer = fixture.watch();
		publisher.play(100, keyframe(1));
		publisher.send(picture(2));
		fixture.live.insertData(MEDIA_DATA, data("onScore", "1:0").payload);
		publisher.play(100).play(100, picture(3));
		expect(viewer.takeWithTimes()).toEqual(["K1@0", "P2@100", "onScore,1:0@100", "P3@200"]);
		expect(fixture.watch().take()).toEqual(["K1", "P2", "onScore,1:0", "P3"]);
	});

	it("is kept by @setDataFrame and forgotten by @clearDataFrame, and reaches those who wait before anybody publishes", () => {
		const fixture = new HubFixture();
		const release = fixture.live.hold();
		const viewer = fixture.watch();
		fixture.live.insertData(MEDIA_DATA, data("@setDataFrame", "onTitle", "news").payload);
		fixture.clock.advance(100);
		expect(viewer.take()).toEqual(["onTitle,news"]);
		const publisher = fixture.publish();
		publisher.play(100, keyframe(1));
		expect(viewer.take()).toEqual(["K1"]);
		expect(fixture.watch().take()).toEqual(["onTitle,news", "K1"]);
		fixture.live.insertData(MEDIA_DATA, data("@clearDataFrame", "onTitle").payload);
		expect(fixture.watch().take()).toEqual(["K1"]);
		release();
	});
});

describe("a live stream that is held", () => {
	it("stays in the directory until it is let go, whoever comes and goes meanwhile", () => {
		const fixture = new HubFixture();
		const { hub, live } = fixture;
		const first = live.hold();
		const second = live.hold();
		fixture.watch().viewer.detach();
		fixture.publish().publication.end("stopped");
		expect(hub.find(live.key)).toBe(live);
		first();
		first();
		expect(hub.find(live.key)).toBe(live);
		second();
		expect(hub.find(live.key)).toBeUndefined();
	});

	it("is let go without effect behind the end of the server, and while somebody watches", () => {
		const fixture = new HubFixture();
		const { hub, live } = fixture;
		const release = live.hold();
		const viewer = fixture.watch();
		release();
		expect(hub.find(live.key)).toBe(live);
		viewer.viewer.detach();
		expect(hub.find(live.key)).toBeUndefined();
		const late = live.hold();
		hub.stop();
		late();
		expect([...hub.streams()]).toEqual([]);
	});
});
