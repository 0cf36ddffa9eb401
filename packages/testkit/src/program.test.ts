import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findProgram, Program, runProgram } from "./program.ts";
import { needPrograms } from "./program-need.ts";

const node = (code: string, options = {}) => new Program(process.execPath, ["-e", code], options);

describe("a program", () => {
	it("tells how it ended and what it printed", async () => {
		const program = node("console.log('out'); console.error('err'); process.exit(3)");
		expect(await program.waitForExit(10_000)).toEqual({ code: 3, signal: null });
		expect([program.stdout, program.stderr]).toEqual(["out\n", "err\n"]);
	});

	it("waits for a line, printed before or after the question", async () => {
		const program = node("console.log('one'); setTimeout(() => console.error('two'), 100); setTimeout(() => {}, 300)");
		expect(await program.waitForLine(/^two$/, 10_000)).toBe("two");
		expect(await program.waitForLine(/^one$/, 10_000)).toBe("one");
		await expect(program.waitForLine(/^three$/, 10_000)).rejects.toThrow(
			/ended \(waiting for \/\^three\$\/\)[\s\S]*two/,
		);
	});

	it("keeps only the newest output", async () => {
		const program = node("for (let i = 0; i < 3000; i++) console.log('line ' + i)", { keepBytes: 5000 });
		await program.waitForExit(10_000);
		expect(program.stdout.length).toBeLessThan(80_000);
		expect(program.stdout).toMatch(/line 2999\n$/);
	});

	it("is killed when it does not heed the signal", async () => {
		const program = node("process.on('SIGTERM', () => {}); console.log('ready'); setInterval(() => {}, 1000)");
		await program.waitForLine(/ready/, 10_000);
		expect(await program.stop("SIGTERM", 200)).toEqual({ code: null, signal: "SIGKILL" });
	});

	it("that does not exist says so", async () => {
		const program = new Program("/nonexistent/program", []);
		expect(await program.waitForExit(10_000)).toEqual({ code: null, signal: null });
		expect(program.describe("failed")).toMatch(/could not be started: .*ENOENT/);
		await expect(runProgram("nonexistent-program", [])).rejects.toThrow(/could not be started/);
	});

	it("does not outlive the process that started it", async () => {
		const source = fileURLToPath(new URL("program.ts", import.meta.url));
		const parent = `
			import { Program } from ${JSON.stringify(source)};
			const child = new Program(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
			console.log(child.pid);
			throw new Error("a test failed");
		`;
		const run = spawnSync(process.execPath, ["--input-type=module", "-e", parent], { encoding: "utf8" });
		const pid = Number(run.stdout.trim());
		expect(pid).toBeGreaterThan(1);
		await expect.poll(() => isGone(pid), { timeout: 5000 }).toBe(true);
	});

	it("that is missing skips the test with its package's name, and fails it where CI is set", () => {
		expect(findProgram("no-such-program")).toBeUndefined();
		const notes: (string | undefined)[] = [];
		const before = process.env["CI"];
		try {
			delete process.env["CI"];
			needPrograms({ skip: note => notes.push(note) }, "no-such-program");
			process.env["CI"] = "true";
			expect(() => needPrograms({ skip: note => notes.push(note) }, "no-such-program")).toThrow(/nothing is skipped/);
		} finally {
			if (before === undefined) delete process.env["CI"];
			else process.env["CI"] = before;
		}
		expect(notes).toEqual(["no-such-program is not installed (Debian package no-such-program)"]);
	});
});

/** Whether a process has ended, also when nobody has collected its exit yet. */
function isGone(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
	} catch {
		return true;
	}
}
