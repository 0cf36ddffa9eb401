/** What a member is. */
export type MemberKind = "class" | "property" | "method" | "static" | "event" | "function";

/**
 * A member of the object model of the old server. `full`: it does what it did there, as far as scripts and clients can
 * tell; `partial`: what differs is in the note; `absent`: using it throws an error that names it.
 */
export type Member = {
	/** The class, or `global`. */
	readonly of: string;
	readonly name: string;
	readonly kind: MemberKind;
	/** The first version of the old server that had it: `1`, `2`, `3`, `3.5`, `4`, `4.5`, `5`. */
	readonly since: string;
	readonly state: "full" | "partial" | "absent";
	/** What somebody who moves an application must know; empty where that is nothing. */
	readonly note: string;
};

/** A member's name as tests and messages say it: `application.clients`, `Client.call`, `Stream.get`, `trace`. */
export function memberLabel({ of, name, kind }: Pick<Member, "of" | "name" | "kind">): string {
	if (of === "global" || kind === "class") return name;
	return `${of === "Application" ? "application" : of}.${name}`;
}

/** A member of a class that the table tells of; the note may be left out. */
export type MemberRow = readonly [name: string, kind: MemberKind, since: string, state: Member["state"], note?: string];

/** The members of one class. */
export function membersOf(of: string, rows: readonly MemberRow[]): readonly Member[] {
	return rows.map(([name, kind, since, state, note = ""]) => ({ of, name, kind, since, state, note }));
}
