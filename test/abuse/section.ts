import { afterAll, beforeAll, describe, it } from "vitest";
import { type AbuseCase, runCase } from "./abuse-case.ts";
import { AbuseServer } from "./abuse-server.ts";
import { Victim } from "./victim.ts";

/** What the tests of a section share. */
export type Scene = { readonly server: AbuseServer; readonly victim: Victim };

/**
 * Declares the tests of a section: each case by its row, then those that `more` declares. Beside all of them somebody
 * publishes and somebody watches, and after each test the watcher must have every packet.
 */
export function section(
	title: string,
	cases: readonly AbuseCase[],
	more: (scene: () => Scene, row: (name: string, test: (scene: Scene) => Promise<void>) => void) => void = () => {},
	settings: readonly string[] = [],
): void {
	describe(title, () => {
		let scene: Scene | undefined;
		const get = (): Scene => {
			if (scene === undefined) throw new Error("the server did not start");
			return scene;
		};
		beforeAll(async () => {
			const server = await AbuseServer.start(settings);
			scene = { server, victim: await Victim.start(server) };
		});
		afterAll(async () => {
			scene?.victim.stop();
			await scene?.server.stop();
		});
		const row = (name: string, test: (scene: Scene) => Promise<void>): void => {
			// What is waited for takes time on a machine that others use too. The report shows what ran again.
			it(name, { retry: 1 }, async () => {
				await test(get());
				await get().victim.check();
			});
		};
		for (const abuse of cases) row(`row ${abuse.row}: ${abuse.behaviour}`, ({ server }) => runCase(server, abuse));
		more(get, row);
	});
}
