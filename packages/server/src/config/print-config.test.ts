import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { configJsonSchema } from "./json-schema.ts";
import { loadConfig, resolveOptions } from "./load-config.ts";
import { printConfig } from "./print-config.ts";
import type { ServerOptionsInput } from "./schema.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-print-"));
afterAll(() => rmSync(folder, { recursive: true }));

const NESTED = {
	text: "12",
	keys: ["a", 1, null, { deep: [[]] }],
	rooms: { lobby: { seats: 3, open: true } },
	none: {},
};

const CASES: readonly (readonly [string, ServerOptionsInput])[] = [
	["the defaults", {}],
	["text that YAML would take for something else", { publish: { key: "12345678" }, dataDir: "no", http: { cors: [] } }],
	["text with every awkward character", { dataDir: "a: b # c\n\t'\"\\ \u00e9", http: { cors: ["*", "x: y"] } }],
	["odd numbers", { live: { audioFlushMillis: 999 }, limits: { heldBytes: 12_345 }, rtmp: { windowAckBytes: 1025 } }],
	[
		"overrides of applications",
		{
			listeners: [{ protocol: "rtmp", host: "127.0.0.1", port: 0 }],
			applications: {
				c: { config: NESTED },
				a: { publish: { graceMillis: "90s" }, live: { gopCache: { maxBytes: "1MiB" } } },
				b: {},
			},
		},
	],
];

describe("the printed configuration", () => {
	it.each(CASES)("reads back to the same options with %s", (_, input) => {
		const options = resolveOptions(input);
		const file = join(folder, "printed.yaml");
		writeFileSync(file, printConfig(options));
		expect(loadConfig({ file }).options).toEqual(options);
	});

	it("explains each setting above it and says where a value comes from", () => {
		const loaded = loadConfig({ environment: { MILLRACE_LIVE_LATENCY: "scale", MILLRACE_HTTP_CORS: "[]" } });
		const text = printConfig(loaded.options, loaded.placeOf);
		expect(text).toContain("  latency: scale # from MILLRACE_LIVE_LATENCY\n");
		expect(text).toContain("  # From MILLRACE_HTTP_CORS.\n  cors: []\n");
		expect(text).toContain(
			"  # How long viewers wait for a publisher that dropped, before the stream ends for them.\n  graceMillis: 5s\n",
		);
		for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(104);
	});
});

describe("the JSON Schema", () => {
	it("comes from the same schema, with descriptions, choices and defaults in the written form", () => {
		const schema = configJsonSchema() as { properties: Record<string, { properties?: Record<string, object> }> };
		expect(Object.keys(schema.properties)).toEqual(Object.keys(resolveOptions({})));
		expect(schema.properties["live"]?.properties?.["latency"]).toMatchObject({
			enum: ["interactive", "default", "scale"],
		});
		expect(schema.properties["publish"]?.properties?.["graceMillis"]).toMatchObject({ default: "5s" });
	});
});
