import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { removeTempDirs, TempDir } from "@millrace/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { importConfig } from "./import-config.ts";
import type { ReportEntry } from "./report.ts";

afterAll(removeTempDirs);

const VHOST = "conf/_defaultRoot_/_defaultVHost_/Vhost.xml";
const APPLICATION = "conf/_defaultRoot_/_defaultVHost_/Application.xml";
const ADAPTOR = "conf/_defaultRoot_/Adaptor.xml";
const STOCK = { [ADAPTOR]: "<Adaptor/>", [VHOST]: "<VirtualHost/>" };

/** The use of a variable of `fms.ini`. */
function variable(name: string): string {
	return `$\u007b${name}}`;
}

/** Imports a tree of files. `settings` are the outcomes by file name and setting. */
function imported(files: Readonly<Record<string, string | Uint8Array>>) {
	const dir = new TempDir("import-config");
	for (const [path, content] of Object.entries(files)) {
		mkdirSync(dirname(dir.file(path)), { recursive: true });
		writeFileSync(dir.file(path), content);
	}
	const { yaml, report } = importConfig(dir.path);
	const settings = new Map(report.settings.map(entry => [entry.setting, entry]));
	return { dir, yaml, report, settings, config: parse(yaml) as Record<string, never> };
}

function application(content: string, head = "") {
	return imported({ ...STOCK, [APPLICATION]: `${head}<Application>${content}</Application>` });
}

function outcomeOf(entry: ReportEntry | undefined): string {
	return `${entry?.outcome}${entry?.to === undefined ? "" : ` ${entry.to}`}`;
}

const TAKEN: [content: string, setting: string, to: string, value: unknown][] = [
	["<MaxAppIdleTime>90</MaxAppIdleTime>", "MaxAppIdleTime", "code.idleMillis", "90s"],
	[
		"<Client><Bandwidth><ServerToClient>125000</ServerToClient></Bandwidth></Client>",
		"Client/Bandwidth/ServerToClient",
		"bandwidth.serverToClient",
		125_000,
	],
	[
		"<Client><Bandwidth><ClientToServer>-1</ClientToServer></Bandwidth></Client>",
		"Client/Bandwidth/ClientToServer",
		"bandwidth.clientToServer",
		0,
	],
	["<JSEngine><RuntimeSize>524288</RuntimeSize></JSEngine>", "ScriptEngine/RuntimeSize", "code.memory", "512MiB"],
	["<ScriptEngine><MaxTimeOut>2</MaxTimeOut></ScriptEngine>", "ScriptEngine/MaxTimeOut", "code.turnMillis", "2s"],
	[
		"<StreamManager><Live><Queue enabled='false'/></Live></StreamManager>",
		"StreamManager/Live/Queue@enabled",
		"live.latency",
		"interactive",
	],
	[
		"<StreamManager><Recording><MaxSizeCap>10</MaxSizeCap></Recording></StreamManager>",
		"StreamManager/Recording/MaxSizeCap",
		"record.maxBytes",
		"10KiB",
	],
	[
		"<StreamManager><Recording><MaxDuration>60</MaxDuration></Recording></StreamManager>",
		"StreamManager/Recording/MaxDuration",
		"record.maxMillis",
		"60s",
	],
	[
		"<DisallowedProtocols>rtmp, RTMPS</DisallowedProtocols>",
		"DisallowedProtocols",
		"protocols",
		["rtmpe", "rtmpt", "rtmpts", "rtmpte"],
	],
	["<AllowHTTPTunnel>false</AllowHTTPTunnel>", "AllowHTTPTunnel", "protocols", ["rtmp", "rtmps", "rtmpe", "ws", "wss"]],
	[
		"<SWFVerification><UserAgentExceptions><Exception from='FMLE/0.0' to='FMLE/3.0'/></UserAgentExceptions></SWFVerification>",
		"SWFVerification/UserAgentExceptions/Exception@to",
		"swfVerification.exempt",
		[{ from: "FMLE/0.0", to: "FMLE/3.0" }],
	],
];

const OTHER: [content: string, setting: string, outcome: string, note: RegExp][] = [
	["<JSEngine><RuntimeSize>1024</RuntimeSize></JSEngine>", "ScriptEngine/RuntimeSize", "equivalent", /less than/],
	["<MaxAppIdleTime>soon</MaxAppIdleTime>", "MaxAppIdleTime", "not applicable", /should be a number/],
	[`<MaxAppIdleTime>${variable("APP.IDLE")}</MaxAppIdleTime>`, "MaxAppIdleTime", "not applicable", /variable/],
	[
		"<StreamManager><Live><Queue><MaxQueueDelay>60000</MaxQueueDelay></Queue></Live></StreamManager>",
		"StreamManager/Live/Queue/MaxQueueDelay",
		"not applicable",
		/must be between 1ms and 1s/,
	],
	[
		"<Debug><AllowDebugDefault>true</AllowDebugDefault></Debug>",
		"Debug/AllowDebugDefault",
		"not applicable",
		/debugging/,
	],
];

describe("importing an Application.xml", () => {
	for (const [content, setting, to, value] of TAKEN) {
		it(`takes ${setting} to ${to}`, () => {
			const { settings, config } = application(content);
			expect(outcomeOf(settings.get(setting))).toBe(`taken ${to}`);
			const found = to.split(".").reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], config);
			expect(found).toEqual(value);
		});
	}

	for (const [content, setting, outcome, note] of OTHER) {
		it(`says of ${content} that it is ${outcome}`, () => {
			const entry = application(content).settings.get(setting);
			expect(entry?.outcome).toBe(outcome);
			expect(entry?.note).toMatch(note);
		});
	}

	it("says nothing of elements that are there to hold others and hold none", () => {
		const { report } = application(
			"<JSEngine></JSEngine><Client><Bandwidth/></Client><StreamManager>\n</StreamManager>",
		);
		expect(report.settings).toEqual([]);
	});

	it("says of what is not known, elements and attributes, that it is unknown, with its line", () => {
		const { report } = application(
			"<Client>\n<Telepathy speed='9'>yes</Telepathy>\n<Bandwidth mood='3'></Bandwidth></Client>",
		);
		expect(report.settings).toMatchObject([
			{ file: APPLICATION, line: 2, setting: "Client/Telepathy@speed", value: "9", outcome: "unknown" },
			{ file: APPLICATION, line: 2, setting: "Client/Telepathy", value: "yes", outcome: "unknown" },
			{ file: APPLICATION, line: 3, setting: "Client/Bandwidth@mood", value: "3", outcome: "unknown" },
		]);
		expect(report.counts).toEqual({ taken: 0, equivalent: 0, "not applicable": 0, unknown: 3 });
	});

	it("keeps an application from changing what its host does not let it change", () => {
		const own =
			"<Application><MaxAppIdleTime>5</MaxAppIdleTime><Client><OutChunkSize>1</OutChunkSize><Bandwidth><ServerToClient>7</ServerToClient></Bandwidth></Client></Application>";
		const { config, report } = imported({
			...STOCK,
			[APPLICATION]:
				"<Application><MaxAppIdleTime>9</MaxAppIdleTime><Client override='no'><Bandwidth><ServerToClient>5</ServerToClient></Bandwidth></Client></Application>",
			"applications/a/Application.xml": own,
		});
		expect(config).toMatchObject({
			bandwidth: { serverToClient: 5 },
			applications: { a: { code: { idleMillis: "5s" } } },
		});
		expect(config).not.toHaveProperty("applications.a.bandwidth");
		const locked = report.settings.filter(({ note }) => note?.includes("override"));
		expect(locked.map(({ setting }) => setting)).toEqual(["Client/OutChunkSize", "Client/Bandwidth/ServerToClient"]);
	});

	it("writes a default of ours where an application or a host goes back to it", () => {
		const queue = (on: boolean) =>
			`<Application><StreamManager><Live><Queue enabled="${on}"/></Live></StreamManager></Application>`;
		const { config } = imported({
			...STOCK,
			[APPLICATION]: queue(false),
			"applications/a/Application.xml": queue(true),
			"conf/_defaultRoot_/b.example/Vhost.xml": "<VirtualHost><AppsDir>b</AppsDir></VirtualHost>",
			"conf/_defaultRoot_/b.example/Application.xml": queue(true),
		});
		expect(config).toMatchObject({
			live: { latency: "interactive" },
			applications: { a: { live: { latency: "default" } } },
			virtualHosts: { "b.example": { live: { latency: "default" } } },
		});
	});
});

const CASES: [what: string, adaptor: string, config: object][] = [
	[
		"two host ports",
		"<HostPortList><HostPort>:1935,-443</HostPort><HostPort>10.0.0.1:80</HostPort></HostPortList>",
		{
			listeners: [
				{ port: 1935, protocols: ["rtmp", "http"] },
				{ port: 443, protocols: ["rtmps", "https"] },
				{ host: "10.0.0.1", port: 80, protocols: ["rtmp", "http"] },
			],
		},
	],
	[
		"who is denied",
		"<Allow>all</Allow><Deny>192.168., 10.1.2.3</Deny><Order>Allow,Deny</Order>",
		{ addresses: { deny: ["192.168.0.0/16", "10.1.2.3/32"] } },
	],
	[
		"who is allowed where all are denied",
		"<Allow>10</Allow><Deny>all</Deny><Order>Deny,Allow</Order>",
		{ addresses: { allow: ["10.0.0.0/8"] } },
	],
	[
		"where other requests go",
		"<HTTPTunnel><Redirect enable='true'><Host port='80'>:8080</Host></Redirect></HTTPTunnel>",
		{ http: { upstream: "http://127.0.0.1:8080" } },
	],
	[
		"an identity",
		"<HTTPIdent enable='true'><A b='&lt;'>1 &amp; 2</A></HTTPIdent>",
		{ rtmpt: { ident: '<fcs><A b="&lt;">1 &amp; 2</A></fcs>' } },
	],
	["that tunnels are off", "<HTTPTunnel><Enable>false</Enable></HTTPTunnel>", { rtmpt: { enabled: false } }],
	["that a host may be asked for", "<EnableAltVhost>true</EnableAltVhost>", { virtualHostParameter: true }],
];

describe("importing an Adaptor.xml", () => {
	for (const [what, content, config] of CASES) {
		it(`takes ${what}`, () => {
			expect(imported({ ...STOCK, [ADAPTOR]: `<Adaptor>${content}</Adaptor>` }).config).toMatchObject(config);
		});
	}

	it("takes no certificate whose key has a password, and copies none", () => {
		const context =
			"<SSLServerCtx><SSLCertificateFile>c.pem</SSLCertificateFile><SSLCertificateKeyFile type='PEM'>k.pem</SSLCertificateKeyFile><SSLPassPhrase>secret-word</SSLPassPhrase></SSLServerCtx>";
		const { yaml, report } = imported({
			...STOCK,
			[ADAPTOR]: `<Adaptor><SSL><Edge name='e'>${context}</Edge></SSL></Adaptor>`,
		});
		expect(yaml).not.toContain("c.pem");
		expect(JSON.stringify(report)).not.toContain("secret-word");
		expect(report.notices.join()).toContain("c.pem");
	});
});

describe("importing a tree", () => {
	it("takes paths of the machine where it ran for those of the copy, where that has them", () => {
		const { config, dir } = imported({
			...STOCK,
			"conf/ams.ini": "VHOST.APPSDIR=/nowhere/ams/applications\n",
			[VHOST]: `<VirtualHost><AppsDir>${variable("VHOST.APPSDIR")}</AppsDir><VirtualDirectory><Streams>a;/nowhere/ams/applications/a</Streams><Streams key="A">/b/;/nowhere/else</Streams></VirtualDirectory><VirtualKeys><Key from="WIN 8,0,0,0" to="WIN 9,0,59,0">A</Key><Key from="MAC 9,0,0,0">B</Key><Key from="any" to="any">C</Key></VirtualKeys></VirtualHost>`,
			"applications/a/main.asc": "",
		});
		expect(config).toMatchObject({
			media: {
				applications: dir.file("applications"),
				directories: [
					{ prefix: "a", path: dir.file("applications/a") },
					{ prefix: "b", path: "/nowhere/else", virtualKey: "A" },
				],
				virtualKeys: [
					{ key: "A", from: "WIN 8,0,0,0", to: "WIN 9,0,59,0" },
					{ key: "B", from: "MAC 9,0,0,0", to: "MAC 9,0,0,0" },
				],
			},
		});
	});

	it("reads variables with quotes and comments, and tells of each where it is used", () => {
		const { settings, config } = imported({
			...STOCK,
			"conf/fms.ini": `# comment\r\nA.X = "  7 "\rUNUSED.Y=1\nSERVER.ADMIN_PASSWORD=secret\nAPP.JS_SCRIPTLIBPATH =\n`,
			[APPLICATION]: `<Application><MaxAppIdleTime>${variable("A.X")}</MaxAppIdleTime></Application>`,
		});
		expect(config).toMatchObject({ code: { idleMillis: "7s" } });
		expect(outcomeOf(settings.get("A.X"))).toBe(`taken ${APPLICATION}:1`);
		expect(outcomeOf(settings.get("UNUSED.Y"))).toBe("unknown");
		expect(settings.get("SERVER.ADMIN_PASSWORD")).toMatchObject({ value: "…", outcome: "not applicable" });
	});

	const latin1 = (text: string) => Uint8Array.from(text, letter => letter.charCodeAt(0));
	const config = (text: string, encoding = "") =>
		`<?xml version="1.0"${encoding}?>\r\n<Application><ScriptEngine><ApplicationObject><config><a>${text}</a></config></ApplicationObject></ScriptEngine></Application>`;
	const ENCODED: [encoding: string, content: Uint8Array][] = [
		["Latin-1 without a word", latin1(config("Grüße"))],
		["Latin-1 by its declaration", latin1(config("Grüße", ' encoding="ISO-8859-1"'))],
		["UTF-8 with a byte-order mark", new TextEncoder().encode(`\uFEFF${config("Grüße")}`)],
		["UTF-16", Uint8Array.from(Buffer.from(`\uFEFF${config("Grüße")}`, "utf16le"))],
	];
	for (const [encoding, content] of ENCODED) {
		it(`reads ${encoding}`, () => {
			const { config } = imported({ ...STOCK, "applications/a/Application.xml": content });
			expect(config).toMatchObject({ applications: { a: { config: { a: "Grüße" } } } });
		});
	}

	it("names the folder of SWF files that an application has by itself, where its host asks for them", () => {
		const { config, dir, report } = imported({
			...STOCK,
			[APPLICATION]:
				"<Application><SWFVerification enabled='true'><SWFFolder></SWFFolder></SWFVerification></Application>",
			"applications/a/SWFs/readme": "",
			"applications/b/main.asc": "",
			"applications/c/Application.xml": "<Application><SWFVerification enabled='false'/></Application>",
		});
		const folder = (name: string) => ({ swfVerification: { folder: dir.file(`applications/${name}/SWFs`) } });
		expect(config).toMatchObject({
			swfVerification: { enabled: true },
			applications: { a: folder("a"), b: folder("b") },
		});
		expect(config).toHaveProperty("applications.c.swfVerification", { enabled: false });
		expect(report.notices.filter(notice => notice.includes("SWF"))).toHaveLength(1);
	});

	it("lets a port for all addresses go before the same one for a single address", () => {
		const list = "<HostPort>127.0.0.1:1935</HostPort><HostPort>:1935</HostPort>";
		const { config } = imported({ ...STOCK, [ADAPTOR]: `<Adaptor><HostPortList>${list}</HostPortList></Adaptor>` });
		expect(config).toHaveProperty("listeners", [{ port: 1935, protocols: ["rtmp", "http"] }]);
	});

	it("does itself what the compiled scripts of stock applications did, and warns of others", () => {
		const far = (name: string) => ({ [`applications/${name}/main.far`]: "PK" });
		const { config, report } = imported({ ...STOCK, ...far("live"), ...far("vod"), ...far("chat") });
		const code = { enabled: false };
		expect(config).toHaveProperty("applications", { chat: {}, live: { code }, vod: { type: "vod", code } });
		expect(report.notices.filter(notice => notice.includes("compiled"))).toHaveLength(1);
	});

	it("counts the clients of all hosts together", () => {
		const host = (most: number, folder: string) =>
			`<VirtualHost><AppsDir>${folder}</AppsDir><ResourceLimits><MaxConnections>${most}</MaxConnections></ResourceLimits></VirtualHost>`;
		const of = (other: number) =>
			imported({ ...STOCK, [VHOST]: host(100, "a"), "conf/_defaultRoot_/b.example/Vhost.xml": host(other, "b") })
				.config;
		expect(of(20)).toMatchObject({ limits: { connections: 120 } });
		expect(of(-1)).not.toHaveProperty("limits");
	});

	it("does not take what cannot be a virtual host, or a second default one", () => {
		const { report, config } = imported({
			...STOCK,
			"conf/_defaultRoot_/not a host/Vhost.xml": "<VirtualHost/>",
			"conf/_second_/Adaptor.xml": "<Adaptor><HostPortList><HostPort>:1936</HostPort></HostPortList></Adaptor>",
			"conf/_second_/_defaultVHost_/Vhost.xml": "<VirtualHost/>",
		});
		expect(config).not.toHaveProperty("virtualHosts");
		expect(config).toMatchObject({ listeners: [{ port: 1936 }] });
		expect(report.settings.map(({ file, outcome }) => `${file} ${outcome}`)).toContain(
			"conf/_defaultRoot_/not a host/Vhost.xml not applicable",
		);
		expect(report.counts["not applicable"]).toBe(2);
	});

	const BROKEN: [what: string, files: Record<string, string>, message: string][] = [
		["XML that ends too early", { [ADAPTOR]: "<Adaptor>\n<Allow>all" }, "Adaptor.xml:"],
		["tags that do not match", { [ADAPTOR]: "<Adaptor>\n<Allow>all</Deny></Adaptor>" }, "Adaptor.xml:2"],
		["a variable without a value", { "conf/fms.ini": "A=1\nnonsense\n", ...STOCK }, "fms.ini:2"],
		["a folder with nothing of the kind", { "conf/readme.txt": "" }, "no old configuration"],
	];
	for (const [what, files, message] of BROKEN) {
		it(`says where the fault is, of ${what}`, () => {
			expect(() => imported(files)).toThrow(message);
		});
	}

	it("fills in no entities of a document, and reads no file for one", () => {
		const of = (entity: string) =>
			application(`<MaxAppIdleTime>&y;</MaxAppIdleTime>`, `<!DOCTYPE a [<!ENTITY y ${entity}>]>`).settings;
		expect(of('"7"').get("MaxAppIdleTime")).toMatchObject({ value: "&y;", outcome: "not applicable" });
		expect(() => of('SYSTEM "file:///etc/passwd"')).toThrow("External entities are not supported");
	});
});
