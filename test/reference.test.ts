import { FAULTS } from "@millrace/core/fault";
import { NET_STATUS } from "@millrace/core/rtmp";
import { describe, expect, it } from "vitest";
import { fixedNodes } from "../packages/server/src/config/index.ts";
import { exportsOf } from "../scripts/reference/application.ts";
import { readDeclarations } from "../scripts/reference/declaration.ts";
import { referencePages, stalePages } from "../scripts/reference/page.ts";

describe("the generated reference", () => {
	it("is up to date (otherwise: npm run reference)", () => {
		expect([...stalePages().keys()]).toEqual([]);
	});

	it("names every setting, every fault and every status", () => {
		const pages = referencePages();
		const configuration = pages.get("docs/reference/configuration.md") ?? "";
		for (const { path, node } of fixedNodes()) {
			const name = path.length === 1 && node.kind !== "leaf" ? `## ${path[0]}\n` : `| \`${path.join(".")}\` `;
			expect(configuration).toContain(name);
		}
		for (const code of Object.keys(FAULTS)) expect(pages.get("docs/reference/errors.md")).toContain(`\`${code}\``);
		for (const code of Object.keys(NET_STATUS))
			expect(pages.get("docs/reference/statuses.md")).toContain(`\`${code}\``);
	});

	it("tells of everything that authors of applications import, and says something of each", () => {
		const page = referencePages().get("docs/reference/applications.md") ?? "";
		for (const file of ["server/src/application/public.ts", "server/src/testing/index.ts"]) {
			const declarations = exportsOf(file);
			expect(declarations.length).toBeGreaterThan(5);
			for (const { name, doc } of declarations) {
				expect(page).toContain(`\n### ${name}\n`);
				expect(doc, name).not.toBe("");
			}
		}
		expect(page).not.toMatch(/`(#|constructor)|The runtime's/);
	});
});

describe("reading declarations", () => {
	it("finds members, accessors and signatures of several lines, and leaves out what is not for users", () => {
		const source = [
			"/** A thing.",
			" *",
			" * @throws UsageError always",
			" */",
			"export class Thing<A> extends Error {",
			"\t/** Its name. */",
			"\treadonly name: string;",
			"\treadonly #hidden = () => {};",
			"",
			"\tconstructor(name: string) {",
			"\t\tsuper();",
			"\t}",
			"",
			"\tget size(): number {",
			"\t\treturn 1;",
			"\t}",
			"",
			"\tset size(value: number) {}",
			"",
			"\t/** The runtime's: not for users. */",
			"\ttell(): void {}",
			"",
			"\tasync change<T>(",
			"\t\tone: { readonly a: string },",
			"\t\ttwo = 2,",
			"\t): Promise<T> {",
			"\t\tif (one) {",
			"\t\t}",
			"\t}",
			"}",
			"",
			"export type Either =",
			"\t| { readonly a: 1 }",
			"\t| { readonly b: 2 };",
			"",
			"function hidden(): void {}",
			"",
			"/** Does it. */",
			"export function act(",
			"\twhat: string,",
			"): void {",
			"}",
		].join("\n");
		expect(readDeclarations(source)).toEqual([
			{
				kind: "class",
				name: "Thing",
				doc: "A thing.\n\nThrows UsageError always",
				signature: "class Thing<A> extends Error",
				members: [
					{ name: "name", signature: "readonly name: string", doc: "Its name." },
					{ name: "size", signature: "size: number", doc: "" },
					{ name: "change", signature: "change<T>(one: { readonly a: string }, two = 2): Promise<T>", doc: "" },
				],
			},
			{
				kind: "type",
				name: "Either",
				doc: "",
				signature: "type Either =\n\t| { readonly a: 1 }\n\t| { readonly b: 2 };",
				members: [],
			},
			{ kind: "function", name: "act", doc: "Does it.", signature: "function act(what: string): void", members: [] },
		]);
	});
});
