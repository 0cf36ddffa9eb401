import type { ScriptObject, ScriptRealm } from "../script/index.ts";
import { type Member, memberLabel } from "./member.ts";
import { MEMBERS } from "./members.ts";

/**
 * Puts something that throws in the place of every member that there is not, so that a script which needs one fails
 * there, with its name. Scripts may put something of their own in its place. Events that never happen are as any
 * property.
 */
export function defineAbsentMembers(realm: ScriptRealm, application: ScriptObject): void {
	for (const member of MEMBERS) {
		if (member.state !== "absent" || member.kind === "event") continue;
		const refuse = () => {
			throw new Error(`${memberLabel(member)} is not there in this server.`);
		};
		if (member.kind === "class") {
			realm.defineClass({ name: member.name, construct: refuse });
			continue;
		}
		const holder = holderOf(realm, application, member);
		if (holder === undefined) throw new Error(`There is no class ${member.of}.`);
		// Its class says so itself, and more.
		if (Object.hasOwn(holder, member.name)) continue;
		const call = realm.makeFunction(member.name, refuse);
		const put = realm.makeFunction(member.name, (self, [value]) => {
			realm.setOwn(self as ScriptObject, member.name, value);
		});
		Object.defineProperty(holder, member.name, {
			...(member.kind === "property" ? { get: call, set: put } : { value: call, writable: true }),
			enumerable: false,
			configurable: true,
		});
	}
}

function holderOf(realm: ScriptRealm, application: ScriptObject, { of, kind }: Member): ScriptObject | undefined {
	if (of === "global") return realm.global;
	if (of === "Application") return application;
	const type = (realm.global as Readonly<Record<string, { readonly prototype: ScriptObject } | undefined>>)[of];
	return kind === "static" ? type : type?.prototype;
}
