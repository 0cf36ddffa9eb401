import { z } from "zod";
import { configSchema } from "./schema.ts";

/** The JSON Schema (draft 2020-12) of a configuration file, for editors that complete and check as one types. */
export function configJsonSchema(): Record<string, unknown> {
	const schema = z.toJSONSchema(configSchema, { io: "input" });
	return { ...schema, title: "Configuration of the Millrace server" };
}
