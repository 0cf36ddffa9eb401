/** What became of a setting. */
export type OutcomeKind = "taken" | "equivalent" | "not applicable" | "unknown";

/** One setting of an old configuration, and what became of it. */
export type ReportEntry = {
	/** Relative to the folder that was imported. */
	readonly file: string;
	readonly line: number;
	/** Its path in the file: `Client/Bandwidth/ServerToClient`, `HTTPTunnel/Redirect@enable`. */
	readonly setting: string;
	/** With variables filled in; `…` for a password. */
	readonly value: string;
	readonly outcome: OutcomeKind;
	/** Of what was taken: the setting of ours. */
	readonly to?: string;
	/** Why, or what to know of it. */
	readonly note?: string;
};

/** What an import tells. */
export type ImportReport = {
	readonly files: readonly string[];
	readonly settings: readonly ReportEntry[];
	/** What a person should know or do, whatever the settings. */
	readonly notices: readonly string[];
	readonly counts: Readonly<Record<OutcomeKind, number>>;
};

const HEADINGS: readonly (readonly [OutcomeKind, string])[] = [
	["unknown", "Unknown: no setting of that name is known, look at these yourself"],
	["taken", "Taken"],
	["not applicable", "Not applicable"],
	["equivalent", "Equivalent: nothing to set, the server does it by itself"],
];

/** How many settings had which outcome. */
export function countOutcomes(settings: readonly ReportEntry[]): ImportReport["counts"] {
	const counts = { taken: 0, equivalent: 0, "not applicable": 0, unknown: 0 };
	for (const { outcome } of settings) counts[outcome]++;
	return counts;
}

/** The report as text for people. */
export function reportText({ files, settings, notices, counts }: ImportReport): string {
	const total = `${settings.length} settings of ${files.length} files: ${counts.taken} taken, ${counts.equivalent} equivalent, ${counts["not applicable"]} not applicable, ${counts.unknown} unknown.`;
	const parts = [total];
	if (notices.length > 0) parts.push(["To look at:", ...notices.map(notice => `  - ${notice}`)].join("\n"));
	for (const [kind, heading] of HEADINGS) {
		const lines = settings.filter(({ outcome }) => outcome === kind).map(entryText);
		if (lines.length > 0) parts.push([`${heading} (${lines.length}):`, ...lines].join("\n"));
	}
	return `${parts.join("\n\n")}\n`;
}

function entryText({ file, line, setting, value, to, note }: ReportEntry): string {
	const shown = value === "" ? "" : ` = ${value.length > 80 ? `${value.slice(0, 79)}…` : value}`;
	const target = to === undefined ? "" : `  ->  ${to}`;
	return `  ${file}:${line}  ${setting}${shown}${target}${note === undefined ? "" : `\n      ${note}`}`;
}
