import { expect, it } from "vitest";
import { LowMemoryAlarm } from "./low-memory-alarm.ts";

it("says that memory is low once, until there was enough of it again", () => {
	const alarm = new LowMemoryAlarm();
	const measures = [10, 79, 80, 95, 71, 85, 69, 79, 80, 81].map(used => [used, alarm.measure(used, 100)] as const);
	expect(measures.filter(([, isLow]) => isLow).map(([used]) => used)).toEqual([80, 80]);
	expect(measures.findLastIndex(([, isLow]) => isLow)).toBe(8);
});
