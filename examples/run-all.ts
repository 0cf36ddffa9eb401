/**
 * Runs every example against a server of its own: `node --conditions=source examples/run-all.ts [name …]`. Prints
 * `ok NAME` or `failed NAME` with what it wrote; the exit code is 1 if one failed.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createServer } from "millrace";
import type { ExampleCheck, ExamplePlace } from "./example.ts";

/** An example that takes longer has failed. */
const TIMEOUT_MILLIS = 30_000;
const here = fileURLToPath(new URL(".", import.meta.url));

const wanted = process.argv.slice(2);
const entries = await readdir(here, { withFileTypes: true });
const names = entries.filter(entry => entry.isDirectory()).map(entry => entry.name);
const chosen = wanted.length === 0 ? names.sort() : wanted;

const folder = await mkdtemp(join(tmpdir(), "millrace-examples-"));
const server = createServer({
	listeners: [{ protocol: "rtmp", host: "127.0.0.1", port: 0 }],
	publish: { from: "anywhere" },
	media: { applications: join(folder, "applications") },
	record: { anonymous: true },
	demo: true,
});
await server.start();
let failed = 0;
try {
	const port = server.addresses[0]!.port;
	const place: ExamplePlace = {
		server: `127.0.0.1:${port}`,
		port,
		closedPort: await closedPort(),
		file: fileURLToPath(new URL("../packages/server/media/demo.flv", import.meta.url)),
		folder,
	};
	for (const name of chosen) {
		const problem = await run(name, place);
		console.log(problem === undefined ? `ok ${name}` : `failed ${name}\n${problem.replaceAll(/^/gm, "  ")}`);
		if (problem !== undefined) failed++;
	}
} finally {
	await server.stop();
	await rm(folder, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;

/** @returns what is wrong, or `undefined` */
async function run(name: string, place: ExamplePlace): Promise<string | undefined> {
	const { check } = (await import(new URL(`${name}/ci.ts`, import.meta.url).href)) as { check: ExampleCheck };
	const main = join(here, name, "main.ts");
	const child = spawn(process.execPath, ["--conditions=source", main, ...check.args(place)], {
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

/** A port that was free a moment ago. */
async function closedPort(): Promise<number> {
	const listener = createTcpServer();
	await new Promise<void>(resolve => listener.listen(0, "127.0.0.1", resolve));
	const address = listener.address();
	await new Promise(resolve => listener.close(resolve));
	return typeof address === "object" && address !== null ? address.port : 1;
}
