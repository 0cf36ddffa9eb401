/* Plays a file of the server, seeks in it, and prints what the server says: play, seek, pause and the statuses of NetStream. */
import { NetConnection, NetStatusError, NetStream, splitStreamUrl } from "@millrace/client";

const [address = "rtmp://localhost/vod/sample", place = "5"] = process.argv.slice(2);
const { url, name } = splitStreamUrl(address);
const nc = new NetConnection();
try {
	await nc.connectAsync(url);
	const ns = new NetStream(nc);
	ns.bufferTime = 1;
	const ended = Promise.withResolvers<void>();
	/** Called with each status, whatever is waited for. */
	const waiting = new Map<string, () => void>();
	const status = (code: string): Promise<void> => new Promise(resolve => waiting.set(code, resolve));
	ns.onStatus = ({ code }) => {
		console.log(`status: ${code}`);
		waiting.get(code)?.();
	};
	ns.client = {
		onMetaData: ({ duration }: { duration?: number }) => console.log(`metadata: ${duration} s`),
		// The last that comes of a file: all of it has been played.
		onPlayStatus: ({ code }: { code: string }) => {
			console.log(`play status: ${code}`);
			if (code === "NetStream.Play.Complete") ended.resolve();
		},
	};
	const full = status("NetStream.Buffer.Full");
	await ns.playAsync(name, 0);
	await full;
	console.log(`playing at ${ns.time.toFixed(0)} s`);
	const sought = status("NetStream.Seek.Notify");
	const fullAgain = status("NetStream.Buffer.Full");
	ns.seek(Number(place));
	await sought;
	await fullAgain;
	// It goes to the keyframe at or before that time.
	console.log(`playing at ${ns.time.toFixed(1)} s`);
	await ended.promise;
	ns.close();
} catch (error) {
	if (!(error instanceof NetStatusError)) throw error;
	console.error(error.message);
	process.exitCode = 1;
} finally {
	nc.close();
}
