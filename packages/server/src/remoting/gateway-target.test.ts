import { describe, expect, it } from "vitest";
import { findTarget, type GatewayTargetRule } from "./gateway-target.ts";

const RULE: GatewayTargetRule = {
	defaultApplication: "main",
	nameLength: 20,
	isApplication: name => name === "chat" || name === "main",
};
const DEFAULT = "_definst_";

describe("the rule of the first segment", () => {
	it.each([
		["an application's method", "chat.say", "", "chat", DEFAULT, "say"],
		["that of an instance", "chat/room.say", "", "chat", "room", "say"],
		["an instance with slashes", "chat/a/b.say", "", "chat", "a/b", "say"],
		["a method in a folder", "chat.admin.kick", "", "chat", DEFAULT, "admin.kick"],
		["a service of the default application", "service.method", "", "main", DEFAULT, "service.method"],
		["a service in a package", "com/example/service.method", "", "main", DEFAULT, "com/example/service.method"],
		["a package with dots", "com.example.Service.method", "", "main", DEFAULT, "com.example.Service.method"],
		["a method alone", "method", "", "main", DEFAULT, "method"],
		["a method alone that is called as an application", "chat", "", "main", DEFAULT, "chat"],
		["slashes alone name no application", "chat/say", "", "main", DEFAULT, "chat/say"],
		["nothing before the dot", ".say", "", "main", DEFAULT, ".say"],
		["nothing at all", "", "", "main", DEFAULT, ""],
		["the request's path goes first", "chat.say", "other/room", "other", "room", "chat.say"],
		["and is percent-encoded", "say", "other/a%20b", "other", "a b", "say"],
	])("%s: %s", (_what, target, place, application, instance, method) => {
		expect(findTarget(target, place, RULE)).toEqual({ application, instance, method });
	});

	it.each([
		["names that are too long", "say", "x".repeat(30)],
		["names that are forbidden", "chat/\u0001.say", ""],
		["names that leave the folder", "say", "chat/..%2f.."],
		["percent signs that encode nothing", "say", "%zz"],
	])("tells of %s", (_what, target, place) => {
		expect(findTarget(target, place, { ...RULE, isApplication: () => true })).toEqual(expect.any(String));
	});

	it("tells where there is no default application", () => {
		const rule = { ...RULE, defaultApplication: null };
		expect(findTarget("service.method", "", rule)).toMatch(/names no application/);
		expect(findTarget("chat.say", "", rule)).toMatchObject({ application: "chat" });
	});
});
