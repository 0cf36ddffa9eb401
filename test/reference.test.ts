import { FAULTS } from "@millrace/core/fault";
import { NET_STATUS } from "@millrace/core/rtmp";
import { describe, expect, it } from "vitest";
import { fixedNodes } from "../packages/server/src/config/index.ts";
import { referencePages, stalePages } from "../scripts/reference/page.ts";

describe("the generated reference", () => {
	it("is up to date (otherwise: npm run reference)", () => {
		expect([...stalePages().keys()]).toEqual([]);
	});

	it("names every setting, every fault and every status", () => {
		const pages = referencePages();
		const configuration = pages.get("docs/reference/configuration.md") ?? "";
		for (const { path, node } of fixedNodes()) {
			const name = path.length === 1 && node.kind !== "leaf" ? `## ${path[0]}\n` : `| \`${path.join(".")}\` `;
			expect(configuration).toContain(name);
		}
		for (const code of Object.keys(FAULTS)) expect(pages.get("docs/reference/errors.md")).toContain(`\`${code}\``);
		for (const code of Object.keys(NET_STATUS))
			expect(pages.get("docs/reference/statuses.md")).toContain(`\`${code}\``);
	});
});
