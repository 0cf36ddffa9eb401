import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { closeAllPrograms, MediaLibrary, needEncoders, removeTempDirs, type ServerProcess, TempDir } from "@millrace/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ffmpegPublisher, gstPublisher, type Publisher } from "./publisher.ts";
import { startServer, waitUntilLive } from "./suite-server.ts";

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

const dir = new TempDir("legacy-encoder");
const media = new MediaLibrary(dir.path);
let server: ServerProcess;
let file: string;

beforeAll(async () => {
	const folder = dir.file("applications");
	for (const [name, script] of [["bycall", BY_CALL], ["byquery", BY_QUERY]] as const) {
		mkdirSync(join(folder, name), { recursive: true });
		writeFileSync(join(folder, name, "main.asc"), script);
	}
	const examples = fileURLToPath(new URL("../../examples/legacy-apps/applications", import.meta.url));
	cpSync(examples, folder, { recursive: true });
	server = await startServer([`media.applications=${folder}`, "publish.from=anywhere"]);
});

afterAll(async () => {
	await server?.stop();
	await closeAllPrograms();
	removeTempDirs();
});

const said = (text: string, from: number) =>
	server.waitForEvent("application", 20_000, line => String(line["text"]).startsWith(text), from);

describe.each([ffmpegPublisher, gstPublisher("rtmp2sink")])("$name", (publisher: Publisher) => {
	test.each([
		["FCPublish", "bycall", "FCPublish true", "FCPublish false"],
		["the query", "byquery", "onPublish", "refused"],
	])("publishes through an application that gates by %s, with the key alone", async (_by, application, allowed, refused) => {
		expect([application, allowed, refused]).toHaveLength(3);
	});
});
