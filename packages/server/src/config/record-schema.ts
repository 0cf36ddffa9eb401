import { z } from "zod";
import { section } from "./section.ts";
import { duration, size } from "./unit.ts";

const TEMPLATE_FIELDS = ["app", "instance", "stream", "date", "time", "n"];

/** How live streams are recorded to files. */
export const recordSchema = section("How live streams are recorded to files.", {
	mode: z
		.enum(["off", "publisher", "always"])
		.default("publisher")
		.describe(
			"`publisher` records what publishers ask for (publish types `record`, `append` and `appendWithGap`), `always` every stream that `streams` names as well, and `off` neither.",
		),
	anonymous: z
		.boolean()
		.default(false)
		.describe(
			"Whether publishers may record that were let in only because `publish.from` is `anywhere`. With this, anybody can fill the disk down to `freeBytes`.",
		),
	streams: z
		.array(z.string().min(1))
		.default(["*"])
		.describe("The names of the streams that `always` records; `*` stands for any characters."),
	existing: z
		.enum(["append", "appendWithGap", "replace"])
		.default("append")
		.describe(
			"What `always` does where the file is there already: goes on behind its end, or behind a gap as long as the pause was, or replaces it.",
		),
	replaced: z
		.enum(["remove", "keep"])
		.default("remove")
		.describe(
			"What becomes of a file that a recording replaces: it is removed once the new one has got going, as publishers expect of the type `record`; or kept, with the time when it was last written added to its name.",
		),
	format: z
		.enum(["flv", "mp4"])
		.default("flv")
		.describe(
			"`flv` takes every codec; `mp4` is fragmented MP4; a stream of other codec configurations is not appended to it, but goes on in another file, with a number. A prefix of the stream's name, `mp4:cam`, decides first.",
		),
	name: z
		.string()
		.min(1)
		.max(1000)
		.refine(isTemplate, {
			error: `must be a path without extension that holds {stream} and no other fields than ${TEMPLATE_FIELDS.map(field => `{${field}}`).join(" ")}`,
		})
		.default("{app}/streams/{instance}/{stream}")
		.describe(
			"Where files go below the folder of the applications. `{n}` is the number of a segment, `{date}` and `{time}` are in UTC. Streams recorded to the default are played under the same name.",
		),
	segmentMillis: duration(0, 604_800_000)
		.default(0)
		.describe("A file ends at the first keyframe after this time and another begins; 0 means never."),
	segmentBytes: size(0, 1024 ** 5)
		.default(0)
		.describe("A file ends at the first keyframe after this size and another begins; 0 means never."),
	maxMillis: duration(0, 365 * 86_400_000)
		.default(0)
		.describe("A recording ends after this time; 0 means never."),
	maxBytes: size(0, 1024 ** 5)
		.default(0)
		.describe("A recording ends at this size, all its files together; 0 means never."),
	freeBytes: size(0, 1024 ** 5)
		.prefault("500MiB")
		.describe("No recording begins, and those that run end, where the disk has less than this left."),
	flushMillis: duration(50, 10_000)
		.prefault("500ms")
		.describe("How long frames wait before they are written: what a crash may cost."),
	flushBytes: size(4096, 64 * 1024 ** 2)
		.prefault("256KiB")
		.describe("So much is written at once, without waiting."),
	metadataMillis: duration(1000, 3_600_000)
		.prefault("10s")
		.describe("How often duration and keyframes are written into the metadata of a growing file."),
	queueBytes: size(1024 ** 2, 4 * 1024 ** 3)
		.prefault("32MiB")
		.describe("What may wait in memory for a slow disk; above it, frames are left out up to a keyframe."),
	sync: z
		.boolean()
		.default(true)
		.describe("Whether a file is brought to the disk (`fsync`) before it counts as finished."),
});

function isTemplate(template: string): boolean {
	const fields = [...template.matchAll(/\{(\w*)\}/g)].map(([, field = ""]) => field);
	const segments = template.split("/");
	return (
		fields.includes("stream") &&
		fields.every(field => TEMPLATE_FIELDS.includes(field)) &&
		segments.every(segment => segment !== "" && segment !== "." && segment !== "..")
	);
}
