import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it } from "vitest";
import { OrphanGuard } from "./orphan-guard.ts";

const started: ChildProcess[] = [];

afterEach(() => {
	for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** A process that waits, the leader of a group of its own. */
function waiting(): ChildProcess & { readonly pid: number } {
	const child = spawn("/bin/sleep", ["600"], { stdio: "ignore", detached: true });
	started.push(child);
	return child as ChildProcess & { readonly pid: number };
}

/** A program that guards processes, with what ends it. */
async function guarding(pids: readonly number[], then: string): Promise<ChildProcess> {
	const module = fileURLToPath(new URL("./orphan-guard.ts", import.meta.url));
	const code = `
		import { OrphanGuard } from ${JSON.stringify(module)};
		const guard = new OrphanGuard(error => { throw error; });
		for (const pid of ${JSON.stringify(pids)}) guard.add(pid);
		${then}
		console.log("ready");
	`;
	const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", code], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	started.push(child);
	for await (const line of createInterface({ input: child.stdout! })) if (line === "ready") break;
	return child;
}

function ended(child: ChildProcess): Promise<void> {
	return new Promise(resolve => {
		if (child.exitCode !== null || child.signalCode !== null) resolve();
		else child.on("exit", () => resolve());
	});
}

it.skipIf(process.platform === "win32")(
	"ends what it guards when its own process is killed, and nothing else",
	async () => {
		const [first, second, third, fourth] = [waiting(), waiting(), waiting(), waiting()];
		const guards = await guarding(
			[first.pid, second.pid, third.pid],
			`guard.remove(${second.pid}); guard.add(${fourth.pid}); setInterval(() => {}, 1000);`,
		);
		guards.kill("SIGKILL");
		await Promise.all([ended(first), ended(third), ended(fourth)]);
		expect([first.signalCode, third.signalCode, fourth.signalCode]).toEqual(["SIGKILL", "SIGKILL", "SIGKILL"]);
		expect(second.signalCode).toBeNull();
	},
);

it.skipIf(process.platform === "win32")("does not keep its process from ending", async () => {
	const child = waiting();
	const guards = await guarding([child.pid], "");
	await ended(guards);
	expect(guards.exitCode).toBe(0);
	await ended(child);
});

it("leaves nothing behind when there is nothing left to guard", async () => {
	const child = waiting();
	const troubles: Error[] = [];
	const guard = new OrphanGuard(error => troubles.push(error));
	guard.add(child.pid);
	guard.remove(child.pid);
	guard.remove(child.pid);
	const again = waiting();
	guard.add(again.pid);
	guard.remove(again.pid);
	// A process that ends by itself.
	await ended(spawn("/bin/sleep", ["0.2"], { stdio: "ignore" }));
	expect([child.signalCode, again.signalCode, troubles]).toEqual([null, null, []]);
});
