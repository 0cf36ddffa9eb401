import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readApplicationXml } from "./application-xml.ts";

const folder = mkdtempSync(join(tmpdir(), "application-xml-"));
afterAll(() => rmSync(folder, { recursive: true }));

const read = (text: string) => {
	writeFileSync(join(folder, "Application.xml"), text);
	return readApplicationXml(folder);
};

describe("what Application.xml says of the utility classes", () => {
	it("gives each virtual directory of File its folder, those within the application's by a relative path", () => {
		const { fileFolders, maxUnprocessedChars } = read(`<Application><JSEngine>
			<FileObject>
				<VirtualDirectory>/videos;/srv/videos</VirtualDirectory>
				<VirtualDirectory> /data ; data/files </VirtualDirectory>
				<VirtualDirectory>broken</VirtualDirectory>
			</FileObject>
			<XMLSocket><MaxUnprocessedChars>100</MaxUnprocessedChars></XMLSocket>
		</JSEngine></Application>`);
		expect([...fileFolders]).toEqual([
			["/videos", "/srv/videos"],
			["/data", join(folder, "data/files")],
		]);
		expect(maxUnprocessedChars).toBe(100);
	});

	it.each([
		"<Application><ScriptEngine/></Application>",
		"<Application><JSEngine><FileObject/><XMLSocket><MaxUnprocessedChars>x</MaxUnprocessedChars></XMLSocket></JSEngine></Application>",
	])("takes nothing from %s", text => {
		const { fileFolders, maxUnprocessedChars } = read(text);
		expect([fileFolders.size, maxUnprocessedChars]).toEqual([0, undefined]);
	});
});
