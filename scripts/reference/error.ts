import { FAULTS } from "@millrace/core/fault";
import { markdownTable } from "./table.ts";

type Owner = (typeof FAULTS)[keyof typeof FAULTS]["by"];

const GROUPS: readonly { readonly by: Owner; readonly title: string; readonly text: string }[] = [
	{
		by: "peer",
		title: "The peer's (`PeerError`)",
		text: "The other side sent something that its protocol does not allow. Only its own connection is harmed.",
	},
	{
		by: "limit",
		title: "A limit (`LimitError`)",
		text: "The other side went past a ceiling. The ceilings that can be set are under `limits` in the [configuration](configuration.md#limits).",
	},
	{
		by: "usage",
		title: "The user's (`UsageError`)",
		text: "The library was called, or the server configured, in a way that cannot work.",
	},
	{
		by: "transport",
		title: "The network's (`TransportError`)",
		text: "The network or the operating system failed; `error.cause` holds their error.",
	},
	{
		by: "file",
		title: "Of a file (`FileError`)",
		text: "A media file is broken, too complex, or cannot be used; `error.cause` holds the operating system's error, where there is one.",
	},
];

/** The page of every fault that Millrace names. */
export function errorReference(): string {
	const lines = [
		"<!-- Written by `npm run reference` from the table of faults. Change that, not this page. -->",
		"",
		"# Errors",
		"",
		"Every error that Millrace throws or logs has a stable `code`. They are grouped by whose fault it is. What follows the sentence in a message is what was found in that case.",
	];
	for (const { by, title, text } of GROUPS) {
		const rows = Object.entries(FAULTS)
			.filter(([, fault]) => fault.by === by)
			.map(([code, fault]) => [`\`${code}\``, fault.text]);
		lines.push("", `## ${title}`, "", text, "", markdownTable(["code", "meaning"], rows));
	}
	return `${lines.join("\n")}\n`;
}
