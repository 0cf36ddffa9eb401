import type { ImportTarget } from "./import-target.ts";
import { type Outcome, unset } from "./outcome.ts";
import { numberOf, switchOf } from "./setting-value.ts";
import type { XmlElement } from "./xml-element.ts";

/** The kinds of files of an old configuration. `fms.ini` is called `ams.ini` from version 5 on. */
export type OldFileKind =
	| "fms.ini"
	| "Server.xml"
	| "Adaptor.xml"
	| "Vhost.xml"
	| "Application.xml"
	| "Users.xml"
	| "Logger.xml";

/** One setting as it stands in a file. */
export type OldSetting = {
	/** The text of the element, or the value of the attribute, with variables filled in. */
	readonly value: string;
	/** The element that it is, or that has it. */
	readonly element: XmlElement;
	/** The element around that one. */
	readonly parent: XmlElement | undefined;
};

/**
 * One row of the table of old settings, from which the importer works and the reference is made. `path` is the end of a
 * setting's path in the file, as far as it takes to tell it from others: settings moved about between versions.
 * `Element@attribute` is an attribute, `Element/**` everything below that no other row names.
 */
export type SettingRow = {
	readonly path: string;
	readonly outcome: Outcome["outcome"];
	/** Of what is taken: where to. */
	readonly to?: string;
	/** Why, or how. */
	readonly note: string;
	/** Its value is not shown. */
	readonly isSecret?: true;
	/** Takes it. Without this, the outcome is what the row says. */
	readonly read?: SettingReader;
};

/** Takes a setting to where it belongs, and says what became of it. */
export type SettingReader = (setting: OldSetting, target: ImportTarget) => Outcome;

/** A setting that needs none here: the server behaves so, or decides by itself. */
export function same(path: string, note: string): SettingRow {
	return { path, outcome: "equivalent", note };
}

/** A setting that means nothing here. */
export function none(path: string, note: string): SettingRow {
	return { path, outcome: "not applicable", note };
}

/** A setting that is taken, as `read` says. */
export function take(path: string, to: string, note: string, read: SettingReader): SettingRow {
	return { path, outcome: "taken", to, note, read };
}

/** A setting whose value decides whether it is equivalent or means nothing here. */
export function decide(path: string, note: string, read: SettingReader): SettingRow {
	return { path, outcome: "not applicable", note, read };
}

/** How a number becomes ours. */
export type NumberTaking = {
	/** What ours counts in one of theirs. Default 1. */
	readonly factor?: number;
	/** What a negative number, "as much as you like" of old, becomes. Default 0. */
	readonly unlimited?: number;
	/** Only the whole server has ours. */
	readonly isServerWide?: boolean;
};

/** A number that is taken as it is, or times a factor. */
export function takeNumber(path: string, to: string, note: string, how: NumberTaking = {}): SettingRow {
	const { factor = 1, unlimited = 0, isServerWide = false } = how;
	return take(path, to, note, ({ value }, target) => {
		const number = numberOf(value);
		if (number === undefined) return unset(value, "a number");
		const taken = number < 0 ? unlimited : Math.round(number * factor);
		return isServerWide ? target.putForServer(to, taken) : target.put(to, taken);
	});
}

/** A switch that is taken as it is. */
export function takeSwitch(path: string, to: string, note: string, isServerWide = false): SettingRow {
	return take(path, to, note, ({ value }, target) => {
		const on = switchOf(value);
		if (on === undefined) return unset(value, "true or false");
		return isServerWide ? target.putForServer(to, on) : target.put(to, on);
	});
}
