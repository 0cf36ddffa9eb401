import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "@millrace/core/fault";
import { afterAll, describe, expect, it, vi } from "vitest";
import { runProgram } from "./program.ts";
import { createTestContext, type TestContextOptions } from "./test-context.ts";

const root = mkdtempSync(join(tmpdir(), "millrace-cli-"));
afterAll(() => rmSync(root, { recursive: true }));

const newFolder = (): string => mkdtempSync(join(root, "run-"));

async function run(argv: readonly string[], options: TestContextOptions = {}) {
	const context = createTestContext(options);
	return { context, code: await runProgram(argv, context), ...context.written };
}

/** Starts `serve` and waits until its server was asked to start and the command waits for a signal. */
async function serving(argv: readonly string[], options: TestContextOptions = {}) {
	const context = createTestContext(options);
	const dataDir = join(newFolder(), "data");
	const ended = runProgram(["serve", "--data-dir", dataDir, ...argv], context);
	await vi.waitFor(() => expect(context.written.out).toMatch(/Ctrl\+C|"listening"|listening /));
	return { context, dataDir, ended };
}

/** The folder of an old server that sets nothing. */
function oldServer(): string {
	const folder = newFolder();
	mkdirSync(join(folder, "conf"));
	writeFileSync(join(folder, "conf", "Server.xml"), "<Root/>");
	return folder;
}

const systemError = (code: string, fields: object) =>
	Object.assign(new Error(code), { code, syscall: "listen", ...fields });

describe("the program", () => {
	it.each(["--version", "-V"])("prints its version for %s", async flag => {
		expect(await run([flag])).toMatchObject({ code: 0, out: "1.2.3\n", err: "" });
	});

	it("prints help with examples, and every flag of serve", async () => {
		const help = await run(["--help"]);
		expect(help).toMatchObject({ code: 0, err: "" });
		expect(help.out).toContain("millrace serve --demo");
		const serve = await run(["serve", "--help"]);
		for (const flag of [
			"--config",
			"--rtmp-port",
			"--http-port",
			"--host",
			"--latency",
			"--demo",
			"--data-dir",
			"--set",
		]) {
			expect(serve.out).toContain(flag);
		}
	});

	it("suggests the right word for a wrong command or flag", async () => {
		expect(await run(["chek"])).toMatchObject({ code: 1, err: expect.stringContaining("check") });
		expect(await run(["serve", "--latncy", "scale"])).toMatchObject({
			code: 1,
			err: expect.stringContaining("--latency"),
		});
	});
});

describe("check", () => {
	it("accepts the default file of the folder, or none", async () => {
		const folder = newFolder();
		expect(await run(["check"], { folder })).toMatchObject({ code: 0, out: "The configuration (no file) is valid.\n" });
		writeFileSync(join(folder, "millrace.yaml"), "demo: true\n");
		const found = await run(["check"], { folder });
		expect(found).toMatchObject({ code: 0, err: "" });
		expect(found.out).toMatch(/millrace\.yaml is valid\.\n$/);
	});

	it("reports every problem of file, environment and flags, and ends with 1", async () => {
		const file = join(newFolder(), "bad.yaml");
		writeFileSync(file, "pubish: {}\n");
		const argv = ["check", "-c", file, "--rtmp-port", "rtmp", "--set", "log.levl=x", "--set", "live.latency=scal"];
		const { code, out, err } = await run(argv, { environment: { MILLRACE_DEMO: "perhaps" } });
		expect({ code, out }).toEqual({ code: 1, out: "" });
		expect(err.split("\n")).toEqual([
			"5 problems in the configuration:",
			"  --rtmp-port  listeners[0].port must be a whole number from 0 to 65535, not rtmp",
			"  --set live.latency  live.latency must be one of `interactive`, `default`, `scale`, did you mean `scale`?",
			"  --set log.levl  unknown key `levl` in log, did you mean `level`?",
			"  MILLRACE_DEMO  demo must be true or false",
			`  ${file}:1:1  unknown key \`pubish\`, did you mean \`publish\`?`,
			"",
		]);
	});

	it("says so when the named file is missing", async () => {
		expect(await run(["check", "-c", "/no/such.yaml"])).toMatchObject({
			code: 1,
			err: "One problem in the configuration:\n  /no/such.yaml  the file does not exist\n",
		});
	});
});

describe("print-config", () => {
	it("prints a file that check accepts and that prints the same again", async () => {
		const file = join(newFolder(), "printed.yaml");
		const first = await run(["print-config", "--latency", "scale", "--rtmp-port", "1936"]);
		writeFileSync(file, first.out);
		expect(await run(["check", "-c", file])).toMatchObject({ code: 0 });
		const second = await run(["print-config", "-c", file]);
		const settings = (text: string): string[] =>
			text
				.split("\n")
				.map(line => line.replace(/ *#.*/, ""))
				.filter(line => line !== "");
		expect(settings(second.out)).toEqual(settings(first.out));
		expect(first.out).toContain("latency: scale # from --latency");
	});

	it("prints the JSON Schema on request", async () => {
		expect(JSON.parse((await run(["print-config", "--schema"])).out)).toMatchObject({ type: "object" });
	});
});

describe("serve", () => {
	it("starts with what flags say, greets a terminal, and stops at the first signal", async () => {
		const { context, dataDir, ended } = await serving(["--rtmp-port", "1936", "--demo"], { isTTY: true });
		const key = readFileSync(join(dataDir, "publish-key"), "utf8").trim();
		expect(context.servers[0]?.options).toMatchObject({ demo: true, publish: { key }, dataDir });
		expect(context.written.out).toContain("rtmp://192.0.2.7:1936/live");
		expect(context.written.out).toContain(`my-stream?key=${key}`);
		context.events.emit("SIGTERM");
		expect(await ended).toBe(0);
		expect(context.servers[0]?.calls).toEqual(["start", "stop"]);
		expect(context.exits).toEqual([]);
	});

	it("writes JSON lines instead of a banner where no terminal reads, without the key", async () => {
		const { context, dataDir, ended } = await serving([]);
		context.events.emit("SIGINT");
		expect(await ended).toBe(0);
		const events = context.written.out
			.trim()
			.split("\n")
			.map(line => JSON.parse(line));
		expect(events.map(({ event }) => event)).toEqual(["start", "listening", "listening", "publish-key", "shutdown"]);
		expect(context.written.out).not.toContain(readFileSync(join(dataDir, "publish-key"), "utf8").trim());
	});

	it("makes no key where everyone may publish, or the configuration has one", async () => {
		for (const setting of ["publish.from=anywhere", "publish.key=my-own-key"]) {
			const { context, dataDir, ended } = await serving(["--set", setting], { isTTY: true });
			expect(existsSync(dataDir)).toBe(false);
			expect(context.written.out).not.toContain("my-own-key");
			context.events.emit("SIGINT");
			expect(await ended).toBe(0);
		}
	});

	it.each([
		["an application", "applications={live: {}, studio: {publish: {from: nowhere}}}"],
		["a virtual host", "virtualHosts={a.example: {folder: ./a, publish: {from: nowhere}}}"],
	])("makes a key for %s that needs one though the others do not", async (_what, setting) => {
		const { dataDir, context, ended } = await serving(["--set", "publish.from=anywhere", "--set", setting]);
		expect(existsSync(join(dataDir, "publish-key"))).toBe(true);
		context.events.emit("SIGINT");
		await ended;
	});

	it("ends at once with 130 at a second signal", async () => {
		const { promise: stopped, resolve } = Promise.withResolvers<void>();
		const { context, ended } = await serving([], { stop: () => stopped });
		context.events.emit("SIGINT");
		context.events.emit("SIGINT");
		expect(context.exits).toEqual([130]);
		resolve();
		await ended;
	});

	it("reads certificates again on SIGHUP, and goes on", async () => {
		const { context, ended } = await serving([]);
		context.events.emit("SIGHUP");
		context.events.emit("SIGHUP");
		context.events.emit("SIGTERM");
		expect(await ended).toBe(0);
		expect(context.servers[0]?.calls).toEqual(["start", "reload", "reload", "stop"]);
	});

	it("is drained on SIGUSR2 and ends when everyone has gone, or at another signal", async () => {
		const drained = await serving([]);
		drained.context.events.emit("SIGUSR2");
		expect(await drained.ended).toBe(0);
		expect(drained.context.servers[0]?.calls).toEqual(["start", "drain", "stop"]);
		expect(drained.context.written.out).toContain('"signal":"SIGUSR2"');
		const { promise: gone, resolve } = Promise.withResolvers<void>();
		const impatient = await serving([], { stop: () => gone });
		impatient.context.events.emit("SIGUSR2");
		impatient.context.events.emit("SIGTERM");
		resolve();
		expect(await impatient.ended).toBe(0);
		expect(impatient.context.written.out).toContain('"signal":"SIGTERM"');
	});

	it("leaves no listeners on the process behind", async () => {
		const { context, ended } = await serving([]);
		context.events.emit("SIGINT");
		await ended;
		expect(context.events.eventNames()).toEqual([]);
	});

	it.each([
		[
			"EADDRINUSE",
			{ port: 1935 },
			"Port 1935 is in use. Another server runs there? (Linux: ss -ltnp 'sport = :1935'.) Choose another with --rtmp-port.\n",
		],
		[
			"EADDRINUSE",
			{ port: 8080 },
			"Port 8080 is in use. Another server runs there? (Linux: ss -ltnp 'sport = :8080'.) Choose another with --http-port.\n",
		],
		["EACCES", { port: 1935 }, /^Port 1935 needs rights .* Choose another with --rtmp-port\.\n$/],
		[
			"EADDRNOTAVAIL",
			{ port: 1, address: "10.9.9.9" },
			"10.9.9.9 is not an address of this machine. Choose another with --host.\n",
		],
	])("ends with 1 and one clear line for %s at %j", async (code, fields, line) => {
		for (const wrap of [false, true]) {
			const error = systemError(code, fields);
			const start = () => Promise.reject(wrap ? new Error("cannot listen", { cause: error }) : error);
			const result = await run(["serve", "--set", "publish.from=anywhere"], { start });
			expect(result.code).toBe(1);
			if (typeof line === "string") expect(result.err).toBe(line);
			else expect(result.err).toMatch(line);
		}
	});

	it("names the place of a further listener whose port no flag reaches", async () => {
		const listeners = "listeners=[{protocol: rtmp}, {protocol: rtmp, port: 2000}]";
		const start = () => Promise.reject(systemError("EADDRINUSE", { port: 2000 }));
		const { err } = await run(["serve", "--set", "publish.from=anywhere", "--set", listeners], { start });
		expect(err).toContain("Choose another in --set listeners.");
	});

	it("shows the stack of an error that nobody expected", async () => {
		const start = () => Promise.reject(new TypeError("oops"));
		const { code, err } = await run(["serve", "--set", "publish.from=anywhere"], { start });
		expect(code).toBe(1);
		expect(err).toMatch(/^TypeError: oops\n {4}at /);
	});

	it("says in one line what the operating system refuses, and what is wrong with a setting", async () => {
		const missing = join(newFolder(), "missing", "m.yaml");
		const imported = await run(["import-config", oldServer(), "-o", missing]);
		expect(imported).toMatchObject({ code: 1, err: expect.stringMatching(/^ENOENT: .*m\.yaml'\n$/) });
		const start = () => Promise.reject(new UsageError("USAGE", "http.webroot: x is no folder."));
		const { err } = await run(["serve", "--set", "publish.from=anywhere"], { start });
		expect(err).toBe("http.webroot: x is no folder.\n");
	});

	it("starts nothing with a configuration that has problems", async () => {
		const { code, context } = await run(["serve", "--latency", "none"]);
		expect(code).toBe(1);
		expect(context.servers).toEqual([]);
	});

	it("says in one line that the key's file cannot be used", async () => {
		const file = join(newFolder(), "file");
		writeFileSync(file, "");
		const { code, err } = await run(["serve", "--data-dir", file]);
		expect(code).toBe(1);
		expect(err).toContain(join(file, "publish-key"));
		expect(err.trim().split("\n")).toHaveLength(1);
	});

	it.each(["uncaughtException", "unhandledRejection"])("logs an %s and ends the process", async event => {
		const { context, ended } = await serving([]);
		context.events.emit(event, new Error("lost"));
		expect(context.exits).toEqual([1]);
		expect(JSON.parse(context.written.out.trim().split("\n").at(-1) ?? "")).toMatchObject({
			level: "error",
			event: "crash",
			error: { message: "lost" },
		});
		context.events.emit("SIGINT");
		await ended;
	});
});
