import { describe, expect, it } from "vitest";
import { backOffInterval, intervalMillis } from "./interval.ts";
import { TestCarrier } from "./test-carrier.ts";
import { DEFAULT_TUNNEL_LIMITS, DEFAULT_TUNNEL_TIMES, type TunnelLimits } from "./tunnel-limits.ts";
import { parseTunnelPath } from "./tunnel-path.ts";
import { TunnelServer } from "./tunnel-server.ts";

function serverOf(limits: Partial<TunnelLimits> = {}, accepts = true) {
	const given: string[] = [];
	const unused: string[] = [];
	let next = 0;
	const server = new TunnelServer<string>({
		limits: { ...DEFAULT_TUNNEL_LIMITS, ...limits },
		times: DEFAULT_TUNNEL_TIMES,
		random: count => Uint8Array.from({ length: count }, (_, index) => (index === 0 ? next++ : index)),
		onSession: (_, origin) => {
			given.push(origin);
			return accepts ? { onData() {}, onDrain() {}, onAnswerable() {}, onClosed() {} } : undefined;
		},
		onUnused: (origin, reason) => unused.push(`${origin}: ${reason}`),
	});
	return { server, given, unused };
}

describe("a server of tunnels", () => {
	it("gives ids of 128 random bits that can stand in a path and that librtmp and ffmpeg have room for", () => {
		const { server } = serverOf();
		expect(server.open("a", 0)).toBe("000102030405060708090a0b0c0d0e0f");
	});

	it("starts a session with its first request, not with its opening", () => {
		const { server, given } = serverOf();
		const id = server.open("a", 0);
		expect([given, server.unusedCount, server.sessionCount]).toEqual([[], 1, 0]);
		const carrier = new TestCarrier();
		const found = server.request("send", id, 0, carrier, 1);
		if (typeof found === "string") throw new Error(found);
		found.upload?.end(1);
		expect([given, server.unusedCount, server.sessionCount, carrier.bytes]).toEqual([["a"], 0, 1, [1]]);
		found.session.destroy();
		expect([server.sessionCount, server.request("idle", id, 1, new TestCarrier(), 2)]).toEqual([0, "unknown"]);
	});

	it("knows no sessions but its own, and refuses where nothing takes them", () => {
		const { server } = serverOf({}, false);
		expect(server.request("send", "0".repeat(32), 0, new TestCarrier(), 0)).toBe("unknown");
		const id = server.open("a", 0);
		expect(server.request("send", id, 0, new TestCarrier(), 0)).toBe("refused");
		expect(server.request("send", id, 0, new TestCarrier(), 0)).toBe("unknown");
	});

	it("forgets the oldest of too many unused sessions, and those that are not used in time", () => {
		const { server, unused } = serverOf({ unusedSessions: 2 });
		for (const [at, name] of ["a", "b", "c"].entries()) server.open(name, at);
		expect([unused, server.unusedCount]).toEqual([["a: limit"], 2]);
		server.handleTimeout(10_001);
		expect([unused, server.unusedCount]).toEqual([["a: limit", "b: time-out"], 1]);
	});
});

describe("a path", () => {
	it.each([
		["/open/1", { command: "open" }],
		["/open", { command: "open" }],
		["/fcs/ident2", { command: "ident2" }],
		["/fcs/ident", { command: "ident" }],
		["/send/aB-_9/0", { command: "send", id: "aB-_9", sequence: 0 }],
		["/idle/x/4294967296", { command: "idle", id: "x", sequence: 4294967296 }],
		["/close/x/12", { command: "close", id: "x", sequence: 12 }],
	])("%s is a tunnel's", (path, expected) => {
		expect(parseTunnelPath(path)).toEqual(expected);
	});

	it.each([
		"/",
		"/opened",
		"/send/x",
		"/send/x/",
		"/send/x/-1",
		"/send/x/1/2",
		"/send//1",
		"/send/a%2fb/1",
		"/idle/x/1e9",
	])("%s is none", path => {
		expect(parseTunnelPath(path)).toBeUndefined();
	});
});

it("interval bytes mean the times of the old servers", () => {
	expect([0x00, 0x01, 0x03, 0x05, 0x09, 0x11, 0x21, 0x41, 0xff].map(intervalMillis)).toEqual([
		0, 0, 32, 64, 128, 256, 512, 1024, 4064,
	]);
	expect([0, 9, 10, 30, 50, 1000].map(backOffInterval)).toEqual([0x01, 0x01, 0x03, 0x09, 0x21, 0x21]);
});
