import { OLD_SETTINGS, type SettingRow } from "../../packages/server/src/migration/index.ts";
import { markdownTable } from "./table.ts";

const INTRODUCTION = `<!-- Written by \`npm run reference\` from the table by which \`millrace import-config\` works. Change that, not this page. -->

# Old settings

What becomes of the settings of Flash Media Server 2 to 4.5 and Adobe Media Server 5 when [\`millrace import-config\`](../guide/import-configuration.md) reads them. A path is the end of the one in the file, as far as it tells a setting from others: \`Queue/MaxQueueDelay\` is found wherever \`Queue\` is. \`A@b\` is the attribute \`b\` of \`A\`; \`A/**\` is whatever lies in \`A\` and has no row of its own. \`JSEngine\` of versions below 4 counts as \`ScriptEngine\`.

Settings of \`Application.xml\` go to the server's sections where the file is that of the default host, to \`virtualHosts.NAME\` where it is that of another one, and to \`applications.NAME\` where it lies in the folder of an application.`;

const TITLES: Partial<Record<keyof typeof OLD_SETTINGS, string>> = { "fms.ini": "fms.ini, ams.ini" };

/** The page of every setting of old servers. */
export function oldSettingReference(): string {
	const parts = Object.entries(OLD_SETTINGS).map(([file, rows]) => {
		const table = markdownTable(["old setting", "becomes", "note"], rows.map(rowOf));
		return `## ${TITLES[file as keyof typeof OLD_SETTINGS] ?? file}\n\n${table}`;
	});
	return `${[INTRODUCTION, ...parts].join("\n\n")}\n`;
}

function rowOf({ path, outcome, to, note }: SettingRow): string[] {
	return [`\`${path}\``, to === undefined ? outcome : to === "nothing" ? "equivalent" : `\`${to}\``, note];
}
