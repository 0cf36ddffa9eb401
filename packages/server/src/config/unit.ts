import { z } from "zod";

const DURATION_MILLIS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

const DURATION_PATTERN = /^(\d{1,12}(?:\.\d{1,6})?)\s?(ms|s|m|h|d)$/;
const SIZE_PATTERN = /^(\d{1,12}(?:\.\d{1,6})?)\s?(B|KiB|MiB|GiB)$/;

/** What a setting measures: it decides how a value is written in files, in the reference and in `print-config`. */
export type Unit = "duration" | "size";

/** Metadata that `duration()` and `size()` leave in their schemas, for whoever walks over them. */
export interface UnitBounds {
	readonly unit: Unit;
	/** In milliseconds or bytes, both ends allowed. */
	readonly minimum: number;
	readonly maximum: number;
}

const unitBounds = new WeakMap<z.ZodType, UnitBounds>();

/** The unit and bounds of a schema that `duration()` or `size()` made, undefined for every other schema. */
export function unitBoundsOf(schema: z.ZodType): UnitBounds | undefined {
	return unitBounds.get(schema);
}

/**
 * A length of time: milliseconds as a number, or text such as `500ms`, `30s`, `2m`, `1h`. Resolves to whole
 * milliseconds between the bounds, which are given in milliseconds.
 */
export function duration(minimum: number, maximum: number) {
	return measure("duration", minimum, maximum);
}

/** A count of bytes: a number, or text such as `64KiB`, `8MiB`. Resolves to whole bytes between the bounds. */
export function size(minimum: number, maximum: number) {
	return measure("size", minimum, maximum);
}

/** Reads `30s` and the like as milliseconds; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
	return parseMeasure(text, DURATION_PATTERN, DURATION_MILLIS);
}

/** Reads `8MiB` and the like as bytes; undefined when the text is no size. */
export function parseSize(text: string): number | undefined {
	return parseMeasure(text, SIZE_PATTERN, SIZE_BYTES);
}

/** Writes a value as a person would: `30s` for 30000, `8MiB` for 8388608, and the bare number where no unit fits. */
export function formatMeasure(value: number, unit: Unit): string | number {
	const units = Object.entries(unit === "duration" ? DURATION_MILLIS : SIZE_BYTES).reverse();
	for (const [name, factor] of units) {
		if (value === 0 || value % factor !== 0 || name === "B") continue;
		// `60s` reads better than `1m` beside `30s`, and `90s` has no other form.
		if (unit === "duration" && name === "m" && value < 120_000) continue;
		return `${value / factor}${name}`;
	}
	return value;
}

function measure(unit: Unit, minimum: number, maximum: number) {
	const parse = unit === "duration" ? parseDuration : parseSize;
	const examples = unit === "duration" ? "`500ms`, `30s` or `2m`" : "`64KiB` or `8MiB`";
	const wanted = unit === "duration" ? "a duration, such as" : "a size, such as";
	const base = unit === "duration" ? "milliseconds" : "bytes";
	const complaint = `must be ${wanted} ${examples}, or a number of ${base}`;
	const text = z.string().regex(unit === "duration" ? DURATION_PATTERN : SIZE_PATTERN, { error: complaint });
	const schema = z.union([z.number(), text], { error: complaint }).transform((given, context) => {
		const value = typeof given === "number" ? given : (parse(given) ?? Number.NaN);
		if (!Number.isInteger(value)) context.addIssue({ code: "custom", message: complaint });
		else if (value < minimum || value > maximum) {
			const bounds = `${formatMeasure(minimum, unit)} and ${formatMeasure(maximum, unit)}`;
			context.addIssue({ code: "custom", message: `must be between ${bounds}` });
		}
		return value;
	});
	unitBounds.set(schema, { unit, minimum, maximum });
	return schema;
}

function parseMeasure(text: string, pattern: RegExp, units: Readonly<Record<string, number>>): number | undefined {
	const match = pattern.exec(text.trim());
	if (match === null) return undefined;
	// Decimal fractions such as 0.3s are rounded to the unit's own grain, against binary noise in the product.
	return Math.round(Number(match[1]) * units[match[2]!]!);
}
