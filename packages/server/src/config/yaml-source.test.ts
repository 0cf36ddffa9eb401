import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { MAX_FILE_BYTES, parseYaml, readYamlFile } from "./yaml-source.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-yaml-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(contents: string | Uint8Array): string {
	const file = join(folder, "millrace.yaml");
	writeFileSync(file, contents);
	return file;
}

describe("reading a YAML file", () => {
	it("tells line and column of keys, list elements and flow mappings", () => {
		const source = parseYaml("a: 1\nlist:\n  - x: 1\n  - y: {z: 2}\n", "f.yaml");
		expect(source.value).toEqual({ a: 1, list: [{ x: 1 }, { y: { z: 2 } }] });
		expect(source.locate(["list", 1, "y", "z"])).toBe("f.yaml:4:9");
		expect(source.locate(["list", 0, "missing"])).toBe("f.yaml:3:5");
		expect(source.locate(["a"])).toBe("f.yaml:1:1");
	});

	it.each(["", "# only a comment\n", "---\n", "\uFEFF# byte-order mark\n"])("takes %j as no settings at all", text => {
		expect(readYamlFile(fileOf(text))).toMatchObject({ value: {}, problems: [] });
	});

	it("reports every syntax error with its place", () => {
		const source = parseYaml('a: "x\nb: [1\n', "f.yaml");
		expect(source.problems.length).toBeGreaterThan(0);
		for (const problem of source.problems) expect(problem.place).toMatch(/^f\.yaml:\d+:\d+$/);
	});

	it("refuses a key that is written twice", () => {
		expect(parseYaml("a: 1\na: 2\n", "f.yaml").problems).toMatchObject([{ place: "f.yaml:2:1" }]);
	});

	it.each(["- 1\n", "just text\n", "5\n"])("refuses %j, which holds no settings", text => {
		expect(parseYaml(text, "f.yaml").problems[0]?.message).toContain("key: value");
	});

	it("refuses aliases that multiply", () => {
		const levels = ["a: &a [x, x, x, x, x, x, x, x, x]"];
		for (const [index, name] of [..."bcdefghi"].entries()) {
			const below = String.fromCharCode(97 + index);
			levels.push(`${name}: &${name} [${Array(9).fill(`*${below}`).join(", ")}]`);
		}
		expect(parseYaml(levels.join("\n"), "f.yaml").problems[0]?.message).toContain("aliases");
	});

	it("allows a modest alias", () => {
		expect(parseYaml("a: &x {b: 1}\nc: *x\n", "f.yaml").value).toEqual({ a: { b: 1 }, c: { b: 1 } });
	});

	it("survives absurdly deep nesting with a problem instead of an exception", () => {
		expect(parseYaml(`a: ${"[".repeat(5000)}`, "f.yaml").problems.length).toBeGreaterThan(0);
	});

	it("refuses a file above 1 MiB without reading on", () => {
		const file = fileOf("#".repeat(MAX_FILE_BYTES + 1));
		expect(readYamlFile(file, "f.yaml").problems).toEqual([
			{ place: "f.yaml", message: "the file is larger than 1 MiB" },
		]);
	});

	it("says that UTF-16 is not UTF-8", () => {
		const source = readYamlFile(fileOf(Buffer.from("\uFEFFdemo: true", "utf16le")), "f.yaml");
		expect(source.problems[0]?.message).toContain("UTF-8");
	});

	it("says in plain words what the system refuses", () => {
		expect(readYamlFile(join(folder, "missing.yaml"), "m").problems[0]?.message).toBe("the file does not exist");
		expect(readYamlFile(folder, "m").problems[0]?.message).toBe("this is a folder, not a file");
	});
});
