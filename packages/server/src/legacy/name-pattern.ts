import { matchesObject } from "../shared-object/index.ts";

/** What says of which kind a file is: `mp4:film.f4v`, `flv:/talk`. */
const PREFIX = /^([a-z0-9]+):/i;

/**
 * Whether names are meant by a path of `application.clearStreams`: `/report*`, `mp4:film.f4v`, `flv:/talk`, `/` for all.
 * `*` stands for anything and `?` for one character; without a prefix files of all kinds are meant.
 */
export function namePattern(path: string): (name: string) => boolean {
	const kind = kindOf(path);
	const pattern = path.replace(PREFIX, "");
	return name =>
		(kind === undefined || kind === (kindOf(name) ?? "flv")) && matchesObject(pattern, name.replace(PREFIX, ""));
}

function kindOf(name: string): string | undefined {
	return PREFIX.exec(name)?.[1]?.toLowerCase();
}
