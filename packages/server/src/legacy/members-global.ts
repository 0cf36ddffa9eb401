import { membersOf } from "./member.ts";

/** Global functions, and classes that there are not. */
export const GLOBAL_MEMBERS = membersOf("global", [
	["clearInterval", "function", "1", "full"],
	["getGlobal", "function", "1", "full", "In `secure.asc`."],
	["load", "function", "1", "full", "At once, as it is called."],
	["protectObject", "function", "1", "full", "In `secure.asc`."],
	["setAttributes", "function", "1", "full"],
	["setInterval", "function", "1", "full"],
	["trace", "function", "1", "full"],
	["GroupControl", "class", "4", "absent", "RTMFP."],
	["GroupSpecifier", "class", "4", "absent", "RTMFP."],
	["MulticastStreamInfo", "class", "4", "absent", "RTMFP."],
	["MulticastStreamIngest", "class", "4", "absent", "RTMFP."],
	["NetGroup", "class", "4", "absent", "RTMFP."],
	["NetGroupInfo", "class", "4", "absent", "RTMFP."],
	["NetGroupReceiveMode", "class", "4", "absent", "RTMFP."],
	["NetGroupReplicationStrategy", "class", "4", "absent", "RTMFP."],
	["NetGroupSendMode", "class", "4", "absent", "RTMFP."],
	["NetGroupSendResult", "class", "4", "absent", "RTMFP."],
	["ProxyStream", "class", "4", "absent", ""],
	["SOAPCall", "class", "2", "absent", "SOAP."],
	["SOAPFault", "class", "2", "absent", "SOAP."],
	["WebService", "class", "2", "absent", "SOAP."],
	["XMLStreams", "class", "2", "absent", ""],
]);
