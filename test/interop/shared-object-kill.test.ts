import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { TempDir } from "@millrace/testkit";
import { afterAll, expect, test } from "vitest";
import { SharedObjectStore } from "../../packages/server/src/shared-object/index.ts";
import { sleep } from "./suite-server.ts";

// A process is killed while it brings shared objects to the disk, at any moment.

/** How often; the whole proof takes 100. */
const KILLS = Number(process.env["MILLRACE_KILLS"] ?? 20);
const LATEST_KILL_MILLIS = 80;
const PROGRAM = fileURLToPath(new URL("shared-object-writer.ts", import.meta.url));

const dir = new TempDir("shared-object-kill");
let running: ChildProcess | undefined;

afterAll(() => {
	running?.kill("SIGKILL");
	return dir.remove();
});

test(`${KILLS} times kill -9 while shared objects are written: what was confirmed is there, and nothing by halves`, {
	timeout: 60_000 + KILLS * 10_000,
}, async () => {
	const folder = dir.file("sharedobjects");
	let kept = 0;
	let unconfirmed = 0;
	for (let round = 0; round < KILLS; round++) {
		const child = spawn(process.execPath, ["--conditions=source", PROGRAM, folder], {
			stdio: ["ignore", "pipe", "inherit"],
		});
		running = child;
		const said = text(child.stdout);
		await once(child.stdout, "data");
		await sleep(Math.random() * LATEST_KILL_MILLIS);
		child.kill("SIGKILL");
		await once(child, "exit");
		const [loaded, ...confirmed] = (await said).trim().split("\n");
		expect(loaded, `round ${round}`).toBe(`loaded ${kept}`);
		const last = confirmed.length === 0 ? kept : Number(confirmed.at(-1));

		const store = new SharedObjectStore(folder);
		const slots = new Map(store.loadNow("counters/counted")?.slots.map(({ name, value }) => [name, value.value]));
		const count = Number(slots.get("count") ?? 0);
		// The last one may be on the disk before that was said.
		expect([last, last + 1], `round ${round}`).toContain(count);
		if (count > last) unconfirmed++;
		if (count > 0) {
			expect(slots.get("seven"), `round ${round}`).toBe(count * 7);
			expect(slots.get("filler"), `round ${round}`).toHaveLength((count % 50) * 1000);
		}
		const loose = store.loadNow("loose");
		expect(Number(loose?.slots[0]?.value.value ?? 0), `round ${round}`).toBeLessThanOrEqual(last + 1);
		kept = count;
	}
	expect(kept).toBeGreaterThan(0);
	// Each object has its file, and at most one that a kill has left beside it.
	for (const path of [folder, join(folder, "counters")]) {
		expect(readdirSync(path).filter(name => !/^(counted|loose)\.fso(\.new)?$|^counters$/.test(name))).toEqual([]);
	}
	console.log(`${KILLS} kills, ${kept} changes confirmed, ${unconfirmed} times one more was on the disk.`);
});
