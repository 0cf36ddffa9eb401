import { expect } from "vitest";
import { commandCases } from "./case/command.ts";
import { section } from "./section.ts";

section(
	"commands",
	commandCases,
	(_, row) => {
		row(
			"row 45: a second publisher of the same identity takes the name over, and the first is closed",
			async ({ server }) => {
				const first = await server.openPublishing("twice");
				const second = await server.openPublishing("twice");
				await first.waitForStatus("NetStream.Unpublish.Success");
				await first.closed;
				expect(await second.call("createStream")).toBe(2);
				second.destroy();
			},
		);

		row("row 45: a second publisher with another key is refused, and the first goes on", async ({ server }) => {
			const first = await server.openPublishing("mine?key=abuse-test-key");
			const second = await server.openConnected();
			await second.createStream();
			second.send(second.command("publish", 0, null, ["mine", "live"], 1));
			await second.waitForStatus("NetStream.Publish.BadName");
			expect(await first.call("createStream")).toBe(2);
			first.destroy();
			second.destroy();
		});

		row("row 45: of many that publish one name in the same moment, one is left", async ({ server }) => {
			const clients = await Promise.all(Array.from({ length: 20 }, () => server.openConnected()));
			for (const client of clients) await client.createStream();
			for (const client of clients) client.send(client.command("publish", 0, null, ["race", "live"], 1));
			const all = Promise.all(clients.map(client => client.closed));
			await Promise.race([all, new Promise(resolve => setTimeout(resolve, 1000))]);
			expect(clients.filter(client => !client.isClosed)).toHaveLength(1);
			for (const client of clients) client.destroy();
		});
	},
	["publish.key=abuse-test-key"],
);
