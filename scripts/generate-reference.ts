// Writes docs/reference from what the code itself declares; with --check it only tells whether that is up to date.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repository, stalePages } from "./reference/page.ts";

const checkOnly = process.argv.includes("--check");

for (const [path, text] of stalePages()) {
	if (checkOnly) {
		console.error(`${path} is stale: run \`npm run reference\`.`);
		process.exitCode = 1;
		continue;
	}
	const file = join(repository, path);
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, text);
	console.log(`wrote ${path}`);
}
