import { fileURLToPath } from "node:url";
import type { ServerOptions } from "../config/index.ts";

/** The application in which the demonstration's files are played. */
const DEMO_APPLICATION = "vod";
const DEMO_FOLDER = fileURLToPath(new URL("../../media/vod/", import.meta.url));

/**
 * The settings with the demonstration's files, `sample` and `mp4:sample.mp4`, in the application `vod`, which is added
 * where it is not there; an operator's own files of these names come before them.
 */
export function withDemoFiles(options: ServerOptions): ServerOptions {
	const known = options.applications[DEMO_APPLICATION] ?? { type: "vod" };
	const directories = [...(known.media?.directories ?? []), { prefix: "", path: DEMO_FOLDER, virtualKey: "" }];
	const application = { ...known, media: { ...known.media, directories } };
	return { ...options, applications: { ...options.applications, [DEMO_APPLICATION]: application } };
}
