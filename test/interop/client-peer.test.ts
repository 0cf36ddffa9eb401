import {
	FlvFileSink,
	NetConnection,
	NetStatusError,
	NetStream,
	playToFlv,
	publishMedia,
	RememberedRoads,
	readFlvFile,
} from "@millrace/client";
import {
	closeAllPrograms,
	comparePackets,
	freePort,
	MediaLibrary,
	needEncoders,
	needNginx,
	needPrograms,
	nginxCommand,
	Program,
	removeTempDirs,
	ServerProcess,
	TempDir,
} from "@millrace/testkit";
import { afterAll, expect, test } from "vitest";
import { passMedia } from "./client-media.ts";
import { ClosedNetwork } from "./closed-network.ts";
import { readFlvTags } from "./flv-tag-reader.ts";
import { travel } from "./journey.ts";
import { programPath } from "./suite-server.ts";

// This repository's client against servers that others have written. None of them speaks more than RTMP and RTMPE.

const library = new MediaLibrary();
const dir = new TempDir("client-peer");

afterAll(async () => {
	await closeAllPrograms();
	dir.remove();
	removeTempDirs();
});

/** Connects as soon as the server listens. */
async function connected(url: string): Promise<NetConnection> {
	const deadline = Date.now() + 20_000;
	for (;;) {
		const nc = new NetConnection({ proxy: false, memory: new RememberedRoads() });
		// Some know no AMF3.
		nc.objectEncoding = 0;
		try {
			await nc.connectAsync(url);
			return nc;
		} catch (error) {
			if (!(error instanceof NetStatusError) || Date.now() > deadline) throw error;
			await new Promise(resolve => setTimeout(resolve, 100));
		}
	}
}

test("nginx passes on what the client publishes to the client that plays, packet for packet", async context => {
	await needEncoders(context, "libx264", "aac");
	needNginx(context);
	const nginx = await ServerProcess.start({ command: nginxCommand });
	const [from, to] = [await library.file("h264-bframes-aac"), dir.file("nginx.flv")];
	const [publisher, player] = [await connected(nginx.rtmpUrl("live")), await connected(nginx.rtmpUrl("live"))];
	try {
		await passMedia(publisher, player, "one", { from, to });
		comparePackets(readFlvTags(from).frames, readFlvTags(to).frames);
	} finally {
		publisher.close();
		player.close();
		await nginx.stop();
	}
});

const LISTEN = ["-hide_banner", "-nostdin", "-v", "warning", "-y"];

test("ffmpeg takes what the client publishes, packet for packet", async context => {
	await needEncoders(context, "libx264", "aac");
	const [from, to] = [await library.file("h264-bframes-aac"), dir.file("to-ffmpeg.flv")];
	const url = `rtmp://127.0.0.1:${await freePort()}/live`;
	const ffmpeg = new Program(programPath("ffmpeg"), [
		...[...LISTEN, "-listen", "1", "-i", `${url}/one`],
		...["-c", "copy", "-f", "flv", to],
	]);
	const nc = await connected(url);
	const stream = new NetStream(nc);
	await stream.publishAsync("one");
	await publishMedia(stream, readFlvFile(from), { speed: 10 });
	stream.close();
	nc.close();
	expect((await ffmpeg.waitForExit(20_000)).code, ffmpeg.stderr).toBe(0);
	comparePackets(readFlvTags(from).frames, readFlvTags(to).frames);
});

test("ffmpeg is played by the client, packet for packet", async context => {
	await needEncoders(context, "libx264", "aac");
	const [from, to] = [await library.file("h264-bframes-aac"), dir.file("from-ffmpeg.flv")];
	const url = `rtmp://127.0.0.1:${await freePort()}/live`;
	const ffmpeg = new Program(programPath("ffmpeg"), [
		...[...LISTEN, "-i", from, "-c", "copy", "-f", "flv", "-listen", "1", `${url}/one`],
	]);
	const nc = await connected(url);
	const stream = new NetStream(nc);
	// It is a publisher that listens, and says at its end what it says to servers.
	nc.client = { FCUnpublish: () => undefined, deleteStream: () => undefined };
	const media = stream.media();
	await stream.playAsync("one");
	const sink = await FlvFileSink.create(to);
	// Of the stream's end it says nothing.
	await expect(playToFlv(media, sink)).rejects.toThrow(/NetConnection\.Connect\.Closed/);
	await sink.close();
	expect((await ffmpeg.waitForExit(20_000)).code, ffmpeg.stderr).toBe(0);
	comparePackets(readFlvTags(from).frames, readFlvTags(to).frames);
});

test.for(["rtmp", "rtmpe"] as const)(
	"rtmpsrv understands by %s what the client says and wants to play",
	async (road, context) => {
		needPrograms(context, "rtmpsrv");
		// It listens on port 1935 of every address, and reads commands.
		const network = await ClosedNetwork.create(context);
		try {
			const [ip, ...words] = [...network.prefix, programPath("rtmpsrv")];
			const server = new Program(ip!, words, { stdin: true, cwd: dir.path });
			await server.waitForLine(/Streaming on rtmp/, 10_000);
			const journeys = [{ url: `${road}://10.77.0.1:1935/live/inst?a=b`, args: ["word"], play: "mp4:film" }];
			const [report] = await travel(network, { listeners: [], journeys, atOnce: false });
			expect([report!.code, report!.protocol, report!.text]).toEqual(["NetConnection.Connect.Success", road, ""]);
			// The command with which rtmpdump would say the same.
			const line = await server.waitForLine(/^rtmpdump/, 10_000);
			expect(line).toContain(`-r "${road}://10.77.0.1:1935/live/inst?a=b" -a "live/inst?a=b"`);
			expect(line).toContain('-C S:word -y "mp4:film"');
			await server.stop();
		} finally {
			await network.remove();
		}
	},
);
