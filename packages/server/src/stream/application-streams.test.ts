import { AmfEcmaArray } from "@millrace/core/amf";
import { FileError } from "@millrace/core/fault";
import { describe, expect, it } from "vitest";
import { keyframe, picture } from "../hub/hub-fixture.ts";
import { MemorySource } from "../library/file-player-fixture.ts";
import { StreamFixture } from "./stream-fixture.ts";

const PATH = "/media/app/streams/_definst_/one.flv";

describe("a stream of an application", () => {
	it("is the same for its name until it is destroyed", async () => {
		const { streams } = new StreamFixture();
		const stream = streams.get("one")!;
		expect(streams.get("one")).toBe(stream);
		expect(streams.find("one")).toBe(stream);
		expect(streams.find("two")).toBeUndefined();
		expect(streams.get("mp4:one")).not.toBe(stream);
		await streams.destroy("one");
		await streams.destroy("one");
		expect(streams.get("one")).not.toBe(stream);
		expect([streams.get(""), streams.get("a/../b"), streams.get("x".repeat(1025))]).toEqual([
			undefined,
			undefined,
			undefined,
		]);
		expect(streams.count).toBe(2);
	});

	it("is one of a bounded number", () => {
		const { streams } = new StreamFixture();
		for (let i = 0; i < 1000; i++) expect(streams.get(`s${i}`)).toBeDefined();
		expect(streams.get("more")).toBeUndefined();
		expect(streams.get("s7")).toBeDefined();
	});

	it("does nothing after its end", async () => {
		const fixture = new StreamFixture();
		fixture.files.set("a", MemorySource.of(5));
		const stream = fixture.get();
		stream.play({ name: "a", start: 0 });
		stream.record({ mode: "record" });
		await fixture.pass(100);
		const closed = fixture.streams.destroy("one");
		expect(stream.close()).toBe(stream.close());
		await closed;
		expect(fixture.takeStatuses().slice(-3)).toEqual(["one Play.Stop", "one Unpublish.Success", "one Record.Stop"]);
		expect([
			stream.play({ name: "a" }),
			stream.record({ mode: "record" }),
			stream.send("x", []),
			stream.flush(),
		]).toEqual([false, false, false, false]);
		stream.stop();
		await fixture.pass(3000);
		expect(fixture.takeStatuses()).toEqual([]);
		expect([[...fixture.hub.streams()], fixture.clock.timerCount]).toEqual([[], 0]);
	});

	it("sends data to whoever watches, before, while and after somebody publishes, and into a recording", async () => {
		const fixture = new StreamFixture();
		const stream = fixture.get();
		const viewer = fixture.watch();
		stream.record({ mode: "record" });
		stream.send("@setDataFrame", ["onMetaData", new AmfEcmaArray([["title", "one"]])]);
		await fixture.pass(100);
		const publisher = fixture.publish("one");
		await publisher.play(100, keyframe(1));
		stream.send("onScore", ["1:0"]);
		await publisher.play(100, picture(2));
		publisher.publication.end("stopped");
		stream.send("onBye", []);
		await fixture.pass(100);
		expect(viewer.take().map(name => name.replace(/,.*/, ""))).toEqual(["onMetaData", "K1", "onScore", "P2", "onBye"]);
		// The recording has ended with the publication.
		expect(fixture.read().map(name => name.replace(/@.*/, ""))).toEqual(["K1", "onScore", "P2"]);
		expect(() => stream.send("big", ["x".repeat(1024 * 1024)])).toThrow("the limit is 1048576");
	});

	it("tells the time of what is live, whoever publishes it", async () => {
		const fixture = new StreamFixture();
		const publisher = fixture.publish("one");
		await publisher.play(300, keyframe(1));
		await publisher.play(100, picture(2));
		const { streams } = fixture;
		expect([streams.time("one"), streams.time("mp4:one"), streams.time("two"), streams.time("")]).toEqual([
			300, 300, 0, 0,
		]);
	});

	it("contains a listener that fails", async () => {
		const fixture = new StreamFixture();
		fixture.onStatus = () => {
			throw new Error("a fault of the application");
		};
		fixture.get().play({ name: "none" });
		await fixture.settle();
		expect(fixture.log.map(({ event }) => event)).toContain("fault");
	});
});

describe("a recording by an application", () => {
	it("is made of what somebody publishes later, from the first message on, and ends with the publication", async () => {
		const fixture = new StreamFixture();
		const stream = fixture.get();
		expect(stream.record({ mode: "record" })).toBe(true);
		await fixture.pass(60_000);
		expect(fixture.takeStatuses()).toEqual(["one Record.Start"]);
		const publisher = fixture.publish("one");
		await publisher.play(100, keyframe(1));
		await publisher.play(100, picture(2));
		expect(stream.isRecording).toBe(true);
		publisher.publication.end("stopped");
		await fixture.settle();
		expect(fixture.read()).toEqual(["K1@0", "P2@100"]);
		expect(fixture.takeStatuses()).toEqual(["one Record.Stop"]);
		expect(stream.isRecording).toBe(false);
	});

	it("is made of a channel, across its items", async () => {
		const fixture = new StreamFixture();
		const file = () => MemorySource.of(1, { fps: 4, audio: false });
		fixture.files.set("a", file());
		fixture.files.set("b", file());
		const stream = fixture.get();
		stream.record({ mode: "record" });
		stream.play({ name: "a", start: 0 });
		stream.play({ name: "b", start: 0, reset: false });
		await fixture.pass(3000);
		stream.stopRecording();
		await fixture.settle();
		expect(fixture.read().map(name => name.replace(/\d+@/, "@"))).toEqual([
			...["v@0", "K@0", "P@250", "P@500", "P@750", "K@1000", "P@1250", "P@1500", "P@1750"],
		]);
		expect(fixture.takeStatuses().filter(status => status.includes("Record"))).toEqual([
			"one Record.Start",
			"one Record.Stop",
		]);
	});

	it("follows the one before, which ends", async () => {
		const fixture = new StreamFixture();
		const stream = fixture.get();
		const publisher = fixture.publish("one");
		stream.record({ mode: "record" });
		await publisher.play(100, keyframe(1));
		stream.record({ mode: "append" });
		await publisher.play(100, keyframe(2));
		stream.stopRecording();
		stream.stopRecording();
		await fixture.settle();
		expect(fixture.takeStatuses().map(status => status.replace("one Record.", ""))).toEqual([
			...["Start", "Stop", "Start", "Stop"],
		]);
		// The second begins with the stream's last keyframe.
		expect(fixture.read().map(name => name.replace(/@.*/, ""))).toEqual(["K1", "K1", "K2"]);
	});

	it("ends at the limit that was asked for, or at the configured one where that is less", async () => {
		for (const [configured, wanted, frames] of [
			[0, 0.3, 4],
			[200, 0.3, 3],
			[200, -1, 3],
			[0, -1, 6],
		] as const) {
			const fixture = new StreamFixture({ record: { maxMillis: configured } });
			const publisher = fixture.publish("one");
			fixture.get().record({ mode: "record", maxSeconds: wanted });
			for (let id = 1; id <= 6; id++) await publisher.play(100, keyframe(id));
			publisher.publication.end("stopped");
			await fixture.settle();
			expect([configured, wanted, fixture.read().length]).toEqual([configured, wanted, frames]);
		}
	});

	it("is written at once where that is wished, and by flush", async () => {
		const fixture = new StreamFixture({ record: { flushMillis: 10_000 } });
		const stream = fixture.get();
		const publisher = fixture.publish("one");
		stream.record({ mode: "record" });
		await publisher.play(100, keyframe(1));
		expect(fixture.disk.files.get(PATH)?.bytes.length ?? 0).toBe(0);
		expect(stream.flush()).toBe(true);
		await fixture.settle();
		expect(fixture.read()).toEqual(["K1@0"]);
		stream.record({ mode: "record", syncWrite: true });
		await publisher.play(100, keyframe(2));
		expect(fixture.read()).toEqual(["K1@0", "K2@100"]);
		stream.stopRecording();
		expect(stream.flush()).toBe(false);
	});

	it("is refused where nothing can be written, and tells why", async () => {
		const fixture = new StreamFixture();
		fixture.disk.faults.set("writable", "EACCES");
		fixture.get().record({ mode: "record" });
		await fixture.settle();
		expect(fixture.takeStatuses()).toEqual(["one Record.NoAccess"]);
		expect(fixture.get().isRecording).toBe(false);
	});

	it("is made of everything that is published where the configuration says so, channels too", async () => {
		const fixture = new StreamFixture({ record: { mode: "always" } });
		fixture.files.set("a", MemorySource.of(1, { fps: 4, audio: false }));
		fixture.get().play({ name: "a", start: 0 });
		await fixture.pass(2000);
		fixture.get().stop();
		await fixture.settle();
		expect(fixture.read()).toHaveLength(5);
		// Nobody has asked for it, so nobody is told.
		expect(fixture.takeStatuses().filter(status => status.includes("Record"))).toEqual([]);
	});

	it("is deleted by clear, unless it is being written or is not there", async () => {
		const fixture = new StreamFixture();
		const stream = fixture.get();
		const publisher = fixture.publish("one");
		expect(await stream.clear()).toBe(false);
		stream.record({ mode: "record" });
		await publisher.play(1000, keyframe(1));
		expect(await stream.clear()).toBe(false);
		stream.stopRecording();
		await fixture.settle();
		expect(await stream.clear()).toBe(true);
		expect(fixture.disk.files.size).toBe(0);
		await fixture.settle();
		expect(fixture.takeStatuses()).toEqual([
			...["one Clear.Failed", "one Record.Start", "one Clear.Failed", "one Record.Stop", "one Clear.Success"],
		]);
		fixture.disk.stat = async () => {
			throw new Error("EIO");
		};
		expect(await stream.clear()).toBe(false);
		expect(fixture.log.filter(({ event }) => event === "clear").map(({ level }) => level)).toEqual(["info", "error"]);
	});
});

describe("the streams of an instance", () => {
	it("deletes recordings by name and by pattern, and leaves what is being written", async () => {
		const fixture = new StreamFixture();
		const { streams } = fixture;
		const record = async (name: string) => {
			const stream = fixture.get(name);
			const publisher = fixture.publish(name.replace("mp4:", ""));
			stream.record({ mode: "record" });
			await publisher.play(100, keyframe(1));
			publisher.publication.end("stopped");
			await fixture.settle();
			fixture.files.set(name, MemorySource.of(1));
		};
		for (const name of ["one", "report1", "report2", "dir/report3", "last"]) await record(name);
		// It lies in a folder for files on demand.
		fixture.files.set("report4", MemorySource.of(1));
		expect(await streams.clear("/one")).toEqual({ removed: 1, failed: 0 });
		expect(await streams.clear("one")).toEqual({ removed: 0, failed: 0 });
		expect(await streams.clear("../one")).toEqual({ removed: 0, failed: 0 });
		expect(await streams.clear("mp4:report*")).toEqual({ removed: 0, failed: 0 });
		expect(await streams.clear("flv:/report?")).toEqual({ removed: 2, failed: 0 });
		const publisher = fixture.publish("last");
		fixture.get("last").record({ mode: "append" });
		await publisher.play(100, keyframe(1));
		expect(await streams.clear("/")).toEqual({ removed: 1, failed: 1 });
		expect([...fixture.disk.files.keys()]).toEqual(["/media/app/streams/_definst_/last.flv"]);
		fixture.disk.stat = async () => {
			throw new Error("EIO");
		};
		fixture.get("last").stopRecording();
		await fixture.settle();
		expect(await streams.clear("last")).toEqual({ removed: 0, failed: 1 });
	});

	it("lists what is live there, and who publishes it", async () => {
		const fixture = new StreamFixture();
		fixture.files.set("a", MemorySource.of(5));
		const publisher = fixture.publish("cam");
		await publisher.play(100, keyframe(1));
		fixture.publish("elsewhere", "other");
		fixture.watch("waited");
		fixture.watch("cam");
		fixture.get("channel").play({ name: "a", start: 0 });
		await fixture.pass(100);
		expect(fixture.streams.live()).toEqual([
			expect.objectContaining({ name: "cam", isPublishing: true, isOwn: false, viewers: 1, bytesIn: 7 }),
			expect.objectContaining({ name: "channel", isPublishing: true, isOwn: true, viewers: 0 }),
		]);
		publisher.publication.end("dropped");
		expect(fixture.streams.live()[0]).toMatchObject({ name: "cam", isPublishing: false, time: 0 });
	});

	it("tells length, size and metadata of files, and lists them", async () => {
		const fixture = new StreamFixture();
		const file = MemorySource.of(2, { fps: 25, audio: false });
		fixture.files.set("mp4:a.mp4", file);
		fixture.files.set("torn", new FileError("FILE_INVALID", "torn"));
		const { streams } = fixture;
		expect([await streams.length("mp4:a.mp4"), await streams.size("mp4:a.mp4")]).toEqual([2, file.bytes]);
		expect(await streams.metadata("mp4:a.mp4")).toEqual({ width: 640 });
		expect(file.users).toBe(1);
		for (const name of ["none", "torn", ".."]) {
			expect([await streams.length(name), await streams.size(name), await streams.metadata(name)]).toEqual([
				0,
				0,
				undefined,
			]);
		}
		expect(await streams.recorded()).toEqual([
			{ name: "mp4:a.mp4", kind: "flv", bytes: file.bytes, modifiedMillis: 5, isGrowing: false, length: 2 },
			{ name: "torn", kind: "flv", bytes: 0, modifiedMillis: 5, isGrowing: false, length: undefined },
		]);
	});

	it("are opened once, end with the instance, and with the server", async () => {
		const fixture = new StreamFixture();
		fixture.files.set("a", MemorySource.of(5));
		expect(() => fixture.directory.open("app", "_definst_", () => {})).toThrow("are open");
		expect(() => fixture.directory.open("nowhere", "_definst_", () => {})).toThrow("no application");
		const stream = fixture.get();
		stream.play({ name: "a", start: 0 });
		stream.record({ mode: "record" });
		await fixture.pass(100);
		fixture.takeStatuses();
		fixture.hub.stop();
		await fixture.settle();
		expect(fixture.takeStatuses()).toEqual(["one Unpublish.Success", "one Record.Stop"]);
		stream.record({ mode: "append" });
		await fixture.directory.stop();
		expect(fixture.takeStatuses()).toEqual([]);
		expect(fixture.streams.get("two")).toBeUndefined();
		expect([...fixture.recorder.recordings()]).toEqual([]);
		await fixture.directory.open("app", "_definst_", () => {}).close();
	});
});
