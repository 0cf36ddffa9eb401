/* Watches the channel: tells what is shown, and shows that the stream's time goes on from file to file. */
import { NetConnection, NetStatusError, NetStream } from "@millrace/client";
import type { RemoteMethods } from "millrace/app";
import type app from "./applications/channel/main.ts";

const [address = "rtmp://localhost/channel", items = "Infinity"] = process.argv.slice(2);

const nc = new NetConnection();
let seen = 0;
nc.client = {
	nowPlaying(name: string) {
		console.log(`now playing: ${name}`);
		seen++;
	},
};
try {
	await nc.connectAsync(address);
	const ns = new NetStream(nc);
	await ns.playAsync("tv");
	const { next } = await nc.remote<RemoteMethods<typeof app>>().programme();
	console.log(`in this round follow: ${next.join(", ") || "none"}`);
	let last = 0;
	let steps = 0;
	for await (const { timestamp, isVideo } of ns.media()) {
		if (timestamp < last) throw new Error(`The time goes back from ${last} to ${timestamp}.`);
		last = timestamp;
		if (isVideo) steps++;
		if (seen >= Number(items)) break;
	}
	console.log(`${steps > 0 ? "pictures" : "nothing"} up to ${(last / 1000).toFixed(1)} s of the stream`);
} catch (error) {
	if (!(error instanceof NetStatusError)) throw error;
	console.error(error.message);
	process.exitCode = 1;
} finally {
	nc.close();
}
