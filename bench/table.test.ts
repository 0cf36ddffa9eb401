import { describe, expect, it } from "vitest";
import { formatFigure, renderTable, wrap } from "./table.ts";

describe("renderTable", () => {
	it("sets cells under their titles and widens a column for its longest cell", () => {
		const columns = [
			{ title: "server", width: 4, align: "left" },
			{ title: "ns/B", width: 6, align: "right" },
		] as const;
		expect(renderTable(columns, [["nginx", "2.01"], ["a-long-name"]])).toBe(
			["server         ns/B", "nginx          2.01", "a-long-name"].join("\n"),
		);
	});
});

describe("formatFigure", () => {
	it.each([
		[undefined, "-"],
		[0, "0.00"],
		[0.351, "0.35"],
		[9.994, "9.99"],
		[9.996, "10.0"],
		[99.94, "99.9"],
		[99.96, "100"],
		[1023.4, "1023"],
		[-4.26, "-4.26"],
	])("writes %j as %s", (value, text) => {
		expect(formatFigure(value)).toBe(text);
	});
});

describe("wrap", () => {
	it("breaks at blanks, keeps the first line's indent and indents the rest", () => {
		expect(wrap("  one two three four", 11, "    ")).toBe("  one two\n    three\n    four");
	});

	it("lets a word stand that is longer than the line", () => {
		expect(wrap("a verylongword b", 6, "")).toBe("a\nverylongword\nb");
	});
});
