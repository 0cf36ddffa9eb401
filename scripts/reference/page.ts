import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { applicationReference } from "./application.ts";
import { configurationReference } from "./configuration.ts";
import { errorReference } from "./error.ts";
import { migrationGuide } from "./migration.ts";
import { statusReference } from "./status.ts";

/** The folder of the repository. */
export const repository = fileURLToPath(new URL("../../", import.meta.url));

/** Every generated page: its path from the root of the repository, and what it should hold. */
export function referencePages(): ReadonlyMap<string, string> {
	return new Map([
		["docs/guide/migration.md", migrationGuide(repository)],
		["docs/reference/applications.md", applicationReference()],
		["docs/reference/configuration.md", configurationReference()],
		["docs/reference/errors.md", errorReference()],
		["docs/reference/statuses.md", statusReference()],
	]);
}

/** The pages of which the file is missing or holds something else. */
export function stalePages(): ReadonlyMap<string, string> {
	return new Map([...referencePages()].filter(([path, text]) => storedText(join(repository, path)) !== text));
}

/** Line ends as git may have changed them on the way out do not make a page stale. */
function storedText(file: string): string | undefined {
	try {
		return readFileSync(file, "utf8").replaceAll("\r\n", "\n");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw error;
	}
}
