import { beforeEach, expect, it } from "vitest";
import { EFFECT_BYTES, EffectQueue } from "./effect-queue.ts";
import type { PortEffect } from "./port.ts";

const CLIENTS = Array.from({ length: 100 }, (_, index) => `c${index + 1}`);
/** What each thing costs that is told, in milliseconds. */
const TELL_MILLIS = 0.5;
const WAITING_BYTES = 1000 + 10 * EFFECT_BYTES;

let now = 0;
let told: string[] = [];
let handled: number[] = [];
let later: (() => void)[] = [];
let queue: EffectQueue;
/** Called when something narrow is carried out. */
let onApply: (() => void) | undefined;

function makeQueue(isSpread: boolean): EffectQueue {
	return new EffectQueue(
		{
			apply(effect) {
				told.push(effect.kind === "log" ? effect.text : effect.kind);
				onApply?.();
				if (effect.kind === "shutdown") throw new Error("no");
			},
			tell(client, effects) {
				for (const effect of effects) {
					now += TELL_MILLIS;
					told.push(`${client} ${effect.kind === "broadcast" ? effect.name : effect.body.length}`);
				}
			},
			everybody: () => CLIENTS,
			beginTurn: () => {},
			endTurn: () => {},
			onHandled: events => handled.push(events),
			onFault: effect => told.push(`fault of ${effect.kind}`),
		},
		{
			now: () => now,
			waitingBytes: WAITING_BYTES,
			schedule: isSpread
				? (_millis, action) => {
						later.push(action);
						return () => {
							later = later.filter(each => each !== action);
						};
					}
				: undefined,
		},
	);
}

beforeEach(() => {
	now = 0;
	told = [];
	handled = [];
	later = [];
	onApply = undefined;
	queue = makeQueue(true);
});

const note = (text: string): PortEffect => ({ kind: "log", level: "info", text });
const broadcast = (name: string): PortEffect => ({ kind: "broadcast", name, args: [] });
const objects = (bytes: number): PortEffect => ({
	kind: "shared-object",
	clients: ["c2", "c3"],
	type: 16,
	body: new Uint8Array(bytes),
});

/** Lets all turns pass; returns how many there were. */
function run(): number {
	let turns = 0;
	for (let next = later.shift(); next !== undefined; next = later.shift()) {
		turns++;
		now += 10;
		next();
	}
	return turns;
}

it("carries out at once, in order, what takes no time", () => {
	queue.take([note("a"), objects(1), note("b")], 3);
	queue.take([{ kind: "shutdown" }, note("c")], 4);
	expect(told).toEqual(["a", "c2 1", "c3 1", "b", "shutdown", "fault of shutdown", "c"]);
	expect([handled, queue.isBusy, later.length]).toEqual([[3, 4], false, 0]);
});

it("tells many clients in many turns, each of them all of a row at once, and keeps the order of everything", () => {
	queue.take([note("first"), broadcast("a"), objects(1), broadcast("b"), note("then")], 7);
	queue.take([note("last")], 8);
	expect(told[0]).toBe("first");
	expect(told.length).toBeLessThan(60);
	expect([handled, queue.isBusy]).toEqual([[], true]);
	expect(run()).toBeGreaterThan(5);
	expect(told.slice(-2)).toEqual(["then", "last"]);
	const wide = told.slice(1, -2);
	expect(wide.slice(0, 6)).toEqual(["c1 a", "c1 b", "c2 a", "c2 1", "c2 b", "c3 a"]);
	expect(wide.filter(line => line.endsWith(" b")).map(line => line.split(" ")[0])).toEqual(CLIENTS);
	expect([wide.length, handled, queue.isBusy]).toEqual([202, [7, 8], false]);
});

it("lets nobody bring more than may wait, in bytes or in number: who does waits until it is done", () => {
	queue.take([broadcast("a")], 1);
	expect(queue.isBusy).toBe(true);
	queue.take([objects(100)], 2);
	expect(queue.isBusy).toBe(true);
	queue.take([objects(WAITING_BYTES)], 3);
	expect([queue.isBusy, told.length, handled, later.length]).toEqual([false, 104, [1, 2, 3], 0]);

	queue.take([broadcast("a")], 4);
	const waiting = WAITING_BYTES / EFFECT_BYTES;
	for (let count = 2; count <= waiting; count++) queue.take([note(`${count}`)], 4);
	expect(told.length).toBeLessThan(200);
	queue.take([note("one too many")], 4);
	expect([told.length, told.at(-1), handled.at(-1)]).toEqual([204, "c100 a", 4]);
	run();
	expect([queue.isBusy, told.at(-1)]).toEqual([false, "one too many"]);
});

it("carries out what an effect brings about behind it, and nothing more once it is cleared", () => {
	onApply = () => {
		onApply = undefined;
		queue.take([note("brought about")], 2);
	};
	queue.take([note("a"), note("b")], 1);
	expect(told).toEqual(["a", "b", "brought about"]);
	onApply = () => queue.clear();
	queue.take([note("c"), note("d")], 3);
	expect([told.at(-1), queue.isBusy, handled]).toEqual(["c", false, [1, 2]]);
	onApply = undefined;
	queue.take([broadcast("a")], 4);
	queue.clear();
	expect([run(), queue.isBusy]).toEqual([0, false]);
	queue.take([note("e")], 5);
	expect(told.at(-1)).toBe("e");
});

it("without a schedule carries out everything at once", () => {
	queue = makeQueue(false);
	queue.take([broadcast("a"), note("b")], 1);
	expect([told.length, told.at(-1), queue.isBusy]).toEqual([101, "b", false]);
});
