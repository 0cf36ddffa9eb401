import { describe, expect, it } from "vitest";
import { WriteGroup } from "../net/index.ts";
import { PeerOutput } from "./peer-output.ts";

/** A wire whose client reads or does not, a link with a queue, and an account of what happened. */
class OutputFixture {
	readonly written: string[] = [];
	readonly events: string[] = [];
	queue: Uint8Array[] = [];
	sentBytes = 0;
	backlog = 0;
	/** Whether what is written stays behind. */
	isSlow = false;
	isEncrypted = false;
	readonly meter = {
		isThrottled: false,
		isUnlimited: true,
		sent: (bytes: number): void => {
			this.sentBytes += bytes;
		},
	};
	readonly output: PeerOutput;

	constructor() {
		const fixture = this;
		this.output = new PeerOutput(
			{
				get backlog() {
					return fixture.backlog;
				},
				isSpent: false,
				remoteAddress: "",
				bytesWritten: 0,
				write: bytes => {
					this.written.push(new TextDecoder().decode(bytes));
					if (this.isSlow) this.backlog += bytes.length;
				},
				joinGroup: (group, member) => group.admit(1, { onCutShort() {}, onLeftGroup() {} }, member),
				notifyDrain: () => this.events.push("notify"),
				pause() {},
				resume() {},
				end: () => this.events.push("end"),
				destroy: () => this.events.push("destroy"),
			},
			{
				get outputBytes() {
					return fixture.queue.reduce((sum, { length }) => sum + length, 0);
				},
				takeOutput: () => this.queue.splice(0),
				outputSent: () => this.events.push("sent"),
				get encrypted() {
					return fixture.isEncrypted;
				},
				seal: block => (this.isEncrypted ? text(`(${new TextDecoder().decode(block)})`) : block),
			},
			this.meter,
		);
	}

	say(...words: string[]): void {
		for (const word of words) this.queue.push(text(word));
	}
}

function text(word: string): Uint8Array {
	return new TextEncoder().encode(word);
}

describe("what leaves to one client", () => {
	it("leaves in one write, with what was said before a block in front of it", () => {
		const fixture = new OutputFixture();
		fixture.say("a", "b");
		fixture.output.flush();
		fixture.say("c");
		expect(fixture.output.offer(text("DD"))).toBe(true);
		expect(fixture.written).toEqual(["ab", "c", "DD"]);
		expect(fixture.sentBytes).toBe(5);
	});

	it("is encrypted where the link is", () => {
		const fixture = new OutputFixture();
		fixture.isEncrypted = true;
		fixture.output.offer(text("D"));
		expect(fixture.written).toEqual(["(D)"]);
		expect(fixture.sentBytes).toBe(1);
	});

	it("waits for a client that has not taken what came before, and goes on when it has", () => {
		const fixture = new OutputFixture();
		fixture.isSlow = true;
		fixture.say("a");
		fixture.output.flush();
		fixture.say("b");
		fixture.output.flush();
		expect(fixture.output.offer(text("D"))).toBe(false);
		expect(fixture.output.isReady()).toBe(false);
		expect(fixture.output.writeNow()).toBe(false);
		expect(fixture.written).toEqual(["a"]);
		expect(fixture.events).toEqual(["notify", "notify", "notify", "notify"]);
		fixture.backlog = 0;
		fixture.isSlow = false;
		fixture.output.onDrain();
		expect(fixture.written).toEqual(["a", "b"]);
		expect(fixture.output.isReady()).toBe(true);
	});

	it("keeps media back where a limit does", () => {
		const fixture = new OutputFixture();
		fixture.meter.isThrottled = true;
		expect([fixture.output.isThrottled, fixture.output.isReady()]).toEqual([true, false]);
		expect(fixture.events).toEqual([]);
	});

	it("waits while somebody holds it, unless it has become much or must leave", () => {
		const fixture = new OutputFixture();
		fixture.output.hold();
		fixture.output.hold();
		fixture.say("a");
		fixture.output.flush();
		fixture.output.release();
		expect(fixture.written).toEqual([]);
		fixture.output.release();
		expect(fixture.written).toEqual(["a"]);

		fixture.output.hold();
		fixture.say("b");
		expect(fixture.output.writeNow()).toBe(true);
		fixture.say("x".repeat(16 * 1024));
		fixture.output.flush();
		expect(fixture.written.map(({ length }) => length)).toEqual([1, 1, 16 * 1024]);
	});

	it("is in a group, until something else is to leave or a limit counts", () => {
		const fixture = new OutputFixture();
		const { output } = fixture;
		const group = new WriteGroup(() => 0);
		const member = { onLeftGroup: () => fixture.events.push("left") };
		output.joinGroup(group, member);
		output.hold();
		expect([group.size, fixture.events]).toEqual([0, ["left"]]);
		expect(output.joinGroup(group, member)).toBe(undefined);
		output.release();
		output.joinGroup(group, member);
		output.leaveGroup();
		expect([group.size, fixture.events]).toEqual([0, ["left", "left"]]);
		fixture.meter.isUnlimited = false;
		expect(output.joinGroup(group, member)).toBe(undefined);
		fixture.meter.isUnlimited = true;
		fixture.isEncrypted = true;
		expect(output.joinGroup(group, member)).toBe(undefined);
	});

	it.each<[what: string, isFault: boolean, isSlow: boolean, written: string[], last: string]>([
		["in order, to one who reads", false, false, ["bye"], "end"],
		["in order, to one who does not", false, true, ["last", "bye"], "end"],
		["for a fault, to one who reads", true, false, ["bye"], "end"],
		["for a fault, to one who does not", true, true, ["last", "bye"], "destroy"],
	])("ends %s, with its last words", (_what, isFault, isSlow, written, last) => {
		const fixture = new OutputFixture();
		if (isSlow) {
			fixture.isSlow = true;
			fixture.output.offer(text("last"));
		}
		fixture.output.end(isFault);
		fixture.say("bye");
		fixture.output.flush();
		expect(fixture.written).toEqual(written);
		expect(fixture.events.at(-1)).toBe(last);
	});
});
