import { expect, it } from "vitest";
import { namePattern } from "./name-pattern.ts";

const NAMES = ["report1", "report2", "shows/talk", "mp4:film.f4v", "mp3:song"];

it.each<[string, string[]]>([
	["/", NAMES],
	["/*", NAMES],
	["*", NAMES],
	["/report*", ["report1", "report2"]],
	["report?", ["report1", "report2"]],
	["report", []],
	["/shows/*", ["shows/talk"]],
	["mp4:film.f4v", ["mp4:film.f4v"]],
	["mp4:/*", ["mp4:film.f4v"]],
	["MP4:*", ["mp4:film.f4v"]],
	["flv:/report1", ["report1"]],
	["mp3:*", ["mp3:song"]],
	["film.f4v", ["mp4:film.f4v"]],
	["re.ort1", []],
])("%s means %j", (path, meant) => {
	expect(NAMES.filter(namePattern(path))).toEqual(meant);
});
