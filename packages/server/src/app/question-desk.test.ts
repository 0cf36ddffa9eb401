import type { AmfObject, AmfValue } from "@millrace/core/amf";
import { describe, expect, it } from "vitest";
import { emptyClientStats } from "./client-stats.ts";
import type { ClientLine, InstanceMedia, MediaQuestion } from "./instance-client.ts";
import { InstanceTotals } from "./instance-stats.ts";
import { type Question, QuestionDesk } from "./question-desk.ts";

/** An instance with one client, `c1`, whose answers the test gives. */
class DeskFixture {
	readonly replies: [ask: number, failed: boolean, value: AmfValue][] = [];
	readonly faults: unknown[] = [];
	media: InstanceMedia | undefined;
	onReply: (() => void) | undefined;
	pings: ((millis: number | undefined) => void)[] = [];
	readonly #line: ClientLine = {
		setBandwidthLimit() {},
		bandwidthLimit: { serverToClient: 1000, clientToServer: Number.POSITIVE_INFINITY },
		ping: onAnswer => void this.pings.push(onAnswer),
		checkBandwidth: () => false,
		stats: () => ({ ...emptyClientStats(), bytesIn: 7 }),
	};
	readonly desk: QuestionDesk;

	constructor() {
		const fixture = this;
		this.desk = new QuestionDesk({
			get media() {
				return fixture.media;
			},
			now: () => 0,
			lineOf: client => (client === "c1" ? this.#line : undefined),
			lines: () => [["c1", this.#line]],
			stats: () => new InstanceTotals().measure([this.#line.stats()]),
			reply: ({ ask }, failed, value) => {
				this.replies.push([ask, failed, value]);
				this.onReply?.();
			},
			onFault: (_question, error) => this.faults.push(error),
		});
	}

	ask(question: Question["question"], args: readonly AmfValue[] = [], isAwaited = false): void {
		this.desk.take({ kind: "ask", ask: ++this.#asked, question, args, isAwaited });
	}

	#asked = 0;
}

const CASES: [question: Question["question"], args: readonly AmfValue[], failed: boolean, value: unknown][] = [
	["instance-stats", [], false, expect.objectContaining({ bytesIn: 7 })],
	["client-stats", ["c1"], false, expect.objectContaining({ bytesIn: 7 })],
	["bandwidth-limit", ["c1"], false, { serverToClient: 1000, clientToServer: Number.POSITIVE_INFINITY }],
	["client-stats", ["c2"], true, "The client has gone."],
	["check-bandwidth", ["c1"], true, "The client is not connected."],
	["stream-length", ["a"], true, "There is no media here."],
];

describe("what an application asks", () => {
	it.each(CASES)("%s %j is answered once, whether the code waits or not", async (question, args, failed, value) => {
		const fixture = new DeskFixture();
		fixture.ask(question, args);
		fixture.ask(question, args, true);
		await expect.poll(() => fixture.replies.length).toBe(2);
		expect(fixture.replies.toSorted(([a], [b]) => a - b)).toEqual([
			[1, failed, value],
			[2, failed, value],
		]);
	});

	it("is answered at once where the code stands still and the answer is known", () => {
		const fixture = new DeskFixture();
		for (const question of ["instance-stats", "client-stats", "bandwidth-limit"] as const) {
			fixture.ask(question, ["c1"], true);
		}
		expect(fixture.replies).toHaveLength(3);
	});

	it("about a client that does not answer, or goes, fails or is denied", async () => {
		const fixture = new DeskFixture();
		fixture.ask("ping", ["c1"]);
		fixture.ask("alive", ["c1"]);
		fixture.pings.shift()?.(undefined);
		fixture.desk.forget("c1");
		await expect.poll(() => fixture.replies.length).toBe(2);
		expect(fixture.replies.toSorted(([a], [b]) => a - b)).toEqual([
			[1, true, "The client did not answer."],
			[2, false, false],
		]);
	});

	it("about media goes to the media of the instance", async () => {
		const fixture = new DeskFixture();
		const answer = async (question: MediaQuestion, args: readonly AmfValue[]): Promise<AmfObject> => ({
			[question]: [...args],
		});
		fixture.media = { act() {}, answer, close() {} };
		fixture.ask("stream-length", ["film"]);
		await expect.poll(() => fixture.replies).toEqual([[1, false, { "stream-length": ["film"] }]]);
	});

	it("fails where too much waits for an answer, until there is less", async () => {
		const fixture = new DeskFixture();
		for (let i = 0; i < 257; i++) fixture.ask("ping", ["c1"]);
		expect(fixture.replies).toEqual([[257, true, "More than 256 questions wait for an answer."]]);
		fixture.pings[0]?.(12);
		await expect.poll(() => fixture.replies.length).toBe(2);
		fixture.ask("ping", ["c1"]);
		expect(fixture.replies).toHaveLength(2);
	});

	it("whose answer cannot be given is a fault, and none of the desk's", async () => {
		const fixture = new DeskFixture();
		const error = new Error("It cannot be encoded.");
		fixture.onReply = () => {
			throw error;
		};
		fixture.ask("instance-stats");
		await expect.poll(() => fixture.faults).toEqual([error]);
	});
});
