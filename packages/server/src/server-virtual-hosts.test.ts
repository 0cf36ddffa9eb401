import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { StreamName } from "./app/index.ts";
import { resolveOptions } from "./config/index.ts";
import { VirtualHosts } from "./server-virtual-hosts.ts";

const SETTINGS = {
	"chat.example.org": { folder: "./chat", aliases: ["*.chat.example.org", "10.0.0.1"] },
	Wide: { folder: "./wide", aliases: ["*.example.org", "2001.example"] },
};

function hostsOf(virtualHostParameter: boolean): VirtualHosts {
	return VirtualHosts.of(resolveOptions({ virtualHosts: SETTINGS, virtualHostParameter }))!;
}

const ADDRESSES: [tcUrl: string, application: string][] = [
	["rtmp://chat.example.org/live", "live@chat.example.org"],
	["rtmps://CHAT.Example.org.:443/live", "live@chat.example.org"],
	["rtmp://user:word@chat.example.org/live", "live@chat.example.org"],
	["rtmp://a.b.chat.example.org:1935/live/room", "live@chat.example.org"],
	["rtmp://other.example.org/live", "live@Wide"],
	["rtmp://10.0.0.1/live?x=1", "live@chat.example.org"],
	["rtmp://example.org/live", "live"],
	["rtmp://[::1]:1935/live", "live"],
	["rtmp://constructor/live", "live"],
	["/live", "live"],
	["", "live"],
];

describe("virtual hosts", () => {
	for (const [tcUrl, application] of ADDRESSES) {
		it(`make ${application} of live at ${JSON.stringify(tcUrl)}`, () => {
			expect(hostsOf(false).applicationOf({ application: "live", tcUrl, query: "" })).toBe(application);
		});
	}

	it("are chosen by a parameter only where that is allowed, and it goes before the address", () => {
		const asked = {
			application: "live",
			tcUrl: "rtmp://other.example.org/live",
			query: "a=1&_fcs_vhost=CHAT.example.org",
		};
		expect(hostsOf(false).applicationOf(asked)).toBe("live@Wide");
		expect(hostsOf(true).applicationOf(asked)).toBe("live@chat.example.org");
		expect(hostsOf(true).applicationOf({ ...asked, query: "_fcs_vhost=none.example" })).toBe("live");
	});

	it("are not chosen by a name that is the server's own", () => {
		const asked = { application: "live@Wide", tcUrl: "rtmp://x/live@Wide", query: "" };
		expect(hostsOf(false).applicationOf(asked)).toBe("");
		expect(hostsOf(true).applicationOf(asked)).toBe("live@Wide");
	});

	it("are chosen by the host of an HTTP request", () => {
		const hosts = hostsOf(false);
		const request = (host?: string) => ({ headers: { host } }) as IncomingMessage;
		expect(hosts.hostOf(request("Chat.example.org:8080"))).toBe("chat.example.org");
		expect(hosts.hostOf(request("[::1]:8080"))).toBeUndefined();
		expect(hosts.hostOf(request())).toBeUndefined();
		const name = new StreamName("live", "room", "cam");
		expect(hosts.streamOf(name, request("chat.example.org")).path).toBe("/live@chat.example.org/@room/cam");
		expect(hosts.streamOf(name, request("localhost"))).toBe(name);
	});

	it("are nothing where none are configured", () => {
		expect(VirtualHosts.of(resolveOptions({}))).toBeUndefined();
	});
});
