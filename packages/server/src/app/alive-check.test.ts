import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AliveCheck, type AlivePeer } from "./alive-check.ts";

class Peer implements AlivePeer {
	pings = 0;
	#answers: ((millis: number | undefined) => void)[] = [];

	ping(onAnswer: (millis: number | undefined) => void): void {
		this.pings++;
		this.#answers.push(onAnswer);
	}

	answer(millis: number | undefined): void {
		for (const answer of this.#answers.splice(0)) answer(millis);
	}
}

describe("whether clients are there", () => {
	let peers: Map<string, Peer>;
	let check: AliveCheck;

	beforeEach(() => {
		vi.useFakeTimers();
		peers = new Map(Array.from({ length: 100 }, (_, index) => [`c${index}`, new Peer()]));
		check = new AliveCheck(
			() => Date.now(),
			() => peers,
		);
	});

	afterEach(() => vi.useRealTimers());

	it("is told by their answers, and an answer counts for five seconds", async () => {
		const asked = check.ask("c0");
		peers.get("c0")!.answer(20);
		expect(await asked).toBe(true);
		vi.advanceTimersByTime(4900);
		expect(await check.ask("c0")).toBe(true);
		expect(peers.get("c0")!.pings).toBe(1);
		vi.advanceTimersByTime(200);
		void check.ask("c0");
		expect(peers.get("c0")!.pings).toBe(2);
	});

	it("is false where none comes within a second, and at once where a second has passed already", async () => {
		const asked = check.ask("c0");
		await vi.advanceTimersByTimeAsync(1000);
		expect(await asked).toBe(false);
		// These were asked together with the first.
		expect(await check.ask("c1")).toBe(false);
		expect(await check.ask("c63")).toBe(false);
		expect(peers.get("c64")!.pings).toBe(1);
		expect(peers.get("c99")!.pings).toBe(1);
		expect(peers.get("c0")!.pings).toBe(1);
	});

	it("is asked anew when a ping has failed", async () => {
		void check.ask("c0");
		peers.get("c0")!.answer(undefined);
		const again = check.ask("c0");
		expect(peers.get("c0")!.pings).toBe(2);
		peers.get("c0")!.answer(5);
		expect(await again).toBe(true);
	});

	it("is false for those who leave meanwhile, and for those who are not there", async () => {
		const asked = check.ask("c5");
		peers.delete("c5");
		check.forget("c5");
		expect(await asked).toBe(false);
		expect(await check.ask("c5")).toBe(false);
		expect(await check.ask("nobody")).toBe(false);
	});
});
