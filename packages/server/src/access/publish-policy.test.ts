import { describe, expect, it } from "vitest";
import { findPublishKey, isLoopback, mayPublish } from "./publish-policy.ts";

const KEY = "correct-key";
const LOCAL = "127.0.0.1";
const REMOTE = "203.0.113.7";

describe("who may publish", () => {
	it.each([
		["loopback", LOCAL, undefined, true, "loopback"],
		["loopback", LOCAL, "wrong", true, "loopback"],
		["loopback", LOCAL, KEY, true, "key"],
		["loopback", REMOTE, undefined, false, "key-missing"],
		["loopback", REMOTE, "wrong", false, "key-wrong"],
		["loopback", REMOTE, KEY, true, "key"],
		["loopback", undefined, undefined, false, "key-missing"],
		["nowhere", LOCAL, undefined, false, "key-missing"],
		["nowhere", LOCAL, KEY, true, "key"],
		["anywhere", REMOTE, undefined, true, "anywhere"],
		["anywhere", REMOTE, "wrong", true, "anywhere"],
		["anywhere", REMOTE, KEY, true, "key"],
	] as const)("from %s: %s with key %s is allowed: %s (%s)", (from, remoteAddress, key, allowed, reason) => {
		const decision = mayPublish({ remoteAddress, key }, { from, key: KEY });
		expect(decision).toMatchObject({ allowed, reason });
		expect(decision.identity === undefined).toBe(!allowed);
		expect(decision.description).not.toContain(KEY);
	});

	it.each(["", "null", "undefined", "x"])("never is let in by the key `%s` while there is none", key => {
		expect(mayPublish({ remoteAddress: REMOTE, key }, { from: "loopback", key: null }).allowed).toBe(false);
	});

	it.each([KEY.slice(0, -1), `${KEY}x`, KEY.toUpperCase(), ` ${KEY}`])("is refused with `%s`", key => {
		expect(mayPublish({ remoteAddress: REMOTE, key }, { from: "nowhere", key: KEY }).reason).toBe("key-wrong");
	});
});

describe("this machine's own addresses", () => {
	it.each(["127.0.0.1", "127.255.0.3", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1"])(
		"hold %s",
		address => expect(isLoopback(address)).toBe(true),
	);

	it.each(["128.0.0.1", "10.0.0.1", "0.0.0.0", "::", "::2", "::ffff:10.0.0.1", "fe80::1", "127.1", "localhost", ""])(
		"do not hold `%s`",
		address => expect(isLoopback(address)).toBe(false),
	);
});

describe("the key in a name", () => {
	it.each([
		["demo?key=abc", "live", "abc"],
		["demo", "live?key=abc", "abc"],
		["demo", "live/room?key=abc/", "abc"],
		["demo?key=first", "live?key=second", "first"],
		["demo?user=x&key=a.b_c~d-e", "live", "a.b_c~d-e"],
		["demo?key=a%2Db", "live", "a-b"],
		["demo?key=", "live?key=abc", "abc"],
		["demo", "live", undefined],
		["demo?keys=abc", "live?KEY=abc", undefined],
		["key=abc", "live", undefined],
		["demo?key=%E0%A4%A", "live", "\uFFFD%A"],
	])("of `%s` on `%s` is %s", (streamName, application, key) => {
		expect(findPublishKey(streamName, application)).toBe(key);
	});
});
