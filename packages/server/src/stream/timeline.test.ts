import type { MediaMessage } from "@millrace/core/flv";
import { describe, expect, it } from "vitest";
import { picture, sound } from "../library/file-player-fixture.ts";
import { Timeline } from "./timeline.ts";

/** A timeline on which an item lies: pictures to 3000, sounds to 3100. */
function filled(): Timeline {
	const timeline = new Timeline();
	for (let time = 0; time < 3000; time += 40) timeline.add(picture(time, true), time);
	for (let time = 60; time < 3100; time += 20) timeline.add(sound(time), time);
	return timeline;
}

describe("a timeline", () => {
	it.each<[string, MediaMessage[], number]>([
		["that begins as the one before, so that its sound goes on", [picture(0, true), sound(60)], 3040],
		["whose sound begins first, so that it goes on", [sound(0), picture(100, true)], 3100],
		["whose sound begins much later, by its pictures", [picture(0, true), sound(5000)], 3000],
		["of pictures alone, behind the sound, for theirs may begin with them", [picture(500, true)], 2600],
		["of sound alone, by it", [sound(10)], 3090],
		["of nothing, behind everything", [], 3100],
	])("places an item %s", (_, frames, offset) => {
		expect(filled().place(frames)).toBe(offset);
	});

	it("places an item whose sound comes late beside the end of one of sound alone, and not deeper into it", () => {
		const timeline = new Timeline();
		for (let time = 0; time < 9000; time += 20) timeline.add(sound(time), time);
		expect(timeline.place([picture(0, true), sound(5000)])).toBe(8750);
		expect(timeline.place([picture(0, true), sound(60)])).toBe(8940);
		expect(timeline.place([picture(0, true)])).toBe(9000);
	});

	it("places the first item at its beginning", () => {
		expect(new Timeline().place([picture(700, true), sound(720)])).toBe(-700);
		expect(new Timeline().place([sound(300), picture(360, true)])).toBe(-300);
		expect(new Timeline().place([])).toBe(0);
	});

	it("tells how far it is ahead, and goes on from the present where it is late, or much too early", () => {
		const timeline = filled();
		expect(timeline.begin(50_000, 2000)).toBe(0);
		// A second of real time, a second of frames.
		timeline.add(picture(4080, true), 4080);
		expect(timeline.begin(50_100, 2000)).toBe(timeline.endMillis - 3200);
		expect(timeline.begin(90_000, 2000)).toBe(0);
		timeline.add(picture(60_000, true), 60_000);
		expect(timeline.begin(90_000, 2000)).toBe(2000);
		expect(timeline.begin(91_500, 2000)).toBe(500);
	});
});
