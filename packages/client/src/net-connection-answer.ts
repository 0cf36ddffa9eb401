import type { AmfObject, AmfValue } from "@millrace/core/amf";
import { type NetStatus, netStatus } from "@millrace/core/rtmp";

/** What servers call whether or not anybody cares, with the answer that they get then. */
export const USUAL_CALLS: ReadonlyMap<string, { readonly result: AmfValue }> = new Map([
	["onBWDone", { result: undefined }],
	["onBWCheck", { result: 0 }],
	["_onbwcheck", { result: 0 }],
	["_onbwdone", { result: undefined }],
	["onFCPublish", { result: undefined }],
	["onFCUnpublish", { result: undefined }],
	["onFCSubscribe", { result: undefined }],
	["onFCUnsubscribe", { result: undefined }],
]);

/** An answer that says "failed", as an info object. */
export function asStatus(value: AmfValue): NetStatus {
	const info = typeof value === "object" && value !== null ? (value as AmfObject) : {};
	const { code, description } = info;
	if (typeof code === "string" && typeof description === "string") return info as NetStatus;
	const text = typeof description === "string" ? description : typeof value === "string" ? value : undefined;
	const made = netStatus("NetConnection.Call.Failed", text, info);
	return typeof code === "string" ? { ...made, code } : made;
}
