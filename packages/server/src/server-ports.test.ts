import { describe, expect, test } from "vitest";
import type { ServerAddress } from "./server-listeners.ts";
import { portsFor, type Visitor } from "./server-ports.ts";

const ALL = { tunnel: true, encryption: true };
const far: Visitor = { address: "192.0.2.7", peerAddress: "192.0.2.7", localAddress: "::ffff:198.51.100.1" };
const near: Visitor = { address: "127.0.0.1", peerAddress: "127.0.0.1", localAddress: "127.0.0.1" };
const proxied: Visitor = { address: "192.0.2.7", peerAddress: "127.0.0.1", localAddress: "127.0.0.1" };

function listener(host: string, protocols: ServerAddress["protocols"] = ["http"]): ServerAddress {
	return { protocol: "http", host, port: 8080, protocols };
}

describe("the ports that a visitor is told of", () => {
	test.each<[host: string, toFar: boolean, toNear: boolean, toProxied: boolean]>([
		["::", true, true, true],
		["0.0.0.0", true, true, true],
		["127.0.0.1", false, true, false],
		["::1", false, true, false],
		["localhost", false, true, false],
		["198.51.100.1", true, false, false],
		["203.0.113.9", false, false, false],
		["media.example", true, false, false],
	])("a listener on %s: from afar %s, from this machine %s, through a proxy on it %s", (host, ...expected) => {
		const told = [far, near, proxied].map(visitor => portsFor([listener(host)], ALL, visitor).length === 1);
		expect(told).toEqual(expected);
	});

	test.each<[protocols: ServerAddress["protocols"], offered: typeof ALL, expected: string[]]>([
		[["rtmp", "rtmps", "http", "https"], ALL, ["rtmp", "rtmpe", "rtmps", "ws", "rtmpt", "rtmpte", "wss", "rtmpts"]],
		[["rtmp", "http"], { tunnel: true, encryption: false }, ["rtmp", "ws", "rtmpt"]],
		[["rtmp", "http", "https"], { tunnel: false, encryption: true }, ["rtmp", "rtmpe", "ws", "wss"]],
	])("%j becomes the protocols of clients", (protocols, offered, expected) => {
		expect(portsFor([listener("::", protocols)], offered, far)).toEqual([{ port: 8080, protocols: expected }]);
	});
});
