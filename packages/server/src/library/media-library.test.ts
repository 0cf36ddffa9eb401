import { execFileSync } from "node:child_process";
import {
	copyFileSync,
	mkdirSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	truncateSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { FileError } from "@millrace/core/fault";
import { MEDIA_DATA, type MediaMessage } from "@millrace/core/flv";
import { DEFAULT_INSTANCE } from "@millrace/core/rtmp";
import { buildSyntheticVp6, TempDir } from "@millrace/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StreamName } from "../app/index.ts";
import type { GrowingFile, PlacedConfiguration } from "./growing-file.ts";
import { MediaLibrary, type MediaLibraryOptions } from "./media-library.ts";
import { brief, FlvMaker, readAll } from "./test-flv-file.ts";

const SAMPLE = fileURLToPath(new URL("../../media/vod/sample.mp4", import.meta.url));

let dir: TempDir;
let library: MediaLibrary;
let options: MediaLibraryOptions;

beforeEach(() => {
	dir = new TempDir("library");
	options = { applicationsFolder: dir.file("applications"), keepMillis: 20 };
	library = new MediaLibrary(options);
});
afterEach(() => {
	library.close();
	dir.remove();
});

/** An FLV whose one keyframe says which file it is, written long ago. */
function put(path: string, mark = 1): string {
	const file = dir.file(path);
	mkdirSync(dirname(file), { recursive: true });
	const maker = new FlvMaker().key(0, 20 + mark).inter(40);
	writeFileSync(file, maker.bytes());
	utimesSync(file, 1e9, 1e9);
	return file;
}

/** The mark of the file that a name opens; 0: none. */
async function markOf(
	name: string,
	application = "vod",
	instance = DEFAULT_INSTANCE,
	virtualKey?: string,
): Promise<number> {
	const source = await library.open(new StreamName(application, instance, name), virtualKey);
	if (source === undefined) return 0;
	const [key] = await source.cursor().read(1);
	source.release();
	return key!.payload.length - 20;
}

/** The same for a client with a virtual key. */
const keyedMarkOf = (name: string, key?: string) => markOf(name, "vod", DEFAULT_INSTANCE, key);

describe("folders that applications add", () => {
	it("lie in their own folders, and have names of their own", async () => {
		put("applications/vod/archive/old.flv", 7);
		put("applications/vod/later/old.flv", 8);
		put("outside/secret.flv", 9);
		put("applications/other/archive/x.flv", 10);
		symlinkSync(dir.file("outside"), dir.file("applications/vod/link"));
		expect(await markOf("films/old")).toBe(0);
		expect(await library.addDirectory("vod", "/films/", "/archive")).toBe(true);
		expect(await markOf("films/old")).toBe(7);
		expect(await library.addDirectory("vod", "films", "later")).toBe(true);
		expect(await markOf("films/old")).toBe(8);
		expect(await markOf("films/old", "other")).toBe(0);
		expect(await library.addDirectory("vod", "", "archive")).toBe(true);
		expect(await markOf("old")).toBe(7);
		const refused = ["../other/archive", "../../outside", "link", "none", "archive/old.flv"];
		for (const folder of refused) expect(await library.addDirectory("vod", "x", folder), folder).toBe(false);
		for (const prefix of ["..", ".hidden", "a:b"]) {
			expect(await library.addDirectory("vod", prefix, "archive"), prefix).toBe(false);
		}
		expect((await library.list("vod")).map(({ name }) => name)).toContain("films/old");
	});

	it("are for clients with a virtual key where they were added with one", async () => {
		put("applications/vod/media/films/old.flv", 6);
		put("applications/vod/archive/old.flv", 7);
		put("applications/vod/later/old.flv", 8);
		expect(await library.addDirectory("vod", "films", "archive", "A")).toBe(true);
		expect(await library.addDirectory("vod", "films", "later", "B")).toBe(true);
		expect([
			await markOf("films/old"),
			await keyedMarkOf("films/old", "A"),
			await keyedMarkOf("films/old", "B"),
		]).toEqual([6, 7, 8]);
	});

	it("are bounded in number", async () => {
		put("applications/vod/archive/old.flv");
		for (let i = 0; i < 99; i++) await library.addDirectory("vod", `p${i}`, "archive");
		expect(await library.addDirectory("vod", "last", "archive")).toBe(true);
		expect(await library.addDirectory("vod", "more", "archive")).toBe(false);
		expect(await library.addDirectory("vod", "last", "archive")).toBe(true);
	});
});

const sleep = (millis: number) => new Promise(resolve => setTimeout(resolve, millis));

describe("the media library", () => {
	it("looks in the instance's folder, in the application's media folder, then in directories, longest prefix first", async () => {
		options.foldersOf = application =>
			application === "vod"
				? {
						directories: [
							{ prefix: "", path: dir.file("all") },
							{ prefix: "films", path: dir.file("films") },
							{ prefix: "/films/old/", path: dir.file("old-1") },
							{ prefix: "films/old", path: dir.file("old-2") },
						],
						followLinks: false,
					}
				: undefined;
		put("applications/vod/streams/_definst_/a.flv", 1);
		put("applications/vod/media/a.flv", 2);
		put("applications/vod/media/b.flv", 3);
		put("applications/vod/streams/room/sub/a.flv", 4);
		put("all/b.flv", 5);
		put("all/films/old/c.flv", 6);
		put("films/old/c.flv", 7);
		put("old-2/c.flv", 8);
		put("films/d.flv", 9);
		put("all/films/old/e.flv", 10);
		const found: number[] = [];
		for (const name of ["a", "b", "films/old/c", "films/d", "films/old/e", "c", "filmsd"])
			found.push(await markOf(name));
		expect(found).toEqual([1, 3, 8, 9, 10, 0, 0]);
		expect(await markOf("a", "vod", "room/sub")).toBe(4);
		expect(await markOf("b", "vod", "room/sub")).toBe(5);
		expect(await markOf("b", "other")).toBe(0);
	});

	it("looks first in directories with the virtual key, and never in those with another", async () => {
		options.foldersOf = () => ({
			directories: [
				{ prefix: "films", path: dir.file("plain") },
				{ prefix: "films", path: dir.file("a"), virtualKey: "A" },
				{ prefix: "films/old", path: dir.file("a-old"), virtualKey: "A" },
				{ prefix: "films", path: dir.file("b"), virtualKey: "B" },
			],
			followLinks: false,
		});
		put("applications/vod/streams/_definst_/films/x.flv", 1);
		put("plain/y.flv", 2);
		put("a/x.flv", 3);
		put("a/old/x.flv", 4);
		put("a-old/x.flv", 5);
		put("b/z.flv", 6);
		const found = async (key?: string) =>
			Promise.all(["films/x", "films/y", "films/z", "films/old/x"].map(name => keyedMarkOf(name, key)));
		expect(await found()).toEqual([1, 2, 0, 0]);
		expect(await found("A")).toEqual([3, 2, 0, 5]);
		expect(await found("B")).toEqual([1, 2, 6, 0]);
		expect(await found("C")).toEqual([1, 2, 0, 0]);
		const name = new StreamName("vod", "_definst_", "films/z");
		expect([await library.lengthMillis(name), await library.describe(name)]).toEqual([undefined, undefined]);
		expect(await library.lengthMillis(name, "B")).toBeDefined();
		expect(await library.describe(name, "B")).toMatchObject({ name: "films/z" });
		expect((await library.list("vod")).map(listed => listed.name)).toEqual(["films/x", "films/y"]);
	});

	it("finds no file by a name in another case, nor for applications and instances that are no folder's name", async () => {
		put("applications/vod/media/a.flv");
		put("applications/vod/streams/a.flv");
		put("applications/streams/_definst_/a.flv");
		expect(await markOf("a")).toBe(1);
		if (process.platform === "linux") expect(await markOf("A")).toBe(0);
		expect(await markOf("a", "..")).toBe(0);
		expect(await markOf("a", ".")).toBe(0);
		expect(await markOf("a", "")).toBe(0);
		expect(await markOf("media/a", "vod", "..")).toBe(0);
		expect(await markOf("a", "vod/media/..")).toBe(0);
	});

	it("waits for a file that was written just now to grow, unless it was finished here and is as long as then", async () => {
		const path = put("applications/vod/streams/_definst_/a.flv");
		const bytes = readFileSync(path).length;
		const isGrowing = async (finished: number) => {
			library.close();
			const asked: string[] = [];
			options.isFinished = (recorded, size) => asked.push(recorded) > 0 && size === finished;
			library = new MediaLibrary(options);
			utimesSync(path, Date.now() / 1000, Date.now() / 1000);
			const source = (await library.open(new StreamName("vod", DEFAULT_INSTANCE, "a")))!;
			source.release();
			expect(asked).toEqual([path]);
			return source.isGrowing;
		};
		expect([await isGrowing(bytes), await isGrowing(bytes - 1)]).toEqual([false, true]);
	});

	it("follows no link out of the folders unless that is allowed", async () => {
		const outside = put("outside/secret.flv", 7);
		put("applications/vod/media/in.flv", 3);
		symlinkSync(outside, dir.file("applications/vod/media/link.flv"));
		symlinkSync(dir.file("outside"), dir.file("applications/vod/media/dir"));
		symlinkSync("in.flv", dir.file("applications/vod/media/near.flv"));
		symlinkSync("loop.flv", dir.file("applications/vod/media/loop.flv"));
		expect([await markOf("link"), await markOf("dir/secret"), await markOf("near"), await markOf("loop")]).toEqual([
			...[0, 0, 3, 0],
		]);
		expect((await library.list("vod")).map(file => file.name)).toEqual(["in", "near"]);
		options.foldersOf = () => ({ directories: [], followLinks: true });
		expect([await markOf("link"), await markOf("dir/secret"), await markOf("near"), await markOf("loop")]).toEqual([
			...[7, 7, 3, 0],
		]);
		expect((await library.list("vod")).map(file => file.name)).toEqual(["dir/secret", "in", "link", "near"]);
	});

	it.skipIf(process.platform === "win32")(
		"opens no pipes, folders or devices, and does not wait for them",
		async () => {
			mkdirSync(dir.file("applications/vod/media/folder.flv"), { recursive: true });
			execFileSync("mkfifo", [dir.file("applications/vod/media/pipe.flv")]);
			symlinkSync("/dev/zero", dir.file("applications/vod/media/zero.flv"));
			options.foldersOf = () => ({ directories: [], followLinks: true });
			expect([await markOf("folder"), await markOf("pipe"), await markOf("zero")]).toEqual([0, 0, 0]);
			expect(await library.list("vod")).toEqual([]);
		},
	);

	it("tells of a broken file its path and its fault, and of one that cannot be read the system's error", async () => {
		const file = put("applications/vod/media/a.flv");
		truncateSync(file, 5);
		const opened = library.open(new StreamName("vod", DEFAULT_INSTANCE, "a"));
		await expect(opened).rejects.toMatchObject({ code: "FILE_INVALID", message: expect.stringContaining(file) });
		await expect(library.lengthMillis(new StreamName("vod", DEFAULT_INSTANCE, "a"))).rejects.toThrow(FileError);
		expect(await (await library.list("vod"))[0]!.lengthMillis()).toBeUndefined();
		expect(library.openFiles).toBe(0);
		put("applications/vod/media/film.mp4");
		await expect(markOf("mp4:film")).rejects.toMatchObject({ code: "FILE_INVALID" });
	});

	it("opens a file once for all who play it, and closes it some time after the last one left", async () => {
		put("applications/vod/media/a.flv");
		const name = new StreamName("vod", DEFAULT_INSTANCE, "a");
		const [one, two] = await Promise.all([library.open(name), library.open(name)]);
		expect(library.openFiles).toBe(1);
		one!.release();
		one!.release();
		await sleep(60);
		expect(library.openFiles).toBe(1);
		expect(await two!.cursor().read(1)).toHaveLength(2);
		two!.release();
		const again = await library.open(name);
		await sleep(60);
		expect(library.openFiles).toBe(1);
		again!.release();
		await sleep(60);
		expect(library.openFiles).toBe(0);
		await expect(two!.cursor().read(1)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
	});

	it("plays a file that was replaced to those who come later, and the old one on to those who have it", async () => {
		const file = put("applications/vod/media/a.flv", 1);
		const old = await library.open(new StreamName("vod", DEFAULT_INSTANCE, "a"));
		renameSync(put("new.flv", 2), file);
		expect(await markOf("a")).toBe(2);
		expect((await old!.cursor().read(1))[0]!.payload.length).toBe(21);
		rmSync(file);
		expect(await markOf("a")).toBe(0);
		expect((await readAll(old!.cursor())).length).toBe(2);
		old!.release();
	});

	it("lists what can be played, with sizes and lengths", async () => {
		writeFileSync(put("applications/vod/media/dir/vp6.flv"), buildSyntheticVp6(2));
		put("applications/vod/streams/_definst_/a.flv");
		put("applications/vod/media/a.flv");
		put("applications/vod/media/.hidden.flv");
		put("applications/vod/media/notes.txt");
		put("applications/vod/media/film.m4v");
		const files = await library.list("vod");
		expect(files.map(file => file.name)).toEqual(["a", "dir/vp6", "mp4:film.m4v"]);
		expect(await Promise.all(files.map(file => file.lengthMillis()))).toEqual([80, 2000, undefined]);
		expect(files[0]!.bytes).toBeGreaterThan(50);
		expect(await library.lengthMillis(new StreamName("vod", DEFAULT_INSTANCE, "dir/vp6"))).toBe(2000);
		expect(await library.lengthMillis(new StreamName("vod", DEFAULT_INSTANCE, "none"))).toBeUndefined();
		put("applications/vod/streams/room/b.flv");
		expect((await library.list("vod", "room")).map(file => file.name)).toEqual(["b"]);
		expect(await library.list("vod", "../vod")).toEqual([]);
		expect(await library.list("other")).toEqual([]);
		expect(await library.list("..")).toEqual([]);
	});

	it("plays F4V, MP4, M4V, M4A and MOV files", async () => {
		const names = ["a.f4v", "b.mp4", "c.m4v", "d.m4a", "e.mov"];
		for (const name of names) copyFileSync(SAMPLE, put(`applications/vod/media/${name}`));
		for (const name of [...names, "mp4:a.f4v", "mp4:b", "mp4:e", "b"]) {
			const source = await library.open(new StreamName("vod", DEFAULT_INSTANCE, name));
			expect([name, source?.durationMillis]).toEqual([name, 8000]);
			source?.release();
		}
		const files = await library.list("vod");
		expect(files.map(({ name, file, kind }) => [name, file, kind])).toEqual(
			names.map(name => [`mp4:${name}`, name, "mp4"]),
		);
	});

	it("lists what was recorded of named instances, under names by which it is found", async () => {
		put("applications/vod/streams/_definst_/a.flv", 1);
		put("applications/vod/streams/room/a.flv", 2);
		copyFileSync(SAMPLE, put("applications/vod/streams/room/b.mp4"));
		put("applications/vod/streams/hall/sub/c.flv", 3);
		put("applications/vod/streams/nobody.flv", 4);
		put("applications/vod/streams/.hidden/d.flv", 5);
		const files = await library.list("vod");
		expect(files.map(({ instance, name, file }) => [instance, name, file])).toEqual([
			["_definst_", "a", "a.flv"],
			["hall", "sub/c", "sub/c.flv"],
			["room", "a", "a.flv"],
			["room", "mp4:b.mp4", "b.mp4"],
		]);
		const marks = await Promise.all(
			files.filter(({ kind }) => kind === "flv").map(({ instance, name }) => markOf(name, "vod", instance)),
		);
		expect(marks).toEqual([1, 3, 2]);
		expect(await markOf("c", "vod", "hall/sub")).toBe(3);
	});

	it("describes the file that a name plays, and opens it as it lies on the disk by its path alone", async () => {
		const path = put("applications/vod/media/dir/a.flv");
		put("applications/vod/media/notes.txt");
		put("secret.flv");
		const name = (text: string) => new StreamName("vod", DEFAULT_INSTANCE, text);
		expect(await library.describe(name("flv:dir/a"))).toMatchObject({
			...{ name: "flv:dir/a", file: "dir/a.flv", kind: "flv", modifiedMillis: 1e12, isGrowing: false },
			bytes: readFileSync(path).length,
		});
		expect(await library.describe(name("b"))).toBeUndefined();
		const file = await library.openFile(name("dir/a.flv"));
		expect(file).toMatchObject({ size: readFileSync(path).length, modifiedMillis: 1e12, isGrowing: false });
		expect(Buffer.from(await file!.read(0, 3)).toString()).toBe("FLV");
		file!.close();
		for (const text of ["dir/a", "flv:dir/a.flv", "notes.txt", "../../../secret.flv", "dir/../dir/a.flv", "dir"])
			expect([text, await library.openFile(name(text))]).toEqual([text, undefined]);
	});
});

/** A recording in progress, as the recorder tells it. */
class FakeRecording implements GrowingFile {
	readonly path: string;
	readableBytes = 0;
	durationMillis = 0;
	readonly hasVideo = true;
	readonly hasAudio = false;
	readonly metadata = { live: 1 };
	readonly keyframes = { count: 0, times: new Float64Array(100), positions: new Float64Array(100) };
	readonly configurations: PlacedConfiguration[] = [];
	isFinished = false;
	readonly maker = new FlvMaker().data(0, "onMetaData", { duration: 0 });
	readonly #listeners = new Set<() => void>();

	constructor(path: string) {
		this.path = path;
		mkdirSync(dirname(path), { recursive: true });
		this.flush();
	}

	onGrowth(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Writes everything, and a piece of the next tag. */
	flush(): void {
		const { maker, keyframes } = this;
		writeFileSync(this.path, Buffer.concat([maker.bytes(), Buffer.from([9, 0, 0])]));
		this.readableBytes = maker.length;
		keyframes.count = 0;
		this.configurations.length = 0;
		for (const { offset, message } of maker.tags) {
			if (message.type === MEDIA_DATA) continue;
			this.durationMillis = message.timestamp + 40;
			if (message.isConfiguration) this.configurations.push({ position: offset, message });
			if (!message.isKeyframe) continue;
			keyframes.times[keyframes.count] = message.timestamp;
			keyframes.positions[keyframes.count++] = offset;
		}
		for (const listener of [...this.#listeners]) listener();
	}
}

describe("a file that our recorder is writing", () => {
	const briefs = (messages: readonly MediaMessage[]) => messages.map(brief);

	it("is played from any place, followed as it grows, and ends when it is finished", async () => {
		const path = join(options.applicationsFolder, "live", "streams", DEFAULT_INSTANCE, "cam.flv");
		const recording = new FakeRecording(path);
		options.growing = asked => (asked === path ? recording : undefined);
		const name = new StreamName("live", DEFAULT_INSTANCE, "cam");
		// What stands there as yet is the file that it replaces.
		const { readableBytes } = recording;
		put("applications/live/streams/_definst_/cam.flv", 5);
		recording.readableBytes = 0;
		expect(await markOf("cam", "live")).toBe(5);
		recording.flush();
		expect(recording.readableBytes).toBe(readableBytes);
		const source = (await library.open(name))!;
		expect([source.isGrowing, source.durationMillis, { ...source.metadata }]).toEqual([true, 0, { live: 1 }]);
		const cursor = source.cursor();
		expect([await cursor.seek(5000), await cursor.read(4096)]).toEqual([0, []]);
		let grown = 0;
		source.onGrowth(() => grown++);
		recording.maker.avcConfiguration().key(0).inter(40).key(80);
		recording.flush();
		expect(briefs(await readAll(cursor))).toEqual(["V0c", "V0k", "v40", "V80k"]);
		expect([grown, source.durationMillis, source.bytes]).toEqual([1, 120, recording.maker.length]);
		recording.maker.inter(120).avcConfiguration(9, 160).key(160).inter(200);
		recording.flush();
		expect(briefs(await readAll(cursor))).toEqual(["v120", "V160c", "V160k", "v200"]);
		const late = (await library.open(name))!;
		await sleep(60);
		expect(library.openFiles).toBe(1);
		const other = late.cursor();
		expect(await other.seek(130)).toBe(80);
		expect(other.configurations()[0]!.payload.at(-1)).toBe(0);
		expect(await other.seek(1e9)).toBe(160);
		expect(other.configurations()[0]!.payload.at(-1)).toBe(9);
		recording.maker.key(240);
		recording.flush();
		expect(await other.seek(1e9)).toBe(240);
		recording.isFinished = true;
		recording.flush();
		expect([grown, source.isGrowing]).toEqual([4, false]);
		expect(briefs(await readAll(cursor))).toEqual(["V240k"]);
		source.release();
		late.release();
		expect(await library.lengthMillis(name)).toBe(280);
	});
});
