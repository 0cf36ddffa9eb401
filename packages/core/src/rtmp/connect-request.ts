import type { AmfObject, AmfValue, ObjectEncoding } from "../amf/index.ts";
import { membersOf } from "./command-object.ts";
import type { Command } from "./message/command.ts";
import { type ApplicationAddress, parseApplication } from "./url.ts";

/** What a client says in `connect` (RTMP 1.0 §7.2.1.1). */
export type ConnectRequest = ApplicationAddress & {
	readonly transactionId: number;
	/** As it was sent, with query. */
	readonly app: string;
	readonly tcUrl: string;
	readonly flashVer: string;
	readonly swfUrl: string;
	readonly pageUrl: string;
	/** What will be used: 3 only where the client asked for it. */
	readonly objectEncoding: ObjectEncoding;
	/** Every member of the command object, unknown ones too. */
	readonly properties: AmfObject;
	/** What stood behind the command object. */
	readonly args: readonly AmfValue[];
};

/**
 * Reads `connect` leniently: property names in any case, missing ones as empty.
 *
 * @returns `undefined` where there is no command object
 * @throws PeerError NAME_FORBIDDEN, LimitError NAME_TOO_LONG
 */
export function readConnectRequest(command: Command, maxNameLength: number): ConnectRequest | undefined {
	const properties = membersOf(command.object);
	if (properties === undefined) return undefined;
	const app = text(properties, "app");
	return {
		...parseApplication(app, maxNameLength),
		transactionId: command.transactionId,
		app,
		tcUrl: text(properties, "tcUrl"),
		flashVer: text(properties, "flashVer"),
		swfUrl: text(properties, "swfUrl"),
		pageUrl: text(properties, "pageUrl"),
		objectEncoding: properties["objectEncoding"] === 3 ? 3 : 0,
		properties,
		args: command.args,
	};
}

function text(properties: AmfObject, key: string): string {
	const exact = properties[key];
	if (typeof exact === "string") return exact;
	const lower = key.toLowerCase();
	for (const name of Object.keys(properties)) {
		const value = properties[name];
		if (name.length === key.length && name.toLowerCase() === lower && typeof value === "string") return value;
	}
	return "";
}
