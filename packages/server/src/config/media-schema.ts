import { z } from "zod";
import { section } from "./section.ts";

const directories = z
	.array(
		z.strictObject({
			prefix: z
				.string()
				.max(255)
				.default("")
				.describe("The first parts of the names that are looked up here, such as `films`; empty for all names."),
			path: z.string().min(1).describe("The folder. Relative to where the server is started."),
		}),
	)
	.default([]);

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
			"Further folders, longest prefix first. The application's own folder comes before them.",
		),
		followLinks: z.boolean().optional().describe("`media.followLinks` for this application, where it differs."),
		list: z.boolean().optional().describe("`media.list` for this application, where it differs."),
	})
	.optional()
	.describe(
		"Files that are played: `directories` is a list of further folders, each with its `path` and the `prefix` of the names that are looked up there (none for all names; the longest comes first, after the application's own folder), and `followLinks` and `list` go before `media.followLinks` and `media.list`.",
	);
