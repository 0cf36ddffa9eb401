/* Lets the server record what is published, and plays the recording back: publish of type record, Record.Start, play from 0. */
import { NetConnection, NetStatusError, NetStream, publishMedia, readFlvFile, splitStreamUrl } from "@millrace/client";

const [file, address = "rtmp://localhost/live/my-recording", seconds = "3"] = process.argv.slice(2);
if (file === undefined) {
	console.error("usage: main.ts FILE.flv [rtmp://host/application/name] [seconds]");
	process.exit(2);
}

const { url, name } = splitStreamUrl(address);
const nc = new NetConnection();
try {
	await nc.connectAsync(url);
	const publisher = new NetStream(nc);
	const recording = recordingOf(publisher);
	await publisher.publishAsync(name, "record");
	await recording.started;
	const abort = new AbortController();
	setTimeout(() => abort.abort(), Number(seconds) * 1000);
	const sent = await publishMedia(publisher, () => readFlvFile(file), { loop: true, signal: abort.signal });
	console.log(`sent ${(sent.millis / 1000).toFixed(1)} s`);
	publisher.publish(false);
	// Only now is the file finished.
	await recording.stopped;
	publisher.close();

	const player = new NetStream(nc);
	player.bufferTime = 3600;
	player.client = {
		onMetaData: ({ duration }: { duration: number }) => console.log(`recorded ${duration.toFixed(1)} s`),
	};
	const media = player.media();
	// A time means the recording, and not what is live under that name.
	await player.playAsync(name, 0);
	let frames = 0;
	for await (const message of media) if (message.isVideo && !message.isConfiguration) frames++;
	console.log(`played ${frames} pictures`);
	player.close();
} catch (error) {
	if (!(error instanceof NetStatusError)) throw error;
	console.error(error.message);
	process.exitCode = 1;
} finally {
	nc.close();
}

/** When a stream's recording has started and stopped; where it may not be made, both are refused. */
function recordingOf(stream: NetStream): { started: Promise<void>; stopped: Promise<void> } {
	const started = Promise.withResolvers<void>();
	const stopped = Promise.withResolvers<void>();
	stream.onStatus = info => {
		console.log(`status: ${info.code}`);
		if (info.code === "NetStream.Record.Start") started.resolve();
		else if (info.code === "NetStream.Record.Stop") stopped.resolve();
		else if (info.code.startsWith("NetStream.Record.")) {
			for (const promise of [started, stopped]) promise.reject(new NetStatusError(info));
		}
	};
	stopped.promise.catch(() => undefined);
	return { started: started.promise, stopped: stopped.promise };
}
