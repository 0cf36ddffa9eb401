/**
 * Builds the pages into `dist/`: HTML, and assets whose names carry a hash of their content. Nothing is written before
 * everything is built, assets come before the pages that name them, and old files go last, so that a server that
 * starts meanwhile finds a whole set.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build, defaultClientConditions, type Plugin } from "vite";

const source = join(import.meta.dirname, "src");
const target = join(import.meta.dirname, "dist");
const started = performance.now();

/** What stands for a file in each page. */
const PARTS = { "<!--head-->": "shared/head.html", "<!--logo-->": "logo.svg" };

const parts: Plugin = {
	name: "millrace-parts",
	transformIndexHtml: {
		order: "pre",
		handler: html =>
			Object.entries(PARTS).reduce(
				(page, [mark, file]) => page.replace(mark, readFileSync(join(source, file), "utf8").trim()),
				html,
			),
	},
};

const result = await build({
	root: source,
	configFile: false,
	logLevel: "warn",
	publicDir: false,
	plugins: [parts],
	// The core's sources, as everything in the repository runs them.
	resolve: { conditions: ["source", ...defaultClientConditions] },
	build: {
		write: false,
		target: "es2022",
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		chunkSizeWarningLimit: 1000,
		license: { fileName: "licenses.md" },
		rolldownOptions: {
			input: ["index.html", "watch.html", "port-test.html", "not-found.html"].map(name => join(source, name)),
		},
	},
});
if (Array.isArray(result) || !("output" in result))
	throw new Error("vite answered with something other than one build.");

const written = new Set<string>();
const pagesLast = [...result.output].sort((a, b) => Number(isPage(a.fileName)) - Number(isPage(b.fileName)));
for (const file of pagesLast) {
	const path = join(target, file.fileName);
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, file.type === "chunk" ? file.code : file.source);
	written.add(file.fileName);
}
copyFileSync(join(source, "favicon.ico"), join(target, "favicon.ico"));
written.add("favicon.ico");
for (const entry of readdirSync(target, { recursive: true, withFileTypes: true })) {
	const path = join(entry.parentPath, entry.name);
	if (entry.isFile() && !written.has(relative(target, path).replaceAll("\\", "/"))) rmSync(path);
}
console.error(`Console: ${written.size} files in ${Math.round(performance.now() - started)} ms`);

function isPage(name: string): boolean {
	return name.endsWith(".html");
}
