import { FlvFileSink, NetStream, playToFlv, publishMedia, readFlvFile } from "@millrace/client";
import {
	closeAllPrograms,
	comparePackets,
	MediaLibrary,
	needEncoders,
	needNginx,
	nginxCommand,
	removeTempDirs,
	ServerProcess,
	TempDir,
} from "@millrace/testkit";
import { afterAll, afterEach, expect, test } from "vitest";
import { closeServers, connectTo, TestServer, until } from "../server-fixture.ts";
import { readFlvTags } from "./flv-tag-reader.ts";

// Streams that the code of an application brings to and from a server that others have written.

const library = new MediaLibrary();
const dir = new TempDir("server-to-server");

afterEach(closeServers);

afterAll(async () => {
	await closeAllPrograms();
	dir.remove();
	removeTempDirs();
});

/** Publishes all its streams at `config.to`, and plays `pulled` from there. */
const RELAY = `
import { defineApplication } from "millrace/app";
export default defineApplication({
	onStart(app) {
		const stream = app.streams.get("pulled");
		stream.onStatus = ({ code }) => app.log.info("pulled " + code);
		stream.play("one", { from: app.config.to, start: -1 });
	},
	onPublish({ app }, { name }) {
		const push = app.streams.get(name).publishTo(app.config.to);
		push.onStatus = ({ code }) => app.log.info("pushed " + code);
	},
});
`;

test("nginx takes a stream from an application and gives it back, packet for packet", {
	timeout: 120_000,
}, async context => {
	await needEncoders(context, "libx264", "aac");
	needNginx(context);
	const nginx = await ServerProcess.start({ command: nginxCommand });
	const settings = { applications: { relay: { config: { to: nginx.rtmpUrl("live") } } } };
	const server = await new TestServer(settings).write("relay", RELAY).start();
	const from = await library.file("h264-bframes-aac");
	const player = new NetStream(await connectTo(server.url("relay")));
	await player.playAsync("pulled", -1);
	await until(() => server.lines.includes("pulled NetConnection.Connect.Success"));
	const to = dir.file("pulled.flv");
	const sink = await FlvFileSink.create(to);
	const writing = playToFlv(player.media({ maxBufferBytes: 64 * 1024 * 1024 }), sink);
	const publisher = new NetStream(await connectTo(server.url("relay")));
	await publisher.publishAsync("one");
	await publishMedia(publisher, () => readFlvFile(from), { speed: 1 });
	publisher.close();
	await writing;
	await sink.close();
	expect(server.lines).toContain("pushed NetStream.Publish.Start");
	comparePackets(readFlvTags(from).frames, readFlvTags(to).frames);
	await nginx.stop();
});
