import {
	chmodSync,
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { OutputFile } from "./output-file.ts";

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "millrace-output-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
const path = () => join(folder, "film.flv");

async function written(text = "new file"): Promise<OutputFile> {
	const output = await OutputFile.create(path());
	await output.append(bytes(text));
	return output;
}

test("a file has its name when it is complete, and not before", async () => {
	const output = await written("0123456789");
	expect([output.bytes, existsSync(path())]).toEqual([10, false]);
	await output.patch(2, bytes("XX"));
	await output.append(bytes("ab"));
	await output.commit();
	expect(readFileSync(path(), "utf8")).toBe("01XX456789ab");
	await output.discard();
	expect(readdirSync(folder)).toEqual(["film.flv"]);
});

test("a file that is not completed leaves nothing behind", async () => {
	const output = await written();
	await output.discard();
	await output.discard();
	expect(readdirSync(folder)).toEqual([]);
});

test("what has the name already stays, even if it comes at the last moment", async () => {
	const output = await written();
	writeFileSync(path(), "old");
	await expect(output.commit()).rejects.toThrow(/there is a file of that name already/);
	await output.discard();
	expect(readdirSync(folder)).toEqual(["film.flv"]);
	expect(readFileSync(path(), "utf8")).toBe("old");
});

test("what is replaced gives its rights, and stays as a backup where one is wanted", async () => {
	writeFileSync(path(), "old");
	chmodSync(path(), 0o640);
	const backup = `${path()}.bak`;
	await (await written("first")).commit({ backup });
	expect([readFileSync(path(), "utf8"), readFileSync(backup, "utf8")]).toEqual(["first", "old"]);
	expect(statSync(path()).mode & 0o777).toBe(0o640);

	const second = await written("second");
	await expect(second.commit({ backup })).rejects.toThrow(/already/);
	await second.discard();
	expect([readFileSync(path(), "utf8"), readFileSync(backup, "utf8")]).toEqual(["first", "old"]);

	await (await written("third")).commit({ backup, overwrite: true });
	expect([readFileSync(path(), "utf8"), readFileSync(backup, "utf8")]).toEqual(["third", "first"]);
	expect(readdirSync(folder).sort()).toEqual(["film.flv", "film.flv.bak"]);
});

test("a folder that is not there is told with the file's name", async () => {
	await expect(OutputFile.create(join(folder, "none", "x.flv"))).rejects.toThrow(/x\.flv cannot be written: ENOENT/);
});
