import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { runProgram } from "./program.ts";
import { createTestContext } from "./test-context.ts";

const run = promisify(execFile);
const root = mkdtempSync(join(tmpdir(), "millrace-new-"));
const repository = fileURLToPath(new URL("../../../..", import.meta.url));
afterAll(() => rmSync(root, { recursive: true }));

async function make(argv: readonly string[], folder = mkdtempSync(join(root, "run-"))) {
	const context = createTestContext({ folder });
	return { folder, code: await runProgram(["new", ...argv], context), ...context.written };
}

describe("millrace new", () => {
	it("makes an application whose test passes as it is, and whose types are right", { timeout: 60_000 }, async () => {
		const { folder, code, out, err } = await make(["Chat"]);
		expect({ code, err }).toEqual({ code: 0, err: "" });
		expect(out).toContain(`cd ${join("applications", "Chat")} && npm test`);
		expect(out).toContain("rtmp://localhost/Chat");
		const target = join(folder, "applications", "Chat");
		const { scripts, devDependencies } = JSON.parse(readFileSync(join(target, "package.json"), "utf8"));
		expect(devDependencies).toEqual({ millrace: "^1.2.3", "@types/node": "^22.18.0" });
		const [node, ...args] = scripts.test.split(" ");
		expect(node).toBe("node");
		// Not as a part of this test: the runner would speak to it and not to us.
		const { NODE_TEST_CONTEXT: _, ...env } = process.env;
		const tested = await run(process.execPath, args, { cwd: target, env });
		expect(tested.stdout).toMatch(/pass 2\b[\s\S]*fail 0\b/);
		const types = ["--typeRoots", join(repository, "node_modules", "@types")];
		const compiler = join(repository, "node_modules", "typescript", "bin", "tsc");
		const checked = run(process.execPath, [compiler, "--project", target, ...types]);
		expect(await checked.catch((error: { stdout: string }) => error)).toMatchObject({ stdout: "" });
	});

	it("links nothing and asks for nothing where the packages are found", async () => {
		const folder = mkdtempSync(join(root, "run-"));
		for (const name of ["millrace", join("@types", "node")]) {
			mkdirSync(join(folder, "node_modules", name), { recursive: true });
			writeFileSync(join(folder, "node_modules", name, "package.json"), "{}");
		}
		await make(["chat", "--folder", "apps"], folder);
		const target = join(folder, "apps", "chat");
		expect(readdirSync(target).sort()).toEqual(["main.test.ts", "main.ts", "package.json", "tsconfig.json"]);
		expect(JSON.parse(readFileSync(join(target, "package.json"), "utf8"))).not.toHaveProperty("devDependencies");
	});

	it("makes it where the configuration has its applications, or where it is told", async () => {
		const folder = mkdtempSync(join(root, "run-"));
		writeFileSync(join(folder, "millrace.yaml"), "media: { applications: programs }\n");
		expect(await make(["a"], folder)).toMatchObject({ code: 0, out: expect.stringMatching(/millrace serve\n/) });
		expect(existsSync(join(folder, "programs", "a", "main.ts"))).toBe(true);
		const { out } = await make(["a", "--folder", "elsewhere"], folder);
		expect(out).toContain("millrace serve --set media.applications=elsewhere\n");
		expect(existsSync(join(folder, "elsewhere", "a", "main.ts"))).toBe(true);
	});

	it("overwrites nothing, and joins what is no code", async () => {
		const folder = mkdtempSync(join(root, "run-"));
		const target = join(folder, "applications", "chat");
		mkdirSync(join(target, "streams"), { recursive: true });
		expect(await make(["chat"], folder)).toMatchObject({ code: 0 });
		for (const file of ["main.asc", "main.js", "tsconfig.json"]) {
			const other = join(folder, "applications", `with-${file}`);
			mkdirSync(other);
			writeFileSync(join(other, file), "");
			const { code, err } = await make([`with-${file}`], folder);
			expect([code, err]).toEqual([2, `${join(other, file)} exists; nothing was changed.\n`]);
			expect(readdirSync(other)).toEqual([file]);
		}
	});

	it.each(["../up", "a/b", "", ".hidden"])("refuses the name %j", async name => {
		expect(await make([name])).toMatchObject({ code: 2, err: expect.stringContaining("is no name") });
	});
});
