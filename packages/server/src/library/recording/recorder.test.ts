import { describe, expect, it } from "vitest";
import { StreamName } from "../../app/index.ts";
import { keyframe } from "../../hub/hub-fixture.ts";
import { CAM, RecordingFixture, recordSettings } from "./recording-fixture.ts";

describe("a recorder", () => {
	it("refuses a second recording of a file, and lets it in when the first has finished", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		const first = fixture.record();
		publisher.play(100, keyframe(1));
		await fixture.settle();
		const { name } = fixture;
		const settings = recordSettings();
		const request = { name, live: fixture.hub.live, mode: "append", origin: "command", settings } as const;
		const second = fixture.recorder.begin(request, fixture.onStatus);
		expect((await second.ended).reason).toBe("already-recording");
		expect(fixture.statuses).toEqual(["Start", "AlreadyExists"]);
		void first.stop();
		const third = fixture.recorder.begin(request, fixture.onStatus);
		publisher.play(100, keyframe(2));
		await fixture.settle();
		expect(fixture.statuses.slice(2)).toEqual(["Stop", "Start"]);
		await third.stop();
		expect(fixture.read()).toEqual(["K1@0", "K1@40", "K2@140"]);
	});

	it("deletes a recording with all its segments, and none that is being written", async () => {
		const fixture = new RecordingFixture();
		const { name, disk, recorder } = fixture;
		const settings = recordSettings({ segmentMillis: 100 });
		const publisher = fixture.hub.publish();
		const recording = fixture.record({ segmentMillis: 100 });
		for (let id = 1; id <= 3; id++) publisher.play(100, keyframe(id));
		await fixture.settle();
		disk.folders.add("/media/live/streams/_definst_/folder.flv");
		expect(await recorder.remove({ name, settings })).toBe("recording");
		await recording.stop();
		expect(disk.files.size).toBe(3);
		expect(await recorder.remove({ name, settings, prefix: "mp4" })).toBe("absent");
		expect(await recorder.remove({ name: new StreamName("live", "_definst_", "folder"), settings })).toBe("absent");
		expect(await recorder.remove({ name: new StreamName("live", "..", "cam"), settings })).toBe("absent");
		expect(await recorder.remove({ name, settings })).toBe("removed");
		expect([...disk.files.keys()]).toEqual([]);
		expect(await recorder.remove({ name, settings })).toBe("absent");
	});

	it("writes what waits when it is told to", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		const recording = fixture.record();
		recording.flush();
		publisher.play(100, keyframe(1));
		await fixture.settle();
		expect(fixture.disk.files.get(CAM)?.bytes.length ?? 0).toBe(0);
		recording.flush();
		await fixture.settle();
		expect(fixture.read()).toEqual(["K1@0"]);
		await recording.stop();
		recording.flush();
	});

	it("knows of each file that it has finished how long it is", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		const recording = fixture.record();
		publisher.play(100, keyframe(1));
		await fixture.pass(1000);
		const grown = fixture.disk.files.get(CAM)!.bytes.length;
		expect(fixture.recorder.isFinished(CAM, grown)).toBe(false);
		await recording.stop();
		const { length } = fixture.disk.files.get(CAM)!.bytes;
		expect([length, length + 1].map(bytes => fixture.recorder.isFinished(CAM, bytes))).toEqual([true, false]);
	});

	it.each([
		["what a trusted publisher asks for", { type: "record" }, {}, ["Start"]],
		["nothing for a publisher that does not ask", { type: "live" }, {}, []],
		["nothing for strangers", { type: "record", isTrusted: false }, {}, ["NoAccess"]],
		["for strangers where they may", { type: "append", isTrusted: false }, { anonymous: true }, ["Start"]],
		["nothing where it is off", { type: "record" }, { mode: "off" }, ["NoAccess"]],
		["all streams without a word where it is always", { type: "live", isTrusted: false }, { mode: "always" }, []],
		[
			"for strangers who ask for what is always done",
			{ type: "record", isTrusted: false },
			{ mode: "always" },
			["Start"],
		],
		["nothing of other names", { type: "live" }, { mode: "always", streams: ["room-*"] }, []],
	] as const)("records %s", async (_, facts, settings, statuses) => {
		const fixture = new RecordingFixture();
		const { name } = fixture;
		const publisher = fixture.hub.publish();
		const all = {
			name,
			live: fixture.hub.live,
			prefix: "",
			isTrusted: true,
			...facts,
		};
		const recording = fixture.recorder.onPublish(all, recordSettings(settings), fixture.onStatus);
		publisher.play(40, keyframe(1));
		await fixture.settle();
		expect(fixture.statuses).toEqual(statuses);
		const isAlways = "mode" in settings && settings.mode === "always" && !("streams" in settings);
		expect(recording !== undefined).toBe(isAlways || statuses.join() === "Start");
		await fixture.recorder.stop();
	});
});
