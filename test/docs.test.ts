import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { runProgram } from "../packages/server/src/cli/program.ts";
import { createTestContext } from "../packages/server/src/cli/test-context.ts";
import { fixedNodes, resolveOptions, rootNode, variableOf } from "../packages/server/src/config/index.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** A page of the documentation, with its path from the root. */
type Page = { readonly path: string; readonly text: string };
type Block = { readonly language: string; readonly text: string };

const pages: readonly Page[] = [
	...readdirSync(root).filter(name => name.endsWith(".md")),
	...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
		.filter(name => name.endsWith(".md"))
		.map(name => join("docs", name)),
	join("bench", "README.md"),
].map(path => ({
	path: path.replaceAll("\\", "/"),
	text: readFileSync(join(root, path), "utf8").replaceAll("\r\n", "\n"),
}));

describe.each(pages.map(page => [page.path, page] as const))("%s", (_, page) => {
	it("links only to what is there", () => {
		expect(brokenLinks(page)).toEqual([]);
	});

	it("names only settings that exist", () => {
		const dotted = codeSpans(page).filter(span => /^[a-z]\w*(\.[a-zA-Z]\w*)+$/.test(span));
		const sections = dotted.filter(span => rootNode.fields.get(span.split(".")[0]!)?.kind === "section");
		const assigned = matches(page.text, /--set '?([\w.]+)=/g);
		const known = new Set([...fixedNodes()].map(({ path }) => path.join(".")));
		expect([...sections, ...assigned].filter(name => !known.has(name))).toEqual([]);
	});

	it("names only variables that exist", () => {
		const known = new Set([...fixedNodes()].map(({ path }) => variableOf(path)));
		expect(matches(page.text, /\b(MILLRACE_[A-Z_]*[A-Z])\b/g).filter(name => !known.has(name))).toEqual([]);
	});

	it("shows configurations that are valid", () => {
		for (const { text } of blocks(page).filter(block => block.language === "yaml")) {
			expect(() => resolveOptions(parse(text)), text).not.toThrow();
		}
	});

	it("names only npm scripts that exist", () => {
		const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
		const named = [
			...matches(page.text, /\bnpm run (?:-s )?([a-z][\w:-]*)/g),
			...matches(page.text, /\bnpm (start|test)\b/g),
		];
		expect(named.filter(name => !Object.hasOwn(scripts, name))).toEqual([]);
	});

	it("shows only commands and flags of millrace that exist", async () => {
		for (const { command, flags, line } of millraceCommands(page)) {
			const help = await helpOf(command);
			expect(help, line).toContain(`Usage: millrace ${command}`);
			expect(flags.filter(flag => !new RegExp(`(^|[\\s,])${flag}\\b`).test(help))).toEqual([]);
		}
	});
});

describe("the documentation", () => {
	it("leads from a guide to every example", () => {
		const guides = pages.filter(({ path }) => path.startsWith("docs/guide/"));
		const linked = new Set(guides.flatMap(page => linksOf(page).map(({ file }) => file)));
		const examples = readdirSync(join(root, "examples"), { withFileTypes: true }).filter(entry => entry.isDirectory());
		const missing = examples.map(({ name }) => `examples/${name}/README.md`).filter(path => !linked.has(path));
		expect(missing).toEqual([]);
	});

	it("is reached from the first page", () => {
		const reached = new Set(["README.md"]);
		for (const path of reached) {
			const page = pages.find(other => other.path === path);
			for (const link of page === undefined ? [] : linksOf(page)) reached.add(link.file);
		}
		expect(pages.map(page => page.path).filter(path => !reached.has(path))).toEqual([]);
	});
});

function brokenLinks(page: Page): string[] {
	return linksOf(page).flatMap(({ text, file, anchor }) => {
		if (!existsSync(join(root, file))) return [text];
		if (anchor === "" || statSync(join(root, file)).isDirectory()) return [];
		const target = pages.find(other => other.path === file);
		return target !== undefined && anchorsOf(target).has(anchor) ? [] : [text];
	});
}

/** Links inside the repository: the file from its root, and the anchor without `#`. */
function linksOf(page: Page): { readonly text: string; readonly file: string; readonly anchor: string }[] {
	return matches(withoutBlocks(page.text), /\]\(([^)\s]+)\)/g)
		.filter(text => !/^[a-z]+:/.test(text))
		.map(text => {
			const [path = "", anchor = ""] = text.split("#");
			const file = path === "" ? page.path : relative(root, join(root, dirname(page.path), path));
			return { text, file: file.replaceAll("\\", "/"), anchor };
		});
}

/** The anchors of a page's headings, as the usual hosts make them. */
function anchorsOf(page: Page): Set<string> {
	const headings = matches(withoutBlocks(page.text), /^#{1,6} (.+)$/gm);
	return new Set(
		headings.map(heading =>
			heading
				.toLowerCase()
				.replace(/[^\p{L}\p{N}\s_-]/gu, "")
				.replaceAll(" ", "-"),
		),
	);
}

/** Lines of shell blocks that run millrace, by its name or from the sources. */
function* millraceCommands(
	page: Page,
): Generator<{ readonly command: string; readonly flags: readonly string[]; readonly line: string }> {
	const shell = blocks(page).filter(block => block.language === "sh");
	for (const line of shell.flatMap(block => block.text.split("\n"))) {
		const [, rest] = /(?:^|\s)(?:millrace|npm run -s millrace --)\s+(.*)$/.exec(line) ?? [];
		const [command = "", ...words] = (rest ?? "").split(/\s+/);
		if (rest !== undefined) yield { command, flags: words.filter(word => /^--?[a-z]/.test(word)), line };
	}
	for (const [, words = ""] of page.text.matchAll(/\bnpm start -- ([^`\n]+)/g)) {
		const flags = words.split(/\s+/).filter(word => /^--?[a-z]/.test(word));
		yield { command: "serve", flags, line: words };
	}
}

const helps = new Map<string, string>();

async function helpOf(command: string): Promise<string> {
	const known = helps.get(command);
	if (known !== undefined) return known;
	const context = createTestContext();
	await runProgram([command, "--help"], context);
	helps.set(command, context.written.out);
	return context.written.out;
}

function blocks(page: Page): Block[] {
	return [...page.text.matchAll(/^ *```(\w*)\n([\s\S]*?)^ *```$/gm)].map(([, language = "", text = ""]) => ({
		language,
		text,
	}));
}

function codeSpans(page: Page): string[] {
	return matches(withoutBlocks(page.text), /`([^`\n]+)`/g);
}

function withoutBlocks(text: string): string {
	return text.replace(/^ *```\w*\n[\s\S]*?^ *```$/gm, "");
}

function matches(text: string, pattern: RegExp): string[] {
	return [...text.matchAll(pattern)].map(match => match[1]!);
}
