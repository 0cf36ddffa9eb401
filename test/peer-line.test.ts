import type { AmfValue } from "@millrace/core/amf";
import { MEDIA_AUDIO, MEDIA_VIDEO, type MediaMessage } from "@millrace/core/flv";
import type { BandwidthResult } from "@millrace/core/rtmp";
import { describe, expect, it } from "vitest";
import { NetStream } from "../packages/client/src/net-stream.ts";
import { MemorySource } from "../packages/server/src/library/file-player-fixture.ts";
import { DEFAULT_BANDWIDTH_RULES } from "../packages/server/src/rtmp/index.ts";
import { LineFixture } from "./line-fixture.ts";
import { media, others, PlayFixture } from "./play-fixture.ts";

const UNLIMITED = Number.POSITIVE_INFINITY;

/** What `action` resolves to, while time passes. */
async function resolved<T>(fixture: LineFixture, action: Promise<T>): Promise<T> {
	let isDone = false;
	const done = (): void => {
		isDone = true;
	};
	action.then(done, done);
	await fixture.until(() => isDone);
	return action;
}

/** Names of the calls that the application was told of. */
function calls(fixture: LineFixture): string[] {
	return fixture.events.flatMap(event => (event.kind === "call" ? [event.name] : []));
}

describe("a bandwidth check", () => {
	it.each([
		[1000, 60],
		[8000, 20],
		[50_000, 10],
	])("that the client asks for finds its %i kbit/s at %i ms", async (kbit, latency) => {
		const fixture = new LineFixture();
		const { nc, peer } = await fixture.connect({ kbit, latency });
		const result = await resolved(fixture, nc.checkBandwidth());
		expect(Math.abs(result.kbitDown / kbit - 1)).toBeLessThan(0.15);
		expect(Math.abs(result.latencyMillis - latency)).toBeLessThanOrEqual(3);
		expect(result.deltaDown / result.deltaTime).toBeGreaterThan((kbit / 1000) * 0.8);
		expect(peer.line.stats().kbitDown).toBe(result.kbitDown);
	});

	it("calls what the client has defined, with one payload each, and at the end four numbers", async () => {
		const fixture = new LineFixture();
		const { nc } = await fixture.connect({ kbit: 2000, latency: 40 });
		const checks: AmfValue[][] = [];
		const done: AmfValue[][] = [];
		nc.client = {
			onBWCheck: (...args: AmfValue[]) => checks.push(args),
			onBWDone: (...args: AmfValue[]) => done.push(args),
		};
		nc.call("checkBandwidth", null);
		await fixture.until(() => done.length > 0);
		expect(checks.every(args => args.length === 1 && typeof args[0] === "string")).toBe(true);
		expect(checks.slice(0, 5).map(([payload]) => (payload as string).length)).toEqual([0, 0, 0, 16_384, 32_768]);
		expect([done.length, done[0]?.map(value => typeof value)]).toEqual([1, ["number", "number", "number", "number"]]);
	});

	it("that the server starts tells both sides; who asks meanwhile or soon after gets the same result", async () => {
		const fixture = new LineFixture();
		const { nc, peer, line } = await fixture.connect({ kbit: 4000, latency: 20 });
		const results: (BandwidthResult | undefined)[] = [];
		expect(peer.line.checkBandwidth(result => results.push(result))).toBe(true);
		peer.line.checkBandwidth(result => results.push(result));
		const asked = await resolved(fixture, nc.checkBandwidth());
		expect(results.map(result => result?.kbit)).toEqual([asked.kbitDown, asked.kbitDown]);
		const before = line.bytesDown;
		expect(await resolved(fixture, nc.checkBandwidth())).toEqual(asked);
		expect(line.bytesDown - before).toBeLessThan(500);
		await fixture.pass(6000);
		await resolved(fixture, nc.checkBandwidth());
		expect(line.bytesDown - before).toBeGreaterThan(500_000);
	});

	it("is the application's where the settings say so", async () => {
		const { detection } = DEFAULT_BANDWIDTH_RULES;
		const fixture = new LineFixture();
		const done: AmfValue[][] = [];
		const { nc } = await fixture.connect({
			bandwidth: { ...DEFAULT_BANDWIDTH_RULES, detection: { ...detection, enabled: false } },
			admission: { isMeasured: true },
			client: { onBWDone: (...args: AmfValue[]) => done.push(args) },
		});
		for (const name of ["checkBandwidth", "checkBandwidthUp", "onClientBWCheck"]) nc.call(name, null, 1);
		// Whose result says nothing, and which no application need know.
		const result = await resolved(fixture, nc.callAsync("_checkbw"));
		expect([result, calls(fixture)]).toEqual([undefined, ["checkBandwidth", "checkBandwidthUp", "onClientBWCheck"]]);
		await fixture.pass(1000);
		expect(done).toEqual([[]]);
	});

	it("is the application's where that answers calls of the name itself", async () => {
		for (const [own, others] of [
			["_checkbw", ["checkBandwidth", "checkBandwidthUp", "onClientBWCheck"]],
			["checkBandwidth", ["_checkbw", "checkBandwidthUp", "onClientBWCheck"]],
		] as const) {
			const fixture = new LineFixture();
			const { nc, peer } = await fixture.connect({ handles: [own] });
			const answer = nc.callAsync(own, 7);
			for (const name of others) await resolved(fixture, nc.callAsync(name, 7));
			expect(fixture.events).toMatchObject([{ kind: "call", name: own, args: [7] }]);
			fixture.do({ kind: "result", client: peer.id, call: 1, value: "mine" });
			expect(await resolved(fixture, answer)).toBe("mine");
			// The application can still have it measured.
			let kbit: number | undefined;
			peer.line.checkBandwidth(found => (kbit = found?.kbit));
			await fixture.until(() => kbit !== undefined);
		}
	});

	it("begins with the connection where the application wants it; otherwise the client is told that there is none", async () => {
		for (const isMeasured of [true, false]) {
			const done: AmfValue[][] = [];
			const fixture = new LineFixture();
			await fixture.connect({
				kbit: 4000,
				latency: 20,
				admission: { isMeasured },
				client: { onBWDone: (...args: AmfValue[]) => done.push(args) },
			});
			await fixture.pass(5000);
			const figures = isMeasured ? ["number", "number", "number", "number"] : [];
			expect(done.map(args => args.map(value => typeof value))).toEqual([figures]);
		}
	});

	it("fails where the client does not answer: it is told that there is no figure, and the caller too", async () => {
		const fixture = new LineFixture();
		const { nc, peer } = await fixture.connect();
		const done: AmfValue[][] = [];
		const results: unknown[] = [];
		nc.client = { onBWCheck: () => new Promise(() => undefined), onBWDone: (...args: AmfValue[]) => done.push(args) };
		peer.line.checkBandwidth(result => results.push(result));
		await fixture.pass(11_000);
		expect([done, results]).toEqual([[[]], [undefined]]);
	});

	it("ends with the connection", async () => {
		const fixture = new LineFixture();
		const { nc, peer } = await fixture.connect({ kbit: 100 });
		const results: unknown[] = [];
		const failed = nc.checkBandwidth();
		failed.catch(() => undefined);
		peer.line.checkBandwidth(result => results.push(result));
		await fixture.pass(500);
		nc.close();
		await fixture.pass(500);
		expect([results, peer.line.checkBandwidth()]).toEqual([[undefined], false]);
		await expect(failed).rejects.toMatchObject({ code: "NetConnection.Call.Failed" });
	});

	it("by `_checkbw`, as librtmp sends it with every connection, is short", async () => {
		const fixture = new LineFixture();
		const { nc, line } = await fixture.connect({ kbit: 8000, latency: 10 });
		const heard: string[] = [];
		nc.client = {
			_onbwcheck: (payload: string) => {
				heard.push(`check ${payload.length}`);
				return 0;
			},
			_onbwdone: (latency: number, kbit: number) => heard.push(`done ${latency > 8} ${kbit > 6000}`),
		};
		const before = line.bytesDown;
		nc.call("_checkbw", { onResult: value => heard.push(`result ${value}`) });
		await fixture.pass(3000);
		const sizes = [0, 0, 0, 16_384, 32_768, 16_384];
		expect(heard).toEqual(["result undefined", ...sizes.map(size => `check ${size}`), "done true true"]);
		expect(line.bytesDown - before).toBeLessThan(68_000);
	});

	it("is one check, however often the client asks for it", async () => {
		const fixture = new LineFixture();
		const { nc, line } = await fixture.connect({ kbit: 20_000, latency: 10 });
		const before = line.bytesDown;
		const ask = () => {
			nc.call("_checkbw", null);
			nc.call("checkBandwidth", null);
		};
		for (let i = 0; i < 500; i++) ask();
		for (let second = 0; second < 4; second++) {
			await fixture.pass(1000);
			for (let i = 0; i < 100; i++) ask();
		}
		expect(line.bytesDown - before).toBeLessThan(4.3 * 1024 * 1024);
		expect(nc.connected).toBe(true);
	});

	it("of the other direction finds the client's upload", async () => {
		const fixture = new LineFixture();
		const { nc } = await fixture.connect({ kbit: 3000, latency: 30 });
		const result = await resolved(fixture, nc.checkUploadBandwidth());
		expect(Math.abs(result.kbitUp / 3000 - 1)).toBeLessThan(0.15);
		expect(Math.abs(result.latencyMillis - 30)).toBeLessThanOrEqual(3);
		// As Red5's class for it reads the answers.
		const counts = await resolved(fixture, nc.callAsync("onClientBWCheck", 77));
		expect(counts).toMatchObject({ time: 77 });
		expect((counts as { cOutBytes: number }).cOutBytes).toBeGreaterThan(100_000);
	});
});

/** Publishes 10 pictures a second with a keyframe each second, of so many bytes each. */
function publish(fixture: LineFixture, bytes: number): void {
	const answer = fixture.live.publish("test", { onPublicationEnded() {} });
	if (!("publication" in answer)) throw new Error(answer.refused);
	const { publication } = answer;
	let at = 0;
	fixture.steps.add(() => {
		const now = fixture.clock.now();
		if (now < at) return;
		at = now + 100;
		const isKeyframe = now % 1000 < 100;
		const payload = new Uint8Array(bytes);
		payload.set([isKeyframe ? 0x17 : 0x27, 1]);
		publication.receive(MEDIA_VIDEO, now, payload, now);
		publication.receive(MEDIA_AUDIO, now, Uint8Array.of(0xaf, 1, 1, 2, 3), now);
		publication.endTurn();
	});
}

describe("a limit of what a client is sent", () => {
	it("drops up to keyframes, as for a network of that speed, and lets commands pass", async () => {
		const fixture = new LineFixture();
		const { nc, peer, line } = await fixture.connect();
		publish(fixture, 10_000);
		const stream = new NetStream(nc);
		const pictures: MediaMessage[] = [];
		stream.onMedia = message => {
			if (message.isVideo) pictures.push(message);
		};
		stream.play("cam", -1);
		await fixture.pass(3000);
		expect(pictures.length).toBeGreaterThan(25);
		peer.line.setBandwidthLimit(30_000, 0);
		expect(peer.line.bandwidthLimit).toEqual({ serverToClient: 30_000, clientToServer: UNLIMITED });
		await fixture.pass(5000);
		const before = line.bytesDown;
		pictures.length = 0;
		await fixture.pass(20_000);
		const rate = (line.bytesDown - before) / 20;
		expect(rate).toBeGreaterThan(15_000);
		expect(rate).toBeLessThan(33_000);
		const afterGaps = pictures.filter((picture, i) => i > 0 && picture.timestamp - pictures[i - 1]!.timestamp > 150);
		expect(afterGaps.length).toBeGreaterThan(2);
		expect(afterGaps.every(picture => picture.isKeyframe)).toBe(true);
		const { messagesDropped, dropped, playing } = peer.line.stats();
		expect(messagesDropped).toBeGreaterThan(50);
		expect(dropped.videoMessages).toBeGreaterThan(10);
		expect(playing[0]?.viewer?.skips).toBeGreaterThan(1);

		// What a limit keeps back keeps back nothing else.
		let answeredAfter = -1;
		const asked = fixture.clock.now();
		nc.call("ask", { onResult: () => (answeredAfter = fixture.clock.now() - asked) });
		await fixture.until(() => fixture.events.some(event => event.kind === "call"));
		fixture.do({ kind: "result", client: peer.id, call: 1, value: 1 });
		await fixture.until(() => answeredAfter >= 0);
		expect(answeredAfter).toBeLessThan(50);

		peer.line.setBandwidthLimit(UNLIMITED, 0);
		await fixture.pass(1500);
		pictures.length = 0;
		await fixture.pass(3000);
		expect(pictures.length).toBeGreaterThanOrEqual(28);
	});

	it("holds a file back, which then comes whole", async () => {
		const fixture = new PlayFixture();
		fixture.files.set("big", MemorySource.of(10, { fps: 10, gopMillis: 500, audio: false, bytes: 5000 }));
		const client = fixture.client();
		client.peer.line.setBandwidthLimit(50_000, 0);
		const sent = () => client.writes.reduce((sum, bytes) => sum + bytes, 0);
		const before = sent();
		// At once, as fast as it goes.
		const events = await client.does("play", "big", 0, -1, 3);
		events.push(...(await client.after(4000)));
		expect(sent() - before).toBeGreaterThan(150_000);
		expect(sent() - before).toBeLessThan(280_000);
		events.push(...(await client.after(9000)));
		expect(media(events).filter(event => /^[KP]/.test(event)).length).toBe(100);
		expect(others(events).at(-1)).toBe("onStatus NetStream.Play.Stop");
		expect(client.peer.line.stats()).toMatchObject({ messagesDropped: 0, queuedBytes: 0 });
	});

	it("does not close a viewer, however little it lets pass", async () => {
		const fixture = new LineFixture();
		const { nc, peer } = await fixture.connect();
		publish(fixture, 10_000);
		const stream = new NetStream(nc);
		stream.play("cam", -1);
		await fixture.pass(1000);
		peer.line.setBandwidthLimit(100, 0);
		await fixture.pass(45_000);
		expect([nc.connected, peer.line.stats().playing[0]?.viewer?.state !== "gone"]).toEqual([true, true]);
	}, 30_000);

	it("comes from the settings, and is raised no further than they allow", async () => {
		const fixture = new LineFixture();
		const bandwidth = { ...DEFAULT_BANDWIDTH_RULES, serverToClient: 50_000, clientToServer: 20_000, cap: 80_000 };
		const { peer } = await fixture.connect({ bandwidth });
		const limits = (): number[] => Object.values(peer.line.bandwidthLimit);
		expect(limits()).toEqual([50_000, 20_000]);
		peer.line.setBandwidthLimit(0, 35_000 / 8);
		expect(limits()).toEqual([50_000, 4375]);
		peer.line.setBandwidthLimit(1e6, UNLIMITED);
		expect(limits()).toEqual([80_000, 80_000]);
		peer.line.setBandwidthLimit(-1, Number.NaN);
		expect(limits()).toEqual([80_000, 80_000]);
	});
});

describe("a limit of what is taken from a client", () => {
	it("lets the rest wait in the network, and loses nothing", async () => {
		const fixture = new LineFixture();
		const { nc, peer, line } = await fixture.connect();
		peer.line.setBandwidthLimit(0, 40_000);
		const before = line.bytesUp;
		for (let i = 0; i < 40; i++) nc.call("take", null, i, "x".repeat(10_000));
		await fixture.pass(5000);
		expect(line.bytesUp - before).toBeGreaterThan(150_000);
		expect(line.bytesUp - before).toBeLessThan(250_000);
		await fixture.pass(7000);
		const taken = fixture.events.filter(event => event.kind === "call").map(event => event.args[0]);
		expect(taken).toEqual(Array.from({ length: 40 }, (_, i) => i));
		expect(nc.connected).toBe(true);
	});

	it("that is lifted lets everything in at once", async () => {
		const fixture = new LineFixture();
		const { nc, peer } = await fixture.connect();
		peer.line.setBandwidthLimit(0, 10_000);
		for (let i = 0; i < 40; i++) nc.call("take", null, i, "x".repeat(10_000));
		await fixture.pass(1000);
		peer.line.setBandwidthLimit(0, UNLIMITED);
		await fixture.pass(100);
		expect(fixture.events.length).toBe(40);
	});
});

describe("the measures of a client", () => {
	it("tell what came and went, how fast, and what it plays", async () => {
		const fixture = new LineFixture();
		const { nc, peer, line } = await fixture.connect({ latency: 24 });
		publish(fixture, 1000);
		const stream = new NetStream(nc);
		stream.play("cam", -1);
		await fixture.pass(2000);
		const first = peer.line.stats();
		await fixture.pass(2000);
		const stats = peer.line.stats();
		expect(stats.bytesOut).toBe(line.bytesDown);
		expect(stats.bytesIn).toBeGreaterThan(300);
		expect(stats.messagesIn).toBeGreaterThanOrEqual(5);
		expect(stats.messagesOut - first.messagesOut).toBeGreaterThanOrEqual(40);
		expect(Math.abs(stats.bytesPerSecondOut - 10_400)).toBeLessThan(1500);
		expect(stats.bytesPerSecondIn).toBeLessThan(first.bytesPerSecondIn);
		expect(stats.playing).toMatchObject([
			{ streamId: 1, stream: "live/cam", isRecorded: false, viewer: { state: "steady", skips: 0, lagMillis: 0 } },
		]);
		expect([stats.messagesDropped, stats.queuedBytes, stats.publishing]).toEqual([0, 0, []]);
		const messages = stats.playing[0]!.messages;
		expect(messages).toBeGreaterThan(60);
		stream.close();
		await fixture.pass(100);
		expect(peer.line.stats()).toMatchObject({ playing: [], messagesDropped: 0 });
		expect(peer.line.stats().messagesOut).toBeGreaterThanOrEqual(stats.messagesOut);
		expect(structuredClone(stats)).toEqual(stats);
	});

	it("tell what it publishes", async () => {
		const fixture = new LineFixture();
		const { nc, peer } = await fixture.connect();
		const stream = new NetStream(nc);
		stream.publish("mine");
		await fixture.pass(2000);
		expect(peer.line.stats().publishing).toEqual([
			{ streamId: 1, stream: "live/mine", bytes: 0, messages: 0, seconds: 2 },
		]);
	});

	it("have the round trip of a ping, which is sent each ten seconds and when somebody asks", async () => {
		const fixture = new LineFixture();
		const { peer, nc } = await fixture.connect({ latency: 30 });
		expect(peer.line.stats().pingMillis).toBeUndefined();
		const heard: (number | undefined)[] = [];
		peer.line.ping(millis => heard.push(millis));
		await fixture.pass(100);
		expect(Math.abs(heard[0]! - 30)).toBeLessThanOrEqual(3);
		expect(peer.line.stats()).toMatchObject({ pingMillis: heard[0], smoothedPingMillis: heard[0] });
		nc.close();
		await fixture.pass(100);
		peer.line.ping(millis => heard.push(millis));
		expect(heard.length).toBe(2);
		expect(heard[1]).toBeUndefined();
	});
});

describe("a call of the client's method", () => {
	it("brings its result, its error, or that it took too long", async () => {
		const fixture = new LineFixture();
		const { nc, peer } = await fixture.connect();
		nc.client = {
			chat: { say: async (text: string) => `${text}!` },
			bad: () => {
				throw new Error("no");
			},
			slow: () => new Promise(() => undefined),
		};
		const heard: Record<string, AmfValue> = {};
		const responder = (name: string) => ({
			onResult: (value: AmfValue) => {
				heard[name] = value;
			},
			onError: (value: AmfValue) => {
				heard[name] = (value as { description: string } | undefined)?.description;
			},
		});
		const names = ["chat/say", "chat.say", "bad", "missing", "slow"];
		for (const name of names) expect(peer.callMethod(name, ["hi"], responder(name))).toBe(true);
		await fixture.pass(60_500);
		expect(heard).toEqual({
			"chat/say": "hi!",
			"chat.say": "hi!",
			bad: "bad failed.",
			missing: "Method not found (missing).",
			slow: "The client did not answer in time.",
		});
		nc.close();
		await fixture.pass(100);
		expect(peer.callMethod("late", [], responder("late"))).toBe(false);
		expect([Object.hasOwn(heard, "late"), heard["late"]]).toEqual([true, undefined]);
	}, 30_000);
});
