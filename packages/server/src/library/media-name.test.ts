import { describe, expect, it } from "vitest";
import { nameCandidates, nameOfFile } from "./media-name.ts";

const CASES: readonly (readonly [name: string, files: readonly string[]])[] = [
	["sample", ["flv sample.flv", "mp4 sample.mp4", "mp3 sample.mp3"]],
	["sample.flv", ["flv sample.flv.flv", "flv sample.flv", "mp4 sample.flv.mp4", "mp3 sample.flv.mp3"]],
	["a/b/film.MP4", ["flv a/b/film.MP4.flv", "mp4 a/b/film.MP4", "mp4 a/b/film.MP4.mp4", "mp3 a/b/film.MP4.mp3"]],
	["v1.2", ["flv v1.2.flv", "mp4 v1.2.mp4", "mp3 v1.2.mp3"]],
	["flv:sample", ["flv sample.flv"]],
	["flv:sample.flv", ["flv sample.flv", "flv sample.flv.flv"]],
	["mp3:song", ["mp3 song.mp3"]],
	["id3:dir/song.mp3", ["id3 dir/song.mp3", "id3 dir/song.mp3.mp3"]],
	["mp4:film", ["mp4", "f4v", "m4v", "mov", "m4a", "3gp"].map(extension => `mp4 film.${extension}`)],
	[
		"mp4:film.f4v",
		["mp4 film.f4v", ...["mp4", "f4v", "m4v", "mov", "m4a", "3gp"].map(extension => `mp4 film.f4v.${extension}`)],
	],
	["ü %2e&=+'", ["flv ü %2e&=+'.flv", "mp4 ü %2e&=+'.mp4", "mp3 ü %2e&=+'.mp3"]],
];

const REFUSED = [
	...[
		"",
		"..",
		".",
		"../x",
		"a/../x",
		"a/./x",
		"/x",
		"//x",
		"a//x",
		"a/",
		"flv:../x",
		"mp4:/etc/passwd",
		"mp4:",
		"flv:/",
	],
	...[
		"a\\b",
		"..\\x",
		"C:\\x",
		"C:x",
		"c:/x",
		"x::$DATA",
		"flv:C:x",
		"\\\\host\\share",
		"a\0b",
		"x\0.flv",
		"a\nb",
		"a\x7fb",
	],
	...["x.", "x ", "dir./x", "dir /x", "...", "a/.../x", ".hidden", "a/.git/config", "x*", "x?y", 'x"', "x<", "x|y"],
	...["raw:event", "f4f:x", "amf:x", "mp4:mp4:x", "x".repeat(2000), `${"a/".repeat(40)}x`],
];

describe("a name", () => {
	it.each(CASES)("%s means, in this order, the files that the old servers looked for", (name, files) => {
		expect(nameCandidates(name).map(({ kind, path }) => `${kind} ${path}`)).toEqual(files);
	});

	it.each(REFUSED)("%j means nothing", name => {
		expect(nameCandidates(name)).toEqual([]);
	});

	it("of a listed file leads back to it", () => {
		for (const path of ["a.flv", "dir/b.FLV", "c.mp4", "d.f4v", "e.Mov", "f.mp3", "x.y.flv", "a/b.m4a"]) {
			const name = nameOfFile(path);
			const found = nameCandidates(name ?? "").map(candidate => candidate.path.toLowerCase());
			expect(found[0]).toBe(path.toLowerCase());
		}
		expect(["a.txt", "flv", ".x.flv", "a", "../a.flv"].map(nameOfFile)).toEqual(Array(5).fill(undefined));
	});
});
