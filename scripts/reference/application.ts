import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Declaration, readDeclarations } from "./declaration.ts";
import { markdownTable } from "./table.ts";

const packages = fileURLToPath(new URL("../../packages/", import.meta.url));

/** The two modules that authors of applications import. */
const MODULES = [
	{
		name: "millrace/app",
		file: "server/src/application/public.ts",
		text: "What the code of an application imports.",
	},
	{
		name: "millrace/testing",
		file: "server/src/testing/index.ts",
		text: "What the tests of an application import.",
	},
] as const;

/** Where that is declared which the modules hand on from elsewhere. */
const FOREIGN_FILES: Readonly<Record<string, readonly string[]>> = {
	"@millrace/core/amf": ["core/src/amf/amf-types.ts", "core/src/amf/amf-class-registry.ts"],
	"@millrace/core/rtmp": ["core/src/rtmp/net-status.ts"],
	"@millrace/core/shared-object": ["core/src/shared-object/shared-object-sync.ts"],
	"../app/index.ts": ["server/src/app/client-stats.ts", "server/src/app/instance-stats.ts"],
	"../hub/index.ts": [
		"server/src/hub/media-tally.ts",
		"server/src/hub/stream-meter.ts",
		"server/src/hub/stream-stats.ts",
	],
};

/** The page of everything that authors of applications import, made from its types and their comments. */
export function applicationReference(): string {
	const lines = [
		"<!-- Written by `npm run reference` from the types and their comments. Change those, not this page. -->",
		"",
		"# The API of applications",
		"",
		"How to use it is told by task in [the guide](../guide/applications.md). Codes of statuses are on [a page of their own](statuses.md).",
	];
	for (const { name, file, text } of MODULES) {
		const declarations = exportsOf(file);
		lines.push("", `## ${name}`, "", text);
		for (const declaration of declarations) lines.push("", ...sectionOf(declaration));
	}
	return `${lines.join("\n")}\n`;
}

/** What a module exports, in the order of its statements: what it is about first, what is handed on from elsewhere last. */
export function exportsOf(file: string): Declaration[] {
	const source = readFileSync(join(packages, file), "utf8");
	const own: Declaration[] = [];
	const foreign: Declaration[] = [];
	for (const [, names = "", from = ""] of source.matchAll(/export (?:type )?\{([^}]*)\} from "([^"]+)"/g)) {
		const files = FOREIGN_FILES[from] ?? [join(dirname(file), from)];
		const known = files.flatMap(each => readDeclarations(readFileSync(join(packages, each), "utf8")));
		for (const entry of names.split(",")) {
			const name = entry.trim().replace(/^type /, "");
			if (name === "") continue;
			const found = known.find(each => each.name === name);
			if (found === undefined) throw new Error(`${name} of ${from} cannot be found.`);
			(from.startsWith("./") ? own : foreign).push(found);
		}
	}
	return [...own, ...foreign];
}

function sectionOf({ kind, name, doc, signature, members }: Declaration): string[] {
	const lines = [`### ${name}`, ""];
	if (doc !== "") lines.push(doc, "");
	lines.push("```ts", kind === "type" && members.length > 0 ? `${signature} = { … }` : signature, "```");
	if (members.length > 0) {
		const rows = members.map(member => [codeSpan(member.signature), member.doc.replaceAll(/\s*\n+/g, " ")]);
		lines.push("", markdownTable(["member", ""], rows));
	}
	return lines;
}

/** Code in which backticks may stand. */
function codeSpan(text: string): string {
	return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}
