import { FileError } from "@millrace/core/fault";
import type { MediaMessage } from "@millrace/core/flv";
import { VirtualClock } from "@millrace/testkit";
import { describe, expect, it } from "vitest";
import {
	DEFAULT_FILE_PLAYER,
	FilePlayer,
	type FilePlayerPace,
	type FilePlayerSink,
	type PlayRange,
} from "./file-player.ts";
import { MemorySource, nameOf, picture, sound } from "./file-player-fixture.ts";
import { findKeyframe } from "./file-player-keyframe.ts";
import { PlayerSchedule } from "./file-player-schedule.ts";

/** A player on a virtual clock, whose network takes everything unless it is `blocked`. */
class PlayerFixture implements FilePlayerSink {
	readonly clock = new VirtualClock(1000);
	readonly schedule = new PlayerSchedule(this.clock);
	readonly source: MemorySource;
	readonly player: FilePlayer;
	/** What happened, `K0 P40` in a row for each batch. */
	readonly events: string[] = [];
	readonly sent: MediaMessage[] = [];
	blocked = false;
	batches = 0;

	constructor(source: MemorySource, options = DEFAULT_FILE_PLAYER, pace?: FilePlayerPace) {
		this.source = source;
		this.player = new FilePlayer(source, this, this.schedule, options, pace);
	}

	/** Time of the newest message. */
	get sentTo(): number {
		return this.sent.at(-1)?.timestamp ?? -1;
	}

	async start(range: Partial<PlayRange> = {}): Promise<this> {
		this.player.start({ fromMillis: 0, ...range });
		await settled();
		return this;
	}

	/** Lets time pass, and reads end on the way. */
	async pass(millis: number): Promise<void> {
		for (let passed = 0; passed < millis; passed += 50) {
			this.clock.advance(50);
			await settled();
		}
	}

	/** What happened since the last call. */
	take(): string[] {
		return this.events.splice(0);
	}

	isReady(): boolean {
		return !this.blocked;
	}

	onPlaced(millis: number): void {
		this.events.push(`placed ${millis}`);
	}

	send(batch: readonly MediaMessage[]): void {
		this.batches++;
		this.sent.push(...batch);
		this.events.push(batch.map(nameOf).join(" "));
	}

	onBufferFilled(): void {
		this.events.push("filled");
	}

	onBufferRefilled(): void {
		this.events.push("refilled");
	}

	onEnd(): void {
		this.events.push("end");
	}

	onFailed(error: unknown): void {
		this.events.push(`failed ${error instanceof FileError ? error.code : error}`);
	}
}

async function settled(): Promise<void> {
	for (let i = 0; i < 3; i++) await new Promise(resolve => setImmediate(resolve));
}

/** One second at 10 pictures a second with a keyframe each 500 ms. */
const short = () => MemorySource.of(1, { fps: 10, gopMillis: 500, audio: false });

describe("a file player", () => {
	it("sends configurations, all messages in order, and its end", async () => {
		const { events } = await new PlayerFixture(short()).start();
		expect(events).toEqual(["placed 0", "v0 K0 P100 P200 P300 P400 K500 P600 P700 P800 P900", "end"]);
	});

	it("sends little at a time where it rests little, also with nothing ahead", async () => {
		const pace = { restMillis: 50, keepsPayloads: true };
		const options = { minBufferMillis: 0, exactSeek: false };
		const fixture = new PlayerFixture(MemorySource.of(60, { audio: false }), options, pace);
		await fixture.start();
		for (let passed = 0; passed < 5000; passed += 100) {
			expect(fixture.sentTo).toBeGreaterThanOrEqual(passed - 100);
			expect(fixture.sentTo).toBeLessThanOrEqual(passed + 100);
			await fixture.pass(100);
		}
	});

	it.each([
		[-1, 2000, "what is due"],
		[500, 2000, "what is due"],
		[5000, 5000, "what is due"],
		[5000, 5000, "more than is due"],
	])(
		"sends, for a buffer of %d ms, %d ms ahead, then in time, from a file that gives %s",
		async (buffer, ahead, given) => {
			const fixture = new PlayerFixture(MemorySource.of(60, { bytes: 500 }));
			fixture.source.readsAhead = given === "more than is due";
			fixture.player.setBufferMillis(buffer);
			await fixture.start();
			for (let second = 0; second < 20; second++) {
				expect(fixture.sentTo).toBeGreaterThanOrEqual(second * 1000 + ahead - 600);
				expect(fixture.sentTo).toBeLessThanOrEqual(second * 1000 + ahead + 600);
				await fixture.pass(1000);
			}
			// Some two wake-ups a second, each with a block.
			expect(fixture.batches).toBeLessThan(2.3 * (20 + ahead / 1000) + 4);
			// Who has not said what it buffers is not told that its buffer is full.
			const told = fixture.events.filter(event => event === "filled" || event === "refilled");
			expect(told).toEqual(buffer < 0 ? [] : ["filled", "refilled"]);
		},
	);

	it.each([0, 36_000_000])("sends all at once for a buffer of %d ms", async buffer => {
		const fixture = new PlayerFixture(MemorySource.of(600));
		fixture.player.setBufferMillis(buffer);
		await fixture.start();
		expect(fixture.sent.length).toBe(fixture.source.messages.length + 2);
		expect(fixture.events.at(-1)).toBe("end");
	});

	it("follows the buffer when it changes", async () => {
		const fixture = await new PlayerFixture(MemorySource.of(60)).start();
		expect(fixture.sentTo).toBeLessThan(3000);
		fixture.player.setBufferMillis(10_000);
		await settled();
		expect(fixture.sentTo).toBeGreaterThanOrEqual(9400);
		fixture.player.setBufferMillis(2000);
		await fixture.pass(6000);
		expect(fixture.sentTo).toBeLessThan(10_700);
	});

	it("goes on in time after messages that are far apart", async () => {
		const fixture = await new PlayerFixture(
			new MemorySource([0, 100, 30_000, 30_100].map(time => picture(time, time === 0))),
		).start();
		await fixture.pass(27_000);
		expect(fixture.sentTo).toBe(100);
		await fixture.pass(1100);
		expect(fixture.sentTo).toBe(30_100);
	});

	it("holds one block that the network has not taken, and reads on when it has", async () => {
		const fixture = new PlayerFixture(MemorySource.of(60, { bytes: 4000 }));
		fixture.player.setBufferMillis(0);
		const send = fixture.send.bind(fixture);
		fixture.send = batch => {
			send(batch);
			fixture.blocked = true;
		};
		await fixture.start();
		expect([fixture.batches, fixture.source.calls]).toEqual([1, ["read"]]);
		for (let drains = 2; drains < 10; drains++) {
			fixture.blocked = false;
			fixture.player.onDrain();
			await settled();
			expect([fixture.batches, fixture.source.calls.length]).toEqual([drains, drains]);
		}
	});

	it("waits for its turn to read, and does then what was asked for last", async () => {
		const fixture = new PlayerFixture(short());
		const { turns } = fixture.schedule;
		const others = [];
		while (turns.free > 0) others.push(await turns.begin());
		await fixture.start();
		expect([fixture.take(), turns.size]).toEqual([["placed 0"], 1]);
		fixture.player.seek(800);
		turns.end(others.pop()!);
		await settled();
		expect(fixture.take()).toEqual(["placed 500", "v500 K500 P600 P700 P800 P900", "end"]);
		expect([fixture.source.calls, turns.free, turns.size]).toEqual([["seek 800", "read", "read"], 1, 0]);
	});

	it.each(["closed", "paused"])("that is %s while it reads gives its turn back", async state => {
		const fixture = new PlayerFixture(MemorySource.of(60));
		const { turns } = fixture.schedule;
		const { free } = turns;
		fixture.source.isHeldUp = true;
		await fixture.start();
		expect(turns.free).toBe(free - 1);
		if (state === "closed") fixture.player.close();
		else fixture.player.pause();
		fixture.source.letGo();
		await settled();
		expect([turns.free, fixture.sent]).toEqual([free, []]);
		fixture.player.resume();
		await settled();
		expect(fixture.sent.length).toBe(state === "closed" ? 0 : 128);
	});

	it("begins at the keyframe at or before its start, and ends before its limit", async () => {
		const fixture = await new PlayerFixture(short()).start({ fromMillis: 600, untilMillis: 800 });
		expect(fixture.events).toEqual(["placed 500", "v500 K500 P600 P700", "end"]);
		expect(fixture.player.endMillis).toBe(800);
	});

	it("ends at its limit with all sounds before it, though pictures come first", async () => {
		const times = [picture(0, true), picture(100, false), picture(200, false), sound(60), sound(150), sound(210)];
		const fixture = await new PlayerFixture(new MemorySource(times)).start({ untilMillis: 200 });
		expect(fixture.take()).toEqual(["placed 0", "v0 a0 K0 P100 A60 A150", "end"]);
	});

	it("sends a single picture, or a single sound where there are none", async () => {
		const pictures = await new PlayerFixture(short()).start({ fromMillis: 700, isSingle: true });
		expect(pictures.events).toEqual(["placed 500", "v500 K500", "end"]);
		const sounds = await new PlayerFixture(MemorySource.of(1, { video: false })).start({ isSingle: true });
		expect(sounds.events).toEqual(["placed 0", "a5 A5", "end"]);
	});

	it("does not repeat configurations that the file has in front of its frames", async () => {
		const inline = MemorySource.of(1).cursor().configurations();
		const fixture = await new PlayerFixture(new MemorySource([...inline, picture(0, true), sound(3)])).start();
		expect(fixture.take()).toEqual(["placed 0", "v0 a0 K0 A3", "end"]);
	});

	it("ends at once where the file is empty", async () => {
		expect((await new PlayerFixture(new MemorySource([])).start()).events).toEqual(["placed 0", "end"]);
	});

	it("leaves out a medium that is not wanted; video comes back with its configuration at a keyframe", async () => {
		const fixture = new PlayerFixture(MemorySource.of(20, { fps: 10, gopMillis: 1000 }));
		fixture.player.setFilter(true, false);
		await fixture.start();
		expect(fixture.sent.some(message => message.isVideo)).toBe(false);
		fixture.take();
		fixture.player.setFilter(false, true);
		await fixture.pass(1500);
		const [first, second] = fixture
			.take()
			.find(event => event.startsWith("v"))!
			.split(" ");
		expect([first, second]).toEqual([expect.stringMatching(/^v/), "K3000"]);
		expect(fixture.sent.filter(message => message.timestamp > 3000).some(message => message.isAudio)).toBe(false);
	});
});

describe("a file player that is paused", () => {
	it("sends nothing, and fills the buffer anew when it goes on", async () => {
		const fixture = await new PlayerFixture(MemorySource.of(60)).start();
		fixture.player.pause();
		const before = fixture.sentTo;
		await fixture.pass(10_000);
		expect(fixture.sentTo).toBe(before);
		fixture.player.resume();
		await settled();
		expect(fixture.sentTo).toBeGreaterThan(before + 1400);
		expect(fixture.sentTo).toBeLessThan(before + 2600);
		expect(times(fixture)).toEqual(fixture.source.messages.slice(0, fixture.sent.length - 2).map(nameOf));
	});

	it("sends again what its viewer has not kept, from right behind its position and without configurations", async () => {
		const fixture = await new PlayerFixture(MemorySource.of(60, { audio: false })).start();
		fixture.player.pause();
		fixture.take();
		fixture.player.resume(1200);
		await settled();
		expect(fixture.take()[0]).toMatch(/^P1240 P1280 /);
		expect(fixture.sentTo).toBeGreaterThan(3000);
	});

	it("shows the picture of a place that is sought, and goes on from there", async () => {
		const fixture = await new PlayerFixture(MemorySource.of(60, { audio: false })).start();
		fixture.player.pause();
		fixture.take();
		fixture.player.seek(30_500);
		await fixture.pass(1000);
		expect(fixture.take()).toEqual(["placed 30000", "v30000 K30000"]);
		fixture.player.resume(30_500);
		await settled();
		expect(fixture.take()[0]).toMatch(/^P30040 /);
	});

	it("plays its end again after it was there", async () => {
		const fixture = await new PlayerFixture(short()).start();
		fixture.take();
		fixture.player.pause();
		fixture.player.resume(700);
		await settled();
		expect(fixture.take()).toEqual(["P800 P900", "end"]);
	});
});

describe("a file player that seeks", () => {
	it("goes to the keyframe before and sends its configurations; the end can be had again", async () => {
		const fixture = await new PlayerFixture(short()).start();
		fixture.take();
		fixture.player.seek(800);
		await settled();
		expect(fixture.take()).toEqual(["placed 500", "v500 K500 P600 P700 P800 P900", "end"]);
	});

	it("lets the newest of several win, whatever is being read", async () => {
		const fixture = new PlayerFixture(MemorySource.of(60, { audio: false }));
		fixture.source.isHeldUp = true;
		await fixture.start();
		fixture.player.seek(10_000);
		fixture.player.seek(20_000);
		await settled();
		fixture.player.seek(5000);
		fixture.source.letGo();
		await settled();
		expect(fixture.take().slice(0, 3)).toEqual([
			"placed 0",
			"placed 5000",
			expect.stringMatching(/^v5000 K5000 P5040 /),
		]);
		expect(fixture.source.calls.slice(0, 2)).toEqual(["read", "seek 5000"]);
	});

	it("hides what comes before the very time between commands, where that is wished for", async () => {
		const source = MemorySource.of(20, { fps: 10, gopMillis: 1000 });
		const fixture = await new PlayerFixture(source, { ...DEFAULT_FILE_PLAYER, exactSeek: true }).start();
		fixture.take();
		fixture.player.seek(10_250);
		await settled();
		const [placed, sent] = fixture.take();
		expect(placed).toBe("placed 10000");
		expect(sent).toMatch(/^v10000 a10000 <10000 K10000 P10100 P10200 >10300 P10300 A10305 /);
	});

	it("seeks past nothing where its place is a keyframe, and hides nothing then", async () => {
		const source = MemorySource.of(20, { fps: 10, gopMillis: 1000, audio: false });
		const fixture = await new PlayerFixture(source, { ...DEFAULT_FILE_PLAYER, exactSeek: true }).start();
		fixture.take();
		fixture.player.seek(10_000);
		await settled();
		expect(fixture.take()[1]).toMatch(/^v10000 K10000 P10100 /);
	});
});

describe("a file player whose file", () => {
	it("grows follows it to its present end, and on, to its last one", async () => {
		const source = short();
		source.isGrowing = true;
		const fixture = await new PlayerFixture(source).start();
		expect(fixture.take().length).toBe(2);
		await fixture.pass(3000);
		expect(fixture.take()).toEqual([]);
		source.grow(picture(1000, true), picture(1100, false));
		await settled();
		expect(fixture.take()).toEqual(["K1000 P1100"]);
		source.grow(picture(1200, false));
		source.finish();
		await settled();
		expect(fixture.take()).toEqual(["P1200", "end"]);
	});

	it("grows while its end is being read misses nothing", async () => {
		const source = short();
		source.isGrowing = true;
		const fixture = await new PlayerFixture(source).start();
		fixture.take();
		source.isHeldUp = true;
		source.grow(picture(1000, true));
		await settled();
		source.grow(picture(1100, false));
		source.finish();
		source.letGo();
		await settled();
		expect(fixture.take().join(" ")).toBe("K1000 P1100 end");
	});

	it("fails reports it once and does nothing more", async () => {
		const fixture = await new PlayerFixture(MemorySource.of(60)).start();
		fixture.take();
		fixture.source.failure = new FileError("FILE_INVALID", "Broken.");
		fixture.player.seek(10_000);
		await settled();
		expect(fixture.take()).toEqual(["failed FILE_INVALID"]);
		fixture.player.seek(0);
		await fixture.pass(1000);
		expect([fixture.take(), fixture.schedule.size]).toEqual([[], 0]);
	});

	it("is closed at any time sends and reports nothing more, and leaves no timer", async () => {
		const fixture = new PlayerFixture(MemorySource.of(60));
		fixture.source.isHeldUp = true;
		await fixture.start();
		fixture.take();
		fixture.player.close();
		fixture.source.failure = new Error("The file is closed.");
		fixture.source.letGo();
		await settled();
		expect([fixture.take(), fixture.schedule.size, fixture.clock.timerCount]).toEqual([[], 0, 0]);
	});

	it("is left for another at a time sends all before it, and the other all from it on", async () => {
		const fixture = await new PlayerFixture(MemorySource.of(60, { fps: 10 })).start();
		fixture.player.hold();
		const other = new PlayerFixture(MemorySource.of(60, { fps: 10 }));
		const at = (await findKeyframe(other.source, fixture.player.sentMillis + 1)) ?? -1;
		expect(at % 1000).toBe(0);
		fixture.player.release(at);
		await fixture.pass(3000);
		expect(fixture.events.at(-1)).toBe("end");
		await other.start({ fromMillis: at, skipBeforeMillis: at });
		expect([...times(fixture), ...times(other)]).toEqual(
			other.source.messages.slice(0, fixture.sent.length + other.sent.length - 4).map(nameOf),
		);
	});
});

describe("the next keyframe", () => {
	it.each([
		[0, 0],
		[1, 1000],
		[999, 1000],
		[1000, 1000],
		[1001, 2000],
		[8999, 9000],
		[9001, undefined],
		[90_000, undefined],
	])("after %d ms is at %s", async (from, at) => {
		expect(await findKeyframe(MemorySource.of(10, { audio: false }), from)).toBe(at);
	});

	it("is found where keyframes come at odd times, and is a sound where there are no pictures", async () => {
		const odd = new MemorySource([0, 130, 900, 5210, 5800].map(time => picture(time, true)));
		expect(await findKeyframe(odd, 901)).toBe(5210);
		expect(await findKeyframe(odd, 131)).toBe(900);
		expect(await findKeyframe(MemorySource.of(10, { video: false }), 1010)).toBe(1045);
	});
});

describe("the schedule of players", () => {
	it("wakes all of a tick with one timer, and none that was cancelled or put off meanwhile", () => {
		const clock = new VirtualClock(1000);
		const schedule = new PlayerSchedule(clock);
		const woken: string[] = [];
		const sleeper = (name: string, action = () => {}) => ({
			wake: () => {
				woken.push(`${name}@${clock.now()}`);
				action();
			},
		});
		const [b, c] = [sleeper("b"), sleeper("c")];
		schedule.wakeAfter(
			sleeper("a", () => {
				schedule.cancel(b);
				schedule.wakeAfter(c, 100);
			}),
			120,
		);
		schedule.wakeAfter(b, 130);
		schedule.wakeAfter(c, 149);
		schedule.wakeAfter(sleeper("d"), 700);
		expect(clock.timerCount).toBe(1);
		clock.advance(1000);
		expect(woken).toEqual(["a@1150", "c@1250", "d@1700"]);
		expect([clock.timerCount, schedule.size]).toEqual([0, 0]);
	});
});

/** Names of the frames that were sent. */
function times(fixture: PlayerFixture): string[] {
	return fixture.sent.filter(message => !message.isConfiguration).map(nameOf);
}
