/** A column: its title, and the least number of characters it takes. */
export type Column = { title: string; width: number; align: "left" | "right" };

/** The widest line that the bench prints. */
export const LINE_WIDTH = 110;

/** Sets rows under their titles with two blanks between columns; a cell longer than its column widens it. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
	const widths = columns.map(({ title, width }, index) =>
		Math.max(width, title.length, ...rows.map(row => (row[index] ?? "").length)),
	);
	const line = (cells: readonly string[]) =>
		columns
			.map(({ align }, index) => {
				const cell = cells[index] ?? "";
				const width = widths[index] ?? 0;
				return align === "left" ? cell.padEnd(width) : cell.padStart(width);
			})
			.join("  ")
			.trimEnd();
	return [line(columns.map(({ title }) => title)), ...rows.map(line)].join("\n");
}

/** Three significant digits without an exponent (`0.351`, `12.4`, `1023`), and `-` for nothing. */
export function formatFigure(value: number | undefined): string {
	if (value === undefined) return "-";
	const size = Math.abs(value);
	if (size >= 99.95) return value.toFixed(0);
	if (size >= 9.995) return value.toFixed(1);
	return value.toFixed(2);
}

/** Cuts `text` into lines of at most `width` characters at blanks; lines after the first begin with `indent`. */
export function wrap(text: string, width: number, indent: string): string {
	const lines: string[] = [];
	const [first = "", ...words] = text.trimStart().split(" ");
	let line = " ".repeat(text.length - text.trimStart().length) + first;
	for (const word of words) {
		if (line.length + 1 + word.length > width) {
			lines.push(line);
			line = indent + word;
		} else line += ` ${word}`;
	}
	return [...lines, line].join("\n");
}
