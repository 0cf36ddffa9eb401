// Builds the console when it is missing, or when its sources, its build or the lock file are not those it was built
// from: they are told by their content, so that neither a checkout nor a copy counts as a change.
// Plain JavaScript for Node 20: a shell may still run it with the Node that was there before the install.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(root, "packages", "console");
const stamp = join(folder, "dist", ".built-from");

// The pages read FLV by the core.
const sources = [join(folder, "src"), join(root, "packages", "core", "src")].flatMap(from =>
	readdirSync(from, { recursive: true, withFileTypes: true })
		.filter(entry => entry.isFile() && !entry.name.endsWith(".test.ts"))
		// `path` is what Node 20 before 20.12 calls `parentPath`.
		.map(entry => join(entry.parentPath ?? entry.path, entry.name)),
);
const hash = createHash("sha256");
for (const file of [...sources.sort(), join(folder, "build.ts"), join(root, "package-lock.json")]) {
	hash
		.update(`${relative(root, file).replaceAll("\\", "/")}\0`)
		.update(readFileSync(file))
		.update("\0");
}
const builtFrom = hash.digest("hex");

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== builtFrom) {
	const path = `${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH ?? ""}`;
	const run = spawnSync("node", [join("packages", "console", "build.ts")], {
		cwd: root,
		stdio: ["ignore", 2, 2],
		env: { ...process.env, PATH: path },
		shell: process.platform === "win32",
	});
	if (run.status !== 0) {
		console.error(`Building the console failed (it ended with ${run.status ?? run.error?.message}).`);
		process.exit(1);
	}
	writeFileSync(stamp, builtFrom);
}
