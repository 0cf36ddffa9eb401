import { MEDIA_AUDIO, MEDIA_VIDEO } from "@millrace/core/flv";
import { VirtualClock } from "@millrace/testkit";
import { describe, expect, it } from "vitest";
import { FlushSchedule } from "./flush-schedule.ts";
import { liveOptions } from "./hub-fixture.ts";
import type { GatherWindow, LatencyMode } from "./hub-options.ts";

/** A stream that sends 128 bytes a millisecond, in messages 10 ms apart, through an input that can rest. */
class Publisher {
	readonly clock = new VirtualClock(1000);
	readonly events: string[] = [];
	readonly schedule: FlushSchedule;
	messageBytes = 1280;
	isGone = false;
	/** Whether the input can be read while it rests. */
	canReadResting = true;
	#held = false;
	#waiting = 0;
	#batch = 0;

	constructor(latency: LatencyMode, mayRest = true, gather: GatherWindow = {}) {
		const options = { ...liveOptions(), defaultWindowMillis: 50, latency };
		this.schedule = new FlushSchedule(options, this.clock, () => this.#flush());
		this.schedule.gather = gather;
		const input = { hold: () => this.#hold(), release: () => this.#release(), read: () => this.#readResting() };
		this.schedule.begin(mayRest ? input : undefined);
	}

	send(messages: number): void {
		for (let i = 0; i < messages; i++) {
			this.clock.advance(10);
			this.#waiting++;
			if (!this.#held) this.#read();
		}
	}

	/** When the input rested and when batches of how many messages left, by the clock. */
	take(): string[] {
		return this.events.splice(0);
	}

	#read(): void {
		const now = this.clock.now();
		for (; this.#waiting > 0; this.#waiting--) {
			this.#batch++;
			this.schedule.onMessage(MEDIA_AUDIO, now, this.#batch * this.messageBytes);
		}
		this.schedule.endTurn(now);
	}

	#hold(): void {
		if (this.#held) return;
		this.#held = true;
		this.events.push(`hold ${this.clock.now() - 1000}`);
	}

	#release(): void {
		this.#held = false;
		this.events.push(`release ${this.clock.now() - 1000}`);
		// Read before what is to be done after the input.
		if (this.#waiting > 0 && !this.isGone) this.#read();
	}

	#readResting(): boolean {
		if (!this.canReadResting || this.#waiting === 0) return false;
		this.events.push(`read ${this.clock.now() - 1000}`);
		this.#read();
		return true;
	}

	#flush(): number {
		const bytes = this.#batch * this.messageBytes;
		if (bytes === 0) return 0;
		this.events.push(`flush ${this.clock.now() - 1000}: ${this.#batch}`);
		this.#batch = 0;
		this.schedule.onFlushed(this.clock.now(), this.clock.now(), bytes);
		return bytes;
	}
}

describe("a publisher's input", () => {
	it("rests on through the windows of the default mode, and is read right before each flush", () => {
		const publisher = new Publisher("default");
		publisher.send(20);
		publisher.take();
		publisher.send(15);
		expect(publisher.take()).toEqual([
			...["read 250", "flush 250: 5"],
			...["read 300", "flush 300: 5"],
			...["read 350", "flush 350: 5"],
		]);
	});

	it("is released for each flush where it cannot be read while it rests", () => {
		const publisher = new Publisher("default");
		publisher.canReadResting = false;
		publisher.send(20);
		publisher.take();
		publisher.send(15);
		expect(publisher.take()).toEqual([
			"release 250",
			"flush 250: 5",
			"hold 250",
			"release 300",
			"flush 300: 5",
			"hold 300",
			"release 350",
			"flush 350: 5",
			"hold 350",
		]);
	});

	it.each([true, false])("is read before its bytes fill a receive buffer (while it rests: %s)", canReadResting => {
		const publisher = new Publisher("scale");
		publisher.canReadResting = canReadResting;
		publisher.send(100);
		publisher.take();
		publisher.send(100);
		const rests: number[] = [];
		let since = -1;
		for (const event of publisher.take()) {
			const at = Number(event.split(" ")[1]!.replace(":", ""));
			if (since >= 0 && /^(release|read)/.test(event)) rests.push(at - since);
			if (/^(hold|read)/.test(event)) since = at;
		}
		expect(rests.length).toBeGreaterThan(3);
		expect(Math.max(...rests)).toBeLessThanOrEqual((24 * 1024) / 128);
	});

	it("never rests where its rate leaves no time for it", () => {
		const publisher = new Publisher("default");
		publisher.messageBytes = 64 * 1024;
		publisher.send(50);
		expect(publisher.take().filter(event => event.startsWith("hold"))).toEqual([]);
	});

	it("never rests in the interactive mode", () => {
		const publisher = new Publisher("interactive");
		publisher.send(50);
		expect(publisher.take().filter(event => event.startsWith("hold"))).toEqual([]);
	});

	it("is open again when the publisher has gone", () => {
		const publisher = new Publisher("default");
		publisher.send(20);
		expect(publisher.take().at(-1)).toBe("flush 200: 5");
		publisher.isGone = true;
		publisher.schedule.end();
		expect(publisher.take()).toEqual(["release 200"]);
		expect(publisher.clock.timerCount).toBe(0);
	});

	it("is open and unwatched when nothing came for a window", () => {
		const publisher = new Publisher("default");
		publisher.send(20);
		publisher.clock.advance(500);
		expect(publisher.take().at(-1)).toMatch(/^release/);
		expect(publisher.clock.timerCount).toBe(0);
	});
});

describe("video in the interactive mode", () => {
	it("is due at the end of the turn that brought it", () => {
		let flushes = 0;
		const clock = new VirtualClock(1000);
		const schedule = new FlushSchedule({ ...liveOptions(), latency: "interactive" }, clock, () => {
			flushes++;
			return 1;
		});
		schedule.begin(undefined);
		schedule.onMessage(MEDIA_VIDEO, clock.now(), 1);
		expect(flushes).toBe(0);
		schedule.endTurn(clock.now());
		expect(flushes).toBe(1);
	});
});

describe("a stream's own window", () => {
	const sizes = (publisher: Publisher) =>
		publisher.take().flatMap(event => (event.startsWith("flush") ? [Number(event.split(": ")[1])] : []));

	it.each(["interactive", "default", "scale"] as const)("holds in place of the mode %s", latency => {
		const publisher = new Publisher(latency, false, { maxMillis: 300 });
		publisher.send(100);
		publisher.take();
		publisher.send(90);
		expect(sizes(publisher)).toEqual([30, 30, 30]);
	});

	it.each(["interactive", "default", "scale"] as const)("of 0 gathers nothing in the mode %s", latency => {
		const publisher = new Publisher(latency, true, { maxMillis: 0 });
		publisher.send(3);
		expect(publisher.take()).toEqual(["flush 10: 1", "flush 20: 1", "flush 30: 1"]);
		expect(publisher.clock.timerCount).toBe(0);
	});

	it.each([true, false])("ends when so many bytes have gathered (an input that rests: %s)", mayRest => {
		const publisher = new Publisher("scale", mayRest, { maxBytes: 5 * 1280 });
		publisher.send(100);
		publisher.take();
		publisher.send(20);
		expect(sizes(publisher)).toEqual([5, 5, 5, 5]);
	});

	it("gives way to the mode when it is taken back", () => {
		const publisher = new Publisher("default", false, { maxMillis: 300, maxBytes: 1280 });
		publisher.send(30);
		publisher.schedule.gather = {};
		publisher.send(70);
		publisher.take();
		publisher.send(20);
		expect(sizes(publisher)).toEqual([5, 5, 5, 5]);
	});
});
