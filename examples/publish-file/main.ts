/* Publishes an FLV file in real time: the promises of NetConnection and NetStream, and publishMedia. */
import { NetConnection, NetStatusError, NetStream, publishMedia, readFlvFile, splitStreamUrl } from "@millrace/client";

const [file, address = "rtmp://localhost/live/my-stream", seconds = "Infinity"] = process.argv.slice(2);
if (file === undefined) {
	console.error("usage: main.ts FILE.flv [rtmp://host/application/name] [seconds]");
	process.exit(2);
}

const { url, name } = splitStreamUrl(address);
const nc = new NetConnection();
nc.objectEncoding = 0;
try {
	await nc.connectAsync(url);
	const ns = new NetStream(nc);
	const info = await ns.publishAsync(name);
	console.log(info.description);
	const abort = new AbortController();
	if (Number.isFinite(Number(seconds))) setTimeout(() => abort.abort(), Number(seconds) * 1000).unref();
	process.once("SIGINT", () => abort.abort());
	const sent = await publishMedia(ns, () => readFlvFile(file), { loop: true, signal: abort.signal });
	console.log(`sent ${sent.messages} messages, ${sent.bytes} bytes, ${(sent.millis / 1000).toFixed(1)} s`);
	ns.close();
} catch (error) {
	if (!(error instanceof NetStatusError)) throw error;
	console.error(error.message);
	process.exitCode = 1;
} finally {
	nc.close();
}
