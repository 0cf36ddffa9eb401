// Installs the workspace's dependencies when they are missing or older than the lock file.
// Plain JavaScript for Node 20: it runs before the repository's own Node is there.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(root, "node_modules", ".millrace-installed");
const lock = readFileSync(join(root, "package-lock.json"), "utf8");

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
	console.error("Installing dependencies (once; about 400 MB with the repository's own Node) …");
	// npm is run through its own script where it told us the path, so that Windows needs no shell.
	const npm = process.env.npm_execpath;
	const args = ["ci", "--include=optional", "--loglevel=error"];
	const run = npm
		? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: ["ignore", 2, 2] })
		: spawnSync("npm", args, { cwd: root, stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
	if (run.status !== 0) {
		console.error(`Installing failed (npm ci ended with ${run.status ?? run.error?.message}).`);
		process.exit(1);
	}
	writeFileSync(stamp, lock);
}

// npm lets the next script find `node` in node_modules/.bin; where no platform package exists it is the system's. This
// one may have been started without npm, and must look where npm will.
const node = spawnSync("node", ["--version"], {
	cwd: root,
	encoding: "utf8",
	env: { ...process.env, PATH: join(root, "node_modules", ".bin") + delimiter + process.env.PATH },
	shell: process.platform === "win32",
});
const [major, minor] = (node.stdout ?? "").trim().slice(1).split(".").map(Number);
if (!(major > 22 || (major === 22 && minor >= 18))) {
	console.error(
		`No Node package exists for ${process.platform}-${process.arch}, and the installed Node is ${(node.stdout ?? "").trim() || "unknown"}.\n` +
			"Install Node 22.18 or later, then run the command again.",
	);
	process.exit(1);
}
