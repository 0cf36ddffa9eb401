import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type RestartableProcess, restartWithHeapFlags } from "./heap.ts";

const FLAGS = ["--min-semi-space-size=4", "--max-semi-space-size=4"];

/** What the program would be started anew with; `undefined`: it goes on. */
function restartOf(changes: Partial<RestartableProcess>): unknown {
	let restart: unknown;
	const program: RestartableProcess = {
		argv: ["/bin/node", "/millrace/main.js", "serve", "--demo"],
		argv0: "node",
		env: { HOME: "/home" },
		execArgv: ["--enable-source-maps"],
		execPath: "/bin/node",
		execve: ((...args: unknown[]) => {
			restart = args;
		}) as unknown as NonNullable<RestartableProcess["execve"]>,
		...changes,
	};
	restartWithHeapFlags(program);
	return restart;
}

describe("restartWithHeapFlags", () => {
	it("starts the same program with the same arguments and the size of the young generation", () => {
		expect(restartOf({})).toEqual([
			"/bin/node",
			["node", ...FLAGS, "--enable-source-maps", "/millrace/main.js", "serve", "--demo"],
			{ HOME: "/home" },
		]);
	});

	it.each<[string, Partial<RestartableProcess>]>([
		["it was started so", { execArgv: FLAGS }],
		["the user chose a size", { execArgv: ["--max-semi-space-size=64"] }],
		["the user chose a size in the environment", { env: { NODE_OPTIONS: "--max-semi-space-size=64" } }],
		["another program holds a channel to it", { send: () => true }],
	])("leaves the program alone where %s", (_, changes) => {
		expect(restartOf(changes)).toBeUndefined();
	});

	it("leaves the program alone where Node cannot start it anew", () => {
		expect(() => restartWithHeapFlags({ argv: [], argv0: "", env: {}, execArgv: [], execPath: "" })).not.toThrow();
	});
});

describe("millrace serve", () => {
	it("runs with the flags (where Node can start a program anew: not on Windows)", () => {
		const print = "data:text/javascript,console.log(process.pid,...process.execArgv)";
		const main = fileURLToPath(new URL("./main.ts", import.meta.url));
		const flags = ["--conditions=source", "--import", print];
		const { stdout, stderr } = spawnSync(process.execPath, [...flags, main, "serve", "--help"], { encoding: "utf8" });
		const started = stdout.split("\n").filter(line => line.includes("--import"));
		expect(new Set(started.map(line => line.split(" ")[0])).size).toBe(1);
		expect(started.at(-1)?.includes(FLAGS.join(" "))).toBe(process.platform !== "win32");
		expect(stdout).toContain("Usage: millrace serve");
		expect(stderr).toBe("");
	});
});
