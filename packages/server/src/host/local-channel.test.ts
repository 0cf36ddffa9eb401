import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";

const run = promisify(execFile);

/** In a process without the test runner's own loader: loads an application, changes it, and loads it again. */
const PROGRAM = `
import { writeFileSync } from "node:fs";
import { join } from "node:path";
const [channelFile, frameFile, folder] = process.argv.slice(1);
const { startLocalChannel } = await import(channelFile);
const { decodeControl, decodeFrame } = await import(frameFile);
const setup = { application: "a", folder, main: join(folder, "main.js"), memoryMebibytes: 1, network: true, frameBytes: 1 };
for (const word of ["one", "two"]) {
	writeFileSync(join(folder, "word.js"), "export const word = " + JSON.stringify(word));
	await new Promise(resolve => {
		startLocalChannel(setup, {
			onFrame: frame => resolve(console.log(...Object.values(decodeControl(decodeFrame(frame).items[0])).flat())),
			onLine() {},
			onEnd() {},
		});
	});
}
`;

it("finds millrace/app from any folder, and takes changed code, with what it imports, when it starts anew", async () => {
	const folder = mkdtempSync(join(tmpdir(), "millrace-local-"));
	onTestFinished(() => rmSync(folder, { recursive: true }));
	writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
	writeFileSync(
		join(folder, "main.js"),
		`import { defineApplication } from "millrace/app";
		import { word } from "./word.js";
		console.log(word);
		export default defineApplication({});`,
	);
	const files = ["./local-channel.ts", "../app/index.ts"].map(file => fileURLToPath(new URL(file, import.meta.url)));
	const args = ["--conditions=source", "--input-type=module", "--eval", PROGRAM, ...files, folder];
	const { stdout } = await run(process.execPath, args);
	expect(stdout).toBe("one\nready\ntwo\nready\n");
});
