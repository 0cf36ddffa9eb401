import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import type { PublisherEnd } from "../hub/index.ts";
import type { ApplicationRules } from "./peer-context.ts";

/** RTMPE by the ways that RTMP comes; over others it has no name of its own. */
const ENCRYPTED_PROTOCOLS: Readonly<Record<string, string>> = { rtmp: "rtmpe", rtmpt: "rtmpte" };
/** To a client whose SWF file is not known. */
export const SWF_REJECTED = "[ Server.Reject ] : The SWF file could not be verified.";

/** What a client speaks, as applications and the log have it. */
export function protocolName(protocol: string, isEncrypted: boolean): string {
	return isEncrypted ? (ENCRYPTED_PROTOCOLS[protocol] ?? protocol) : protocol;
}

/** The status for a client whose protocol the application does not take; `undefined`: it does. */
export function protocolRefusal({ protocols }: ApplicationRules, protocol: string): NetStatus | undefined {
	if (protocols === undefined || protocols.includes(protocol)) return undefined;
	const text = `[ Server.Reject ] : The application is not open to ${protocol}, but to ${protocols.join(", ")}.`;
	return netStatus("NetConnection.Connect.Rejected", text);
}

/** What a publisher is told when the server ends its publication. */
export const PUBLICATION_END_STATUS: Partial<
	Record<PublisherEnd, [code: "NetStream.Publish.Idle" | "NetStream.Unpublish.Success", text: string]>
> = {
	idle: ["NetStream.Publish.Idle", "The publisher has been idle for too long."],
	"taken-over": ["NetStream.Unpublish.Success", "Another publisher has taken the name over."],
	"server-stopping": ["NetStream.Unpublish.Success", "The server stops."],
};
