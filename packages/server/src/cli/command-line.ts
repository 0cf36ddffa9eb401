import { readFileSync } from "node:fs";
// The one place where the command line meets the server: every command takes the factory as an argument.
import { createServer } from "../server.ts";
import { boundHeapGrowth, collectStart } from "./heap.ts";
import { localAddresses } from "./local-address.ts";
import { runProgram } from "./program.ts";

boundHeapGrowth();

// A reader that went away (`millrace serve | head`) is no reason to end a server.
for (const stream of [process.stdout, process.stderr]) {
	stream.on("error", (error: NodeJS.ErrnoException) => {
		if (error.code !== "EPIPE") throw error;
	});
}

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
	version: string;
};

const code = await runProgram(process.argv.slice(2), {
	version: manifest.version,
	createServer,
	environment: process.env,
	folder: process.cwd(),
	stdout: process.stdout,
	stderr: process.stderr,
	process,
	localAddresses,
	collectStart,
	exit: status => process.exit(status),
});
process.exitCode = code;
// What a server left open (a socket that does not close) must not keep a finished command alive.
setTimeout(() => process.exit(code), 500).unref();
