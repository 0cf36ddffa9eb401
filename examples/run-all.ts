/**
 * Runs every example, each against a server of its own, and the tests of those that bring an application:
 * `node --conditions=source examples/run-all.ts [name …]`. Prints `ok NAME` or `failed NAME` with what it wrote; the
 * exit code is 1 if one failed.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createServer, type ServerOptionsInput } from "millrace";
import { parse } from "yaml";
import type { ExampleCheck, ExamplePlace } from "./example.ts";

/** An example that takes longer has failed. */
const TIMEOUT_MILLIS = 60_000;
const FILE = new URL("../packages/server/media/demo.flv", import.meta.url);
const here = fileURLToPath(new URL(".", import.meta.url));

const wanted = process.argv.slice(2);
const entries = await readdir(here, { withFileTypes: true });
const names = entries.filter(entry => entry.isDirectory()).map(entry => entry.name);
const chosen = wanted.length === 0 ? names.sort() : wanted;

const folder = await mkdtemp(join(tmpdir(), "millrace-examples-"));
const shortFile = join(folder, "short.flv");
await writeFile(shortFile, firstSeconds(readFileSync(FILE), 1));
let failed = 0;
try {
	for (const name of chosen) {
		const problem = (await runTests(name)) ?? (await runOnServer(name));
		console.log(problem === undefined ? `ok ${name}` : `failed ${name}\n${problem.replaceAll(/^/gm, "  ")}`);
		if (problem !== undefined) failed++;
	}
} finally {
	await rm(folder, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;

/** Runs the tests of an example's applications. */
async function runTests(name: string): Promise<string | undefined> {
	const applications = join(here, name, "applications");
	if (!existsSync(applications)) return undefined;
	const files = readdirSync(applications, { recursive: true, encoding: "utf8" });
	const tests = files.filter(file => file.endsWith(".test.ts")).map(file => join(applications, file));
	// Scripts of the old server are tried over the wire alone.
	if (!files.some(file => file.endsWith(".ts"))) return undefined;
	if (tests.length === 0) return "It brings an application without a test.";
	// In one process: what is killed for its time leaves nothing behind.
	const { ending, output } = await runNode(["--test", "--test-isolation=none", ...tests]);
	return ending === "exit code 0" ? undefined : `its tests: ${ending}\n${output}`;
}

async function runOnServer(name: string): Promise<string | undefined> {
	// A copy: applications keep things in their folders, and run wherever they lie.
	const applications = join(folder, name, "applications");
	if (existsSync(join(here, name, "applications"))) {
		await cp(join(here, name, "applications"), applications, { recursive: true });
	}
	const server = createServer(serverOptions(name, applications));
	await server.start();
	try {
		const { port } = server.addresses[0]!;
		return await run(name, {
			server: `127.0.0.1:${port}`,
			port,
			closedPort: await closedPort(),
			file: fileURLToPath(FILE),
			shortFile,
			folder,
			applications,
		});
	} finally {
		await server.stop();
	}
}

/** Those of an example's `millrace.yaml`, on a port of its own. */
function serverOptions(name: string, applications: string): ServerOptionsInput {
	const file = join(here, name, "millrace.yaml");
	const options: ServerOptionsInput = existsSync(file)
		? parse(readFileSync(file, "utf8"))
		: { publish: { from: "anywhere" }, record: { anonymous: true }, demo: true };
	return {
		...options,
		listeners: [{ protocols: ["rtmp", "http"], host: "127.0.0.1", port: 0 }],
		media: { ...options.media, applications },
	};
}

/** @returns what is wrong, or `undefined` */
async function run(name: string, place: ExamplePlace): Promise<string | undefined> {
	const { check } = (await import(new URL(`${name}/ci.ts`, import.meta.url).href)) as { check: ExampleCheck };
	await check.prepare?.(place);
	const { ending, output } = await runNode([join(here, name, "main.ts"), ...check.args(place)]);
	if (ending !== "exit code 0") return `${ending}\n${output}`;
	let rest = output;
	for (const pattern of check.expect) {
		const found = pattern.exec(rest);
		if (found === null) return `${pattern} is not in the output (in this order):\n${output}`;
		rest = rest.slice(found.index + found[0].length);
	}
	try {
		await check.verify?.(place);
	} catch (error) {
		return `${(error as Error).message}\n${output}`;
	}
	return undefined;
}

/** Runs Node to its end. */
async function runNode(args: readonly string[]): Promise<{ readonly ending: string; readonly output: string }> {
	const child = spawn(process.execPath, ["--conditions=source", ...args], {
		stdio: ["ignore", "pipe", "pipe"],
		timeout: TIMEOUT_MILLIS,
		killSignal: "SIGKILL",
	});
	let output = "";
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding("utf8").on("data", (text: string) => {
			output += text;
		});
	}
	const ending = await new Promise<string>((resolve, reject) => {
		child.once("error", reject);
		child.once("close", (code, signal) => resolve(signal === null ? `exit code ${code}` : `ended by ${signal}`));
	});
	return { ending, output };
}

/** The beginning of an FLV file (Adobe Flash Video File Format 10.1, annex E): whole tags up to a time. */
function firstSeconds(file: Uint8Array, seconds: number): Uint8Array {
	const view = new DataView(file.buffer, file.byteOffset, file.length);
	let end = view.getUint32(5) + 4;
	while (end + 11 <= file.length) {
		const head = view.getUint32(end + 4);
		if (head >>> 8 > seconds * 1000) break;
		end += 11 + (view.getUint32(end) & 0xffffff) + 4;
	}
	return file.subarray(0, end);
}

/** A port that was free a moment ago. */
async function closedPort(): Promise<number> {
	const listener = createTcpServer();
	await new Promise<void>(resolve => listener.listen(0, "127.0.0.1", resolve));
	const address = listener.address();
	await new Promise(resolve => listener.close(resolve));
	return typeof address === "object" && address !== null ? address.port : 1;
}
