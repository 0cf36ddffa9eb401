import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	audioConfiguration,
	data,
	HubFixture,
	keyframe,
	picture,
	type Sent,
	sound,
	type TestViewer,
	videoConfiguration,
} from "./hub-fixture.ts";

/**
 * What the publisher did, by letter: K keyframe, P picture, A sound, D data by `send`; and what viewer 0 or 1 does. Viewers that join
 * `together` are written to together, until one leaves the group, or its network takes less than a block.
 */
type Act =
	| { readonly kind: "K" | "P" | "A" | "D"; readonly flush: boolean }
	| { readonly kind: "join"; readonly together: boolean }
	| { readonly kind: "pause" | "resume" | "block" | "drain" | "leave"; readonly viewer: number }
	| { readonly kind: "filter"; readonly viewer: number; readonly audio: boolean; readonly video: boolean };

const act: fc.Arbitrary<Act> = fc.oneof(
	{ weight: 8, arbitrary: fc.record({ kind: fc.constantFrom("P", "A", "D"), flush: fc.boolean() }) },
	{ weight: 2, arbitrary: fc.record({ kind: fc.constant("K"), flush: fc.boolean() }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant("join"), together: fc.boolean() }) },
	{
		weight: 4,
		arbitrary: fc.record({
			kind: fc.constantFrom("pause", "resume", "block", "drain", "leave"),
			viewer: fc.integer({ min: 0, max: 1 }),
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			kind: fc.constant("filter"),
			viewer: fc.integer({ min: 0, max: 1 }),
			audio: fc.boolean(),
			video: fc.boolean(),
		}),
	},
);

/** Runs a session, and returns what was published (in order, `K12`) and what each viewer got. */
function run(acts: readonly Act[], maxBytes: number): { sent: string[]; viewers: { start: number; got: string[] }[] } {
	const fixture = new HubFixture({ viewerQueue: { maxBytes, maxMillis: 1e9, closeAfterMillis: 1e9 } });
	const publisher = fixture.publish();
	publisher.play(100, videoConfiguration(1), audioConfiguration(2));
	const sent: string[] = [];
	const viewers: { start: number; got: string[]; sink: TestViewer }[] = [];
	const at = (index: number): TestViewer | undefined => viewers[index]?.sink;
	for (const step of acts) {
		switch (step.kind) {
			case "join":
				if (viewers.length < 2) {
					const sink = step.together ? fixture.watchTogether() : fixture.watch(`shape ${viewers.length}`);
					viewers.push({ start: sent.length, got: [], sink });
				}
				break;
			case "leave":
				at(step.viewer)?.membership?.leave();
				break;
			case "pause":
			case "resume":
				at(step.viewer)?.viewer.setPaused(step.kind === "pause");
				break;
			case "block": {
				const sink = at(step.viewer);
				if (sink !== undefined) sink.blocked = true;
				break;
			}
			case "drain":
				at(step.viewer)?.drain(fixture.clock.now());
				break;
			case "filter":
				at(step.viewer)?.viewer.setFilter(step.audio, step.video);
				break;
			default: {
				const id = sent.length;
				const messages: Record<string, Sent> = { K: keyframe(id), P: picture(id), A: sound(id), D: data("D", `${id}`) };
				sent.push(`${step.kind}${id}`);
				publisher.send(messages[step.kind]!);
				publisher.time += 10;
				if (step.flush) fixture.clock.advance(50);
			}
		}
	}
	for (const { sink } of viewers) {
		sink.viewer.setPaused(false);
		sink.drain(fixture.clock.now());
	}
	fixture.clock.advance(50);
	for (const viewer of viewers) {
		expect(viewer.sink.viewer.messages).toBe(viewer.sink.received);
		// Configurations may be repeated wherever a viewer goes on, and are no part of the run.
		viewer.got = viewer.sink
			.take()
			.map(name => name.replace("D,", "D"))
			.filter(name => !/^[av]/.test(name));
	}
	return { sent, viewers };
}

const number = (name: string): number => Number(name.slice(1));

describe("a viewer of a live stream, whatever happens", () => {
	const unfiltered = act.filter(step => step.kind !== "filter");

	it("gets a contiguous run from a keyframe on, each message once and in order, while it keeps up", () => {
		const steady = unfiltered.filter(step => !["pause", "resume", "block"].includes(step.kind));
		fc.assert(
			fc.property(fc.array(steady, { maxLength: 60, size: "max" }), acts => {
				const { sent, viewers } = run(acts, 1e9);
				for (const { got } of viewers) {
					if (got.length === 0) continue;
					expect(got).toEqual(sent.slice(sent.length - got.length));
					if (sent.slice(0, number(got[0]!) + 1).some(name => name.startsWith("P"))) expect(got[0]).toMatch(/^K/);
				}
			}),
			{ numRuns: 300 },
		);
	});

	it("goes on at a keyframe after each gap, in order and nothing twice, through pauses and skips", () => {
		fc.assert(
			fc.property(
				fc.array(unfiltered, { maxLength: 80, size: "max" }),
				fc.constantFrom(20, 60, 1e9),
				(acts, maxBytes) => {
					const { sent, viewers } = run(acts, maxBytes);
					for (const { got } of viewers) {
						for (let i = 0; i < got.length; i++) {
							expect(sent).toContain(got[i]);
							if (i === 0) continue;
							const [before, here] = [number(got[i - 1]!), number(got[i]!)];
							expect(here).toBeGreaterThan(before);
							if (here > before + 1) expect(got[i]).toMatch(/^K/);
						}
					}
				},
			),
			{ numRuns: 500 },
		);
	});

	it("gets of what it filters exactly what it wants, and pictures only behind their keyframe", () => {
		fc.assert(
			fc.property(fc.array(act, { maxLength: 80, size: "max" }), fc.constantFrom(60, 1e9), (acts, maxBytes) => {
				const { sent, viewers } = run(acts, maxBytes);
				for (const { got } of viewers) {
					expect(new Set(got).size).toBe(got.length);
					for (const medium of [/^[KP]/, /^[AD]/]) {
						const numbers = got.filter(name => medium.test(name)).map(number);
						expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
					}
					const pictures = got.filter(name => /^[KP]/.test(name));
					for (const [i, name] of pictures.entries()) {
						if (name.startsWith("K")) continue;
						const before = sent.slice(0, number(name)).findLast(other => /^[KP]/.test(other));
						expect(pictures[i - 1]).toBe(before);
					}
				}
			}),
			{ numRuns: 500 },
		);
	});
});
