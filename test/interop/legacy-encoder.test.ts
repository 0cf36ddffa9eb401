import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
	closeAllPrograms,
	MediaLibrary,
	mediaEncoders,
	needEncoders,
	removeTempDirs,
	type ServerProcess,
	type SkippableTest,
	TempDir,
} from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ffmpegPublisher, gstPublisher, type Publisher } from "./publisher.ts";
import { needMillrace, startServer, waitUntilLive } from "./suite-server.ts";

/** Encoders of others, and applications of the old server that ask them for a key. */

/** The right to publish comes with `FCPublish`, which encoders call before. */
const BY_CALL = `
application.onConnect = function(client) {
	client.writeAccess = "";
	trace("agent " + client.agent);
	return true;
};
Client.prototype.releaseStream = function(name) { trace("releaseStream " + name); };
Client.prototype.FCPublish = function(name) {
	var isAllowed = name.indexOf("key=secret") > 0;
	trace("FCPublish " + isAllowed);
	if (isAllowed) this.writeAccess = name.split("?")[0];
	this.call("onFCPublish", null, {code: isAllowed ? "NetStream.Publish.Start" : "NetStream.Publish.BadName", description: name});
};
Client.prototype.FCUnpublish = function(name) {
	trace("FCUnpublish");
	this.call("onFCUnpublish", null, {code: "NetStream.Unpublish.Success", description: name});
};
application.onPublish = function(client, stream) { trace("onPublish " + stream.name); };
application.onUnpublish = function(client, stream) { trace("onUnpublish " + stream.name); };
`;

/** Who publishes with a wrong query loses the connection. */
const BY_QUERY = `
application.onPublish = function(client, stream) {
	var query = new LoadVars();
	query.decode(stream.publishQueryString);
	if (query.key == "secret") { trace("onPublish " + stream.name); return; }
	trace("refused " + stream.name);
	this.disconnect(client);
};
application.onUnpublish = function(client, stream) { trace("onUnpublish " + stream.name); };
`;

const EXAMPLES = fileURLToPath(new URL("../../examples/legacy-apps/applications", import.meta.url));
/** Streams of the example applications, as an encoder names them. */
const EXAMPLE_STREAMS = [
	...["live/cam", "gate/studio?key=change-me", "livepkgr/show?adbe-record-mode=record", "dvrcast/match"],
];
const MEDIUM = "h264-aac-2";
const library = new MediaLibrary();
const dir = new TempDir("legacy-encoder");
let server: ServerProcess;

beforeAll(async () => {
	const folder = dir.file("applications");
	cpSync(EXAMPLES, folder, { recursive: true });
	for (const [name, script] of [
		["bycall", BY_CALL],
		["byquery", BY_QUERY],
	] as const) {
		mkdirSync(join(folder, name), { recursive: true });
		writeFileSync(join(folder, name, "main.asc"), script);
	}
	server = await startServer([`media.applications=${folder}`, "publish.from=anywhere", "record.anonymous=true"]);
});

afterAll(async () => {
	await server?.stop();
	await closeAllPrograms();
	removeTempDirs();
});

/** The application says something, from a line of the log on. */
const said = (text: string, from: number) =>
	server.waitForEvent("application", 20_000, line => String(line["text"]).startsWith(text), from);

async function need(context: SkippableTest, publisher: Publisher): Promise<string> {
	needMillrace(context, "applications");
	await publisher.need(context);
	await needEncoders(context, ...mediaEncoders(MEDIUM));
	return library.file(MEDIUM);
}

describe.each([ffmpegPublisher, gstPublisher("rtmp2sink")])("$name", publisher => {
	test("publishes through an application that gives the right with FCPublish, to those with the key", async context => {
		const file = await need(context, publisher);
		const from = server.log.length;
		const refused = publisher.start(file, server.rtmpUrl("bycall/cam?key=wrong"));
		await said("FCPublish false", from);
		await refused.waitForExit(20_000);
		expect(server.log.slice(from).some(({ text }) => text.includes("onPublish cam"))).toBe(false);
		const again = server.log.length;
		const allowed = publisher.start(file, server.rtmpUrl("bycall/cam?key=secret"));
		await said("FCPublish true", again);
		await said("onPublish cam", again);
		await waitUntilLive(server, "bycall/cam");
		await allowed.waitForExit(20_000);
		await said("onUnpublish cam", again);
	});

	test("publishes through an application that asks for a key in the query, with the key", async context => {
		const file = await need(context, publisher);
		const from = server.log.length;
		const refused = publisher.start(file, server.rtmpUrl("byquery/cam?key=wrong"));
		await said("refused cam", from);
		await refused.waitForExit(20_000);
		const again = server.log.length;
		const allowed = publisher.start(file, server.rtmpUrl("byquery/cam?key=secret"));
		await said("onPublish cam", again);
		await waitUntilLive(server, "byquery/cam");
		await allowed.waitForExit(20_000);
		await said("onUnpublish cam", again);
	});

	for (const address of EXAMPLE_STREAMS) {
		test(`publishes through the example ${address}`, async context => {
			const file = await need(context, publisher);
			const playing = publisher.start(file, server.rtmpUrl(address));
			await waitUntilLive(server, address.replace(/\?.*/, ""));
			await playing.stop("SIGTERM", 5000);
		});
	}
});
