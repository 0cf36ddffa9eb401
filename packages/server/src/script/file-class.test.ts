import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { defineFile, MAX_OPEN_FILES } from "./file-class.ts";
import { realmFixture } from "./realm-fixture.ts";
import type { ScriptRealm } from "./script-realm.ts";

const temporary = realpathSync(mkdtempSync(join(tmpdir(), "script-file-")));
const outside = join(temporary, "outside");
const videos = join(temporary, "videos");
let count = 0;
let folder = "";
let realm: ScriptRealm;
mkdirSync(outside);
mkdirSync(videos);
writeFileSync(join(outside, "secret.txt"), "secret");
writeFileSync(join(videos, "a.flv"), "FLV");

beforeEach(() => {
	folder = join(temporary, `application${count++}`);
	mkdirSync(folder);
	const fixture = realmFixture({ folder });
	realm = fixture.realm;
	defineFile(realm, { folder, virtualDirectories: new Map([["/videos", videos]]) });
});
afterAll(() => {
	realm.close();
	rmSync(temporary, { recursive: true });
});

/** What a script gives, as plain data. */
const run = (source: string) => realm.fromScript(realm.run(source, "main.asc"));
const read = (name: string) => readFileSync(join(folder, name), "latin1");
const write = (name: string, text: string | Uint8Array) => writeFileSync(join(folder, name), text);

describe("File of old scripts", () => {
	it("keeps a little database: creates, appends, reads back line by line", () => {
		const lines = run(`
			var db = new File("/users.txt");
			var log = [db.exists, db.open("text", "create"), db.writeln("ann", ";", 1), db.write("bob;2\\r\\n"), db.close()];
			log.push(db.open("text", "append"), db.writeAll(["eve;3", 4]), db.close());
			db.open("text", "read");
			while (!db.eof()) log.push(db.readln());
			log.push(db.readln(), db.close(), db.length, db.exists, db.isFile, db.isDirectory);
			log;
		`);
		expect(lines).toEqual([
			...[false, true, true, true, true],
			...[true, true, true],
			...["ann;1", "bob;2", "eve;3", "4"],
			...[null, true, 21, true, true, false],
		]);
		expect(read("users.txt")).toBe("ann;1\nbob;2\r\neve;3\n4\n");
	});

	it("gives what is left as lines, and so many characters, not bytes", () => {
		write("t.txt", "\ufeffgrün und\nblau\n\nrot");
		expect(
			run(`
				var f = new File("t.txt");
				f.open("utf8", "read");
				var first = f.read(4);
				[first, f.position, f.read(), f.readAll(), f.eof(), f.readAll()];
			`),
		).toEqual(["grün", 8, "", [" und", "blau", "", "rot"], true, []]);
	});

	it("takes a line that is no UTF-8 for Western European, as the editors of the time wrote it", () => {
		write("t.txt", Buffer.from("gr\xfcn\ngr\xc3\xbcn\n", "latin1"));
		expect(run(`var f = new File("t.txt"); f.open("text", "read"); f.readAll();`)).toEqual(["grün", "grün"]);
	});

	it("finds out by the byte order mark that a text is UTF-8, and takes none for UTF-16", () => {
		write("marked.txt", "\ufeffgrün");
		write("plain.txt", Buffer.from("\xff\xfea\n", "latin1"));
		expect(
			run(`
				var f = new File("marked.txt"), g = new File("plain.txt"), h = new File("marked.txt");
				f.open("text", "read"); g.open("text", "read"); h.open("binary", "read");
				[f.type, f.readln(), g.type, g.readln(), h.type, h.readByte()];
			`),
		).toEqual(["utf8", "grün", "text", "ÿþa", "binary", 0xef]);
	});

	it("flushes what is open for writing, and nothing else", () => {
		expect(
			run(`
				var f = new File("t.txt"), log = [f.flush(), f.open("text", "create"), f.flush(), f.close(), f.flush()];
				log.concat(f.open("text", "read"), f.flush());
			`),
		).toEqual([false, true, true, true, false, true, false]);
	});

	it("opens no more than an instance may have open", () => {
		write("t.txt", "x");
		expect(
			run(`
				var files = [], count = 0;
				for (var i = 0; i < 300; i++) { files[i] = new File("t.txt"); if (files[i].open("text", "read")) count++; }
				var refused = files[299].open("text", "read"); files[0].close();
				[count, refused, files[299].open("text", "read")];
			`),
		).toEqual([MAX_OPEN_FILES, false, true]);
	});

	it("reads and writes bytes, and moves by so many from where it is", () => {
		expect(
			run(`
				var f = new File("b.bin");
				f.open("binary", "create,read");
				for (var i = 0; i < 5; i++) f.writeByte(250 + i);
				var log = [f.mode, f.type, f.position, f.seek(-4), f.readByte(), f.seek(1), f.readByte(), f.readByte(), f.readByte()];
				f.position = 0;
				log.push(f.readByte(), f.read(1), f.write("x"), f.seek(-9));
				log;
			`),
		).toEqual(["create,read", "binary", 5, 1, 251, 3, 253, 254, -1, 250, "", false, 0]);
	});

	it("reads a file that is larger than what it reads at once, with lines across the seams", () => {
		const lines = Array.from({ length: 9000 }, (_, index) => `line ${index} ${"ü".repeat(index % 17)}`);
		write("big.txt", lines.join("\n"));
		expect(run(`var f = new File("big.txt"); f.open("utf8", "read"); f.readAll();`)).toEqual(lines);
	});

	it("writes over a file that is there with readWrite, and makes none", () => {
		write("t.txt", "abcdef");
		expect(
			run(`
				var f = new File("t.txt");
				f.open("text", "readWrite");
				var log = [f.canRead, f.canWrite, f.canAppend, f.canReplace, f.read(2), f.write("XY"), f.read(1)];
				f.close();
				log.concat(f.canRead, f.mode, f.position, new File("none.txt").open("text", "readWrite"));
			`),
		).toEqual([true, true, false, false, "ab", true, "e", undefined, undefined, undefined, false]);
		expect(read("t.txt")).toBe("abXYef");
	});

	it("lists a folder by name, with a filter that is given names, and tells its paths from the root", () => {
		mkdirSync(join(folder, "streams"));
		for (const name of ["b.flv", "a.flv", "c.txt"]) write(`streams/${name}`, "x");
		expect(
			run(`
				var d = new File("streams");
				var names = function (list) { var n = []; for (var i = 0; i < list.length; i++) n.push(list[i].name); return n; };
				[names(d.list()), names(d.list(function (n) { return n.indexOf(".flv") > 0; })), d.length, d.isDirectory,
					String(new File("/")), names(new File("/").list()), new File("/streams/a.flv").list(), d.list()[0] instanceof File];
			`),
		).toEqual([
			["/streams/a.flv", "/streams/b.flv", "/streams/c.txt"],
			["/streams/a.flv", "/streams/b.flv"],
			...[3, true, "/", ["/streams"], null, true],
		]);
	});

	it("makes, copies, renames and removes, a folder with all in it only where it is told to", () => {
		expect(
			run(`
				var root = new File("/");
				var log = [root.mkdir("bans"), root.mkdir("bans"), root.mkdir("no/such"), new File("/bans/x").mkdir("y")];
				var f = new File("/bans/1.txt");
				f.open("text", "create"); f.write("1");
				log.push(f.copyTo("/bans/2.txt"), f.close(), f.copyTo("/bans/2.txt"), f.renameTo("/bans/3.txt"), f.exists);
				log.push(new File("/bans").remove(), new File("/bans/3.txt").remove(), new File("/bans/3.txt").remove());
				log.concat(new File("/bans").remove(true), new File("/bans").exists, root.remove(true), root.renameTo("/x"));
			`),
		).toEqual([
			...[true, false, false, false],
			...[false, true, true, true, false],
			...[false, true, false],
			...[true, false, false, false],
		]);
	});

	it("tells times as dates of the realm", () => {
		write("t.txt", "x");
		expect(
			run(`
				var f = new File("t.txt");
				[f.lastModified instanceof Date, f.creationTime instanceof Date, new Date() - f.lastModified < 60000,
					new File("none").lastModified];
			`),
		).toEqual([true, true, true, undefined]);
	});

	it("reaches virtual directories by their path, and only they lead out of the folder", () => {
		expect(
			run(`
				var f = new File("/videos/a.flv");
				f.open("text", "read");
				[f.name, f.readln(), new File("/videos").list().length, new File("/videos").remove(true), new File("/videosx").exists];
			`),
		).toEqual(["/videos/a.flv", "FLV", 1, false, false]);
	});

	it.each([
		"../outside/secret.txt",
		"/../outside/secret.txt",
		"a/../../outside/secret.txt",
		"/videos/../outside/secret.txt",
		"./t.txt",
		"a\\..\\t.txt",
		"c:/t.txt",
		"",
		"t.txt\0",
		"/link/secret.txt",
		"/link",
		"/file-link",
		"/dangling",
		"/link/new.txt",
		`/${"x".repeat(2000)}`,
	])("refuses the path %j in every way", path => {
		write("t.txt", "x");
		mkdirSync(join(folder, "a"));
		symlinkSync(outside, join(folder, "link"));
		symlinkSync(join(outside, "secret.txt"), join(folder, "file-link"));
		symlinkSync(join(outside, "made.txt"), join(folder, "dangling"));
		Reflect.set(realm.global, "path", path);
		expect(
			run(`
				var f = new File(path), t = new File("t.txt");
				[f.exists, f.isFile, f.isDirectory, f.length, f.list(), f.open("text", "read"), f.open("text", "create"),
					f.open("text", "append"), f.mkdir("n"), f.remove(true), f.renameTo("u.txt"), f.copyTo("u.txt"), t.copyTo(path),
					t.renameTo(path), new File("/").mkdir(path), f.readln(), f.write("x"), f.close(), f.eof()];
			`),
		).toEqual([
			...[false, false, false, undefined, null, false, false],
			...[false, false, false, false, false, false],
			...[false, false, null, false, false, true],
		]);
		expect(run(`new File("/").list().length`)).toBe(2);
		expect(readFileSync(join(outside, "secret.txt"), "utf8")).toBe("secret");
	});

	it("removes a folder with a link in it without following it", () => {
		mkdirSync(join(folder, "d"));
		symlinkSync(outside, join(folder, "d", "link"));
		expect(run(`new File("d").remove(true)`)).toBe(true);
		expect(readFileSync(join(outside, "secret.txt"), "utf8")).toBe("secret");
	});

	it("refuses unknown types and modes, a second opening, and a method of another object", () => {
		write("t.txt", "x");
		expect(
			run(`
				var f = new File("t.txt"), caught = "";
				var log = [f.open("text"), f.open("unicode", "read"), f.open("text", "write"), f.open("text", "read,append"),
					f.open("text", "read"), new File("/").open("text", "read")];
				try { File.prototype.readln.call({}); } catch (e) { caught = e instanceof TypeError; }
				log.concat(caught);
			`),
		).toEqual([false, false, false, true, false, false, true]);
	});

	it("closes what scripts leave open when their realm ends", () => {
		run(`var f = new File("t.txt"); f.open("text", "create"); f.write("left");`);
		realm.close();
		expect(read("t.txt")).toBe("left");
		expect(run(`f.write("more")`)).toBe(false);
	});
});
