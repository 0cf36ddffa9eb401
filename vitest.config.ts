import { defineConfig } from "vitest/config";

// Sources run as they are: every project resolves workspace packages through the `source` export condition.
const source = { resolve: { conditions: ["source"] }, ssr: { resolve: { conditions: ["source"] } } };

export default defineConfig({
	...source,
	test: {
		projects: [
			{
				...source,
				test: {
					name: "unit",
					sequence: { groupOrder: 0 },
					include: ["packages/*/src/**/*.test.ts", "test/*.test.ts", "bench/**/*.test.ts", "fuzz/**/*.test.ts"],
					execArgv: ["--conditions=source"],
					// Some start whole servers with processes of their own, and a machine may be busy with others.
					testTimeout: 20_000,
					hookTimeout: 30_000,
				},
			},
			{
				...source,
				test: {
					name: "interop",
					// After the others: what real programs do takes the time that it takes.
					sequence: { groupOrder: 2 },
					include: ["test/interop/**/*.test.ts"],
					execArgv: ["--conditions=source"],
					testTimeout: 120_000,
					hookTimeout: 120_000,
					// Programs of others have a second chance; the report shows each that needed one ("retry x1").
					retry: 1,
					// Real programs share two cores: one file at a time.
					fileParallelism: false,
				},
			},
			{
				...source,
				test: {
					name: "abuse",
					sequence: { groupOrder: 1 },
					include: ["test/abuse/**/*.test.ts"],
					execArgv: ["--conditions=source"],
					testTimeout: 60_000,
					hookTimeout: 30_000,
					// Memory is measured against a baseline: one file at a time.
					fileParallelism: false,
				},
			},
		],
	},
});
