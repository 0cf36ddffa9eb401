import { FlvFileSink, type NetConnection, NetStream, playToFlv, publishMedia, readFlvFile } from "@millrace/client";

/**
 * Publishes an FLV file as a stream on one connection, plays that on the other, and writes what came. Resolves when the
 * file's end has arrived.
 */
export async function passMedia(
	publisher: NetConnection,
	player: NetConnection,
	name: string,
	{ from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
	const up = new NetStream(publisher);
	const down = new NetStream(player);
	await up.publishAsync(name);
	const media = down.media({ maxBufferBytes: 64 * 1024 * 1024 });
	await down.playAsync(name);
	await using sink = await FlvFileSink.create(to);
	const writing = playToFlv(media, sink);
	await publishMedia(up, () => readFlvFile(from), { speed: 30 });
	up.close();
	await writing;
	down.close();
}
