import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MEMBERS, type Member, memberLabel } from "../packages/server/src/legacy/index.ts";
import { UTILITY_MEMBERS } from "../packages/server/src/legacy/members-utility.ts";
import { type LegacyClient, LegacyFixture } from "./legacy-fixture.ts";

/** The table of members says what is so: each has a test over the wire that names it, and what is absent says so itself. */

/** `legacy-utility.test.ts` has a table of its own, and holds it against theirs. */
const present = MEMBERS.filter(member => member.state !== "absent" && !UTILITY_MEMBERS.includes(member));
const absent = MEMBERS.filter(({ state, kind }) => state === "absent" && kind !== "event");
const tests = readdirSync(import.meta.dirname)
	.filter(name => /^legacy-.*\.test\.ts$/.test(name) && name !== "legacy-members.test.ts")
	.map(name => readFileSync(join(import.meta.dirname, name), "utf8"));

/** Titles name the first of several members in full: `SharedObject.lock, unlock`. */
function uses(text: string, { name }: Member): boolean {
	return (
		new RegExp(`\\b(it|describe)(\\.each.*)?\\(.*\\b${name}\\b`).test(text) || new RegExp(`\\.${name}\\b`).test(text)
	);
}

describe("the table of members", () => {
	it("names every member once", () => {
		const labels = MEMBERS.map(
			member => `${memberLabel(member)} ${member.kind === "class"} ${member.kind === "event"}`,
		);
		expect(labels.filter((label, index) => labels.indexOf(label) !== index)).toEqual([]);
	});

	it("says what differs of those that are there in part", () => {
		expect(MEMBERS.filter(({ state, note }) => state === "partial" && note === "").map(memberLabel)).toEqual([]);
	});

	it("has a test for each", () => {
		const isNamed = (member: Member) =>
			tests.some(text => text.includes(memberLabel(member)) || (text.includes(`${member.of}.`) && uses(text, member)));
		expect(present.filter(member => !isNamed(member)).map(memberLabel)).toEqual([]);
	});
});

describe("what is absent", () => {
	let server: LegacyFixture;
	let client: LegacyClient;

	beforeAll(async () => {
		server = await LegacyFixture.start({ code: { isolation: "thread" } });
		const main = "Client.prototype.run = function (code) { var client = this; return eval(code); };";
		client = await server.connect(server.app(main));
	});

	afterAll(() => server[Symbol.asyncDispose]());

	it.each(absent.map(member => [memberLabel(member), member] as const))(
		"%s throws an error that names it",
		async (label, member) => {
			const holder = member.of === "Application" ? "application" : `${member.of}.prototype`;
			const use = {
				class: `new ${member.name}()`,
				property: member.of === "Client" ? `client.${member.name}` : `${holder}.${member.name}`,
				method: `${holder}.${member.name}()`,
				static: `${member.of}.${member.name}()`,
				function: `${member.name}()`,
				event: "",
			}[member.kind];
			expect(await client.call("run", use)).toMatchObject({ description: expect.stringContaining(label) });
		},
	);
});
