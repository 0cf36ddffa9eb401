import type { ScriptFault } from "./script-fault.ts";
import { ScriptRealm, type ScriptRealmOptions } from "./script-realm.ts";

/** A realm, and what it told. */
export type RealmFixture = {
	readonly realm: ScriptRealm;
	readonly faults: ScriptFault[];
	readonly places: string[];
	readonly traces: string[];
};

/** Makes a realm for a test; its folder need not exist unless scripts load files. */
export function realmFixture(options: Partial<ScriptRealmOptions> = {}): RealmFixture {
	const faults: ScriptFault[] = [];
	const places: string[] = [];
	const traces: string[] = [];
	const realm = new ScriptRealm({
		folder: "/applications/test",
		libraries: [],
		onFault(fault, where) {
			faults.push(fault);
			places.push(where);
		},
		trace: text => traces.push(text),
		...options,
	});
	return { realm, faults, places, traces };
}
