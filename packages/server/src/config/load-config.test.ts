import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readOrMakeStreamKey, STREAM_KEY_FILE } from "../access/index.ts";
import { ConfigError, formatProblem } from "./config-error.ts";
import { type ConfigFlag, type ConfigSources, loadConfig, resolveOptions } from "./load-config.ts";
import { fixedNodes } from "./schema-node.ts";
import { variableOf } from "./text-source.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, "m.yaml");
const ALL = ["rtmp", "rtmps", "http", "https"];
const rtmpPort: ConfigFlag = { flag: "--rtmp-port", target: { listeners: "rtmp", key: "port" }, value: 1936 };

function load(yaml: string | undefined, rest: Omit<ConfigSources, "file"> = {}) {
	if (yaml !== undefined) writeFileSync(file, yaml);
	return loadConfig({ file: yaml === undefined ? undefined : file, ...rest });
}

function problemsOf(yaml: string | undefined, rest: Omit<ConfigSources, "file"> = {}): string[] {
	try {
		load(yaml, rest);
	} catch (error) {
		if (error instanceof ConfigError)
			return error.problems.map(problem => formatProblem(problem).replace(file, "m.yaml"));
		throw error;
	}
	return [];
}

describe("defaults", () => {
	it("need no file, environment or flag", () => {
		const { options } = loadConfig({});
		expect(options.listeners).toEqual([
			{ protocol: "rtmp", host: "::", port: 1935, protocols: ALL, proxyProtocol: false },
			{ protocol: "http", host: "::", port: 8080, protocols: ALL, proxyProtocol: false },
		]);
		expect(options.applications).toEqual({ live: { type: "live" }, vod: { type: "vod" } });
		expect(options.publish).toMatchObject({ from: "loopback", key: null, graceMillis: 5000 });
		expect(options.limits.messageBytes).toBe(16 * 1024 * 1024);
		expect(options).toEqual(resolveOptions({}));
	});

	it("describe every setting and section", () => {
		const nodes = [...fixedNodes()];
		expect(nodes.length).toBeGreaterThan(50);
		for (const { path, node } of nodes) expect(node.description, path.join(".")).toMatch(/^.+[.]$/);
	});

	it("give every setting a variable of its own", () => {
		const variables = [...fixedNodes()].map(({ path }) => variableOf(path));
		expect(new Set(variables).size).toBe(variables.length);
		expect(variables).toContain("MILLRACE_LIVE_GOP_CACHE_MAX_BYTES");
	});
});

describe("sources", () => {
	it("win in the order file, environment, --set, flags", () => {
		const yaml = "live: {latency: scale, audioFlushMillis: 10ms}\nlog: {level: debug}\ndataDir: /file\n";
		const loaded = load(yaml, {
			environment: { MILLRACE_LOG_LEVEL: "warn", MILLRACE_DATA_DIR: "/environment", OTHER: "x", MILLRACE_DEMO: "" },
			assignments: ["dataDir=/set", "log.format=json"],
			flags: [{ flag: "--log-format", target: { path: ["log", "format"] }, value: "text" }],
		});
		expect(loaded.options).toMatchObject({
			live: { latency: "scale", audioFlushMillis: 10 },
			log: { level: "warn", format: "text" },
			dataDir: "/set",
			demo: false,
		});
		expect(loaded.placeOf(["live", "latency"])).toBe(`${file}:1:8`);
		expect(loaded.placeOf(["log", "level"])).toBe("MILLRACE_LOG_LEVEL");
		expect(loaded.placeOf(["dataDir"])).toBe("--set dataDir");
		expect(loaded.placeOf(["log", "format"])).toBe("--log-format");
		expect(loaded.placeOf(["live", "gopCache", "enabled"])).toBeUndefined();
	});

	it("give an application values of any form, which later sources add to and change", () => {
		const yaml = "applications: {chat: {config: {greeting: hello, rooms: {lobby: {seats: 3}, names: [a, 1, null]}}}}";
		const loaded = load(yaml, {
			assignments: [
				"applications.chat.config.rooms.lobby.seats=4",
				"applications.chat.config.rooms.cellar={seats: 1.5, dark: true}",
				"applications.chat.config.code='007'",
			],
		});
		expect(loaded.options.applications["chat"]?.config).toEqual({
			greeting: "hello",
			rooms: { lobby: { seats: 4 }, names: ["a", 1, null], cellar: { seats: 1.5, dark: true } },
			code: "007",
		});
		expect(loaded.placeOf(["applications", "chat", "config", "rooms", "lobby", "seats"])).toMatch(/^--set/);
		expect(() => resolveOptions({ applications: { chat: { config: { f: (() => 1) as never } } } })).toThrow(
			"applications.chat.config.f must be text, a number, `true`, `false`, `null`, or a list or mapping of such values",
		);
	});

	it("lay a section's variable under those of its keys, whichever comes first", () => {
		const environment = {
			MILLRACE_LIVE_LATENCY: "scale",
			MILLRACE_LIVE: "{latency: interactive, audioFlushMillis: 7}",
		};
		expect(load(undefined, { environment }).options.live).toMatchObject({ latency: "scale", audioFlushMillis: 7 });
	});

	it.each([
		["MILLRACE_PUBLISH_KEY", "0123456789", "0123456789"],
		["MILLRACE_PUBLISH_KEY", '"0123456789"', "0123456789"],
		["MILLRACE_PUBLISH_KEY", "null", null],
		["MILLRACE_PUBLISH_GRACE_MILLIS", "2m", 120_000],
		["MILLRACE_PUBLISH_GRACE_MILLIS", "250", 250],
	])("read %s=%s as its setting's type", (name, text, value) => {
		const { publish } = load(undefined, { environment: { [name]: text } }).options;
		expect(name.endsWith("KEY") ? publish.key : publish.graceMillis).toBe(value);
	});

	it("take lists and mappings from the environment as YAML or JSON", () => {
		const { options } = load(undefined, {
			environment: {
				MILLRACE_LISTENERS: '[{"protocol":"rtmp","port":0}]',
				MILLRACE_HTTP_CORS: "[https://a.example, https://b.example]",
				MILLRACE_APPLICATIONS: "{studio: {publish: {from: nowhere}}}",
			},
		});
		expect(options.listeners).toEqual([
			{ protocol: "rtmp", host: "::", port: 0, protocols: ["rtmp"], proxyProtocol: false },
		]);
		expect(options.http.cors).toEqual(["https://a.example", "https://b.example"]);
		expect(options.applications).toEqual({ studio: { type: "live", publish: { from: "nowhere" } } });
	});

	it("take a section whose lines are all commented out as absent", () => {
		expect(load("publish:\n  # from: anywhere\napplications:\n  studio:\n").options).toMatchObject({
			publish: { from: "loopback" },
			applications: { studio: { type: "live" } },
		});
	});
});

describe("listener flags", () => {
	it("change the first listener of their protocol and leave the others", () => {
		const yaml =
			"listeners:\n  - {protocol: http, port: 80}\n  - {protocol: rtmp, host: 127.0.0.1}\n  - {protocol: rtmp, port: 2000}\n";
		expect(load(yaml, { flags: [rtmpPort] }).options.listeners).toMatchObject([
			{ protocol: "http", host: "::", port: 80 },
			{ protocol: "rtmp", host: "127.0.0.1", port: 1936 },
			{ protocol: "rtmp", host: "::", port: 2000 },
		]);
	});

	it("change the default listeners where none are written", () => {
		const host: ConfigFlag = { flag: "--host", target: { listeners: "all", key: "host" }, value: "127.0.0.1" };
		expect(load(undefined, { flags: [rtmpPort, host] }).options.listeners).toMatchObject([
			{ protocol: "rtmp", host: "127.0.0.1", port: 1936, protocols: ALL },
			{ protocol: "http", host: "127.0.0.1", port: 8080, protocols: ALL },
		]);
	});

	it("add a listener where the list has none of their protocol", () => {
		expect(load("listeners: [{protocol: http}]", { flags: [rtmpPort] }).options.listeners).toHaveLength(2);
	});

	it("change a listener that takes everything as if it were there for RTMP", () => {
		const flags = [rtmpPort];
		expect(load("listeners: [{protocols: [https]}, {port: 443}]", { flags }).options.listeners).toMatchObject([
			{ protocol: "http", port: 8080, protocols: ["https"] },
			{ protocol: "rtmp", port: 1936, protocols: ALL },
		]);
	});

	it("leave the blame for the rest of the list with the file", () => {
		const flags = [
			rtmpPort,
			{ ...rtmpPort, flag: "--http-port", target: { listeners: "http", key: "port" }, value: 70_000 } as const,
		];
		expect(problemsOf("listeners:\n  - protocol: rtmp\n    prt: 1\n", { flags })).toEqual([
			"m.yaml:3:5  unknown key `prt` in listeners[0], did you mean `port`?",
			"--http-port  listeners[1].port must be a whole number from 0 to 65535, not 70000",
		]);
	});
});

describe("problems", () => {
	it("are reported all at once, each with its place", () => {
		const yaml = "pubish: {}\nlive:\n  latency: scal\n  gopCache:\n    maxBytes: 8MB\nhttp: {cors: all}\n";
		const problems = problemsOf(yaml, {
			environment: { MILLRACE_LIVE_LATNCY: "scale", MILLRACE_RTMP_CHUNK_SIZE: "1" },
			assignments: ["log.levl=info", "demo", "listeners.0.port=1"],
			flags: [{ flag: "--log-level", target: { path: ["log", "level"] }, value: "loud" }],
		});
		expect(problems.sort()).toEqual(
			[
				"m.yaml:1:1  unknown key `pubish`, did you mean `publish`?",
				"m.yaml:3:3  live.latency must be one of `interactive`, `default`, `scale`, did you mean `scale`?",
				"m.yaml:5:5  live.gopCache.maxBytes must be a size, such as `64KiB` or `8MiB`, or a number of bytes",
				"m.yaml:6:8  http.cors must be a list",
				"MILLRACE_LIVE_LATNCY  unknown variable, did you mean `MILLRACE_LIVE_LATENCY`?",
				"MILLRACE_RTMP_CHUNK_SIZE  rtmp.chunkSize must be a whole number from 4096 to 32767, not 1",
				"--set log.levl  unknown key `levl` in log, did you mean `level`?",
				"--set  `demo` is not of the form key=value",
				"--set listeners.0.port  a list is set as a whole: --set 'listeners=[…]'",
				"--log-level  log.level must be one of `debug`, `info`, `warn`, `error`, `silent`",
			].sort(),
		);
	});

	it("name what is missing at the part around it", () => {
		expect(problemsOf("http:\n  upstream: web\ntls:\n  certificates:\n    - cert: a.pem\n")).toEqual([
			"m.yaml:5:7  tls.certificates[0].key is missing",
			"m.yaml:2:3  http.upstream must be an address such as http://127.0.0.1:8000",
		]);
	});

	it.each([
		["listeners: []", "must name at least one listener"],
		["listeners: [{protocol: rtmp}, {protocol: http, port: 1935}]", "is taken twice"],
		["listeners: [{protocols: []}]", "must name at least one protocol, or `all`"],
		["listeners: [{protocols: [rtmpx]}]", "did you mean `rtmp`?"],
		["listeners: [{proxyProtocol: true}]", "needs the proxies' addresses in trustedProxies"],
		["trustedProxies: [10.0.0.0/33]", "must be an address or a network such as 10.0.0.0/8"],
		["http: {webroot: www, upstream: 'http://localhost'}", "cannot stand beside http.webroot"],
		["tls: {minVersion: TLSv1.3, maxVersion: TLSv1.2}", "must not be older than tls.minVersion"],
		["drain: {redirect: other.example}", "must be an address such as rtmp://other.example.org/live"],
		["applications: {live: {protocols: [rtsp]}}", "must be one of `rtmp`"],
		["limits: {partialBytes: 64KiB}", "must not be below limits.messageBytes"],
		["rtmp: {readTimeoutMillis: 5s}", "must be above rtmp.pingIntervalMillis"],
		["publish: {key: 12345678}", "put it into quotes"],
		["publish: {key: 'a b c d e f'}", "8 to 128 letters"],
		["applications: {'a/b': {}}", "the name `a/b` must be"],
		[
			"applications: {a: {live: {latncy: scale}}}",
			"unknown key `latncy` in applications.a.live, did you mean `latency`?",
		],
		["applications: {a: {type: tv}}", "applications.a.type must be one of `live`, `vod`"],
		["rtmp: 5", "rtmp must be a mapping of keys to values"],
		["__proto__: {demo: true}", "unknown key `__proto__`"],
		["live: {__proto__: {latency: scale}}", "unknown key `__proto__` in live"],
	])("of `%s` are told in words", (yaml, words) => {
		const problems = problemsOf(yaml);
		expect(problems).toHaveLength(1);
		expect(problems[0]).toContain(words);
		expect(problems[0]).toMatch(/^m\.yaml:1:\d+ {2}/);
	});

	it("never show a publish key", () => {
		const secret = "secret key with blanks";
		expect(problemsOf(undefined, { environment: { MILLRACE_PUBLISH_KEY: secret } }).join()).not.toContain(secret);
	});

	it("of options that a program gives carry paths instead of places", () => {
		expect(() => resolveOptions({ live: { audioFlushMillis: "x" } })).toThrow(
			/live\.audioFlushMillis must be a duration/,
		);
	});
});

describe("the publish key", () => {
	// The stored key is checked by a pattern of its own, since `access` imports no configuration.
	it.each(["abcdefgh", "a.b_c~d-e", "x".repeat(128), "short", "has blank", "x".repeat(129), "umlautü-key"])(
		"of the configuration and of the key file follow one rule (%s)",
		async key => {
			const dataDir = mkdtempSync(join(folder, "key-"));
			writeFileSync(join(dataDir, STREAM_KEY_FILE), key);
			const accepted = await readOrMakeStreamKey(dataDir).then(
				() => true,
				() => false,
			);
			expect(problemsOf(undefined, { assignments: [`publish.key=${key}`] }).length === 0).toBe(accepted);
		},
	);
});
