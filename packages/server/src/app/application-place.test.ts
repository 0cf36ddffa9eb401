import { describe, expect, it } from "vitest";
import { hostedApplication, placeOf, splitApplication } from "./application-place.ts";

const SPLIT: [application: string, name: string, host: string | undefined][] = [
	["live", "live", undefined],
	["live@chat.example.org", "live", "chat.example.org"],
	["a@b@chat.example.org", "a@b", "chat.example.org"],
	["@chat.example.org", "@chat.example.org", undefined],
	[".@chat.example.org", ".@chat.example.org", undefined],
	["..@chat.example.org", "..@chat.example.org", undefined],
	["...@chat.example.org", "...", "chat.example.org"],
	["", "", undefined],
];

describe("the name of an application", () => {
	for (const [application, name, host] of SPLIT) {
		it(`${JSON.stringify(application)} is ${name} of ${host ?? "the default host"}`, () => {
			expect(splitApplication(application)).toEqual({ name, host });
			expect(hostedApplication(name, host)).toBe(application);
		});
	}

	it("leads to the folder of its host, where there is such a host", () => {
		const hosts = new Map([["chat.example.org", "/chat"]]);
		expect(placeOf("live@chat.example.org", "/apps", hosts)).toEqual({ root: "/chat", name: "live" });
		expect(placeOf("live@other", "/apps", hosts)).toEqual({ root: "/apps", name: "live@other" });
		expect(placeOf("..@chat.example.org", "/apps", hosts)).toEqual({ root: "/apps", name: "..@chat.example.org" });
		expect(placeOf("live@chat.example.org", "/apps")).toEqual({ root: "/apps", name: "live@chat.example.org" });
	});
});
