import type { FaultCode } from "@millrace/core/fault";
import { expect } from "vitest";
import { sleep } from "./abuse-server.ts";
import type { Scene } from "./section.ts";
import { type Offender, runWave } from "./wave.ts";

/** A wave: its offenders, and the reasons that must stand in the log afterwards. */
export type Wave = {
	readonly name: string;
	readonly kinds: readonly Offender[];
	readonly reasons: readonly FaultCode[];
	/** How many at least must have been let go of before they were clients; default none. */
	readonly refused?: number;
	/** How long they stay, in milliseconds, where the reason takes longer than the usual 1.5 s. */
	readonly stayMillis?: number;
};

/** How many come at once, and how many before them. */
export const COUNT = 1000;
export const WARM_UP = 300;
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;

/** Declares a test for each wave. `network` is the second part of the addresses of the first one's offenders. */
export function declareWaves(
	row: (name: string, test: (scene: Scene) => Promise<void>) => void,
	waves: readonly Wave[],
	network: number,
): void {
	for (const [i, { name, kinds, reasons, refused = 0, stayMillis }] of waves.entries()) {
		row(`${name}: the server grows by less than 64 MB`, async ({ server, victim }) => {
			// The first ones make the engine grow its heap to working size, once.
			await runWave(server, kinds, WARM_UP, network + i);
			await sleep(700);
			const checked = await victim.check();
			const logged = server.process.log.length;
			const report = await runWave(server, kinds, COUNT, network + i, stayMillis);
			const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
			console.log(
				`${name}: peak +${megabytes(report.peakGrowth)}, settled +${megabytes(report.settledGrowth)}, now ${megabytes(server.rss())}, CPU ${report.cpuMillis} ms`,
			);
			await sleep(1100);
			const { counts, lines } = server.ends(logged, `127.${network + i}.`);
			const refusals = server.refusals(logged, `127.${network + i}.`);
			console.log(
				[...counts].map(([reason, count]) => `${reason} ${count}`).join(", "),
				`in ${lines} lines; ${refusals} refused`,
			);
			for (const reason of reasons) expect(counts.get(reason), reason).toBeGreaterThan(0);
			expect(refusals).toBeGreaterThanOrEqual(refused);
			expect(report.opened).toBe(COUNT);
			expect(report.peakGrowth).toBeLessThan(MAX_GROWTH_BYTES);
			expect(await victim.check()).toBeGreaterThan(checked);
		});
	}
}
