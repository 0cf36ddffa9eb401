import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MEMBERS, type Member } from "../../packages/server/src/legacy/index.ts";
import { markdownTable } from "./table.ts";

/** Between these lines of the guide stands what is written here. */
const BEGIN = "<!-- Written by `npm run reference` from the table of members. Change that, not what follows. -->";
const END = "<!-- Here ends what is written by `npm run reference`. -->";

const STATES: Readonly<Record<Member["state"], string>> = { full: "yes", partial: "in part", absent: "no" };
const TITLES: Readonly<Record<string, string>> = { Application: "application", global: "Global functions and classes" };

/** The guide for those who move old applications, with its tables as the code has them. */
export function migrationGuide(repository: string): string {
	const text = readFileSync(join(repository, "docs/guide/migration.md"), "utf8").replaceAll("\r\n", "\n");
	const begin = text.indexOf(BEGIN);
	const end = text.indexOf(END);
	if (begin < 0 || end < begin) throw new Error("docs/guide/migration.md has lost the marks of its tables.");
	return `${text.slice(0, begin)}${BEGIN}\n\n${memberTables()}\n\n${text.slice(end)}`;
}

function memberTables(): string {
	return [...Map.groupBy(MEMBERS, ({ of }) => of)]
		.map(([of, members]) => {
			const counts = Object.entries(STATES).map(([state, word]) => {
				const count = members.filter(member => member.state === state).length;
				return count === 0 ? [] : [`${word}: ${count}`];
			});
			const rows = members.map(({ name, kind, since, state, note }) => [
				`\`${name}\``,
				kind,
				since,
				STATES[state],
				note,
			]);
			const table = markdownTable(["member", "what", "since", "is there", ""], rows);
			return `### ${TITLES[of] ?? of}\n\n${counts.flat().join(", ")}.\n\n${table}`;
		})
		.join("\n\n");
}
