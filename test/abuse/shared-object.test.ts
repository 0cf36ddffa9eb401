import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { CLOSED, sharedObjectCases } from "./case/shared-object.ts";
import { section } from "./section.ts";

section("shared objects", sharedObjectCases, (scene, row) => {
	for (const [what, fault, send] of CLOSED) {
		row(`${what} is closed`, async ({ server }) => {
			const from = server.process.log.length;
			const client = await server.openConnected();
			client.send(send(client));
			await client.closed;
			// Applications hold shared objects, and it is theirs to say why.
			const isTheReason = ({ text }: Readonly<Record<string, unknown>>) =>
				new RegExp(`^c\\d+ is closed \\(${fault}\\): `).test(String(text));
			await server.process.waitForEvent("application", 5000, isTheReason, from);
		});
	}

	row("row 55: nothing was written elsewhere", async () => {
		const { dataDir } = scene().server.process.place;
		expect(
			[join(dataDir, "intruder"), join(dataDir, "..", "intruder.fso"), "/etc/intruder.fso"].filter(existsSync),
		).toEqual([]);
	});
});
