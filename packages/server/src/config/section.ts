import { z } from "zod";

/** What is left of a section where every key may be absent, at every depth: the form of an override. */
export type DeepPartial<T> = T extends readonly unknown[]
	? T
	: T extends object
		? { [Key in keyof T]?: DeepPartial<T[Key]> | undefined }
		: T;

/** A named part of the configuration: its keys, each with a default, so that the whole section may be left out. */
export function section<Shape extends z.core.$ZodLooseShape>(description: string, shape: Shape) {
	return z
		.strictObject(shape)
		.prefault({} as never)
		.describe(description);
}

/**
 * The same section without its defaults, where every key may be absent. Used to override a part of it for one
 * application: what is not written there stays as it is for the server.
 */
export function overrideOf<Section extends z.ZodType>(
	whole: Section,
	description: string,
): z.ZodOptional<z.ZodType<DeepPartial<z.output<Section>>, DeepPartial<z.input<Section>>>> {
	const bare = withoutDefaults(whole) as z.ZodType<DeepPartial<z.output<Section>>, DeepPartial<z.input<Section>>>;
	return bare.optional().describe(description);
}

/** The schema under any `default`, `prefault` and `optional` around it. */
export function unwrapped(schema: z.ZodType): z.ZodType {
	let inner = schema;
	while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) {
		inner = inner.unwrap() as z.ZodType;
	}
	return inner;
}

function withoutDefaults(schema: z.ZodType): z.ZodType {
	const inner = unwrapped(schema);
	if (!(inner instanceof z.ZodObject)) return inner;
	const shape: Record<string, z.ZodType> = {};
	for (const [key, field] of Object.entries(inner.shape as Record<string, z.ZodType>)) {
		const bare = withoutDefaults(field).optional();
		shape[key] = field.description === undefined ? bare : bare.describe(field.description);
	}
	return z.strictObject(shape);
}
