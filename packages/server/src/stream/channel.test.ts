import { describe, expect, it } from "vitest";
import { audioConfiguration, keyframe, picture, sound, videoConfiguration } from "../hub/hub-fixture.ts";
import { cue, MemorySource } from "../library/file-player-fixture.ts";
import { StreamFixture } from "./stream-fixture.ts";

/** Times of the pictures in what a viewer got. */
const pictureTimes = (messages: readonly string[]) =>
	messages.filter(name => /^[KP]/.test(name)).map(name => Number(name.replace(/.*@/, "")));

/** Each fourth of a second, from `from` to before `to`. */
const everyQuarter = (from: number, to: number) => Array.from({ length: (to - from) / 250 }, (_, i) => from + i * 250);

/** Two seconds, four pictures a second, a keyframe each second. */
const file = (seconds = 2) => MemorySource.of(seconds, { fps: 4, audio: false });

describe("a channel of files", () => {
	it("plays its playlist as one live stream, without a gap in time, and tells of each step", async () => {
		const fixture = new StreamFixture();
		fixture.files.set("a", file());
		fixture.files.set("mp4:b.mp4", file());
		const viewer = fixture.watch();
		const stream = fixture.get();
		expect(stream.play({ name: "a", start: 0 })).toBe(true);
		expect(stream.play({ name: "mp4:b.mp4", start: 0, reset: false })).toBe(true);
		await fixture.pass(6000);
		const got = viewer.takeWithTimes();
		expect(pictureTimes(got)).toEqual(everyQuarter(0, 4000));
		expect(got.filter(name => !/^[KP]/.test(name))).toEqual([
			"onMetaData,[object Object]@0",
			"v0@0",
			"onMetaData,[object Object]@2000",
			"v0@2000",
		]);
		expect(fixture.takeStatuses()).toEqual([
			...["one Play.Reset", "one Play.Start", "one Publish.Start"],
			...["one Play.Switch", "one Play.Start", "one Play.Complete", "one Play.Stop"],
		]);
		expect(fixture.infos.map(({ details }) => details)).toEqual([
			"a",
			"a",
			"one",
			"mp4:b.mp4",
			"mp4:b.mp4",
			"one",
			"one",
		]);
		expect(fixture.infos.find(({ code }) => code === "NetStream.Play.Complete")).toMatchObject({ duration: 4 });
		stream.stop();
		await fixture.settle();
		expect(fixture.takeStatuses()).toEqual(["one Unpublish.Success"]);
	});
});
