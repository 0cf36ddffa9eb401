import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readApplicationXml } from "./application-xml.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-application-xml-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(text: string | Uint8Array) {
	writeFileSync(join(folder, "Application.xml"), text);
	return readApplicationXml(folder);
}

describe("Application.xml", () => {
	it("need not be there", () => {
		expect(readApplicationXml(folder)).toEqual({
			config: {},
			allowDebug: false,
			libraries: [join(folder, "scriptlib")],
			fileFolders: new Map(),
			maxUnprocessedChars: undefined,
			turnMillis: undefined,
		});
	});

	it.each(["ScriptEngine", "JSEngine"])("holds the settings of scripts in %s", engine => {
		const settings = read(`<Application><${engine} type="x">
			<MaxTimeOut>2.5</MaxTimeOut><RuntimeSize>20480</RuntimeSize>
			<ScriptLibPath> lib;/srv/scripts; </ScriptLibPath>
			<FileObject><VirtualDirectory>/videos;media</VirtualDirectory><VirtualDirectory>/x;/srv/x</VirtualDirectory><VirtualDirectory>none</VirtualDirectory></FileObject>
			<XMLSocket><MaxUnprocessedChars>8192</MaxUnprocessedChars></XMLSocket>
			<ApplicationObject><config><a>1</a><b note="x"> two </b><c/><d><![CDATA[<x>]]></d></config></ApplicationObject>
		</${engine}></Application>`);
		expect(settings).toEqual({
			allowDebug: false,
			config: { a: "1", b: "two", c: "", d: "<x>" },
			libraries: [join(folder, "lib"), "/srv/scripts", join(folder, "scriptlib")],
			fileFolders: new Map([
				["/videos", join(folder, "media")],
				["/x", "/srv/x"],
			]),
			maxUnprocessedChars: 8192,
			turnMillis: 2500,
		});
	});

	it("says nothing by 0 or words", () => {
		const settings = read("<Application><JSEngine><MaxTimeOut>0</MaxTimeOut></JSEngine></Application>");
		expect(settings.turnMillis).toBeUndefined();
		expect(read("<Other><x/></Other>").config).toEqual({});
	});

	it("has the five entities of XML and no others, so that none can grow", () => {
		const settings = read(`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>
			<Application><JSEngine><ApplicationObject><config><x>&lt;&amp;lt;&gt;&quot;&apos;&b;</x></config></ApplicationObject></JSEngine></Application>`);
		expect(settings.config["x"]).toBe(`<&lt;>"'&b;`);
	});

	it("has letters by their numbers", () => {
		const settings = read(
			"<Application><JSEngine><ApplicationObject><config><x>&#65;&#x42;&#x1F600;&#x110000;&#0065;&LT;</x></config></ApplicationObject></JSEngine></Application>",
		);
		expect(settings.config["x"]).toBe("AB\u{1f600}&#x110000;A&LT;");
	});

	it("may be in Latin-1, and have a byte-order mark", () => {
		const text =
			"<Application><JSEngine><ApplicationObject><config><x>Gr\u00fc\u00dfe</x></config></ApplicationObject></JSEngine></Application>";
		expect(read(Buffer.from(text, "latin1")).config["x"]).toBe("Gr\u00fc\u00dfe");
		expect(read(`\ufeff${text}`).config["x"]).toBe("Gr\u00fc\u00dfe");
	});

	it("says what application.allowDebug is at first", () => {
		const allowDebug = (value: string) =>
			read(`<Application><Debug><AllowDebugDefault>${value}</AllowDebugDefault></Debug></Application>`).allowDebug;
		expect([allowDebug("true"), allowDebug("TRUE"), allowDebug("false"), allowDebug("")]).toEqual([
			true,
			true,
			false,
			false,
		]);
	});

	it("is named where it is no XML", () => {
		expect(() => read("<Application><JSEngine>")).toThrow(/^Application\.xml: /);
	});
});
