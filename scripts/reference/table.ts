/** A Markdown table with aligned columns, as the formatter of this repository leaves it. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const cells = [head, ...rows].map(row => row.map(text => text.replaceAll("|", "\\|")));
	const widths = head.map((_, column) => Math.max(3, ...cells.map(row => row[column]?.length ?? 0)));
	const line = (row: readonly string[]): string =>
		`| ${widths.map((width, column) => (row[column] ?? "").padEnd(width)).join(" | ")} |`;
	const [first = [], ...rest] = cells;
	return [line(first), `| ${widths.map(width => "-".repeat(width)).join(" | ")} |`, ...rest.map(line)].join("\n");
}
