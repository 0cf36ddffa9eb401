import { RawClient } from "./raw-client.ts";
import { Victim } from "./victim.ts";

/**
 * A victim in a process of its own, whose figures nothing that its tester does can spoil: `node victim-process.ts PORT`.
 * It writes a line of JSON when it watches, and another for each line that it reads: the gaps between the video frames
 * since the line before, in milliseconds, after it has compared all packets; or `error`.
 */
const port = Number(process.argv[2]);

async function openConnected(): Promise<RawClient> {
	const client = await RawClient.open(port, "127.0.0.1");
	await client.handshake();
	await client.connect();
	return client;
}

const victim = await Victim.start(
	{
		openConnected,
		async openPublishing(name) {
			const client = await openConnected();
			await client.createStream();
			await client.publish(name);
			return client;
		},
	},
	"measured",
);
process.stdout.write(`${JSON.stringify({ gaps: [] })}\n`);

process.stdin.on("data", () => {
	// The gaps end with the question; what is compared then is not part of them.
	const gaps = victim.takeGaps();
	victim.check().then(
		() => process.stdout.write(`${JSON.stringify({ gaps })}\n`),
		(error: unknown) => process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`),
	);
});
process.stdin.on("end", () => process.exit(0));
