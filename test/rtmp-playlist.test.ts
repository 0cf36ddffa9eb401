import { describe, expect, it } from "vitest";
import {
	CHANGED,
	configuration,
	DATA_START,
	ENDED,
	media,
	NEXT,
	others,
	PlayFixture,
	pictures,
	STARTED,
	SWITCHED,
} from "./play-fixture.ts";

describe("a playlist", () => {
	it("plays its items one after another on one clock, with one end", async () => {
		const fixture = new PlayFixture();
		const client = fixture.client();
		client.command(1, "play", "short", 0).command(1, "play", "film", 9500, -1000, false);
		client.command(1, "play", "short", 0, 200, false);
		const events = await client.settled();
		expect(others(events)).toEqual([...STARTED, SWITCHED, ...NEXT, SWITCHED, ...NEXT, ...ENDED]);
		expect(media(events)).toEqual([
			...[configuration(0), ...pictures(0, 300)],
			...[configuration(240), ...pictures(9500, 10_000, 500, 240 - 9500)],
			...[configuration(680), ...pictures(0, 200, 500, 680)],
		]);
		await client.does("closeStream");
		expect(fixture.events).toEqual([
			...["play short", "play film", "play short"],
			...["stop short", "stop film", "stop short"],
		]);
	});

	it("passes over what is not there, and takes more when all has been played", async () => {
		const client = new PlayFixture().client();
		client.command(1, "play", "short", 0).command(1, "play", "nothing", 0, -1000, false);
		const events = await client.settled();
		expect(events.slice(-4)).toEqual(["onStatus NetStream.Play.StreamNotFound", ...ENDED]);
		expect(client.infos.get("NetStream.Play.StreamNotFound")?.["details"]).toBe("nothing");
		const more = await client.does("play", "short", 0, -1000, false);
		expect(others(more)).toEqual([SWITCHED, ...NEXT, ...ENDED]);
		expect(media(more)[1]).toBe("K0@240");
	});

	it("goes from what is live to what is recorded when the publisher leaves, and back", async () => {
		const fixture = new PlayFixture();
		const publisher = fixture.client();
		publisher.command(1, "publish", "cam", "live").media(1, "K200", 0);
		publisher.command(2, "publish", "late", "live").media(2, "v9", 0).media(2, "K210", 50_000);
		const client = fixture.client();
		client.command(1, "play", "cam", -1000).command(1, "play", "short", 0, -1000, false);
		client.command(1, "play", "late", -1000, -1000, false);
		expect(media(await client.settled())).toEqual(["K200@0"]);
		publisher.media(1, "P201", 400);
		await client.settled();
		publisher.command(1, "closeStream");
		const events = await client.settled();
		expect(events).not.toContain("onStatus NetStream.Play.UnpublishNotify");
		expect(media(events)).toEqual([configuration(400), ...pictures(0, 300, 500, 400), "v9@640", "K210@640"]);
		publisher.media(2, "P211", 50_040);
		expect(media(await client.settled())).toEqual(["P211@680"]);
	});

	it("leaves a live item when its length is over, and one that nobody publishes", async () => {
		const fixture = new PlayFixture();
		const publisher = fixture.client();
		publisher.command(1, "publish", "cam", "live").media(1, "K200", 0);
		const client = fixture.client();
		client.command(1, "play", "cam", -1000, 2000).command(1, "play", "nobody", -1000, 1000, false);
		client.command(1, "play", "short", 0, -1000, false);
		expect(others(await client.after(1900)).slice(-1)).toEqual(["data |RtmpSampleAccess,true,true"]);
		expect(others(await client.after(200))).toEqual([SWITCHED, ...NEXT.slice(1, 4)]);
		expect(others(await client.after(1200))).toEqual([SWITCHED, ...NEXT, ...ENDED]);
	});

	it("holds no more items than the limit", async () => {
		const client = new PlayFixture().client();
		client.command(1, "play", "film", 0);
		for (let i = 0; i < 257; i++) client.command(1, "play", "short", 0, -1000, false);
		const failed = (await client.settled()).filter(event => event.includes("Failed"));
		expect(failed).toEqual(["onStatus NetStream.Play.Failed"]);
	});
});

describe("play2", () => {
	it("switches between two files at the next keyframe of the new one, without a gap", async () => {
		const fixture = new PlayFixture();
		const client = fixture.client();
		const before = await client.does("play", "film", 0);
		const sent = media(before).length - 1;
		const events = await client.play2({ streamName: "mp4:film", oldStreamName: "film", transition: "switch" });
		expect(events[0]).toBe("onStatus NetStream.Play.Transition");
		expect(client.infos.get("NetStream.Play.Transition")).toMatchObject({
			level: "status",
			reason: "NetStream.Transition.Success",
			details: "film",
		});
		const all = [...events, ...(await client.after(3000))];
		const at = Math.ceil((sent * 100) / 700) * 700;
		const switched = all.indexOf(CHANGED);
		expect(all.slice(switched, switched + 3)).toEqual([CHANGED, "data onMetaData,[object Object]", configuration(at)]);
		const end = 100 * (sent + media(all).length - 1);
		expect(media(all)).toEqual([...pictures(sent * 100, at), configuration(at), ...pictures(at, end, 700)]);
		await client.does("closeStream");
		expect(fixture.events).toEqual(["play film", "play film", "stop film", "stop film"]);
		expect([fixture.files.get("film")!.users, fixture.files.get("mp4:film")!.users]).toEqual([1, 1]);
	});

	it("switches at the time that the client names, though more was sent", async () => {
		const client = new PlayFixture().client();
		await client.does("play", "film", 0);
		const events = await client.play2({ streamName: "mp4:film", transition: "switch", offset: 0.8 });
		expect(events.slice(0, 5)).toEqual([
			...["onStatus NetStream.Play.Transition", CHANGED, "data onMetaData,[object Object]"],
			...[configuration(700), "K7@700"],
		]);
	});

	it("has nothing to switch when all has been sent, but goes back to a time that the client names", async () => {
		const fixture = new PlayFixture();
		const client = fixture.client();
		await client.does("play", "film", 0, -1000, 3);
		expect(await client.play2({ streamName: "mp4:film", transition: "switch" })).toEqual([
			"onStatus NetStream.Play.Failed",
		]);
		expect(fixture.files.get("mp4:film")!.users).toBe(1);
		const events = await client.play2({ streamName: "mp4:film", transition: "switch", offset: 9.2 });
		expect(media(events)).toEqual([configuration(9100), ...pictures(9100, 10_000, 700)]);
		expect(events.slice(-3)).toEqual(ENDED);
	});

	it("takes over at once when the client seeks, and forgets what it looks for when the client leaves", async () => {
		const fixture = new PlayFixture();
		const client = fixture.client();
		await client.does("play", "film", 0);
		await client.play2({ streamName: "mp4:film", transition: "switch" });
		const events = await client.does("seek", 5000);
		expect(media(events).slice(0, 2)).toEqual([configuration(4900), "K49@4900"]);
		expect(events.filter(event => event === CHANGED)).toHaveLength(1);
		client.command(1, "play2", { streamName: "film", transition: "switch" }).command(1, "closeStream");
		await client.settled();
		client.command(1, "play", "film", 0).command(1, "play2", { streamName: "mp4:film", transition: "switch" });
		await client.settled();
		client.drop();
		await client.settled();
		expect([fixture.files.get("film")!.users, fixture.files.get("mp4:film")!.users]).toEqual([1, 1]);
		const asked = fixture.events.filter(event => event.startsWith("play")).length;
		expect(fixture.events.filter(event => event.startsWith("stop"))).toHaveLength(asked);
	});

	it("lets a newer transition override one on the way", async () => {
		const client = new PlayFixture().client();
		await client.does("play", "film", 0);
		client.command(1, "play2", { streamName: "mp4:film", transition: "switch" });
		client.command(1, "play2", { streamName: "short", start: 0, transition: "swap" });
		const events = await client.settled();
		expect(events.slice(0, 3)).toEqual([
			...["onStatus NetStream.Play.Failed", "onStatus NetStream.Play.Transition", DATA_START],
		]);
		expect(
			media(events)
				.slice(-3)
				.map(name => name.replace(/@.*/, "")),
		).toEqual(["K0", "P1", "P2"]);
	});

	it("fails for what is not there, and the old stream goes on", async () => {
		const fixture = new PlayFixture();
		const client = fixture.client();
		await client.does("play", "film", 0);
		for (const transition of ["switch", "swap"]) {
			expect(await client.play2({ streamName: "nothing", transition })).toEqual(["onStatus NetStream.Play.Failed"]);
		}
		expect(await client.play2({ streamName: "short", oldStreamName: "other", transition: "swap" })).toEqual([
			"onStatus NetStream.Play.Failed",
		]);
		expect(await client.play2({ streamName: "short", transition: "switch" })).toEqual([
			"onStatus NetStream.Play.Failed",
		]);
		expect(client.infos.get("NetStream.Play.Failed")?.["details"]).toBe("short");
		expect(media(await client.after(600)).length).toBeGreaterThan(3);
		expect(fixture.files.get("short")!.users).toBe(1);
	});

	it("swaps at once, on the same clock", async () => {
		const client = new PlayFixture().client();
		const sent = media(await client.does("play", "film", 0)).length - 1;
		const events = await client.play2({ streamName: "short", oldStreamName: "film", start: 0, transition: "swap" });
		const shift = (sent - 1) * 100;
		expect(others(events).slice(0, 1)).toEqual(["onStatus NetStream.Play.Transition"]);
		expect(media(events)).toEqual([configuration(9940), ...pictures(0, 300, 500, 9940)]);
		expect(shift).toBeGreaterThan(0);
	});

	it("replaces an item that waits, and plays it in its turn", async () => {
		const client = new PlayFixture().client();
		client.command(1, "play", "short", 0).command(1, "play", "film", 0, -1000, false);
		client.command(1, "play2", { streamName: "mp4:film", oldStreamName: "film", transition: "swap" });
		const events = await client.settled();
		expect(events).toContain("onStatus NetStream.Play.Transition");
		expect(media(events).slice(4, 13)).toEqual([configuration(240), ...pictures(0, 800, 700, 240)]);
	});

	it("appends, waits when it shall, and goes on when it may", async () => {
		const client = new PlayFixture().client();
		expect(await client.play2({ streamName: "short", transition: "appendAndWait" })).toEqual([]);
		expect(media(await client.play2({ streamName: "x", transition: "resume" })).length).toBe(4);
		expect(await client.play2({ streamName: "short", transition: "appendAndWait" })).toEqual([]);
		expect(media(await client.play2({ streamName: "short", transition: "append" })).length).toBe(8);
		expect((await client.play2({ streamName: "film", start: 5, transition: "reset" })).slice(0, 3)).toEqual(
			STARTED.slice(0, 3),
		);
		expect(await client.play2({ transition: "stop" })).toEqual(["eof", "onStatus NetStream.Play.Stop"]);
		expect(media(await client.play2({ streamName: "film", offset: 5.2, transition: "resume" }))[1]).toBe("K50@5000");
	});

	it("switches between live streams at a keyframe of the new one, on one clock", async () => {
		const fixture = new PlayFixture();
		const publisher = fixture.client();
		publisher.command(1, "publish", "high", "live").media(1, "K1", 0);
		publisher.command(2, "publish", "low", "live").media(2, "v2", 0).media(2, "K2", 20_000);
		const client = fixture.client();
		await client.does("play", "high", -1000);
		publisher.media(1, "P3", 5000).media(2, "P4", 20_040);
		expect(media(await client.settled())).toEqual(["P3@5000"]);
		expect(await client.play2({ streamName: "low", oldStreamName: "high", transition: "switch" })).toEqual([
			"onStatus NetStream.Play.Transition",
		]);
		publisher.media(1, "P5", 5040).media(2, "P6", 20_080);
		expect(await client.settled()).toEqual(["P5@5040"]);
		publisher.media(2, "K7", 20_120);
		expect(await client.settled()).toEqual([CHANGED, "v2@5040", "K7@5040"]);
		publisher.media(1, "P8", 5160).media(2, "P9", 20_160);
		expect(await client.settled()).toEqual(["P9@5080"]);
		await client.does("closeStream");
		expect(fixture.events).toEqual(["play high", "play low", "stop high", "stop low"]);
	});

	it("keeps the clock of live streams that share it, and gives up when the new one ends", async () => {
		const fixture = new PlayFixture();
		const publisher = fixture.client();
		publisher.command(1, "publish", "high", "live").media(1, "K1", 0);
		publisher.command(2, "publish", "low", "live").media(2, "K2", 0);
		const client = fixture.client();
		await client.does("play", "high", -1000);
		await client.play2({ streamName: "low", transition: "switch" });
		publisher.media(1, "P3", 40).media(2, "K4", 80);
		expect(media(await client.settled())).toEqual(["P3@40", "K4@80"]);
		await client.play2({ streamName: "high", transition: "switch" });
		publisher.command(1, "closeStream");
		expect(await client.settled()).toEqual(["onStatus NetStream.Play.Failed"]);
		publisher.media(2, "P5", 120);
		expect(await client.settled()).toEqual(["P5@120"]);
	});
});
