import type { ImportTarget } from "./import-target.ts";
import type { Variables } from "./ini-file.ts";
import type { ReportEntry } from "./report.ts";
import type { OldSetting, SettingRow } from "./setting-row.ts";
import type { SettingTable } from "./setting-table.ts";
import type { XmlElement } from "./xml-element.ts";

/** Settings that a host's `Application.xml` does not let applications change, by their paths. */
export type Locks = Set<string>;

/** Gathers what `override="no"` says, or where it was gathered, is kept to. */
export type LockUse = { readonly paths: Locks; readonly isKept: boolean };

/** How one file is gone through. */
export type SettingsWalkOptions = {
	/** The file, for people. */
	readonly shownAs: string;
	readonly table: SettingTable;
	readonly target: ImportTarget;
	/** Only of `Application.xml`. */
	readonly locks?: LockUse | undefined;
	report(entry: ReportEntry): void;
};

/** Versions from 4 on call the scripts' part otherwise. */
const RENAMED: Readonly<Record<string, string>> = { JSEngine: "ScriptEngine" };

/** Goes through all settings of a file, in order. Each of them is reported once. */
export function walkSettings(root: XmlElement, options: SettingsWalkOptions): void {
	visit(root, undefined, [], options);
}

/** An element with the variables of `fms.ini` filled in, in it and below. */
export function withVariables(element: XmlElement, variables: Variables, shownAs: string): XmlElement {
	const fill = (text: string): string => variables.fill(text, `${shownAs}:${element.line}`).trim();
	return {
		...element,
		text: fill(element.text),
		attributes: new Map([...element.attributes].map(([name, value]) => [name, fill(value)])),
		children: element.children.map(child => withVariables(child, variables, shownAs)),
	};
}

function visit(
	element: XmlElement,
	parent: XmlElement | undefined,
	above: readonly string[],
	options: SettingsWalkOptions,
): void {
	const path = [...above, RENAMED[element.name] ?? element.name];
	const { locks, table } = options;
	for (const [name, value] of element.attributes) {
		if (name === "override") {
			if (locks?.isKept === false && /^no$/i.test(value)) locks.paths.add(path.slice(1).join("/"));
			continue;
		}
		// A name tells elements of one kind apart; only where it is known to say more is it a setting.
		const attribute = [...path, `@${name}`];
		if (name === "name" && table.find(attribute) === undefined) continue;
		judge(attribute, value, element, parent, options);
	}
	if (path.length > 1 && saysSomething(element, path, table)) judge(path, element.text, element, parent, options);
	for (const child of element.children) visit(child, element, path, options);
}

/** An element with text is a setting; an empty one too, unless it is there to hold others, or attributes. */
function saysSomething(element: XmlElement, path: readonly string[], table: SettingTable): boolean {
	if (element.text !== "") return true;
	if (element.children.length > 0 || table.isContainer(path.at(-1) ?? "")) return false;
	return element.attributes.size === 0 || table.find(path) !== undefined;
}

function judge(
	path: readonly string[],
	value: string,
	element: XmlElement,
	parent: XmlElement | undefined,
	{ shownAs, table, target, locks, report }: SettingsWalkOptions,
): void {
	const setting = path.slice(1).join("/").replaceAll("/@", "@");
	const row = table.find(path);
	target.place = `${shownAs}:${element.line}`;
	const shown = row?.isSecret && value !== "" ? "…" : value;
	const entry = { file: shownAs, line: element.line, setting, value: shown };
	if (row === undefined) report({ ...entry, outcome: "unknown" });
	else if (/\$\{[^}]*\}/.test(value)) {
		const note = "It names a variable that is not set in `fms.ini` or `ams.ini`.";
		target.notice(`${target.place}: ${shown} is not set in fms.ini or ams.ini.`);
		report({ ...entry, outcome: "not applicable", note });
	} else if (locks?.isKept === true && isLocked(setting, locks.paths)) {
		report({
			...entry,
			outcome: "not applicable",
			note: "The `Application.xml` of the host does not let applications change it (`override`).",
		});
	} else report({ ...entry, ...outcomeOf(row, { value, element, parent }, target) });
}

function outcomeOf(
	row: SettingRow,
	setting: OldSetting,
	target: ImportTarget,
): Pick<ReportEntry, "outcome" | "to" | "note"> {
	return row.read?.(setting, target) ?? { outcome: row.outcome, note: row.note };
}

function isLocked(setting: string, locks: Locks): boolean {
	for (const lock of locks)
		if (setting === lock || setting.startsWith(`${lock}/`) || setting.startsWith(`${lock}@`)) return true;
	return false;
}
