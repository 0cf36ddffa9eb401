/* An encoder that tries the gate: publishes a file for some seconds, first without a key and then with it. */
import { NetConnection, NetStatusError, NetStream, publishMedia, readFlvFile } from "@millrace/client";

const [file, address = "rtmp://localhost/gate", name = "studio", key = "change-me", seconds = "2"] =
	process.argv.slice(2);
if (file === undefined) {
	console.error("usage: main.ts FILE.flv [rtmp://host/gate] [stream] [key] [seconds]");
	process.exit(2);
}

const nc = new NetConnection();
nc.objectEncoding = 0;
try {
	await nc.connectAsync(address);
	await publish(name);
	await publish(`${name}?key=${encodeURIComponent(key)}`);
} finally {
	nc.close();
}

async function publish(nameWithKey: string): Promise<void> {
	const ns = new NetStream(nc);
	try {
		const info = await ns.publishAsync(nameWithKey);
		console.log(`allowed: ${info.code}`);
		const signal = AbortSignal.timeout(Number(seconds) * 1000);
		const sent = await publishMedia(ns, () => readFlvFile(file!), { loop: true, signal });
		console.log(`sent ${sent.messages} messages`);
	} catch (error) {
		if (!(error instanceof NetStatusError)) throw error;
		console.log(`refused: ${error.code} (${error.info.description})`);
	} finally {
		ns.close();
	}
}
