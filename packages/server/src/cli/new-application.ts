import { existsSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { APPLICATION_NAME } from "../config/index.ts";
import { findMain } from "../host/index.ts";
import { applicationFiles, type PackageFacts } from "./application-template.ts";
import type { CliContext } from "./cli-context.ts";
import { configOf } from "./config-flags.ts";
import { EXIT, fail } from "./stream-command.ts";

type NewFlags = { readonly folder?: string };

/** Our own package, which the project's tests and the author's editor must find. */
const PACKAGE_ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Whether these sources run as they are: then Node must be told so wherever it runs them. */
const FROM_SOURCES = extname(fileURLToPath(import.meta.url)) === ".ts";

/** `millrace new`: makes an application with a test. */
export function newCommand(context: CliContext): Command {
	return new Command("new")
		.description("make an application: code to begin with, and a test")
		.argument("<name>", "what clients connect to: rtmp://host/NAME")
		.option("--folder <folder>", "where applications are (default: media.applications of the configuration)")
		.action(async (name: string, { folder }: NewFlags) => {
			if (!APPLICATION_NAME.test(name)) {
				const rule = "letters, digits, dots, hyphens and underscores, beginning with a letter or digit, at most 64";
				fail(context, EXIT.usage, `${name} is no name for an application: ${rule}.`);
			}
			const parent = folder ?? configOf({}, context).options.media.applications;
			const target = resolve(context.folder, parent, name);
			await makeApplication(name, target, context);
			const shown = relative(context.folder, target) || ".";
			context.stdout.write(nextSteps(name, shown, folder === undefined ? undefined : parent));
		});
}

async function makeApplication(name: string, target: string, context: CliContext): Promise<void> {
	const isLinked = !isFound(target, "millrace");
	const facts: PackageFacts = {
		version: context.version,
		fromSources: FROM_SOURCES,
		lacks: ["millrace", "@types/node"].filter(wanted => !isFound(target, wanted)),
	};
	const files = applicationFiles(name, facts);
	const taken = findMain(target) ?? [...files.keys()].map(file => join(target, file)).find(path => existsSync(path));
	if (taken !== undefined) fail(context, EXIT.usage, `${taken} exists; nothing was changed.`);
	await mkdir(target, { recursive: true });
	for (const [file, text] of files) await writeFile(join(target, file), text, { flag: "wx" });
	if (isLinked) await linkPackage(target);
}

/** Whether Node finds a package from a folder. */
function isFound(folder: string, name: string): boolean {
	for (let above = folder; ; above = dirname(above)) {
		if (existsSync(join(above, "node_modules", name, "package.json"))) return true;
		if (above === dirname(above)) return false;
	}
}

/** Makes `millrace/app` and `millrace/testing` this very package, so that nothing must be installed. */
async function linkPackage(folder: string): Promise<void> {
	await mkdir(join(folder, "node_modules"), { recursive: true });
	await symlink(PACKAGE_ROOT, join(folder, "node_modules", "millrace"), "junction");
}

function nextSteps(name: string, folder: string, parent: string | undefined): string {
	const setting = parent === undefined ? "" : ` --set media.applications=${parent}`;
	return `Made ${folder}:
  main.ts        the application: begin here
  main.test.ts   its test

Test it:      cd ${folder} && npm test
Run it:       millrace serve${setting}
Connect to:   rtmp://localhost/${name}

The server starts it for its first client, and anew whenever you save its code.
\`npm install\` in its folder fetches what editors show types from.
`;
}
