import { describe, expect, test } from "vitest";
import { Playback } from "./playback.ts";

/** A player whose clock is turned by hand; `update` is called at each deadline, as a timer would. */
class TestPlayer {
	readonly codes: string[] = [];
	readonly playback: Playback;
	now = 5000;

	constructor(bufferMillis = 100) {
		this.playback = new Playback(code => this.codes.push(code.slice("NetStream.Buffer.".length)));
		this.playback.bufferMillis = bufferMillis;
		this.playback.restart();
	}

	/** Frames each 40 ms from one time to before another, at once. */
	give(from: number, to: number): this {
		for (let time = from; time < to; time += 40) this.playback.add(time, true, this.now);
		return this;
	}

	pass(millis: number): this {
		const end = this.now + millis;
		for (;;) {
			const deadline = this.playback.deadline(this.now);
			if (deadline > end) break;
			this.now = Math.max(deadline, this.now + 1);
			this.playback.update(this.now);
		}
		this.now = end;
		return this;
	}

	get position(): number {
		return Math.round(this.playback.position(this.now));
	}

	get length(): number {
		return Math.round(this.playback.length(this.now));
	}
}

describe("the player's clock", () => {
	test("stands until the buffer is full, then goes with the wall clock", () => {
		const player = new TestPlayer(200).give(1000, 1160);
		player.pass(500);
		expect([player.position, player.length, player.codes]).toEqual([1000, 120, []]);
		player.give(1160, 3000).pass(300);
		expect([player.position, player.length, player.codes]).toEqual([1300, 1660, ["Full"]]);
	});

	test("stops where everything has been played, and goes on when the buffer is full again", () => {
		const player = new TestPlayer().give(0, 1000).pass(2000);
		expect([player.position, player.length, player.codes]).toEqual([960, 0, ["Full", "Empty"]]);
		player.give(1000, 1040).pass(500);
		expect(player.position).toBe(960);
		player.give(1040, 2000).pass(100);
		expect([player.position, player.codes]).toEqual([1060, ["Full", "Empty", "Full"]]);
	});

	test("plays out what is there when no more will come", () => {
		const player = new TestPlayer().give(0, 1000).pass(500);
		player.playback.flush(player.now);
		player.playback.flush(player.now);
		expect(player.codes).toEqual(["Full", "Flush"]);
		player.pass(5000);
		expect([player.position, player.codes]).toEqual([960, ["Full", "Flush", "Empty"]]);
	});

	test("plays what never filled the buffer when no more will come", () => {
		const player = new TestPlayer(5000).give(0, 1000).pass(500);
		player.playback.flush(player.now);
		player.pass(500);
		expect([player.position, player.codes]).toEqual([500, ["Flush"]]);
		player.pass(1000);
		expect(player.codes).toEqual(["Flush", "Empty"]);
	});

	test("stands while paused, when the buffer fills too", () => {
		const player = new TestPlayer().give(0, 1000).pass(300);
		player.playback.pause(player.now);
		player.pass(10_000).give(1000, 2000);
		expect([player.position, player.length]).toEqual([300, 1660]);
		player.playback.resume(player.now);
		player.pass(300);
		expect([player.position, player.codes]).toEqual([600, ["Full"]]);
	});

	test("goes where it is told, with an empty buffer, and from the first frame on that comes", () => {
		const player = new TestPlayer().give(0, 5000).pass(300);
		player.playback.restart(40_000);
		player.pass(300);
		expect([player.position, player.length]).toEqual([40_000, 0]);
		player.give(39_200, 41_000).pass(100);
		expect([player.position, player.codes]).toEqual([39_300, ["Full", "Full"]]);
	});

	test("plays stretches one after the other, each with its own times", () => {
		const player = new TestPlayer().give(0, 2000);
		player.give(0, 1000);
		expect(player.length).toBe(1960 + 960);
		player.pass(1900);
		expect(player.position).toBe(1900);
		player.pass(300);
		expect([player.position, player.length, player.codes]).toEqual([240, 720, ["Full"]]);
	});

	test("small steps back are the same stretch", () => {
		const player = new TestPlayer();
		for (const time of [1000, 1040, 1020, 1080, 1060, 1120]) player.playback.add(time, true, player.now);
		expect([player.length, player.codes]).toEqual([120, ["Full"]]);
	});

	test("without a buffer plays a live stream as it comes and never runs dry", () => {
		const player = new TestPlayer(0).give(0, 400).pass(1000);
		expect([player.position, player.codes]).toEqual([360, ["Full"]]);
		player.give(400, 440).pass(1000);
		expect([player.position, player.codes]).toEqual([400, ["Full"]]);
		player.playback.flush(player.now);
		expect(player.codes).toEqual(["Full", "Flush", "Empty"]);
	});

	test("hastens a live stream whose buffer is too full, up to 6.25 %, and no other", () => {
		const live = new TestPlayer();
		live.playback.maxBufferMillis = 1000;
		live.give(0, 20_000).pass(1000);
		expect(live.position).toBe(1063);
		live.pass(30_000);
		expect(live.codes).toEqual(["Full", "Empty"]);
		const recorded = new TestPlayer();
		recorded.playback.isLive = false;
		recorded.playback.maxBufferMillis = 1000;
		recorded.give(0, 20_000).pass(1000);
		expect(recorded.position).toBe(1000);
	});

	test("knows how much audio and video are there", () => {
		const player = new TestPlayer();
		player.playback.add(0, true, player.now);
		player.playback.add(500, false, player.now);
		player.playback.add(300, true, player.now);
		player.playback.add(900, true, player.now);
		player.pass(100);
		expect(player.playback.lengthOf("video", player.now)).toBe(800);
		expect(player.playback.lengthOf("audio", player.now)).toBe(400);
	});

	test("takes nothing once it is stopped, and keeps its place", () => {
		const player = new TestPlayer().give(0, 1000).pass(300);
		player.playback.stop(player.now);
		player.give(1000, 2000).pass(1000);
		expect([player.position, player.length, player.codes]).toEqual([300, 0, ["Full"]]);
	});
});
