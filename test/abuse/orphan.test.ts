import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { AbuseServer, sleep } from "./abuse-server.ts";
import { HOSTILE, NEVER_LOADS } from "./case/hostile-application.ts";

/** What is left of applications when their server is killed at once. */

const folders: string[] = [];

afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Processes that the process has started. */
function childrenOf(pid: number): number[] {
	const all = readdirSync("/proc").filter(name => /^\d+$/.test(name));
	return all.map(Number).filter(each => stateOf(each)?.parent === pid);
}

/** `undefined`: there is no such process. One that has ended and of which nobody has taken note is none. */
function stateOf(pid: number): { readonly parent: number } | undefined {
	try {
		const [state, parent] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
		return state === "Z" ? undefined : { parent: Number(parent) };
	} catch {
		// It has ended meanwhile.
		return undefined;
	}
}

it("a server that is killed leaves no process behind: none of an application that waits, loops or never loads", async () => {
	const folder = mkdtempSync(join(tmpdir(), "millrace-orphan-"));
	folders.push(folder);
	for (const [name, code] of Object.entries({ waits: HOSTILE, loops: HOSTILE, loads: NEVER_LOADS })) {
		mkdirSync(join(folder, name));
		writeFileSync(join(folder, name, "main.ts"), code);
	}
	const settings = ["code.turnMillis=1h", "code.startMillis=1h", `media.applications=${folder}`];
	const server = await AbuseServer.start(settings);
	try {
		for (const name of ["waits", "loops"]) {
			const client = await server.openShaken();
			await client.connect(name);
			if (name === "loops") client.send(client.command("loop", 0, null));
		}
		const client = await server.openShaken();
		client.send(client.command("connect", 1, { app: "loads", tcUrl: "rtmp://localhost/loads" }));
		const until = async (holds: () => boolean, what: string) => {
			for (const deadline = Date.now() + 20_000; !holds(); await sleep(50)) {
				if (Date.now() > deadline) throw new Error(what);
			}
		};
		// Three applications, and the shell that guards them.
		await until(() => childrenOf(server.process.pid).length === 4, "not all have been started");
		const children = childrenOf(server.process.pid);
		// The loops have begun.
		await sleep(500);
		process.kill(server.process.pid, "SIGKILL");
		await until(() => children.every(pid => stateOf(pid) === undefined), "a process is left");
		expect(server.process.isRunning).toBe(false);
	} finally {
		await server.stop();
	}
});
