import type { AmfValue } from "@millrace/core/amf";
import { FileError } from "@millrace/core/fault";
import { splits } from "@millrace/testkit";
import { describe, expect, it } from "vitest";
import { MemorySource, picture, sound } from "../packages/server/src/library/file-player-fixture.ts";
import {
	configuration,
	DATA_START,
	ENDED,
	media,
	NEXT,
	others,
	PlayFixture,
	pictures,
	programme,
	STARTED,
	SWITCHED,
} from "./play-fixture.ts";

describe.each(splits)("a file, with commands that come $name,", split => {
	it("is played in the order that players expect, and ends", async () => {
		const fixture = new PlayFixture({ split });
		const client = fixture.client();
		expect(await client.does("play", "short", 0)).toEqual([
			...STARTED,
			configuration(0),
			...pictures(0, 300),
			...ENDED,
		]);
		expect(client.infos.get("NetStream.Play.Start")).toMatchObject({ details: "short", clientid: "c1" });
		expect(await client.does("closeStream")).toEqual([]);
		expect([fixture.events, fixture.files.get("short")!.users]).toEqual([["play short", "stop short"], 1]);
	});

	it("takes seek, pause, a playlist and play2 in their order", async () => {
		const client = new PlayFixture({ split }).client();
		client.command(1, "play", "film", 0).command(1, "seek", 9000).command(1, "play", "short", 0, -1000, false);
		client.command(1, "pause", true, 9500).command(1, "pause", false, 9800);
		const events = await client.settled();
		expect(others(events)).toEqual([
			...STARTED,
			...["control4", "begin", "onStatus NetStream.Seek.Notify", "onStatus NetStream.Play.Start"],
			...[DATA_START, "data onMetaData,[object Object]"],
			...["onStatus NetStream.Pause.Notify", "eof"],
			...["begin", "onStatus NetStream.Unpause.Notify", "onStatus NetStream.Play.Start"],
			...[SWITCHED, ...NEXT],
			...ENDED,
		]);
		expect(media(events)).toEqual([
			configuration(9000),
			...pictures(9000, 10_000),
			configuration(9940),
			...pictures(0, 300, 500, 9940),
		]);
	});
});

describe("play", () => {
	it.each<[args: AmfValue[], expected: string]>([
		[["film"], "recorded"],
		[["film", -2], "recorded"],
		[["film", -2000], "recorded"],
		[["film", -1], "waiting"],
		[["film", -1000], "waiting"],
		[["film", 0], "recorded"],
		[["film", 4500], "recorded"],
		[["mp4:film", 0], "recorded"],
		[["nothing", -2000], "waiting"],
		[["nothing", 0], "NetStream.Play.StreamNotFound"],
		[["nothing", 1], "NetStream.Play.StreamNotFound"],
		[["cam", -2000], "live"],
		[["cam", -1000], "live"],
		[["cam", 0], "live"],
		[["both", -2000], "live"],
		[["both", -1000], "live"],
		[["both", 0], "recorded"],
	])("of %j is %s", async (args, expected) => {
		const fixture = new PlayFixture();
		fixture.files.set("both", programme(1, 500));
		const publisher = fixture.client();
		publisher.command(1, "publish", "cam", "live").media(1, "K200");
		publisher.command(2, "publish", "both", "live").media(2, "K201");
		const client = fixture.client();
		const events = await client.does("play", ...args);
		const seen = events.includes("control4")
			? "recorded"
			: media(events).length > 0
				? "live"
				: events.includes("onStatus NetStream.Play.Start")
					? "waiting"
					: events.join().replace("onStatus ", "");
		expect(seen).toBe(expected);
	});

	it("of a length ends there; of length 0 it is one picture", async () => {
		const client = new PlayFixture().client();
		expect(media(await client.does("play", "film", 1200, 500))).toEqual([
			configuration(0),
			...pictures(1000, 1700, 500, -1000),
		]);
		expect(media(await client.does("play", "film", 1200, 0))).toEqual([configuration(0), "K10@0"]);
		expect(client.infos.get("NetStream.Play.Stop")).toMatchObject({ details: "film" });
	});

	it("sends ahead what the client buffers, tells that, and goes on in time", async () => {
		const client = new PlayFixture().client();
		const first = await client.does("play", "film", 0);
		// It has not said how much it buffers.
		expect(first).not.toContain("control31");
		expect(media(first).length).toBeLessThan(18);
		client.bufferLength(4000);
		const second = await client.settled();
		expect(media(second).length).toBeGreaterThan(20);
		expect(second.at(-1)).toBe("control31");
		const later = await client.after(1000);
		expect(media(later).length).toBeLessThan(16);
		expect(later.filter(event => event.startsWith("control"))).toEqual(["control32"]);
		client.bufferLength(36_000_000);
		expect((await client.settled()).slice(-3)).toEqual(ENDED);
	});

	it.each([2, 3])("with a reset of %d sends all at once", async reset => {
		const events = await new PlayFixture().client().does("play", "film", 0, -1000, reset);
		expect(media(events).length).toBe(101);
		expect(events.slice(-3)).toEqual(ENDED);
	});

	it("tells the length and the bytes at the end", async () => {
		const client = new PlayFixture().client();
		await client.does("play", "short", 0);
		expect(client.infos.get("NetStream.Play.Complete")).toMatchObject({ level: "status", duration: 0.24, bytes: 24 });
	});

	it("does not tell ffmpeg that data starts, which it would take for a stream", async () => {
		const events = await new PlayFixture().client("LNX 9,0,124,2").does("play", "short", 0);
		expect(events).not.toContain(DATA_START);
		expect(events).toContain("data onMetaData,[object Object]");
	});

	it.each([
		["FILE_INVALID", "NetStream.Play.FileStructureInvalid"],
		["FILE_NO_TRACK", "NetStream.Play.NoSupportedTrackFound"],
		["FILE_TOO_COMPLEX", "NetStream.Play.FileStructureInvalid"],
		["FILE_UNREADABLE", "NetStream.Play.Failed"],
	] as const)("of a file with %s is refused with %s and logged", async (fault, status) => {
		const fixture = new PlayFixture();
		fixture.failure = new FileError(fault, "x");
		const client = fixture.client();
		expect(await client.does("play", "film", 0)).toEqual([`onStatus ${status}`]);
		expect(fixture.log).toEqual([`play-failed ${fault}`]);
		expect(fixture.events).toEqual(["play film", "stop film"]);
		expect((await client.does("play", "short", 0)).at(-1)).toBe(ENDED[2]);
	});

	it("that fails on the way ends with a status and the connection goes on", async () => {
		const fixture = new PlayFixture();
		const client = fixture.client();
		await client.does("play", "film", 0);
		fixture.files.get("film")!.failure = new FileError("FILE_INVALID", "x");
		expect(await client.does("seek", 5000)).toEqual([
			...["control4", "begin", "onStatus NetStream.Seek.Notify", "onStatus NetStream.Play.Start"],
			...[DATA_START, "data onMetaData,[object Object]"],
			...["onStatus NetStream.Play.FileStructureInvalid", "eof", "onStatus NetStream.Play.Stop"],
		]);
		expect([client.closed, fixture.log]).toEqual([false, ["play-failed FILE_INVALID"]]);
		expect(media(await client.does("play", "short", 0)).length).toBe(4);
		expect(fixture.files.get("film")!.users).toBe(1);
	});

	it("lets go of the file when the client leaves, even while it is being opened", async () => {
		for (const wait of [true, false]) {
			const fixture = new PlayFixture();
			const client = fixture.client();
			client.command(1, "play", "film", 0);
			if (wait) await client.settled();
			client.drop();
			await client.settled();
			expect([fixture.files.get("film")!.users, fixture.schedule.size]).toEqual([1, 0]);
			// Of a client that has left the application hears nothing more.
			expect(fixture.events).toEqual(wait ? ["play film", "stop film"] : ["play film"]);
		}
	});

	it("keeps what the client does not read in its file", async () => {
		const fixture = new PlayFixture();
		fixture.files.set("large", MemorySource.of(60, { bytes: 20_000 }));
		const client = fixture.client();
		client.bufferLength(0).command(1, "play", "large", 0);
		await client.settled();
		client.command(1, "play", "large", 0);
		client.blocked = true;
		const before = client.writes.length;
		await client.settled();
		expect(client.writes.length).toBe(before);
		client.drain();
		await client.settled();
		expect(Math.max(...client.writes)).toBeLessThan(100_000);
	});

	it("of two files on two streams leaves each alone", async () => {
		const client = new PlayFixture().client();
		client.command(1, "play", "film", 0).command(2, "play", "short", 0).command(1, "pause", true, 0);
		const events = await client.settled();
		expect(events.filter(event => event.endsWith(":2")).length).toBeGreaterThan(3);
		expect(media(events).filter(event => !event.endsWith(":2"))).toEqual([]);
	});
});

describe("a file that is sought", () => {
	const NOTIFIED = [
		...["control4", "begin", "onStatus NetStream.Seek.Notify", "onStatus NetStream.Play.Start"],
		...[DATA_START, "data onMetaData,[object Object]"],
	];

	it("goes on at the keyframe before, also after its end", async () => {
		const client = new PlayFixture().client();
		await client.does("play", "film", 0);
		const events = await client.does("seek", 5200);
		expect(events.slice(0, 8)).toEqual([...NOTIFIED, configuration(5000), "K50@5000"]);
		expect(client.infos.get("NetStream.Seek.Notify")?.["description"]).toBe("Seeking 5200 (stream ID: 1).");
		await client.does("seek", 9900);
		expect(await client.after(500)).toEqual([]);
		expect((await client.does("seek", 9600)).slice(-4)).toEqual(["P99@9900", ...ENDED]);
	});

	it("tells every one of several, and plays only the last", async () => {
		const client = new PlayFixture().client();
		await client.does("play", "film", 0);
		client.command(1, "seek", 2000).command(1, "seek", 4000).command(1, "seek", 8000);
		const events = await client.settled();
		expect(others(events).filter(event => event.includes("Seek"))).toHaveLength(3);
		expect(media(events).slice(0, 3)).toEqual([configuration(8000), "K80@8000", "P81@8100"]);
	});

	it("past its end tells the last time, and goes on", async () => {
		const client = new PlayFixture().client();
		await client.does("play", "film", 0);
		expect(await client.does("seek", 10_500)).toEqual(["onStatus NetStream.Seek.InvalidTime"]);
		expect(client.infos.get("NetStream.Seek.InvalidTime")?.["details"]).toBe(9940);
		expect(media(await client.after(600)).length).toBeGreaterThan(3);
	});

	it("hides what comes before the time where the application wants that", async () => {
		const client = new PlayFixture({ exactSeek: true }).client();
		await client.does("play", "film", 0);
		expect(media(await client.does("seek", 5200)).slice(0, 6)).toEqual([
			configuration(5000),
			...["Pundefined@5000", "K50@5000", "P51@5100", "Pundefined@5200", "P52@5200"],
		]);
	});
});

describe("a file that is paused", () => {
	it("goes on behind the position of the client, which has thrown away what it was sent", async () => {
		const client = new PlayFixture().client().bufferLength(1000);
		await client.does("play", "film", 0);
		expect(await client.does("pause", true, 700)).toEqual(["onStatus NetStream.Pause.Notify", "eof"]);
		expect(await client.after(5000)).toEqual([]);
		const events = await client.does("pause", false, 700);
		expect(events.slice(0, 4)).toEqual([
			...["begin", "onStatus NetStream.Unpause.Notify", "onStatus NetStream.Play.Start"],
			"P8@800",
		]);
		expect(events.at(-1)).toBe("control31");
	});

	it.each([
		["pauseRaw", 700],
		["pause", 0],
	])("goes on where it was after %s at %d", async (command, position) => {
		const client = new PlayFixture().client();
		const before = media(await client.does("play", "film", 0));
		await client.does(command, true, position);
		const after = media(await client.does(command, false, position));
		expect([...before, ...after].slice(1)).toEqual(pictures(0, 100 * (before.length + after.length - 1)));
		expect(after.length).toBeGreaterThan(5);
	});

	it("by librtmp on stream 0 gets its next buffer at once", async () => {
		const client = new PlayFixture().client();
		await client.does("play", "film", 0);
		client.command(0, "pause", true, 1500).command(0, "pause", false, 1500);
		const events = await client.settled();
		expect(media(events)[0]).toBe("P16@1600");
		expect(media(events).length).toBeGreaterThan(7);
	});
});

describe("a live stream that is being recorded", () => {
	it("is joined at an earlier point, and followed to what is published now", async () => {
		const fixture = new PlayFixture();
		const source = programme(3, 500);
		source.isGrowing = true;
		fixture.files.set("cam", source);
		const publisher = fixture.client();
		publisher.command(1, "publish", "cam", "live").media(1, "K200");
		const client = fixture.client();
		client.bufferLength(5000);
		expect(media(await client.does("play", "cam", 1200)).slice(0, 3)).toEqual([configuration(0), "K10@0", "P11@100"]);
		expect(await client.after(3000)).toEqual([]);
		source.grow(picture(3000, true, 6));
		expect(media(await client.settled())).toEqual(["K0@2000"]);
		source.finish();
		expect(await client.settled()).toEqual(ENDED);
	});
});

describe("getStreamLength", () => {
	it.each([
		["film", 9.94],
		["mp4:film", 9.94],
		["nothing", 0],
		["cam", 0],
		["../film", 0],
	])("of %s is %d seconds", async (name, seconds) => {
		const fixture = new PlayFixture();
		fixture.client().command(1, "publish", "cam", "live").media(1, "K200");
		const client = fixture.client();
		client.command(0, "getStreamLength", name).command(0, "createStream");
		expect(await client.settled()).toEqual([`_result ${seconds}`, "_result 3"]);
	});
});

describe("receiveAudio and receiveVideo", () => {
	it("choose what is sent of a file", async () => {
		const fixture = new PlayFixture();
		fixture.files.set(
			"av",
			new MemorySource([picture(0, true, 6), sound(10, 3), picture(100, false, 6), sound(110, 3)]),
		);
		const client = fixture.client();
		await client.does("receiveVideo", false);
		expect(media(await client.does("play", "av", 0)).map(name => name[0])).toEqual(["a", "A", "A"]);
	});
});
