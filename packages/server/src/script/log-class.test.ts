import { expect, it } from "vitest";
import { defineLog } from "./log-class.ts";
import { realmFixture } from "./realm-fixture.ts";

it("Log hands onLog what its level lets through, under its name", () => {
	const { realm } = realmFixture();
	defineLog(realm);
	const run = (source: string) => realm.fromScript(realm.run(source, "main.asc"));
	expect(
		run(`
			var lines = [], brief = new Log(), all = new Log(Log.DEBUG, "soap");
			brief.onLog = all.onLog = function (t) { lines.push(t); };
			brief.logInfo("a"); brief.logInfo("b", Log.VERBOSE); brief.logDebug("c"); all.logDebug("d"); new Log("VERBOSE").logInfo("e");
			lines.concat(Log.BRIEF, Log.VERBOSE, Log.DEBUG);
		`),
	).toEqual(["a", "soap: d", 0, 1, 2]);
});
