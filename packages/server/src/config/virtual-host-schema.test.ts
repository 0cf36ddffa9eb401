import { describe, expect, it } from "vitest";
import { resolveOptions } from "./load-config.ts";
import type { ServerOptionsInput } from "./schema.ts";

const BAD: [what: string, hosts: ServerOptionsInput["virtualHosts"], message: string][] = [
	["a port in a name", { "a.example:80": { folder: "a" } }, "must be the name of a host"],
	["a folder that is missing", { a: {} as { folder: string } }, "virtualHosts.a.folder is missing"],
	["a folder that two share", { a: { folder: "x/" }, b: { folder: "./x" } }, "another host's applications too"],
	["the folder of the others", { a: { folder: "applications" } }, "another host's applications too"],
	["an alias that two share", { a: { folder: "a", aliases: ["c"] }, b: { folder: "b", aliases: ["C."] } }, "twice"],
	["a name that differs in case", { a: { folder: "a" }, A: { folder: "b" } }, "another virtual host"],
	["a star in the middle", { a: { folder: "a", aliases: ["a.*.b"] } }, "must be the name of a host"],
];

describe("virtual hosts in the configuration", () => {
	for (const [what, virtualHosts, message] of BAD) {
		it(`are refused with ${what}`, () => {
			expect(() => resolveOptions({ virtualHosts })).toThrow(message);
		});
	}

	it("need nothing but a folder", () => {
		const { virtualHosts } = resolveOptions({ virtualHosts: { "a.example": { folder: "./a" } } });
		expect(virtualHosts["a.example"]).toEqual({ folder: "./a", aliases: [], connections: 0, applications: {} });
	});
});
