import { FileError } from "@millrace/core/fault";
import { describe, expect, it } from "vitest";
import { audioConfiguration, data, keyframe, picture, sound, videoConfiguration } from "../hub/hub-fixture.ts";
import { cue, picture as filePicture, sound as fileSound, MemorySource } from "../library/file-player-fixture.ts";
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

	it("sends files in time, as far ahead as was set, also across their borders", async () => {
		for (const seconds of [0, 2, 5]) {
			const fixture = new StreamFixture();
			for (const name of ["a", "b", "c"]) fixture.files.set(name, file(3));
			const stream = fixture.get();
			stream.setBufferTime(seconds);
			for (const name of ["a", "b", "c"]) stream.play({ name, start: 0, reset: false });
			await fixture.settle();
			for (let second = 0; second + seconds < 8; second++) {
				const ahead = stream.time - second * 1000 - seconds * 1000;
				expect([seconds, second, Math.abs(ahead) <= 350, ahead]).toEqual([seconds, second, true, ahead]);
				await fixture.pass(1000);
			}
		}
	});

	it("goes on without a gap when the application plays something again at the end", async () => {
		const fixture = new StreamFixture();
		fixture.files.set("a", file());
		const viewer = fixture.watch();
		const stream = fixture.get();
		fixture.onStatus = (_, code) => {
			if (code === "Play.Complete") stream.play({ name: "a", start: 0, reset: false });
		};
		stream.play({ name: "a", start: 0 });
		await fixture.pass(20_000);
		const times = pictureTimes(viewer.takeWithTimes());
		expect(times).toEqual(everyQuarter(0, times.length * 250));
		// Two seconds ahead of real time, and never more.
		expect(times.length * 250).toBeGreaterThan(21_000);
		expect(times.length * 250).toBeLessThan(23_000);
		expect(viewer.events).not.toContain("unpublished");
	});

	it("keeps sound and picture of each item together, and lets the longer medium go on without a gap", async () => {
		const fixture = new StreamFixture();
		fixture.files.set(
			"a",
			new MemorySource([filePicture(0, true), fileSound(20), filePicture(40, false), fileSound(70)]),
		);
		fixture.files.set("b", new MemorySource([cue(100), filePicture(500, true), fileSound(510), fileSound(540)]));
		const viewer = fixture.watch();
		fixture.get().play({ name: "a", start: 0 });
		fixture.get().play({ name: "b", start: 0, reset: false });
		await fixture.pass(5000);
		const got = viewer.takeWithTimes().map(name => name.replace(/,.*@/, "@"));
		expect(got).toEqual([
			...["onMetaData@0", "v0@0", "a0@0", "K0@0", "A0@20", "P0@40", "A0@70"],
			// The sound ends at 120, where that of the next item begins.
			...["onMetaData@110", "v0@110", "a0@110", "onMetaData@110", "K0@110", "A0@120", "A0@150"],
		]);
	});

	it("plays the part of a file that was asked for, or one picture", async () => {
		const fixture = new StreamFixture();
		fixture.files.set("a", file(10));
		const viewer = fixture.watch();
		fixture.get().play({ name: "a", start: 4.3, length: 1.5 });
		fixture.get().play({ name: "a", start: 0, length: 0, reset: false });
		await fixture.pass(5000);
		// From the keyframe at 4 s to 5.8 s, then the first picture.
		expect(pictureTimes(viewer.takeWithTimes())).toEqual([...everyQuarter(0, 2000), 2000]);
		expect(fixture.takeStatuses().slice(-2)).toEqual(["one Play.Complete", "one Play.Stop"]);
	});

	it("begins a new playlist in place of what plays, behind what has been sent", async () => {
		const fixture = new StreamFixture();
		fixture.files.set("a", file(10));
		fixture.files.set("b", file(1));
		const viewer = fixture.watch();
		const stream = fixture.get();
		stream.play({ name: "a", start: 0 });
		stream.play({ name: "a", start: 0, reset: false });
		await fixture.pass(1000);
		fixture.takeStatuses();
		stream.play({ name: "b", start: 0, reset: 1 });
		await fixture.pass(5000);
		const times = pictureTimes(viewer.takeWithTimes());
		expect(times).toEqual(everyQuarter(0, times.length * 250));
		expect(times.length).toBeLessThan(18);
		expect(fixture.takeStatuses()).toEqual([
			...["one Play.Reset", "one Play.Start", "one Play.Complete", "one Play.Stop"],
		]);
		// Both places in the first file were given back.
		expect((fixture.files.get("a") as MemorySource).users).toBe(1);
	});

	it("sends an item at once where that is wished, and then goes on in time", async () => {
		const fixture = new StreamFixture({ live: { idleTimeoutMillis: 60_000 } });
		fixture.files.set("a", file(60));
		fixture.files.set("b", file(60));
		const stream = fixture.get();
		stream.play({ name: "a", start: 0, reset: 3 });
		stream.play({ name: "b", start: 0, reset: false });
		await fixture.settle();
		expect(stream.time).toBeGreaterThanOrEqual(59_750);
		await fixture.pass(10_000);
		expect(stream.time).toBeGreaterThan(69_000);
		expect(stream.time).toBeLessThan(73_000);
	});

	it("passes over items that cannot be played, and says why", async () => {
		const fixture = new StreamFixture();
		fixture.files.set("good", file(1));
		fixture.files.set("torn", new FileError("FILE_INVALID", "torn"));
		fixture.files.set("mute", new FileError("FILE_NO_TRACK", "mute"));
		fixture.files.set("empty", new MemorySource([]));
		const failing = file(1);
		failing.failure = new FileError("FILE_UNREADABLE", "gone");
		fixture.files.set("failing", failing);
		const stream = fixture.get();
		for (const name of ["none", "torn", "mute", "empty", "failing", "good"]) {
			stream.play({ name, start: 0, reset: false });
		}
		await fixture.pass(3000);
		expect(fixture.infos.map(({ code, details }) => `${details} ${code.replace("NetStream.", "")}`)).toEqual([
			...["none Play.StreamNotFound", "torn Play.FileStructureInvalid", "mute Play.NoSupportedTrackFound"],
			...["empty Play.Start", "empty Play.Failed", "failing Play.Switch", "failing Play.Start", "failing Play.Failed"],
			...["good Play.Switch", "good Play.Start", "one Publish.Start", "one Play.Complete", "one Play.Stop"],
		]);
	});

	it("tells nothing complete where nothing could be played, so that an application that repeats does not spin", async () => {
		const fixture = new StreamFixture();
		fixture.files.set("empty", new MemorySource([]));
		const stream = fixture.get();
		fixture.onStatus = (_, code) => {
			if (code === "Play.Complete") stream.play({ name: "empty", start: 0, reset: false });
		};
		stream.play({ name: "empty", start: 0 });
		await fixture.pass(3000);
		expect(fixture.takeStatuses()).toEqual(["one Play.Reset", "one Play.Start", "one Play.Failed"]);
	});

	it("takes a bounded playlist", async () => {
		const fixture = new StreamFixture();
		fixture.files.set("a", file(10));
		const stream = fixture.get();
		stream.play({ name: "a", start: 0 });
		await fixture.settle();
		for (let i = 0; i < 4096; i++) expect(stream.play({ name: "a", start: 0, reset: false })).toBe(true);
		expect(stream.play({ name: "a", start: 0, reset: false })).toBe(false);
		await fixture.settle();
		expect(fixture.takeStatuses().at(-1)).toBe("one Play.Failed");
		stream.stop();
	});

	it("is unpublished after it has had nothing to play for as long as publishers may be idle, and plays again", async () => {
		const fixture = new StreamFixture({ live: { idleTimeoutMillis: 10_000 } });
		fixture.files.set("a", file(1));
		const viewer = fixture.watch();
		const stream = fixture.get();
		stream.play({ name: "a", start: 0 });
		await fixture.pass(9000);
		expect(stream.isPublishing).toBe(true);
		await fixture.pass(3000);
		expect([stream.isPublishing, viewer.events.at(-1)]).toEqual([false, "unpublished"]);
		expect(fixture.takeStatuses().slice(-2)).toEqual(["one Publish.Idle", "one Unpublish.Success"]);
		stream.play({ name: "a", start: 0, reset: false });
		await fixture.pass(1000);
		expect(fixture.takeStatuses().slice(0, 3)).toEqual(["one Play.Switch", "one Play.Start", "one Publish.Start"]);
		expect(pictureTimes(viewer.takeWithTimes())).toHaveLength(8);
	});

	it("leaves out what the application does not want to be received, and begins with a keyframe when it wants it again", async () => {
		const fixture = new StreamFixture();
		fixture.files.set("a", MemorySource.of(10, { fps: 4 }));
		const viewer = fixture.watch();
		const stream = fixture.get();
		stream.setReceive(true, false);
		stream.play({ name: "a", start: 0 });
		await fixture.pass(1000);
		expect(viewer.take().filter(name => !name.startsWith("A"))).toEqual(["onMetaData,[object Object]", "a0"]);
		stream.setReceive(false, true);
		await fixture.pass(3000);
		const kinds = viewer
			.take()
			.map(name => name[0])
			.join("");
		expect(kinds).toMatch(/^A*va?KPPPKPPP/);
	});
});

describe("a channel and the stream's name", () => {
	it("does not play where somebody publishes, and keeps others from publishing while it does", async () => {
		const fixture = new StreamFixture();
		fixture.files.set("a", file(1));
		const publisher = fixture.publish("one");
		const stream = fixture.get();
		expect(stream.play({ name: "a", start: 0 })).toBe(false);
		await fixture.settle();
		expect(fixture.takeStatuses()).toEqual(["one Publish.BadName"]);
		publisher.publication.end("stopped");
		expect(stream.play({ name: "a", start: 0 })).toBe(true);
		await fixture.settle();
		expect(() => fixture.publish("one")).toThrow("already-published");
		stream.stop();
		fixture.publish("one");
	});

	it("forgets its playlist where somebody publishes before its first message", async () => {
		const fixture = new StreamFixture();
		fixture.files.set("a", file(1));
		const stream = fixture.get();
		stream.play({ name: "a", start: 0 });
		stream.play({ name: "a", start: 0, reset: false });
		fixture.publish("one");
		await fixture.pass(3000);
		expect(fixture.takeStatuses()).toEqual(["one Play.Reset", "one Play.Start", "one Publish.BadName"]);
		expect((fixture.files.get("a") as MemorySource).users).toBe(1);
	});

	it("plays a recording of its own name, and never itself", async () => {
		const fixture = new StreamFixture();
		fixture.files.set("one", file(1));
		const stream = fixture.get();
		stream.play({ name: "one" });
		stream.play({ name: "one", reset: false });
		await fixture.pass(3000);
		expect(fixture.takeStatuses()).toEqual([
			...["one Play.Reset", "one Play.Start", "one Publish.Start"],
			...["one Play.Switch", "one Play.Start", "one Play.Complete", "one Play.Stop"],
		]);
		stream.play({ name: "one", start: -1, reset: false });
		await fixture.settle();
		expect(fixture.takeStatuses()).toEqual(["one Play.Failed"]);
		expect(stream.play({ name: "../x" })).toBe(false);
		await fixture.settle();
		expect(fixture.takeStatuses()).toEqual(["one Play.Failed"]);
	});

	it("does not play what is made of itself", async () => {
		const fixture = new StreamFixture();
		for (const [name, source] of ["ab", "bc", "cd", "da"].map(pair => [...pair] as [string, string])) {
			fixture.get(name).play({ name: source, start: -1 });
		}
		await fixture.settle();
		expect(fixture.takeStatuses().filter(status => status.includes("Failed"))).toEqual(["d Play.Failed"]);
		fixture.get("a").stop();
		fixture.get("d").play({ name: "a", start: -1 });
		await fixture.settle();
		expect(fixture.takeStatuses()).toEqual(["a Play.Stop", "d Play.Reset", "d Play.Start"]);
	});
});

describe("a channel of live streams", () => {
	it("passes a live stream on from its last keyframe, with its data and configurations, on a clock of its own", async () => {
		const fixture = new StreamFixture();
		const publisher = fixture.publish("cam");
		publisher.time = 5000;
		await publisher.play(100, data("@setDataFrame", "onMetaData", "cam"), data("@setDataFrame", "onTitle", "news"));
		await publisher.play(100, videoConfiguration(1), audioConfiguration(1), keyframe(1), sound(1));
		await publisher.play(100, picture(2));
		const viewer = fixture.watch();
		fixture.get().play({ name: "cam" });
		await publisher.play(100, picture(3), data("onCuePoint", "now"));
		await publisher.play(100, keyframe(4), data("@setDataFrame", "onTitle", "weather"));
		await fixture.pass(100);
		expect(viewer.takeWithTimes()).toEqual([
			...["onMetaData,cam@0", "onTitle,news@0", "v1@0", "a1@0", "K1@0", "A1@0", "P2@100"],
			...["P3@200", "onCuePoint,now@200", "K4@300", "onTitle,weather@300"],
		]);
		expect(fixture.takeStatuses()).toEqual(["one Play.Reset", "one Play.Start", "one Publish.Start"]);
		// Who joins later gets what the source keeps.
		expect(
			fixture
				.watch()
				.takeWithTimes()
				.map(name => name.replace(/@.*/, "")),
		).toEqual([...["onMetaData,cam", "onTitle,weather", "v1", "a1", "K4", "onTitle,weather"]]);
	});

	it("waits for what is not published, tells when it comes and goes, and follows it", async () => {
		const fixture = new StreamFixture();
		const viewer = fixture.watch();
		const stream = fixture.get();
		stream.play({ name: "cam", start: -1 });
		await fixture.pass(40_000);
		expect(fixture.takeStatuses()).toEqual(["one Play.Reset", "one Play.Start"]);
		for (const id of [1, 2]) {
			const publisher = fixture.publish("cam");
			await publisher.play(100, picture(9), keyframe(id));
			await publisher.play(100, picture(id));
			expect(stream.isPublishing).toBe(true);
			publisher.publication.end("stopped");
			await fixture.pass(5000);
			expect(stream.isPublishing).toBe(false);
			expect(fixture.takeStatuses()).toEqual([
				...["one Play.PublishNotify", "one Publish.Start", "one Play.UnpublishNotify", "one Unpublish.Success"],
			]);
			expect(viewer.events.filter(event => !event.includes("@"))).toEqual(["published", "unpublished"]);
			expect(viewer.take()).toEqual([`K${id}`, `P${id}`]);
		}
	});

	it("goes on through a publisher that drops and comes back in time", async () => {
		const fixture = new StreamFixture();
		const viewer = fixture.watch();
		fixture.get().play({ name: "cam", start: -1 });
		const publisher = fixture.publish("cam");
		await publisher.play(100, keyframe(1));
		publisher.publication.end("dropped");
		await fixture.pass(1000);
		const back = fixture.publish("cam");
		await back.play(100, picture(9), keyframe(2));
		expect(viewer.takeWithTimes()).toEqual(["K1@0", "K2@1100"]);
		expect(viewer.events).toEqual([]);
	});

	it("plays files and live streams one after the other on one clock, and what is next when a live stream ends", async () => {
		const fixture = new StreamFixture();
		fixture.files.set("a", file(1));
		const publisher = fixture.publish("cam");
		publisher.time = 70_000;
		const viewer = fixture.watch();
		const stream = fixture.get();
		stream.setBufferTime(0);
		stream.play({ name: "a", start: 0 });
		stream.play({ name: "cam", start: -1, reset: false });
		stream.play({ name: "a", start: 0, reset: false });
		await publisher.play(1000, keyframe(1));
		await publisher.play(250, keyframe(2));
		await publisher.play(250, picture(3));
		publisher.publication.end("stopped");
		await fixture.pass(2000);
		const got = viewer.takeWithTimes().filter(name => /^[KP]/.test(name));
		// The cached start of the live stream follows the file.
		expect(got).toEqual([
			...["K0@0", "P0@250", "P0@500", "P0@750"],
			...["K1@1000", "K2@2000", "P3@2250"],
			...["K0@2500", "P0@2750", "P0@3000", "P0@3250"],
		]);
		expect(fixture.takeStatuses()).toContain("one Play.UnpublishNotify");
		expect(viewer.events).toEqual([]);
	});

	it("plays a live stream for as long as was asked, or one picture of it, whether it is there or not", async () => {
		const fixture = new StreamFixture();
		const stream = fixture.get();
		stream.play({ name: "cam", start: -1, length: 2 });
		await fixture.pass(2100);
		expect(fixture.takeStatuses()).toEqual([
			...["one Play.Reset", "one Play.Start", "one Play.Complete", "one Play.Stop"],
		]);
		const publisher = fixture.publish("cam");
		await publisher.play(1000, keyframe(1));
		const viewer = fixture.watch();
		stream.play({ name: "cam", start: -1, length: 2 });
		for (let id = 2; id < 8; id++) await publisher.play(500, picture(id));
		expect(viewer.take()).toEqual(["K1", "P2", "P3", "P4", "P5"]);
		stream.play({ name: "cam", start: -1, length: 0 });
		await publisher.play(500, picture(8));
		expect(viewer.take()).toEqual(["K1"]);
		expect(fixture.takeStatuses().slice(-2)).toEqual(["one Play.Complete", "one Play.Stop"]);
	});

	it("plays streams of sound alone, and of other applications", async () => {
		const fixture = new StreamFixture();
		const viewer = fixture.watch();
		fixture.get().play({ name: "radio", application: "other" });
		fixture.get("two").play({ name: "radio", application: "nowhere" });
		const publisher = fixture.publish("radio", "other");
		await publisher.play(600, audioConfiguration(1), sound(1));
		await publisher.play(600, sound(2));
		await publisher.play(600, sound(3));
		expect(viewer.takeWithTimes()).toEqual(["a1@0", "A1@0", "A2@600", "A3@1200"]);
		expect(fixture.takeStatuses()).toContain("two Play.StreamNotFound");
	});

	it("leaves out media that are not to be received, and gives them their configurations when they are again", async () => {
		const fixture = new StreamFixture();
		const viewer = fixture.watch();
		const stream = fixture.get();
		stream.play({ name: "cam", start: -1 });
		const publisher = fixture.publish("cam");
		await publisher.play(100, videoConfiguration(1), audioConfiguration(1), keyframe(1), sound(1));
		stream.setReceive(true, false);
		await publisher.play(100, picture(2), sound(2));
		stream.setReceive(false, true);
		await publisher.play(100, picture(3), sound(3), keyframe(4));
		stream.setReceive(true, true);
		await publisher.play(100, picture(5), sound(5));
		expect(viewer.take()).toEqual(["v1", "a1", "K1", "A1", "A2", "v1", "K4", "P5", "a1", "A5"]);
	});
});
