import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { endAll, ScriptServer, until } from "./script-fixture.ts";

/** What the code of an application does with streams, in a whole server. */

const STUDIO = `
import { defineApplication } from "millrace/app";
const watch = (client: any, name: string) => {
	const stream = client.app.streams.get(name);
	stream.onStatus = (status: any) => client.app.broadcast("told", name, status.code.replace("NetStream.", ""), status.details);
	return stream;
};
export default defineApplication({
	onPublish(client, stream) { client.app.broadcast("publishing", stream); },
	onUnpublish(client, stream) { client.app.broadcast("unpublished", stream); },
	onPlay(client, stream) { client.app.broadcast("playing", stream); },
	methods: {
		watch: (client, name: string) => { watch(client, name); },
		record: (client, name: string, mode: any, options: any) => watch(client, name).record(mode, options),
		flush: (client, name: string) => client.app.streams.get(name).flush(),
		metadata: (client, name: string) => client.app.streams.metadata(name),
		relay(client, to: string, from: string, audio: boolean, video: boolean) {
			const stream = watch(client, to);
			stream.setReceive(audio, video);
			stream.play(from, { start: -1 });
		},
		receive: (client, name: string, audio: boolean, video: boolean) => client.app.streams.get(name).setReceive(audio, video),
	},
});
`;

afterEach(endAll);

const SETTINGS = { code: { isolation: "thread" }, record: { freeBytes: 0 } };

describe("an application's streams", { timeout: 60_000 }, () => {
	it("are told what clients publish under their names, and what becomes of it", async () => {
		const server = await new ScriptServer({ "studio/main.ts": STUDIO }, SETTINGS).start();
		const ann = await server.connect("studio");
		await ann.call("watch", "mp4:cam");
		await ann.call("watch", "other");
		const stream = await ann.publish("mp4:cam?key=1", "record");
		expect(await ann.told("publishing")).toEqual([{ name: "cam", query: "key=1", mode: "record", prefix: "mp4" }]);
		await ann.told("told", "mp4:cam", "Publish.Start", "cam");
		await stream.sendUntil(() => ann.received.some(call => call[2] === "Record.Start"));
		stream.stream.close();
		await ann.told("told", "mp4:cam", "Unpublish.Success", "cam");
		await ann.told("unpublished", { name: "cam", query: "key=1", mode: "record", prefix: "mp4" });
		await ann.told("told", "mp4:cam", "Record.Stop");
		expect(ann.received.filter(([, name]) => name === "other")).toEqual([]);
	});

	it("record within limits, and write at once when they are told to", async () => {
		const server = await new ScriptServer({ "studio/main.ts": STUDIO }, SETTINGS).start();
		const ann = await server.connect("studio");
		await ann.call("record", "cam", "record", { maxSeconds: 1, syncWrite: true });
		const stream = await ann.publish("cam");
		await stream.sendUntil(() => ann.received.some(call => call[2] === "Record.Stop"));
		expect(await ann.call("metadata", "cam")).toMatchObject({ duration: expect.closeTo(1, 0) });
		expect(await ann.call("metadata", "nothing")).toBeUndefined();
		await ann.call("record", "cam", "record", {});
		const file = join(server.folder, "studio/streams/_definst_/cam.flv");
		await stream.sendUntil(() => existsSync(file) && readdirSync(join(file, "..")).length > 0);
		const before = () => statSync(file).size;
		stream.send(3);
		await ann.call("flush", "cam");
		await until(() => before() > 100);
		expect(stream.codes).toEqual(["Publish.Start"]);
	});

	it("play only the media that they are told to receive", async () => {
		const server = await new ScriptServer({ "studio/main.ts": STUDIO }, SETTINGS).start();
		const ann = await server.connect("studio");
		const camera = await ann.publish("cam");
		camera.send(3);
		await ann.call("relay", "blind", "cam", true, false);
		await ann.call("relay", "copy", "cam", true, true);
		const [blind, copy] = [await ann.play("blind"), await ann.play("copy")];
		await camera.sendUntil(() => copy.pictures > 5);
		expect(blind.pictures).toBe(0);
		await ann.call("receive", "blind", true, true);
		await camera.sendUntil(() => blind.pictures > 0);
		expect(await ann.told("playing", { name: "blind", query: "", mode: "play" })).toHaveLength(1);
	});
});
