/**
 * Builds what is published, into the `dist` folder of each package: JavaScript and declarations of everything that the
 * package's entries reach, its licence, and for the server the console's pages. Run by `npm run build`.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const root = join(import.meta.dirname, "..");
const packages = join(root, "packages");

/** In the order of their dependencies: each is compiled against the declarations of those before it. */
const PUBLISHED = ["core", "client", "server"] as const;

/** Programs that are started by their files, so that no entry imports them. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
	server: ["src/application/runtime-process.ts", "src/application/runtime-thread.ts"],
};

type Manifest = {
	readonly exports: Readonly<Record<string, { readonly source: string }>>;
	readonly bin?: Readonly<Record<string, string>>;
};

for (const name of PUBLISHED) rmSync(join(packages, name, "dist"), { recursive: true, force: true });
run("node", ["scripts/ensure-built.mjs"]);
for (const name of PUBLISHED) {
	const folder = join(packages, name);
	const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
	compile(folder, [...entriesOf(manifest), ...(PROGRAMS[name] ?? [])]);
	copyFileSync(join(root, "LICENSE"), join(folder, "dist", "LICENSE"));
	for (const file of Object.values(manifest.bin ?? {})) chmodSync(join(folder, file), 0o755);
	console.log(`built packages/${name}/dist`);
}
cpSync(join(packages, "console", "dist"), join(packages, "server", "dist", "console"), {
	recursive: true,
	filter: path => !basename(path).startsWith("."),
});
console.log("copied the console into packages/server/dist/console");

/** The source of each export and of each command. */
function entriesOf({ exports, bin = {} }: Manifest): string[] {
	const commands = Object.values(bin).map(file => file.replace("/dist/", "/src/").replace(/\.js$/, ".ts"));
	return [...Object.values(exports).map(({ source }) => source), ...commands];
}

function compile(folder: string, entries: readonly string[]): void {
	// Inside node_modules, so that the compiler finds `@types` by walking up, and nothing is left in the packages.
	const cache = join(root, "node_modules", ".cache");
	mkdirSync(cache, { recursive: true });
	const work = mkdtempSync(join(cache, "build-"));
	try {
		const project = join(work, "tsconfig.json");
		writeFileSync(project, JSON.stringify(projectOf(folder, entries)));
		run("tsc", ["--project", project]);
	} finally {
		rmSync(work, { recursive: true });
	}
}

function projectOf(folder: string, entries: readonly string[]) {
	return {
		extends: join(root, "tsconfig.json"),
		compilerOptions: {
			// Without `source`, other packages are what their users will have: `dist`.
			customConditions: [],
			noEmit: false,
			declaration: true,
			rewriteRelativeImportExtensions: true,
			rootDir: join(folder, "src"),
			outDir: join(folder, "dist"),
		},
		files: entries.map(entry => join(folder, entry)),
		include: [],
	};
}

/** Runs a program of the repository (npm puts `node_modules/.bin` first) and ends with its status where it fails. */
function run(command: string, args: readonly string[]): void {
	const { status, error } = spawnSync(command, args, {
		cwd: root,
		stdio: "inherit",
		shell: process.platform === "win32",
	});
	if (error !== undefined) throw error;
	if (status !== 0) {
		console.error(`${command} ${args.join(" ")} failed with status ${status}.`);
		process.exit(1);
	}
}
