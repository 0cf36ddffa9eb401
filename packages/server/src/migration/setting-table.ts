import { ADAPTOR_SETTINGS } from "./adaptor-setting.ts";
import { APPLICATION_SETTINGS } from "./application-setting.ts";
import { INI_SETTINGS, LOGGER_SETTINGS, USERS_SETTINGS } from "./other-setting.ts";
import { SERVER_SETTINGS } from "./server-setting.ts";
import type { OldFileKind, SettingRow } from "./setting-row.ts";
import { VHOST_SETTINGS } from "./vhost-setting.ts";

/** Every setting of old servers that is known, by file: what the importer does, and what the reference says. */
export const OLD_SETTINGS: Readonly<Record<OldFileKind, readonly SettingRow[]>> = {
	"fms.ini": INI_SETTINGS,
	"Server.xml": SERVER_SETTINGS,
	"Adaptor.xml": ADAPTOR_SETTINGS,
	"Vhost.xml": VHOST_SETTINGS,
	"Application.xml": APPLICATION_SETTINGS,
	"Users.xml": USERS_SETTINGS,
	"Logger.xml": LOGGER_SETTINGS,
};

/** Finds rows by the path of a setting in its file. */
export class SettingTable {
	readonly #exact: readonly (readonly [parts: readonly string[], row: SettingRow])[];
	readonly #groups: readonly (readonly [parts: readonly string[], row: SettingRow])[];
	readonly #containers = new Set<string>();

	constructor(rows: readonly SettingRow[]) {
		const split = rows.map(row => [row.path.split(/\/|(?=@)/), row] as const);
		const isGroup = (parts: readonly string[]): boolean => /^@?\*\*$/.test(parts.at(-1) ?? "");
		const longestFirst = (list: typeof split) => list.toSorted(([a], [b]) => b.length - a.length);
		this.#exact = longestFirst(split.filter(([parts]) => !isGroup(parts)));
		this.#groups = longestFirst(split.filter(([parts]) => isGroup(parts)));
		for (const [parts] of split) {
			// Of `Element@attribute`, the element itself need hold nothing.
			const last = (parts.at(-1) ?? "").startsWith("@") ? -2 : -1;
			for (const part of parts.slice(0, last)) this.#containers.add(part);
		}
	}

	/**
	 * The row of a setting, the most particular one.
	 *
	 * @param path its elements from the root; an attribute is the last part, `@name`
	 */
	find(path: readonly string[]): SettingRow | undefined {
		const exact = this.#exact.find(([parts]) => endsWith(path, parts, path.length));
		return exact?.[1] ?? this.#groups.find(([parts]) => isWithin(path, parts))?.[1];
	}

	/** Whether an element of that name is there to hold others, so that an empty one says nothing. */
	isContainer(name: string): boolean {
		return this.#containers.has(name);
	}
}

function endsWith(path: readonly string[], parts: readonly string[], end: number): boolean {
	const start = end - parts.length;
	return start >= 0 && parts.every((part, index) => part === path[start + index]);
}

/** `A/**` is anything below `A`, attributes too; `A@**` any attribute of `A`. */
function isWithin(path: readonly string[], parts: readonly string[]): boolean {
	const head = parts.slice(0, -1);
	if (parts.at(-1) === "@**") return (path.at(-1) ?? "").startsWith("@") && endsWith(path, head, path.length - 1);
	for (let end = path.length - 1; end >= head.length; end--) if (endsWith(path, head, end)) return true;
	return false;
}
