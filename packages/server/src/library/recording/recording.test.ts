import { MEDIA_VIDEO, type MediaType } from "@millrace/core/flv";
import { describe, expect, it } from "vitest";
import { audioConfiguration, data, keyframe, picture, sound, videoConfiguration } from "../../hub/hub-fixture.ts";
import { CAM, RecordingFixture, readFlv } from "./recording-fixture.ts";

/** Main, 320×180, as x264 wrote it. */
const AVC_RECORD = "014d4015ffe10017674d4015f202867e4c0440000003004000000c87c50a9201000568db83cb20";
const META = data("@setDataFrame", "onMetaData", "one");

describe("a recording", () => {
	it("holds every message from the publisher's first on, relative to the first frame, behind its configurations", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		publisher.time = 4000;
		fixture.record();
		publisher.play(20, META, videoConfiguration(1), audioConfiguration(2), sound(3));
		publisher.play(40, keyframe(4), sound(5)).play(40, picture(6), data("onCuePoint", "x"), sound(7));
		publisher.publication.end("stopped");
		await fixture.settle();
		expect(fixture.read()).toEqual(["v1@0", "a2@0", "A3@0", "K4@20", "A5@20", "P6@60", "onCuePoint@60", "A7@60"]);
		expect(fixture.statuses).toEqual(["Start", "Stop"]);
		expect(fixture.metadata()).toMatchObject({ duration: 0.1, lasttimestamp: 0.06, hasVideo: true, hasAudio: true });
		const { length } = fixture.disk.files.get(CAM)!.bytes;
		expect(fixture.finished).toEqual([{ path: CAM, bytes: length, durationMillis: 100, reason: "publisher-stopped" }]);
		expect(fixture.metadata()["filesize"]).toBe(length);
		expect([fixture.disk.opened, fixture.disk.syncs]).toEqual([0, 1]);
	});

	it("names its keyframes with their places, the video's configuration first", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		fixture.record();
		publisher.play(40, videoConfiguration(1), keyframe(2)).play(40, picture(3)).play(40, keyframe(4));
		publisher.publication.end("stopped");
		await fixture.settle();
		const { bytes } = fixture.disk.files.get(CAM)!;
		const { times, filepositions } = fixture.metadata()["keyframes"] as { times: number[]; filepositions: number[] };
		expect(times).toEqual([0, 0, 0.08]);
		expect(filepositions.map(at => [...bytes.subarray(at, at + 13)].filter((_, i) => i === 0 || i > 10))).toEqual([
			[9, 0x17, 0],
			[9, 0x17, 1],
			[9, 0x17, 1],
		]);
		expect(fixture.metadata()["lastkeyframelocation"]).toBe(filepositions[2]);
	});

	it("begins at the first keyframe, without the pictures before it and their sound", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		fixture.record();
		publisher.play(40, videoConfiguration(1), picture(2), sound(3)).play(40, picture(4), sound(5));
		await fixture.settle();
		expect(fixture.disk.files.size).toBe(0);
		publisher.play(40, keyframe(6), sound(7));
		publisher.publication.end("stopped");
		await fixture.settle();
		expect(fixture.read()).toEqual(["v1@0", "K6@0", "A7@0"]);
	});

	it("begins with the last keyframe where it is started while the stream runs", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		publisher.play(100, videoConfiguration(1), keyframe(2)).play(100, keyframe(3)).play(100, picture(4));
		publisher.send(picture(5));
		fixture.record();
		publisher.play(100).play(100, picture(6));
		publisher.publication.end("stopped");
		await fixture.settle();
		expect(fixture.read()).toEqual(["v1@0", "K3@0", "P4@100", "P5@200", "P6@300"]);
	});

	it("takes a stream of sound alone for what it is, also a short one", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		fixture.record();
		publisher.play(100, audioConfiguration(1), sound(2)).play(100, sound(3));
		publisher.publication.end("stopped");
		await fixture.settle();
		expect(fixture.read()).toEqual(["a1@0", "A2@0", "A3@100"]);
		expect(fixture.metadata()).toMatchObject({ hasVideo: false, hasKeyframes: false, duration: 0.2 });
	});

	it("can be read at any moment: every cut of what the disk saw holds a beginning of it, with valid metadata", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		fixture.record({ flushMillis: 100, metadataMillis: 200 });
		publisher.send(videoConfiguration(1), audioConfiguration(2));
		for (let i = 0; i < 12; i++) {
			publisher.play(50, i % 4 === 0 ? keyframe(10 + i) : picture(10 + i), sound(100 + i));
			await fixture.settle();
		}
		publisher.publication.end("stopped");
		await fixture.settle();
		const whole = fixture.read();
		expect(whole.length).toBe(26);
		let file = new Uint8Array(0);
		let known = 0;
		for (const { position, bytes } of fixture.disk.changes) {
			const size = Math.max(file.length, position + bytes.length);
			const grows = position === file.length;
			// A region is written over in one piece of its own blocks; only what is appended can be torn anywhere.
			for (let cut = grows ? 0 : bytes.length; cut <= bytes.length; cut++) {
				const torn = new Uint8Array(grows ? position + cut : size);
				torn.set(file);
				torn.set(bytes.subarray(0, cut), position);
				if (torn.length < 50) continue;
				const names = readFlv(torn).length;
				expect(names).toBeGreaterThanOrEqual(known);
				if (cut === bytes.length) {
					file = torn;
					known = names;
				}
			}
		}
		expect(known).toBe(26);
		const patches = fixture.disk.changes.filter(({ position }, i) => i > 0 && position === 0);
		expect(patches.length).toBeGreaterThan(2);
		expect(new Set(patches.map(({ bytes }) => bytes.length)).size).toBe(1);
	});

	it("goes on in the same file when the publisher drops and comes back, with changed configurations only", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		const recording = fixture.record();
		publisher.play(40, videoConfiguration(1), audioConfiguration(2), keyframe(3), sound(4));
		publisher.publication.end("dropped");
		await fixture.pass(2000);
		const back = fixture.hub.publish();
		expect(fixture.record()).toBe(recording);
		back.play(40, videoConfiguration(9), audioConfiguration(2), keyframe(5), sound(6));
		back.publication.end("stopped");
		await fixture.settle();
		expect(fixture.read()).toEqual(["v1@0", "a2@0", "K3@0", "A4@0", "v9@0", "K5@2040", "A6@2040"]);
		expect(fixture.statuses).toEqual(["Start", "Start", "Stop"]);
	});

	it("ends when a lost publisher does not come back", async () => {
		const fixture = new RecordingFixture({ graceMillis: 1000 });
		const publisher = fixture.hub.publish();
		fixture.record();
		publisher.play(40, keyframe(1)).play(40, picture(2));
		publisher.publication.end("dropped");
		await fixture.pass(900);
		expect(fixture.finished).toEqual([]);
		await fixture.pass(200);
		expect(fixture.finished).toMatchObject([{ reason: "publisher-dropped", durationMillis: 80 }]);
	});

	it("is cut at keyframes by time, each file complete by itself", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		fixture.record({ segmentMillis: 100, name: "{stream}-{n}" });
		publisher.send(META, videoConfiguration(1), audioConfiguration(2));
		for (let i = 0; i < 8; i++) publisher.play(50, i % 3 === 0 ? keyframe(i) : picture(i), sound(10 + i));
		publisher.publication.end("stopped");
		await fixture.settle();
		expect(fixture.finished.map(({ path, reason }) => [path, reason])).toEqual([
			["/media/cam-001.flv", "segment"],
			["/media/cam-002.flv", "segment"],
			["/media/cam-003.flv", "publisher-stopped"],
		]);
		expect(fixture.read("/media/cam-002.flv")).toEqual([
			...["v1@0", "a2@0", "K3@0", "A13@0", "P4@50", "A14@50", "P5@100", "A15@100"],
		]);
		expect(fixture.read("/media/cam-003.flv")).toEqual(["v1@0", "a2@0", "K6@0", "A16@0", "P7@50", "A17@50"]);
	});

	it("is cut by size, and numbers its files where the name does not", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		fixture.record({ segmentBytes: 14 });
		for (let i = 0; i < 6; i++) publisher.play(50, keyframe(i));
		publisher.publication.end("stopped");
		await fixture.settle();
		expect(fixture.finished.map(({ path }) => path.replace(CAM.slice(0, -4), ""))).toEqual([
			".flv",
			"-002.flv",
			"-003.flv",
		]);
	});

	it.each([
		["duration", { maxMillis: 100 }, "max-duration"],
		["size", { maxBytes: 21 }, "max-size"],
	])("ends at its longest %s, and the stream goes on", async (_, limits, reason) => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		fixture.record(limits);
		for (let i = 0; i < 6; i++) publisher.play(50, keyframe(i));
		await fixture.settle();
		expect(fixture.finished).toMatchObject([{ reason }]);
		expect(fixture.read()).toEqual(["K0@0", "K1@50", "K2@100"]);
		expect(fixture.statuses).toEqual(["Start", "Stop"]);
		expect(fixture.hub.live.isPublishing).toBe(true);
	});

	it("writes what waited at the end of the server", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		fixture.record();
		publisher.play(40, keyframe(1));
		fixture.hub.hub.stop();
		await fixture.recorder.stop();
		expect(fixture.finished).toMatchObject([{ path: CAM, reason: "server-stopping" }]);
		expect(fixture.read()).toEqual(["K1@0"]);
		expect(fixture.hub.clock.timerCount).toBe(0);
	});

	it("is written whole where it ended before the disk had said that it may begin", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		fixture.record();
		publisher.send(keyframe(1)).publication.end("stopped");
		await fixture.settle();
		expect(fixture.read()).toEqual(["K1@0"]);
		expect(fixture.statuses).toEqual(["Start", "Stop"]);
	});

	it("as MP4 lets the server go on while a fragment is larger than what is written at once", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		const hex = (digits: string) => Uint8Array.from(Buffer.from(digits, "hex"));
		const configuration = { type: MEDIA_VIDEO as MediaType, payload: hex(`1700000000${AVC_RECORD}`) };
		const large = { type: MEDIA_VIDEO as MediaType, payload: hex(`1701000000${"00000fff65".padEnd(2 * 5000, "0")}`) };
		fixture.record({ format: "mp4", flushBytes: 1000 });
		publisher.play(40, configuration, large);
		await fixture.pass(1000);
		for (let at = 0; at < 100; at++) publisher.play(40, large);
		publisher.publication.end("stopped");
		await fixture.settle();
		const { bytes } = fixture.disk.files.get(CAM.replace("flv", "mp4"))!;
		expect(bytes.length).toBeGreaterThan(100 * 5000);
	});

	it("can be followed while it grows, up to what is on the disk", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		fixture.record();
		publisher.play(100, videoConfiguration(1), keyframe(2));
		await fixture.pass(600);
		const growing = fixture.recorder.growing(CAM)!;
		const seen: number[] = [];
		growing.onGrowth(() => seen.push(growing.isFinished ? -1 : growing.readableBytes));
		expect(growing.readableBytes).toBe(fixture.disk.files.get(CAM)!.bytes.length);
		expect(growing.configurations).toHaveLength(1);
		publisher.play(100, keyframe(3));
		expect(growing.keyframes.count).toBe(1);
		await fixture.pass(600);
		expect(growing.keyframes.count).toBe(2);
		expect(growing.keyframes.times[1]).toBe(growing.durationMillis - 100);
		publisher.publication.end("stopped");
		await fixture.settle();
		expect(seen).toEqual([growing.readableBytes, -1]);
		expect(fixture.recorder.growing(CAM)).toBeUndefined();
	});
});

describe("a file that is there already", () => {
	async function recorded(fixture: RecordingFixture, first: number, ...rest: Parameters<RecordingFixture["record"]>) {
		const publisher = fixture.hub.publish();
		fixture.record(...rest);
		publisher.play(40, videoConfiguration(1), audioConfiguration(2), keyframe(first), sound(first));
		publisher.play(40, picture(first + 1), sound(first + 1));
		publisher.publication.end("stopped");
		await fixture.settle();
	}

	it("keeps its place until something of the new one is on the disk", async () => {
		const fixture = new RecordingFixture();
		await recorded(fixture, 10);
		const before = fixture.read();
		fixture.disk.moves.length = 0;
		const publisher = fixture.hub.publish();
		fixture.record();
		publisher.play(40, videoConfiguration(1), picture(19));
		await fixture.settle();
		expect(fixture.disk.moves).toEqual([]);
		publisher.play(40, keyframe(20));
		await fixture.settle();
		expect(fixture.disk.moves).toEqual([]);
		expect(fixture.read()).toEqual(before);
		await fixture.pass(600);
		expect(fixture.disk.moves).toEqual([`${CAM}.new -> ${CAM}`]);
		expect(fixture.read()).toEqual(["v1@0", "K20@0"]);
	});

	it("stays where nothing comes", async () => {
		const fixture = new RecordingFixture();
		await recorded(fixture, 10);
		fixture.disk.moves.length = 0;
		const publisher = fixture.hub.publish();
		fixture.record();
		publisher.play(40, videoConfiguration(1)).publication.end("stopped");
		await fixture.settle();
		expect(fixture.disk.moves).toEqual([]);
		expect(fixture.statuses).toEqual(["Start", "Stop", "Start", "Stop"]);
	});

	it("comes back where the new one cannot be written at all", async () => {
		const fixture = new RecordingFixture();
		await recorded(fixture, 10);
		const before = fixture.read();
		fixture.disk.room = 0;
		await recorded(fixture, 20);
		expect(fixture.read()).toEqual(before);
		expect([...fixture.disk.files.keys()]).toEqual([CAM]);
		expect(fixture.statuses).toEqual(["Start", "Stop", "Start", "Failed"]);
	});

	it("is kept under the time of its last writing where that is wished", async () => {
		const fixture = new RecordingFixture();
		await recorded(fixture, 10);
		await recorded(fixture, 20, { replaced: "keep" });
		expect([...fixture.disk.files.keys()].sort()).toEqual([CAM.replace(".flv", ".19700101-001640.flv"), CAM]);
	});

	it("is gone on with one frame after its end, without configurations that it has", async () => {
		const fixture = new RecordingFixture();
		await recorded(fixture, 10);
		fixture.disk.now += 60_000;
		await recorded(fixture, 20, {}, "append");
		expect(fixture.read()).toEqual([
			...["v1@0", "a2@0", "K10@0", "A10@0", "P11@40", "A11@40"],
			...["K20@80", "A20@80", "P21@120", "A21@120"],
		]);
		expect(fixture.metadata()).toMatchObject({ duration: 0.16, filesize: fixture.disk.files.get(CAM)!.bytes.length });
		expect((fixture.metadata()["keyframes"] as { times: number[] }).times).toEqual([0, 0, 0.08]);
	});

	it("is gone on with behind a gap as long as the pause was", async () => {
		const fixture = new RecordingFixture();
		await recorded(fixture, 10);
		fixture.disk.now += 60_000;
		await recorded(fixture, 20, {}, "appendWithGap");
		expect(fixture.read().slice(6)).toEqual(["K20@60080", "A20@60080", "P21@60120", "A21@60120"]);
	});

	it("is gone on with wherever a crash has torn it, at every length", async () => {
		const fixture = new RecordingFixture();
		await recorded(fixture, 10);
		const whole = fixture.disk.files.get(CAM)!.bytes;
		const names = fixture.read();
		const sizes = readFlv(whole).map(({ payload }) => payload.length + 15);
		const ends = sizes.map((_, i) => whole.length - sizes.slice(i + 1).reduce((sum, size) => sum + size, 0));
		const start = ends[0]! - 5;
		for (let length = start; length <= whole.length; length++) {
			const torn = new RecordingFixture();
			torn.disk.files.set(CAM, { bytes: whole.slice(0, length), modifiedAt: 0 });
			// A tag counts with the four bytes behind it.
			const kept = names.slice(0, ends.filter(end => end <= length).length);
			await recorded(torn, 20, {}, "append");
			const after = torn.read();
			expect(after.slice(0, kept.length)).toEqual(names.slice(0, kept.length));
			const added = after.slice(kept.length).map(name => name.replace(/@.*/, ""));
			expect(added).toEqual(
				["v1", "a2"].filter(name => !kept.includes(`${name}@0`)).concat("K20", "A20", "P21", "A21"),
			);
		}
	});

	it("is made where it is missing, or empty", async () => {
		const fixture = new RecordingFixture();
		fixture.disk.files.set(CAM, { bytes: new Uint8Array(0), modifiedAt: 0 });
		await recorded(fixture, 10, {}, "append");
		expect(fixture.read()).toHaveLength(6);
		fixture.disk.files.delete(CAM);
		await recorded(fixture, 10, {}, "appendWithGap");
		expect(fixture.read()).toHaveLength(6);
	});

	it("is left alone where it is no FLV file", async () => {
		const fixture = new RecordingFixture();
		const text = new TextEncoder().encode("something else altogether");
		fixture.disk.files.set(CAM, { bytes: text, modifiedAt: 0 });
		await recorded(fixture, 10, {}, "append");
		expect(fixture.disk.files.get(CAM)!.bytes).toEqual(text);
		expect(fixture.statuses).toEqual(["Start", "Failed"]);
		expect(fixture.disk.opened).toBe(0);
	});

	it("is gone on with in the last of its segments", async () => {
		const fixture = new RecordingFixture();
		await recorded(fixture, 10);
		fixture.disk.files.set(CAM.replace(".flv", "-002.flv"), { ...fixture.disk.files.get(CAM)! });
		await recorded(fixture, 20, { segmentMillis: 100_000 }, "append");
		expect(fixture.finished.at(-1)?.path).toBe(CAM.replace(".flv", "-002.flv"));
	});
});

describe("a disk that fails", () => {
	it.each([
		["may not be written", "writable", "EACCES", ["NoAccess"]],
		["is read-only", "folder", "EROFS", ["NoAccess"]],
		["does not answer for its room", "free", "EIO", ["Failed"]],
		["refuses the file", "open", "EACCES", ["Start", "NoAccess"]],
		["has an error", "write", "EIO", ["Start", "Failed"]],
		["has a quota", "write", "EDQUOT", ["Start", "DiskQuotaExceeded"]],
	] as const)("and %s ends the recording with its status, and the stream goes on", async (_, call, code, statuses) => {
		const fixture = new RecordingFixture();
		fixture.disk.faults.set(call, code);
		const publisher = fixture.hub.publish();
		const recording = fixture.record();
		publisher.play(40, keyframe(1));
		await fixture.pass(600);
		expect(fixture.statuses).toEqual(statuses);
		expect((await recording.ended).error).toMatchObject({ code });
		expect(fixture.log.filter(({ level }) => level === "error")).toMatchObject([{ event: "record-end" }]);
		expect([fixture.hub.live.isPublishing, fixture.disk.opened]).toEqual([true, 0]);
	});

	it("because it is full leaves whole tags, with their length in the metadata", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		fixture.record({ flushMillis: 100 });
		publisher.play(100, videoConfiguration(1), keyframe(2)).play(100, keyframe(3));
		await fixture.pass(200);
		fixture.disk.room = 30;
		publisher.play(50, keyframe(4)).play(50, keyframe(5));
		await fixture.pass(200);
		expect(fixture.statuses).toEqual(["Start", "Failed"]);
		expect(fixture.read()).toEqual(["v1@0", "K2@0", "K3@100", expect.stringMatching(/^K4@/)]);
		expect((fixture.metadata()["keyframes"] as { times: number[] }).times).toHaveLength(4);
		expect(fixture.metadata()["filesize"]).toBe(fixture.disk.files.get(CAM)!.bytes.length);
		expect(fixture.finished).toMatchObject([{ reason: "segment" }].map(() => ({ path: CAM })));
	});

	it("by running low ends the recording before it is full, and refuses new ones", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		fixture.record();
		publisher.play(40, keyframe(1));
		await fixture.pass(4000);
		fixture.disk.free = 999;
		await fixture.pass(2000);
		expect(fixture.statuses).toEqual(["Start", "DiskQuotaExceeded"]);
		expect(fixture.finished).toMatchObject([{ reason: "disk-floor" }]);
		fixture.record();
		await fixture.settle();
		expect(fixture.statuses.slice(2)).toEqual(["DiskQuotaExceeded"]);
		expect(fixture.read()).toEqual(["K1@0"]);
	});

	it("by being slow costs frames up to a keyframe, not memory, and says so once", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		fixture.record({ flushMillis: 50, queueBytes: 100 });
		publisher.play(100, videoConfiguration(1), keyframe(2));
		await fixture.pass(100);
		let open = (): void => {};
		fixture.disk.gate = new Promise(resolve => {
			open = resolve;
		});
		for (let i = 0; i < 40; i++) publisher.play(50, i % 10 === 5 ? keyframe(100 + i) : picture(100 + i));
		await fixture.settle();
		expect(fixture.log.filter(({ event }) => event === "record-gap")).toHaveLength(1);
		open();
		fixture.disk.gate = undefined;
		await fixture.settle();
		for (let i = 0; i < 10; i++) {
			publisher.play(50, i === 5 ? keyframe(200 + i) : picture(200 + i));
			await fixture.settle();
		}
		publisher.publication.end("stopped");
		await fixture.settle();
		const ids = fixture.read().map(name => name.replace(/@.*/, ""));
		expect(ids.slice(-5)).toEqual(["K205", "P206", "P207", "P208", "P209"]);
		expect(ids.length).toBeLessThan(20);
		expect(ids).not.toContain("P204");
	});

	it("by never answering does not keep the server from stopping", async () => {
		const fixture = new RecordingFixture();
		const publisher = fixture.hub.publish();
		fixture.record();
		publisher.play(100, keyframe(1));
		await fixture.settle();
		fixture.disk.gate = new Promise(() => {});
		const stopped = fixture.recorder.stop(1000);
		await fixture.pass(1100);
		await stopped;
		expect(fixture.log.at(-1)).toMatchObject({ level: "error", event: "record-end" });
	});
});
