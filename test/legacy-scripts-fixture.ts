import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Applications in the old style, as they lie in `legacy-scripts`: their files by their paths in the applications folder. */
export function oldApplications(...names: readonly string[]): Record<string, Buffer> {
	const files: Record<string, Buffer> = {};
	for (const name of names) {
		for (const entry of readdirSync(join(ROOT, name), { recursive: true, withFileTypes: true })) {
			if (!entry.isFile()) continue;
			const path = join(entry.parentPath, entry.name);
			files[path.slice(ROOT.length + 1).replaceAll("\\", "/")] = readFileSync(path);
		}
	}
	return files;
}

const ROOT = join(import.meta.dirname, "legacy-scripts");
