import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endAll, type ScriptClient, ScriptServer, type ScriptStream, until } from "./script-fixture.ts";

/** The class `Stream` of old scripts, over the wire. Each test has an instance of its own. */

const MAIN = `
application.onAppStart = function() { this.seen = []; };
application.onPublish = function(client, stream) {
	this.published = stream;
	stream.publishing = true;
	this.broadcastMsg("published", stream.name, stream.type, stream.publishQueryString, stream === Stream.get(stream.name));
};
application.onUnpublish = function(client, stream) {
	this.broadcastMsg("unpublished", stream.name, stream === this.published, stream.publishing, stream === Stream.get(stream.name));
};
application.onStatus = function(info) { this.broadcastMsg("untold", info.code, info.details); };
Client.prototype.run = function(code) { return eval(code); };
function watch(name) {
	var stream = Stream.get(name);
	stream.onStatus = function(info) {
		application.broadcastMsg("told", name, info.code.split("NetStream.").join(""), info.level, info.details);
	};
	return stream;
}
`;

let server: ScriptServer;
let instances = 0;

beforeAll(async () => {
	server = new ScriptServer({ "media/main.asc": MAIN }, { code: { isolation: "thread" }, record: { freeBytes: 0 } });
	server.writeFilm("media/streams/shared/film.flv", 3);
	await server.start();
});

afterAll(endAll);

/** A client of a new instance, with a film in it where one is wanted. */
async function connect(
	films: Readonly<Record<string, number>> = {},
): Promise<ScriptClient & { readonly room: string }> {
	const room = `r${++instances}`;
	for (const [name, seconds] of Object.entries(films)) server.writeFilm(`media/streams/${room}/${name}.flv`, seconds);
	const client = await server.connect(`media/${room}`);
	return Object.assign(client, { room });
}

describe("a script's streams", { timeout: 60_000 }, () => {
	it("Stream.get gives the same object for a name, which may be extended, and null for what is none", async () => {
		const ann = await connect();
		expect(await ann.call("run", "Stream.get('a') === Stream.get('a') && Stream.get('a') !== Stream.get('b')")).toBe(
			true,
		);
		expect(await ann.call("run", "Stream.get('a').mine = 7; Stream.get('flv:a').mine")).toBe(7);
		expect(
			await ann.call(
				"run",
				"Stream.prototype.twice = function() { return this.name + this.name; }; Stream.get('b').twice()",
			),
		).toBe("bb");
		expect(await ann.call("run", "[Stream.get(''), Stream.get(), Stream.get('../x'), Stream.get(5)]")).toEqual([
			null,
			null,
			null,
			null,
		]);
		expect(await ann.call("run", "Stream.get('mp4:a') === Stream.get('a')")).toBe(false);
	});

	it("Stream.name and Stream.type tell a name and its prefix", async () => {
		const ann = await connect();
		const names = "['a', 'mp4:a.f4v', 'mp3:song', 'flv:b', 'f4f:c', 'raw:d', 'mp4:mp4:e']";
		const code = `var list = []; for each (var n in ${names}) { var s = Stream.get(n); list.push(s.name + ' ' + s.type); } list`;
		expect(await ann.call("run", code)).toEqual(["a flv", "a.f4v mp4", "song mp3", "b flv", "c f4f", "d raw", "e mp4"]);
		expect(await ann.call("run", "s = Stream.get('a'); s.name = 'b'; s.name")).toBe("a");
	});

	it("Stream.publishQueryString, identity between onPublish, onUnpublish and Stream.get, and Stream.onStatus of publishers", async () => {
		const ann = await connect();
		await ann.call("run", "watch('cam'); 1");
		const stream = await ann.publish("mp4:cam?key=1&x=2", "record");
		expect(await ann.told("published")).toEqual(["cam", "flv", "key=1&x=2", true]);
		await ann.told("told", "cam", "Publish.Start", "status", "cam");
		await stream.sendUntil(() => ann.received.some(([, , code]) => code === "Record.Start"));
		stream.stream.close();
		expect(await ann.told("unpublished")).toEqual(["cam", true, true, true]);
		await ann.told("told", "cam", "Unpublish.Success", "status", "cam");
		await ann.told("told", "cam", "Record.Stop", "status");
		await ann.publish("mp4:other?k=v");
		expect(await ann.told("published", "other")).toEqual(["other", "mp4", "k=v", true]);
		// It has no handler of its own.
		await ann.told("untold", "NetStream.Publish.Start", "other");
	});

	it("Stream.play makes a live stream of a film and of a playlist; Stream.time goes on; application.onPublish is not told", async () => {
		const ann = await connect({ film: 1, next: 1 });
		expect(
			await ann.call(
				"run",
				"watch('tv'); [Stream.get('tv').play('film', 0, -1, true), Stream.get('tv').play('next', 0, -1, false)]",
			),
		).toEqual([true, true]);
		const viewer = await ann.play("tv");
		await until(() => viewer.pictures > 5);
		await ann.told("told", "tv", "Play.Start", "status", "next");
		await ann.told("told", "tv", "Play.Stop");
		const codes = ann.received.filter(([name]) => name === "told").map(([, , code, , details]) => `${code} ${details}`);
		expect(codes).toEqual([
			"Play.Reset film",
			"Play.Start film",
			"Publish.Start tv",
			"Play.Switch next",
			"Play.Start next",
			"Play.Complete tv",
			"Play.Stop tv",
		]);
		expect(await ann.call("run", "Stream.get('tv').time")).toBeGreaterThan(1500);
		expect(await ann.call("run", "Stream.get('nothing').time")).toBe(0);
		expect(ann.received.filter(([name]) => name === "published")).toEqual([]);
	});

	it("Stream.play(false) ends it, and Stream.play refuses what is no name", async () => {
		const ann = await connect({ film: 60 });
		await ann.call("run", "watch('tv').play('film', 10, 20)");
		await ann.told("told", "tv", "Publish.Start");
		expect(await ann.call("run", "Stream.get('tv').play(false)")).toBe(true);
		await ann.told("told", "tv", "Play.Stop");
		await ann.told("told", "tv", "Unpublish.Success");
		expect(
			await ann.call("run", "[Stream.get('tv').play(''), Stream.get('tv').play(), Stream.get('tv').play('..')]"),
		).toEqual([false, false, false]);
		await ann.call("run", "Stream.get('tv').play('missing', 0)");
		await ann.told("told", "tv", "Play.StreamNotFound", "error", "missing");
	});

	it("Stream.play sends a film as fast as it can be with 3 for its reset", async () => {
		const ann = await connect({ film: 60 });
		const since = performance.now();
		await ann.call("run", "watch('tv').play('film', null, null, 3)");
		const viewer = await ann.play("tv");
		await until(() => viewer.pictures > 0);
		await untilTime(ann, "tv", 55_000);
		expect(performance.now() - since).toBeLessThan(30_000);
	});

	it("Stream.play after Stream.play(false) keeps the object, however many others there are", async () => {
		const ann = await connect({ film: 60 });
		await ann.call("run", "s = watch('tv'); s.play('film', 0); s.play(false); s.play('film', 0)");
		await ann.told("told", "tv", "Play.Stop");
		await ann.told("told", "tv", "Publish.Start");
		await ann.call("run", "for (var i = 0; i < 1200; i++) Stream.get('x' + i); 1");
		expect(await ann.call("run", "Stream.get('tv') === s")).toBe(true);
	});

	it("Stream.play knows what is live when a publisher was followed by another one", async () => {
		const ann = await connect();
		const bob = await server.connect(`media/${ann.room}`);
		await bob.publish("cam");
		const camera = await (await server.connect(`media/${ann.room}`)).publish("cam");
		await ann.told("unpublished", "cam");
		await until(() => ann.received.filter(([, code]) => code === "NetStream.Publish.Start").length > 1);
		expect(await ann.call("run", "m = watch('mp4:cam'); m.play('cam')")).toBe(true);
		await ann.told("told", "mp4:cam", "Play.Start", "status", "cam");
		expect(camera.codes).toEqual(["Publish.Start"]);
		expect(ann.received.filter(([, , code]) => code === "Publish.BadName")).toEqual([]);
	});

	it("Stream.play is refused by a status where a client publishes the name", async () => {
		const ann = await connect({ film: 3 });
		await ann.publish("cam");
		await ann.call("run", "watch('cam').play('film', 0)");
		await ann.told("told", "cam", "Publish.BadName", "error");
	});

	it("Stream.play into its own segments or its own recording is that stream itself (f4f:, mp4:, Stream.liveEvent)", async () => {
		const ann = await connect();
		const camera = await ann.publish("cam?adbe-live-event=event");
		const code =
			"s = watch('f4f:' + application.published.name); s.liveEvent = 'event'; [s.record('append'), s.play('cam', -1, -1), s.liveEvent]";
		expect(await ann.call("run", code)).toEqual([true, true, "event"]);
		await ann.told("told", "f4f:cam", "Play.Start", "status", "cam");
		await camera.sendUntil(() => existsSync(fileOf(ann.room, "cam.flv")));
		expect(await ann.call("run", "m = watch('mp4:cam'); [m.record(), m.play('cam')]")).toEqual([true, true]);
		await ann.told("told", "mp4:cam", "Play.Start", "status", "cam");
		await camera.sendUntil(() => ann.received.some(([, name, code]) => name === "mp4:cam" && code === "Record.Start"));
		expect(camera.codes).toEqual(["Publish.Start"]);
	});

	it("Stream.record, Stream.length, Stream.size, Stream.getOnMetaData, Stream.syncWrite, Stream.flush, Stream.clear", async () => {
		const ann = await connect({ film: 3 });
		expect(
			await ann.call(
				"run",
				"[Stream.length('film'), Stream.length('none'), Stream.size('film') > 500, Stream.size('none')]",
			),
		).toEqual([3, 0, true, 0]);
		expect(await ann.call("run", "m = Stream.getOnMetaData('film'); [m.title, m.duration]")).toEqual(["A film", 3]);
		expect(await ann.call("run", "typeof Stream.getOnMetaData('none')")).toBe("undefined");
		const camera = await ann.publish("cam");
		expect(
			await ann.call("run", "s = watch('cam'); s.syncWrite = true; [s.syncWrite, s.record('bad'), s.record('record')]"),
		).toEqual([true, false, true]);
		await ann.told("told", "cam", "Record.Start");
		camera.send(20);
		await until(() => sizeOf(ann.room, "cam.flv") > 400);
		expect(await ann.call("run", "[Stream.get('cam').flush(), Stream.get('cam').record(false)]")).toEqual([true, true]);
		await ann.told("told", "cam", "Record.Stop");
		const length = await ann.call("run", "Stream.length('cam')");
		expect(length).toBeGreaterThan(0.5);
		await ann.call("run", "Stream.get('cam').record('append')");
		await camera.sendUntil(() => ann.received.filter(([, , code]) => code === "Record.Start").length > 1);
		const before = sizeOf(ann.room, "cam.flv");
		camera.send(20);
		await until(() => sizeOf(ann.room, "cam.flv") > before + 400);
		await ann.call("run", "Stream.get('cam').record(false)");
		await until(() => ann.received.filter(([, , code]) => code === "Record.Stop").length > 1);
		expect(await ann.call("run", "Stream.length('cam')")).toBeGreaterThan((length as number) + 1);
		expect(await ann.call("run", "Stream.get('cam').clear()")).toBe(true);
		await ann.told("told", "cam", "Clear.Success");
		expect(existsSync(fileOf(ann.room, "cam.flv"))).toBe(false);
		await ann.call("run", "Stream.get('cam').clear()");
		await ann.told("told", "cam", "Clear.Failed", "error");
	});

	it("Stream.record ends by its longest time, and by its size", async () => {
		const ann = await connect();
		const camera = await ann.publish("cam");
		await ann.call("run", "watch('cam').record('record', 1, -1)");
		await camera.sendUntil(() => ann.received.some(([, , code]) => code === "Record.Stop"), 5);
		expect(await ann.call("run", "Math.round(Stream.length('cam'))")).toBe(1);
		await ann.call("run", "Stream.get('cam').record('record', -1, 1)");
		const stops = () => ann.received.filter(([, , code]) => code === "Record.Stop").length;
		await camera.sendUntil(() => stops() > 1, 20);
		expect(await ann.call("run", "Stream.size('cam') < 65536")).toBe(true);
	});

	it("Stream.send calls those who play it, and @setDataFrame stays for those who come later", async () => {
		const ann = await connect();
		const camera = await ann.publish("cam");
		camera.send();
		const viewer = await ann.play("cam");
		expect(await ann.call("run", "Stream.get('cam').send('onScore', '1:0', {a: [1, 2]})")).toBe(true);
		await until(() => viewer.data.some(([name]) => name === "onScore"));
		expect(viewer.data.find(([name]) => name === "onScore")).toEqual(["onScore", "1:0", { a: [1, 2] }]);
		await ann.call("run", "Stream.get('cam').send('@setDataFrame', 'onMetaData', {title: 'live'})");
		camera.send();
		await until(() => viewer.data.some(([name]) => name === "onMetaData"));
		const late = await ann.play("cam");
		await until(() => late.data.some(([name]) => name === "onMetaData"));
		expect(late.data.find(([name]) => name === "onMetaData")).toEqual([
			"onMetaData",
			expect.objectContaining({ title: "live" }),
		]);
		expect(await ann.call("run", "Stream.get('cam').send()")).toBe(false);
	});

	it("Stream.receiveAudio and Stream.receiveVideo choose what of a played stream gets in", async () => {
		const ann = await connect();
		const camera = await ann.publish("cam");
		camera.send(3);
		await ann.call(
			"run",
			"s = Stream.get('sound'); s.receiveVideo = false; s.play('cam', -1); Stream.get('all').play('cam', -1); 1",
		);
		expect(await ann.call("run", "[Stream.get('sound').receiveVideo, Stream.get('sound').receiveAudio]")).toEqual([
			false,
			true,
		]);
		const [sound, all] = [await ann.play("sound"), await ann.play("all")];
		await camera.sendUntil(() => all.pictures > 5);
		expect(sound.pictures).toBe(0);
		await ann.call("run", "Stream.get('sound').receiveVideo = true; Stream.get('all').receiveAudio = false; 1");
		await camera.sendUntil(() => sound.pictures > 0);
	});

	it("Stream.setBufferTime and Stream.bufferTime say how much of a film is sent ahead", async () => {
		const ann = await connect({ film: 60 });
		expect(
			await ann.call("run", "s = Stream.get('tv'); var b = s.bufferTime; s.setBufferTime(40); [b, s.bufferTime]"),
		).toEqual([2, 40]);
		await ann.call("run", "Stream.get('tv').play('film', 0)");
		const begun = performance.now();
		const viewer = await ann.play("tv");
		await until(() => viewer.pictures > 0);
		await untilTime(ann, "tv", 35_000);
		expect(performance.now() - begun).toBeLessThan(25_000);
	});

	it("Stream.maxQueueDelay and Stream.maxQueueSize say how long and how much of a stream is gathered", async () => {
		const ann = await connect();
		const camera = await ann.publish("cam");
		camera.send();
		const viewer = await ann.play("cam");
		expect(await ann.call("run", "s = Stream.get('cam'); [s.maxQueueDelay, s.maxQueueSize]")).toEqual([500, 4096]);
		expect(
			await ann.call(
				"run",
				"s.maxQueueDelay = 1500; s.maxQueueDelay = -1; s.maxQueueSize = 'x'; [s.maxQueueDelay, s.maxQueueSize]",
			),
		).toEqual([1500, 4096]);
		await camera.sendUntil(() => Math.max(...viewer.batches) >= 10);
		await ann.call("run", "s.maxQueueDelay = 0; 1");
		// With a window of 1500 ms they would never come one by one.
		await comeSingly(camera, viewer);
		await ann.call("run", "s.maxQueueDelay = 5000; 1");
		viewer.batches.length = 0;
		await camera.sendUntil(() => Math.max(...viewer.batches) >= 10);
		await ann.call("run", "s.maxQueueSize = 1; s.maxQueueSize");
		await comeSingly(camera, viewer);
		await ann.call("run", "Stream.destroy(s); 1");
		expect(await ann.call("run", "s.maxQueueDelay = 5; Stream.get('cam').maxQueueDelay")).toBe(500);
	});

	it("Stream.destroy ends what a stream plays, and its name is another object's then", async () => {
		const ann = await connect({ film: 60 });
		await ann.call("run", "application.old = watch('tv'); application.old.play('film', 0)");
		await ann.told("told", "tv", "Publish.Start");
		const viewer = await ann.play("tv");
		await ann.call("run", "Stream.destroy(application.old)");
		await until(() => viewer.codes.includes("Play.UnpublishNotify"));
		expect(await ann.call("run", "Stream.get('tv') === application.old")).toBe(false);
		expect(
			await ann.call(
				"run",
				"[application.old.play('film'), application.old.record(), application.old.send('x'), application.old.clear(), application.old.flush()]",
			),
		).toEqual([false, false, false, false, false]);
	});

	it("Stream.setVirtualPath has names looked up in a folder of the application", async () => {
		const ann = await connect();
		server.writeFilm("media/archive/old.flv", 2);
		expect(await ann.call("run", "Stream.length('virtual/old')")).toBe(0);
		expect(await ann.call("run", "Stream.setVirtualPath('/virtual', '/archive')")).toBe(true);
		expect(await ann.call("run", "Stream.length('virtual/old')")).toBe(2);
		for (const folder of ["none", "..", "archive/old.flv"]) {
			expect(await ann.call("run", `Stream.setVirtualPath('/x', '${folder}')`)).toBe(false);
		}
	});

	it("Stream.setVirtualPath with a key holds for clients and questions with that virtual key", async () => {
		const ann = await connect();
		const [first, second] = [`a${ann.room}`, `b${ann.room}`];
		server.writeFilm(`media/${first}/old.flv`, 2);
		server.writeFilm(`media/${second}/old.flv`, 3);
		const path = `keyed${ann.room}`;
		const set = `[Stream.setVirtualPath('/${path}', '/${first}', 'A'), Stream.setVirtualPath('/${path}', '/${second}', 'B')]`;
		expect(await ann.call("run", set)).toEqual([true, true]);
		const lengths = `[Stream.length('${path}/old'), Stream.length('${path}/old', 'A'), Stream.length('${path}/old', 'B')]`;
		expect(await ann.call("run", lengths)).toEqual([0, 2, 3]);
		expect(await ann.call("run", `[Stream.size('${path}/old', 'C'), Stream.size('${path}/old', 'B') > 500]`)).toEqual([
			0,
			true,
		]);
		expect((await ann.play(`${path}/old`, 0)).codes).toContain("Play.StreamNotFound");
		await ann.call("run", "this.virtualKey = 'B'; 1");
		const viewer = await ann.play(`${path}/old`, 0);
		await until(() => viewer.pictures > 20);
		await ann.call("run", `watch('tv').play('${path}/old', 0)`);
		await ann.told("told", "tv", "Play.StreamNotFound");
		await ann.call("run", `Stream.get('tv').play('${path}/old', 0, -1, true, null, 'A')`);
		await ann.told("told", "tv", "Publish.Start");
	});

	it("Stream.playFromGroup is not there, and says so", async () => {
		const ann = await connect();
		expect(await ann.call("run", "Stream.prototype.playFromGroup('a')")).toMatch(/Stream\.playFromGroup/);
	});

	it("methods of Stream on another object are errors that scripts can catch", async () => {
		const ann = await connect();
		expect(
			await ann.call("run", "try { Stream.prototype.play.call({}, 'x'); } catch (e) { e instanceof TypeError }"),
		).toBe(true);
	});
});

/** Pictures have come one at a time, several times in a row. */
async function comeSingly(camera: ScriptStream, viewer: ScriptStream): Promise<void> {
	await camera.sendUntil(() => viewer.batches.length > 5 && viewer.batches.slice(-6, -1).every(count => count === 1));
}

/** A stream has come to that time. */
async function untilTime(client: ScriptClient, name: string, millis: number): Promise<void> {
	while (Number(await client.call("run", `Stream.get('${name}').time`)) < millis) {
		await new Promise(resolve => setTimeout(resolve, 20));
	}
}

function sizeOf(room: string, name: string): number {
	return existsSync(fileOf(room, name)) ? readFileSync(fileOf(room, name)).length : 0;
}

function fileOf(room: string, name: string): string {
	return join(server.folder, "media/streams", room, name);
}
