import { z } from "zod";
import { section } from "./section.ts";
import { duration, size } from "./unit.ts";

/** How live streams travel from the publisher to the viewers. */
export const liveSchema = section("How live streams travel from the publisher to the viewers.", {
	latency: z
		.enum(["interactive", "default", "scale"])
		.default("default")
		.describe(
			"`interactive` sends every frame at once, `default` gathers frames for a moment, and `scale` gathers longer so that one machine serves more viewers.",
		),
	windowMillis: section("How long frames are gathered before they are sent.", {
		default: duration(1, 1000).prefault("50ms").describe("The time in the mode `default`."),
		scale: duration(1, 5000).prefault("350ms").describe("The time in the mode `scale`."),
	}),
	audioFlushMillis: duration(1, 1000)
		.prefault("20ms")
		.describe("In the mode `interactive`, how long audio waits where no video frame is due that it could go with."),
	gopCache: section("The frames since the last keyframe, with which a new viewer starts at once.", {
		enabled: z.boolean().default(true).describe("Without it, a new viewer waits for the next keyframe."),
		maxBytes: size(64 * 1024, 1024 ** 3)
			.prefault("16MiB")
			.describe("A group of pictures that grows larger is not kept."),
		maxMillis: duration(100, 600_000).prefault("30s").describe("A group of pictures that grows longer is not kept."),
	}),
	viewerQueue: section("What waits for a viewer whose connection is slower than the stream.", {
		maxBytes: size(64 * 1024, 1024 ** 3)
			.prefault("8MiB")
			.describe("Above this, frames are dropped up to the next keyframe."),
		maxMillis: duration(100, 600_000)
			.prefault("10s")
			.describe("Above this length of stream, frames are dropped up to the next keyframe."),
		closeAfterMillis: duration(1000, 3_600_000)
			.prefault("30s")
			.describe("A viewer that takes nothing at all for this long is closed."),
	}),
	timestamps: section("Repair of a publisher's clock.", {
		jumpMillis: duration(100, 3_600_000)
			.prefault("10s")
			.describe(
				"A step of the publisher's clock beyond this, in either direction, is closed up: an encoder that restarted.",
			),
	}),
});
