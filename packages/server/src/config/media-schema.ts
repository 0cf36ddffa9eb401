import { z } from "zod";
import { agentRangeFields } from "./agent-schema.ts";
import { section } from "./section.ts";

/** Old servers took any letters and digits; `*` and `:` they refused. */
const virtualKey = z
	.string()
	.max(64)
	.regex(/^[^*:]*$/, { error: "must have neither `*` nor `:` in it" });

const directories = z
	.array(
		z.strictObject({
			prefix: z
				.string()
				.max(255)
				.default("")
				.describe("The first parts of the names that are looked up here, such as `films`; empty for all names."),
			path: z.string().min(1).describe("The folder. Relative to where the server is started."),
			virtualKey: virtualKey
				.default("")
				.describe(
					"Only RTMP clients with this key (`virtualKeys`) find files here, and here before all other folders; empty for everybody.",
				),
		}),
	)
	.default([]);

const virtualKeys = z.array(
	z.strictObject({
		key: virtualKey.min(1).describe("The key that these clients have."),
		...agentRangeFields,
	}),
);

/** Where files are that are played on demand. */
export const mediaSchema = section("Where files are that are played on demand.", {
	applications: z
		.string()
		.min(1)
		.default("./applications")
		.describe(
			"The folder that holds a folder for each application; what lies there in `NAME/media` and `NAME/streams/INSTANCE` can be played. Relative to where the server is started.",
		),
	directories: directories.describe(
		"Further folders for all applications, each with its `path` and the `prefix` of the names that are looked up there; behind those of the application itself where prefixes are equally long.",
	),
	virtualKeys: virtualKeys
		.default([])
		.describe(
			'Which clients have a virtual key, by what they say they are in `flashVer`: `{ key: A, from: "WIN 8,0,0,0", to: "WIN 9,0,59,0" }`. The first that fits counts; an application\'s code can give a client another one (`client.virtualKey`).',
		),
	followLinks: z
		.boolean()
		.default(false)
		.describe(
			"Whether symbolic links may lead out of the folders. Without it, a link is followed only to files in the same folder.",
		),
	list: z
		.boolean()
		.default(true)
		.describe(
			"Whether the start page and `/api/files` list the files; without it they are played by their names alone.",
		),
});

/** Where the files of one application are, beside its own folder. */
export const applicationMediaSchema = z
	.strictObject({
		directories: directories.describe(
			"Further folders, longest prefix first. The application's own folder comes before them, but for those with a `virtualKey`.",
		),
		virtualKeys: virtualKeys.optional().describe("`media.virtualKeys` for this application, where they differ."),
		followLinks: z.boolean().optional().describe("`media.followLinks` for this application, where it differs."),
		list: z.boolean().optional().describe("`media.list` for this application, where it differs."),
	})
	.optional()
	.describe(
		"Files that are played: `directories` is a list of further folders, each with its `path` and the `prefix` of the names that are looked up there (none for all names; the longest comes first, after the application's own folder) and, where only some clients find them, their `virtualKey`; `virtualKeys`, `followLinks` and `list` go before `media.virtualKeys`, `media.followLinks` and `media.list`.",
	);
