import { describe, expect, test } from "vitest";
import { MEDIA_DATA, parseData } from "../flv/index.ts";
import { openMovie } from "./movie.ts";
import { box, buildFile, type FixtureTrack, join, latin, MemorySource, simpleTracks, u8, u16 } from "./mp4-fixture.ts";
import { textMessage } from "./timed-text.ts";

const facts = { trackId: 3, language: "deu" };
const sampleOf = (text: Uint8Array, ...more: readonly Uint8Array[]) => join(u16(text.length), text, ...more);
const said = (sample: Uint8Array) => parseData(textMessage(sample, 40, facts).payload, MEDIA_DATA);

describe("a sample of text", () => {
	const cases: readonly (readonly [string, Uint8Array, string])[] = [
		["UTF-8", sampleOf(new TextEncoder().encode("Grüße")), "Grüße"],
		["UTF-16 behind a byte-order mark", sampleOf(u8(0xfe, 0xff, 0x00, 0x41, 0x20, 0xac)), "A€"],
		["with style boxes behind it", sampleOf(latin("bold"), box("styl", u16(0))), "bold"],
		["nothing, which takes the last away", u16(0), ""],
		["a length that is longer than the sample", join(u16(99), latin("cut")), "cut"],
		["half a length", u8(0), ""],
		["no bytes at all", new Uint8Array(0), ""],
	];
	test.each(cases)("of %s is told as onTextData", (_name, sample, text) => {
		expect(said(sample)).toMatchObject({ handler: "onTextData", values: [{ text, trackid: 3, language: "deu" }] });
	});
});

describe("text tracks", () => {
	// The fixture's samples are filled with one byte: their lengths are larger than they are.
	const text: FixtureTrack = {
		handler: "text",
		entries: [box("tx3g", new Uint8Array(38))],
		timescale: 1000,
		sizes: [6, 6, 6],
		durations: [
			[2, 100],
			[1, 60_000],
		],
	};
	const timesOf = async (...tracks: readonly FixtureTrack[]) => {
		const movie = await openMovie(new MemorySource(buildFile({ tracks })));
		const messages = await movie.cursor().read(1_000_000);
		const texts = messages.filter(({ type }) => type === MEDIA_DATA);
		const bodies = texts.map(({ payload }) => parseData(payload, MEDIA_DATA).values[0] as Record<string, unknown>);
		return { movie, messages, texts: texts.map(({ timestamp }) => timestamp), bodies };
	};

	test("come between picture and sound at their times, and do not last longer than these", async () => {
		const { movie, messages, texts, bodies } = await timesOf(...simpleTracks(), text);
		expect(texts).toEqual([0, 100, 200]);
		expect(bodies.map(body => [body["trackid"], body["language"]])).toEqual(Array(3).fill([3, "eng"]));
		expect(messages.map(({ timestamp }) => timestamp)).toEqual(
			messages.map(({ timestamp }) => timestamp).toSorted((a, b) => a - b),
		);
		expect(messages.filter(({ type }) => type !== MEDIA_DATA).length).toBe(36);
		expect(movie.durationMillis).toBeLessThan(1000);
		const late = await timesOf(...simpleTracks(), {
			...text,
			edits: [
				[3_600_000, -1],
				[300, 0],
			],
		});
		expect([late.texts, late.movie.durationMillis]).toEqual([[], movie.durationMillis]);
	});

	test("that are not enabled, as those of chapters, or broken, are left out", async () => {
		expect((await timesOf(...simpleTracks(), { ...text, isDisabled: true })).texts).toEqual([]);
		const broken = await timesOf(...simpleTracks(), { ...text, entries: [box("c608")] });
		expect([broken.texts, broken.messages.length]).toEqual([[], 36]);
	});
});
