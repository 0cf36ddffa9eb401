import { expect, it } from "vitest";
import { StreamName } from "../app/index.ts";
import { applicationOptions, resolveOptions } from "../config/index.ts";
import { MediaLibrary } from "../library/index.ts";
import { withDemoFiles } from "./demo-files.ts";

it("offers sample and mp4:sample.mp4 in vod, and leaves everything else as it was", async () => {
	const given = resolveOptions({ demo: true, applications: { live: {} } });
	const options = withDemoFiles(given);
	expect({ ...options, applications: { live: options.applications["live"] } }).toEqual(given);
	const library = new MediaLibrary({
		applicationsFolder: "none",
		foldersOf: name => applicationOptions(options, name)?.media,
	});
	expect((await library.list("vod")).map(file => file.name)).toEqual(["mp4:sample.mp4", "sample"]);
	for (const name of ["sample", "mp4:sample.mp4"])
		expect(await library.lengthMillis(new StreamName("vod", "_definst_", name))).toBe(8000);
	library.close();
});

it("comes after an operator's own folders", () => {
	const own = { directories: [{ prefix: "", path: "/films" }], list: false };
	const options = withDemoFiles(
		resolveOptions({ applications: { vod: { media: own, publish: { from: "nowhere" } } } }),
	);
	const vod = applicationOptions(options, "vod")!;
	expect(vod.media.directories.map(({ path }) => path)[0]).toBe("/films");
	expect([vod.media.directories.length, vod.media.list, vod.publish.from]).toEqual([2, false, "nowhere"]);
});
