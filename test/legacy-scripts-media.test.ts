import { afterEach, describe, expect, it } from "vitest";
import { oldApplications } from "./legacy-scripts-fixture.ts";
import { endAll, type ScriptClient, ScriptServer, until } from "./script-fixture.ts";

/** Applications in the old style that have to do with streams and shared objects, over the wire. */

afterEach(endAll);

async function start(...names: readonly string[]): Promise<ScriptServer> {
	const server = new ScriptServer({});
	for (const [path, content] of Object.entries(oldApplications(...names))) server.write(path, content);
	return server.start();
}

const toldOf = (client: ScriptClient, name: string) =>
	client.received.filter(([called]) => called === name).map(([, ...args]) => args);

describe("radio: a station that plays films one after the other, with a clock", () => {
	it("plays its list as a live stream, and jingles on demand", { timeout: 60_000 }, async () => {
		const server = new ScriptServer(oldTexts("radio"));
		for (const name of ["morning", "noon", "jingle"]) server.writeFilm(`radio/streams/_definst_/${name}.flv`, 2);
		await server.start();
		const client = await server.connect("radio");
		const radio = await client.play("station");
		await until(() => radio.pictures > 5);
		await client.told("time", 5);
		expect(await client.call("ticks")).toBe(5);
		await until(() => toldOf(client, "time").length >= 4);
		expect(await client.call("jingle", "jingle")).toBe(2);
		await until(
			() =>
				radio.data.some(
					([name, ...args]) => name === "nowPlaying" && JSON.stringify(args) === '["jingle",{"by":"listener"}]',
				),
			() => JSON.stringify(radio.data),
		);
		expect(await client.call("silence")).toBe(true);
		const log = (await client.call("log")) as string[];
		expect(log).toContain("Play.Start");
		expect(log).toContain("Play.Reset");
		// It may listen to the station only, and send nothing.
		expect((await client.play("morning")).codes[0]).toMatch(/^Play\.(Failed|StreamNotFound)$/);
		expect((await client.publish("mine")).codes[0]).toMatch(/^Publish\.(BadName|Denied)$/);
	});
});

describe("encoder: the key of a stream, in FCPublish or in the query", () => {
	it("puts on air who has it, and throws out who has not", { timeout: 60_000 }, async () => {
		const server = await start("encoder");
		const viewer = await server.connect("encoder");
		const byCall = await server.connect("encoder");
		byCall.connection.call("releaseStream", null, "news?key=n3ws");
		byCall.connection.call("FCPublish", null, "news?key=n3ws");
		expect(await byCall.told("onFCPublish")).toMatchObject([{ code: "NetStream.Publish.Start", description: "news" }]);
		const news = await byCall.publish("news");
		expect(news.codes[0]).toBe("Publish.Start");
		await viewer.told("onAir", "news", true);

		const byQuery = await server.connect("encoder");
		const sport = await byQuery.publish("sport?key=g0al");
		expect(sport.codes[0]).toBe("Publish.Start");
		await viewer.told("onAir", "sport", true);
		expect(await viewer.call("list")).toEqual(["news", "sport"]);
		const watched = await viewer.play("sport");
		await sport.sendUntil(() => watched.pictures > 0);

		const wrong = await server.connect("encoder");
		wrong.connection.call("FCPublish", null, "weather?key=rain");
		expect(await wrong.told("onFCPublish")).toMatchObject([{ code: "NetStream.Publish.BadName" }]);
		void wrong.publish("weather?key=rain");
		await until(() => wrong.codes.includes("Connect.Closed"));
		await server.logged(/no key for weather/);
		expect(await viewer.call("list")).toEqual(["news", "sport"]);

		byCall.connection.call("FCUnpublish", null, "news");
		expect(await byCall.told("onFCUnpublish")).toMatchObject([
			{ code: "NetStream.Unpublish.Success", description: "news" },
		]);
		news.stream.close();
		await viewer.told("onAir", "news", false);
		byQuery.connection.close();
		await viewer.told("onAir", "sport", false);
		expect(await viewer.call("list")).toEqual([]);
	});
});

describe("whiteboard: a shared object with rules", () => {
	it("cuts what is too large, lets guests look only, and keeps the board", { timeout: 60_000 }, async () => {
		const server = await start("whiteboard");
		const ann = await server.connect("whiteboard", "ann");
		const guest = await server.connect("whiteboard", "guest");
		const annBoard = await ann.object("board", true);
		const guestBoard = await guest.object("board", true);
		expect(await ann.call("template")).toBe(3);
		await until(() => guestBoard.data["title"] === "Empty board");
		expect(guestBoard.sent).toContainEqual(["cleared", "ann"]);
		annBoard.object.setProperty("c", { size: 400 });
		await until(
			() => JSON.stringify(guestBoard.data["c"]) === '{"size":100}',
			() => JSON.stringify(guestBoard.data),
		);
		guestBoard.object.setProperty("d", { size: 1 });
		annBoard.object.send("point", 3, 4);
		await until(() => guestBoard.sent.some(([name]) => name === "point"));
		const [names, syncs, pointed, name] = (await ann.call("state")) as [string[], number, string, string];
		expect([names, pointed, name]).toEqual([["a", "b", "c", "title"], "3,4", "board"]);
		expect(syncs).toBeGreaterThan(0);
		expect(await ann.call("save")).toBe(true);
	});
});

function oldTexts(...names: readonly string[]): Record<string, string> {
	return Object.fromEntries(
		Object.entries(oldApplications(...names)).map(([path, content]) => [path, String(content)]),
	);
}
