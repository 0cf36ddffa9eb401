import { describe, expect, test } from "vitest";
import type { RoadProtocol } from "./address.ts";
import { basicAuthorization, parseProxy, proxiesOfEnvironment, proxyFor } from "./proxy.ts";

describe("proxies", () => {
	test.each([
		["http://proxy:3128", { host: "proxy", port: 3128, isSecure: false, credentials: undefined }],
		["proxy:3128", { host: "proxy", port: 3128, isSecure: false, credentials: undefined }],
		["http://proxy", { host: "proxy", port: 80, isSecure: false, credentials: undefined }],
		[
			"https://me:p%40ss@[::1]/",
			{ host: "::1", port: 443, isSecure: true, credentials: { user: "me", password: "p@ss" } },
		],
	])("%s is understood", (text, proxy) => {
		expect(parseProxy(text)).toEqual(proxy);
	});

	test("other kinds are refused, but passed over in the environment", () => {
		expect(() => parseProxy("socks5://proxy:1080")).toThrow(/Proxies by socks5 are not offered/);
		expect(() => parseProxy("http://")).toThrow(/no address/);
		expect(proxiesOfEnvironment({ all_proxy: "socks5://proxy:1080" })).toMatchObject({ http: undefined });
	});

	test.each<[what: string, environment: Record<string, string>, protocol: RoadProtocol, proxy: string | undefined]>([
		["http_proxy is for the tunnel", { http_proxy: "http://a" }, "rtmpt", "a"],
		["http_proxy is asked to CONNECT where there is no other", { http_proxy: "http://a" }, "rtmp", "a"],
		["HTTPS_PROXY is for CONNECT", { HTTP_PROXY: "http://a", HTTPS_PROXY: "http://b" }, "rtmps", "b"],
		["and not for the tunnel", { HTTPS_PROXY: "http://b" }, "rtmpt", undefined],
		["all_proxy is for both", { all_proxy: "http://c" }, "rtmpts", "c"],
		["HTTP_PROXY may come from a web request", { HTTP_PROXY: "http://a", REQUEST_METHOD: "GET" }, "rtmpt", undefined],
	])("%s", (_what, environment, protocol, proxy) => {
		expect(proxyFor(proxiesOfEnvironment(environment), protocol, "host.example")?.host).toBe(proxy);
	});

	test.each([
		["host.example", true],
		[".example", true],
		["*.example", true],
		["other.example,host.example:1935", true],
		["*", true],
		["ost.example", false],
		["", false],
	])("no_proxy=%s", (no_proxy, isDirect) => {
		const settings = proxiesOfEnvironment({ http_proxy: "http://a", no_proxy });
		expect(proxyFor(settings, "rtmpt", "host.example") === undefined).toBe(isDirect);
	});

	test.each(["localhost", "127.0.0.1", "::1"])("%s is reached directly", host => {
		expect(proxyFor(proxiesOfEnvironment({ http_proxy: "http://a" }), "rtmpt", host)).toBeUndefined();
	});

	test("credentials are sent in UTF-8", () => {
		expect(basicAuthorization({ user: "Aladdin", password: "open sesame" })).toBe("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
		expect(basicAuthorization({ user: "ä", password: "" })).toBe("Basic w6Q6");
	});
});
