import type { ImportTarget } from "./import-target.ts";
import { type OldSetting, type Outcome, type SettingRow, take, takenWith } from "./setting-row.ts";

/** Folders of streams, which `Vhost.xml` and `Application.xml` have alike. */
export const STREAM_FOLDER_SETTINGS: readonly SettingRow[] = [
	take(
		"VirtualDirectory/Streams",
		"media.directories",
		"`name;folder`: a folder for names that begin so; several for one name are searched in order.",
		readStreams,
	),
	take("Streams@key", "media.directories", "As `virtualKey` of the folder.", () =>
		takenWith("media.directories", "As `virtualKey` of the folder."),
	),
];

/** `vdir;folder`; `/` and nothing are all names. The stock files say of each key with an attribute for whom it is. */
function readStreams({ value, element }: OldSetting, target: ImportTarget): Outcome {
	if (value === "" || value === ";") return { outcome: "equivalent", note: "It is empty: there is no further folder." };
	const cut = value.indexOf(";");
	const name = cut < 0 ? "" : value.slice(0, cut).trim();
	const folder = value.slice(cut + 1).trim();
	if (folder === "") return { outcome: "not applicable", note: "It names no folder." };
	const prefix = name.replace(/^\/+|\/+$/g, "");
	const virtualKey = element.attributes.get("key") ?? "";
	return target.append("media.directories", {
		...(prefix !== "" && { prefix }),
		path: target.pathOf(folder),
		...(virtualKey !== "" && { virtualKey }),
	});
}
