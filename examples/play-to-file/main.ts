/* Plays a stream into an FLV file: NetStream.media() as an async iterable, and playToFlv. */
import { FlvFileSink, NetConnection, NetStatusError, NetStream, playToFlv, splitStreamUrl } from "@millrace/client";

const [address = "rtmp://localhost/live/demo", file = "recording.flv", seconds = "10"] = process.argv.slice(2);
const { url, name } = splitStreamUrl(address);
const nc = new NetConnection();
try {
	await nc.connectAsync(url);
	const ns = new NetStream(nc);
	ns.client = {
		onMetaData: (metadata: { width?: number; height?: number }) =>
			console.log(`metadata: ${metadata.width}x${metadata.height}`),
	};
	const media = ns.media();
	await ns.playAsync(name);
	await using sink = await FlvFileSink.create(file);
	const { bytes, millis } = await playToFlv(media, sink, { durationMillis: Number(seconds) * 1000 });
	console.log(`wrote ${file}: ${bytes} bytes, ${(millis / 1000).toFixed(1)} s`);
	ns.close();
} catch (error) {
	if (!(error instanceof NetStatusError)) throw error;
	console.error(error.message);
	process.exitCode = 1;
} finally {
	nc.close();
}
