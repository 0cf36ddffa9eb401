import { describe, expect, test } from "vitest";
import { ArgumentError } from "../errors.ts";
import { parseConnectAddress, splitStreamUrl, tcUrlOf } from "./address.ts";
import { type AttemptOptions, planAttempts } from "./attempt-list.ts";
import { FALLBACK_RULES } from "./fallback-rule.ts";

/** A plan's attempts as text: protocol, port, and the proxy where there is one. */
function list(address: string, options: AttemptOptions = {}): string[] {
	return planAttempts(parseConnectAddress(address), options).attempts.map(
		({ protocol, port, proxy }) => `${protocol} ${port}${proxy === "none" ? "" : ` ${proxy}`}`,
	);
}

describe("addresses", () => {
	test.each<[text: string, expected: object]>([
		["rtmp://host/app", { protocol: "rtmp", host: "host", port: undefined, app: "app" }],
		["rtmp://host/app/inst", { app: "app/inst" }],
		["rtmp://host/app/a/b", { app: "app/a/b" }],
		["rtmp://host/app/", { app: "app" }],
		["rtmp:/app", { host: "localhost", app: "app" }],
		["rtmp:/myserver/myapp", { host: "localhost", app: "myserver/myapp" }],
		["rtmp:/mydomain.com:80/myApp", { host: "localhost", port: undefined, app: "mydomain.com:80/myApp" }],
		["rtmp://host:8080/app", { host: "host", port: 8080 }],
		["rtmpt://host/app", { protocol: "rtmpt", port: undefined }],
		["rtmps://host/app", { protocol: "rtmps", port: undefined }],
		["RTMPE://host/app", { protocol: "rtmpe", app: "app" }],
		["rtmfp://host/app", { protocol: "rtmfp" }],
		["rtmfp:", { protocol: "rtmfp", app: "" }],
		["rtmp://edge/?rtmp://origin/app/inst", { host: "edge", app: "?rtmp://origin/app/inst" }],
		[
			"rtmpt://edge:80/?rtmp://b/?rtmp://origin/app",
			{ protocol: "rtmpt", port: 80, app: "?rtmp://b/?rtmp://origin/app" },
		],
		["rtmp://host/app?k=v", { app: "app?k=v" }],
		["rtmp://host/app/inst?k=v", { app: "app/inst?k=v" }],
		["rtmp://host1/app/?_fcs_vhost=host2", { host: "host1", app: "app?_fcs_vhost=host2" }],
		["rtmp://host/app?next=rtmp://x/y", { app: "app?next=rtmp://x/y" }],
		["rtmp://[2001:db8::1]:1936/app", { host: "2001:db8::1", port: 1936 }],
		[
			"rtmp://user:pa%3Ass:word@host/app#stream",
			{ host: "host", app: "app", args: ["user", "pa:ss:word"], streamName: "stream" },
		],
		["rtmp://user@host/app", { args: ["user"], streamName: "" }],
	])("%s is understood", (text, expected) => {
		expect(parseConnectAddress(text)).toMatchObject(expected);
	});

	test.each([
		["", /no address/],
		["live", /no address/],
		["http://host/gateway", /HTTP is for remoting alone/],
		["rtmpd://host/app", /edge servers/],
		["ftp://host/app", /ftp is not offered/],
		["rtmp://", /no host/],
		["rtmp:///app", /no host/],
		["rtmp://h:0/app", /no host, port and path/],
		["rtmp://h:65536/app", /no host, port and path/],
		["rtmp:app", /no host, port and path/],
		["rtmp://edge?rtmp://origin/app", /must end with a slash/],
		["rtmp://edge/?rtmpt://origin/app", /only the first address of a chain may be rtmpt/],
		["rtmp://edge/?rtmp://h:0/app", /no host, port and path/],
		["rtmp://a%zz@host/app", /percent sign/],
	])("%j is refused", (text, reason) => {
		expect(() => parseConnectAddress(text)).toThrow(ArgumentError);
		expect(() => parseConnectAddress(text)).toThrow(reason);
	});

	test("an error does not repeat the password", () => {
		expect(() => parseConnectAddress("rtmp://user:secret@host:0/app")).toThrow(/^"rtmp:\/\/…@host:0\/app"/);
	});

	test("the lenient reading takes a first segment with a dot or a colon for the host", () => {
		const read = (text: string) => parseConnectAddress(text, { lenientHost: true, defaultHost: "page.example" });
		expect(read("rtmp:/mydomain.com:80/myApp")).toMatchObject({ host: "mydomain.com", port: 80, app: "myApp" });
		expect(read("rtmp:/app/inst")).toMatchObject({ host: "page.example", app: "app/inst" });
	});

	test("each attempt tells its own protocol, and its port where that is not obvious", () => {
		const plain = parseConnectAddress("rtmp://u:p@host/app?k=v#name");
		expect(tcUrlOf(plain, "rtmp", 1935)).toBe("rtmp://host/app?k=v");
		expect(tcUrlOf(plain, "rtmp", 443)).toBe("rtmp://host:443/app?k=v");
		expect(tcUrlOf(plain, "rtmpt", 80)).toBe("rtmpt://host/app?k=v");
		expect(tcUrlOf(plain, "wss", 443)).toBe("rtmps://host/app?k=v");
		expect(tcUrlOf(parseConnectAddress("rtmp://[::1]:1935/a"), "rtmp", 1935)).toBe("rtmp://[::1]:1935/a");
	});

	test.each([
		["rtmp://host/live/cam", "rtmp://host/live", "cam"],
		["rtmp://u:p@host:1936/live/room/cam?t=1", "rtmp://u:p@host:1936/live/room", "cam?t=1"],
		["rtmp://host/vod/mp4:a/b.mp4", "rtmp://host/vod", "mp4:a/b.mp4"],
		["rtmp://host/live/room#cam", "rtmp://host/live/room", "cam"],
		["rtmp:/live/cam", "rtmp:/live", "cam"],
		["rtmps://[::1]/live/cam", "rtmps://[::1]/live", "cam"],
	])("the stream's address %s is split", (text, url, name) => {
		expect(splitStreamUrl(text)).toEqual({ url, name });
	});
});

describe("fallback", () => {
	test.each<[rule: keyof typeof FALLBACK_RULES, attempts: string[], encrypted: string[]]>([
		["R1", ["rtmp 1935", "rtmp 443", "rtmp 80"], ["rtmpe 1935", "rtmpe 443", "rtmpe 80"]],
		["R2", ["rtmp 1935", "rtmpt 80"], ["rtmpe 1935", "rtmpte 80"]],
		["R3", ["rtmp 1935", "rtmp 443", "rtmp 80", "rtmpt 80"], ["rtmpe 1935", "rtmpe 443", "rtmpe 80", "rtmpte 80"]],
		["R4", ["rtmp 1935", "rtmp 80", "rtmpt 80"], ["rtmpe 1935", "rtmpe 80", "rtmpte 80"]],
		["R5", ["rtmp 1935", "rtmp 80", "rtmp 443"], ["rtmpe 1935", "rtmpe 80", "rtmpe 443"]],
		[
			"racing",
			["rtmp 1935", "rtmp 443", "rtmpt 80", "rtmps 443", "rtmp 80", "rtmpts 443"],
			["rtmpe 1935", "rtmpe 443", "rtmpte 80", "rtmpe 80"],
		],
		["ncManager", ["rtmp 1935", "rtmp 443", "rtmpt 80", "rtmps 443"], ["rtmpe 1935", "rtmpe 443", "rtmpte 80"]],
	])("%s tries in this order, and R8 the same with encryption", (rule, attempts, encrypted) => {
		expect(list("rtmp://h/a", { fallback: rule })).toEqual(attempts);
		expect(list("rtmpe://h/a", { fallback: rule })).toEqual(encrypted);
		expect(planAttempts(parseConnectAddress("rtmp://h/a"), { fallback: rule }).order).toBe(
			/^R/.test(rule) ? "sequential" : "parallel",
		);
	});

	test("the default is racing, and its last attempt begins before 300 ms are over", () => {
		expect(list("rtmp://h/a")).toEqual(list("rtmp://h/a", { fallback: "racing" }));
		const { headStartMillis, staggerMillis, roads } = FALLBACK_RULES.racing;
		expect(headStartMillis + (roads.length - 2) * staggerMillis).toBeLessThan(300);
	});

	test("osmf tries three protocols by three ports", () => {
		expect(list("rtmp://h/a", { fallback: "osmf" })).toEqual(
			["rtmp", "rtmpt", "rtmps"].flatMap(protocol => [1935, 443, 80].map(port => `${protocol} ${port}`)),
		);
	});

	test("a rule of one's own is followed", () => {
		const own = { ...FALLBACK_RULES.R1, roads: [{ protocol: "rtmp", port: 8080 }] } as const;
		expect(list("rtmp://h/a", { fallback: own })).toEqual(["rtmp 8080"]);
		expect(() => list("rtmp://h/a", { fallback: "R9" as "R1" })).toThrow(/R9 is none of R1, R2/);
	});

	test.each([
		["rtmp://h:443/a", ["rtmp 443"]],
		["rtmpe://h:80/a", ["rtmpe 80"]],
		["rtmpt://h:8080/a", ["rtmpt 8080"]],
		["rtmpt://h/a", ["rtmpt 80"]],
		["rtmpte://h/a", ["rtmpte 80"]],
		["rtmps://h/a", ["rtmps 443"]],
		["rtmpts://h/a", ["rtmpts 443"]],
		["ws://h/a", ["ws 80"]],
		["wss://h/a", ["wss 443"]],
		["rtmfp://h/a", []],
	])("%s is one attempt at most (R6, R7)", (address, attempts) => {
		for (const fallback of ["racing", "R3"] as const) expect(list(address, { fallback })).toEqual(attempts);
	});

	test("what won the last time begins, where attempts run in parallel", () => {
		const remembered = { protocol: "rtmpt", port: 80, proxy: "none" } as const;
		expect(list("rtmp://h/a", { remembered })[0]).toBe("rtmpt 80");
		expect(list("rtmp://h/a", { remembered })).toHaveLength(6);
		expect(list("rtmp://h/a", { remembered, fallback: "R3" })[0]).toBe("rtmp 1935");
		expect(list("rtmp://h/a", { remembered: { ...remembered, port: 81 } })[0]).toBe("rtmp 1935");
	});
});

describe("proxies", () => {
	const hasProxy = () => true;
	test.each<[proxyType: string, address: string, without: string[], withProxy: string[]]>([
		["none", "rtmp://h:1935/a", ["rtmp 1935"], ["rtmp 1935"]],
		["none", "rtmpt://h/a", ["rtmpt 80"], ["rtmpt 80 HTTP"]],
		["none", "rtmps://h/a", ["rtmps 443"], ["rtmps 443"]],
		["none", "rtmpts://h/a", ["rtmpts 443"], ["rtmpts 443 CONNECT"]],
		["HTTP", "rtmp://h/a", ["rtmpt 80"], ["rtmpt 80 HTTP"]],
		["HTTP", "rtmps://h/a", ["rtmpts 443"], ["rtmpts 443 CONNECT"]],
		["HTTP", "rtmp://h:1935/a", ["rtmp 1935"], ["rtmp 1935"]],
		["CONNECTOnly", "rtmp://h:1935/a", [], ["rtmp 1935 CONNECT"]],
		["CONNECTOnly", "rtmp://h/a", [], ["rtmp 1935 CONNECT", "rtmp 443 CONNECT", "rtmp 80 CONNECT"]],
		[
			"CONNECT",
			"rtmp://h/a",
			["rtmp 1935", "rtmp 443", "rtmp 80", "rtmpt 80"],
			["rtmp 1935", "rtmp 443", "rtmp 80", "rtmp 1935 CONNECT", "rtmp 443 CONNECT", "rtmp 80 CONNECT", "rtmpt 80 HTTP"],
		],
		["best", "rtmps://h/a", ["rtmps 443", "rtmpts 443"], ["rtmps 443", "rtmps 443 CONNECT", "rtmpts 443 CONNECT"]],
	])("%s: %s", (proxyType, address, without, withProxy) => {
		expect(list(address, { proxyType, fallback: "R3" })).toEqual(without);
		expect(list(address, { proxyType, fallback: "R3", hasProxy })).toEqual(withProxy);
	});

	test("an unknown kind is refused", () => {
		expect(() => list("rtmp://h/a", { proxyType: "socks" })).toThrow(ArgumentError);
	});
});

describe("NetConnectionSmart's options", () => {
	const direct = ["rtmp 443", "rtmp 80", "rtmp 1935"];
	const byProxy = direct.map(road => `${road} CONNECT`);
	const tunnels = ["rtmpt 443 HTTP", "rtmpt 80 HTTP", "rtmpt 1935 HTTP"];
	test.each<[what: string, smart: NonNullable<AttemptOptions["smart"]>, proxyType: string, attempts: string[]]>([
		["defaults", {}, "none", [...direct, ...byProxy, ...tunnels]],
		["portArray", { portArray: [8080] }, "none", ["rtmp 8080", "rtmp 8080 CONNECT", "rtmpt 8080 HTTP"]],
		["skipTunneling", { skipTunneling: true }, "none", [...direct, ...byProxy]],
		["forceTunneling", { forceTunneling: true }, "none", tunnels],
		["defaultPortOnly", { defaultPortOnly: true }, "none", ["rtmp 1935", "rtmp 1935 CONNECT", "rtmpt 80 HTTP"]],
		["secure", { secure: true, defaultPortOnly: true }, "none", ["rtmps 443", "rtmps 443 CONNECT"]],
		[
			"encrypted",
			{ encrypted: true, defaultPortOnly: true },
			"none",
			["rtmpe 1935", "rtmpe 1935 CONNECT", "rtmpte 80 HTTP"],
		],
		["proxyType CONNECTOnly", { portArray: [80] }, "CONNECTOnly", ["rtmp 80 CONNECT", "rtmpt 80 HTTP"]],
	])("%s", (_what, smart, proxyType, attempts) => {
		expect(list("rtmpt://h:1234/a", { smart, proxyType, hasProxy: () => true })).toEqual(attempts);
	});

	test("without a proxy there is no second group", () => {
		expect(list("rtmp://h/a", { smart: {} })).toEqual([...direct, "rtmpt 443", "rtmpt 80", "rtmpt 1935"]);
	});

	test.each([
		[{}, { order: "parallel", headStartMillis: 100, staggerMillis: 100, attemptTimeoutMillis: 30_000 }],
		[{ shotgunConnect: false }, { headStartMillis: 200, staggerMillis: 200 }],
		[{ shotgunConnect: false, connectionRateMillis: 700 }, { staggerMillis: 700 }],
		[
			{ sequentialConnect: true, connectionTimeoutMillis: 5000 },
			{ order: "sequential", attemptTimeoutMillis: 5000 },
		],
	])("%j set the pace", (smart, timing) => {
		expect(planAttempts(parseConnectAddress("rtmp://h/a"), { smart })).toMatchObject(timing);
	});

	test.each([
		{ secure: true, forceTunneling: true },
		{ secure: true, encrypted: true },
		{ skipTunneling: true, forceTunneling: true },
	])("%j exclude each other", smart => {
		expect(() => list("rtmp://h/a", { smart })).toThrow(/exclude each other/);
	});
});

describe("in a page", () => {
	test.each<[address: string, isSecure: boolean, attempts: string[]]>([
		["rtmp://h/a", false, ["ws 1935", "ws 80", "rtmpt 1935", "rtmpt 80"]],
		["rtmp://h:8080/a", false, ["ws 8080", "rtmpt 8080"]],
		["rtmp://h/a", true, ["wss 443", "rtmpts 443"]],
		["rtmp://localhost:8080/a", true, ["ws 8080", "rtmpt 8080"]],
		["rtmps://h/a", false, ["wss 443", "rtmpts 443"]],
		["rtmpt://h/a", false, ["rtmpt 80"]],
		["ws://h:8080/a", true, ["wss 8080"]],
		["rtmpe://h/a", false, []],
	])("%s from a page (by HTTPS: %s)", (address, isSecure, attempts) => {
		expect(list(address, { page: { isSecure } })).toEqual(attempts);
	});
});
