import { parseHostPort } from "./host-port.ts";
import type { ImportTarget } from "./import-target.ts";
import { type Outcome, takenWith, unset } from "./outcome.ts";
import { none, type OldSetting, type SettingRow, same, take, takeNumber, takeSwitch } from "./setting-row.ts";
import { isEnabled, switchOf, textOf } from "./setting-value.ts";
import { writeXml } from "./xml-element.ts";

const TUNNEL = "Requests and answers of a tunnel are sized and timed by `rtmpt`.";
const RTMFP = "RTMFP is not spoken.";

/** What `Adaptor.xml` can say. */
export const ADAPTOR_SETTINGS: readonly SettingRow[] = [
	take(
		"HostPortList/HostPort",
		"listeners",
		"Each port is a listener: RTMP with its kin and HTTP, with a minus sign RTMPS and HTTPS.",
		readHostPort,
	),
	same("HostPort@name", "Listeners need no names."),
	same("HostPort@ctl_channel", "There are no processes that would need a channel between them."),
	none("HostPort@rtmfp", RTMFP),
	same("HostPort@public", "The server listens where it says, and names no address to clients."),
	same("Adaptor/ResourceLimits/**", "There are no edge processes that would be started again."),
	same("ResourceLimits/**", "There are no edge processes that would be started again."),
	take(
		"Adaptor/Allow",
		"addresses.allow",
		"Addresses and beginnings of addresses; names of hosts and domains are not.",
		readAllow,
	),
	take(
		"Adaptor/Deny",
		"addresses.deny",
		"Addresses and beginnings of addresses; names of hosts and domains are not.",
		readDeny,
	),
	take(
		"Adaptor/Order",
		"addresses",
		"`Allow,Deny`: who is denied is never let in. `Deny,Allow`: who is allowed always is.",
		readOrder,
	),
	take("HTTPTunnel/Enable", "rtmpt.enabled", "`http1.1only` and `keepalive` count as `true`.", ({ value }, target) =>
		value === "" ? unset(value, "true or false") : target.putForServer("rtmpt.enabled", switchOf(value) ?? true),
	),
	none(
		"HTTPTunnel/NodeID",
		"A balancer keeps a client's requests together by its address, or `rtmpt.ident2` names this server.",
	),
	same(
		"HTTPTunnel/IdlePostInterval",
		"Polls are held up to `rtmpt.holdMillis` and answered as soon as there is something to say.",
	),
	same(
		"HTTPTunnel/IdleAckInterval",
		"Polls are held up to `rtmpt.holdMillis` and answered as soon as there is something to say.",
	),
	takeNumber(
		"HTTPTunnel/IdleTimeout",
		"rtmpt.sessionTimeoutMillis",
		"In seconds there; a negative one, never, becomes an hour.",
		{ factor: 1000, unlimited: 3_600_000, isServerWide: true },
	),
	same("HTTPTunnel/MimeType", "Answers are `application/x-fcs`."),
	same("HTTPTunnel/WriteBufferSize", "`rtmpt.answerBytes` bounds an answer."),
	none("HTTPTunnel/SetCookie", "A balancer can set one."),
	take(
		"Redirect@enable",
		"http.upstream",
		"Requests that are not the server's own go to another web server. Its `Host` is taken along.",
		readRedirect,
	),
	take("Redirect/Host", "http.upstream", "Taken where it is enabled.", ({ parent }) =>
		withSwitch(isEnabled(parent), "http.upstream"),
	),
	same("Redirect@maxbuf", TUNNEL),
	take(
		"HttpProxy@enable",
		"http.upstream",
		"Requests that are not the server's own go to another web server, unless that was the old server's own. Its `Host` is taken along.",
		readProxy,
	),
	take("HttpProxy/Host", "http.upstream", "Taken where it is enabled.", ({ parent }, target) =>
		target.server.httpd
			? {
					outcome: "equivalent",
					note: "It was the old server's own web server: the server answers itself, from `http.webroot`.",
				}
			: withSwitch(isEnabled(parent), "http.upstream"),
	),
	same("Host@port", "Requests of all ports are answered alike."),
	same("HTTPTunnel/NeedClose", TUNNEL),
	same("HTTPTunnel/MaxWriteDelay", TUNNEL),
	same("HTTPTunnel/MinWriteDelay", TUNNEL),
	same("HTTPTunnel/MaxHeaderLineLength", TUNNEL),
	same("HTTPTunnel/MaxPipelinedRequests", TUNNEL),
	take(
		"SSLServerCtx/SSLCertificateFile",
		"tls.certificates",
		"With its key. Relative to the folder of the file.",
		readCertificate,
	),
	take(
		"SSLServerCtx/SSLCertificateKeyFile",
		"tls.certificates",
		"Taken with its certificate. It must be PEM without a password.",
		({ value, parent }) =>
			hasCertificate(parent)
				? takenWith("tls.certificates", "With its certificate.")
				: unset(value, "beside a certificate"),
	),
	none("SSLCertificateKeyFile@type", "Keys are PEM. `openssl pkey -inform DER` changes others."),
	{
		...none(
			"SSLServerCtx/SSLPassPhrase",
			"Keys must be without a password: `openssl pkey -in KEY -out NEW` takes it away. It is not copied.",
		),
		isSecret: true,
	},
	same(
		"SSLServerCtx/SSLCipherSuite",
		"The ciphers are those of the TLS library; `tls.minVersion` and `tls.maxVersion` bound the version.",
	),
	same("SSLServerCtx/SSLSessionTimeout", "Sessions are kept as the TLS library does."),
	same("SSL/**", "The TLS library decides."),
	take(
		"HTTPIdent@enable",
		"rtmpt.ident",
		"What stands in the element is the answer to `/fcs/ident`.",
		({ value, element }, target) => {
			if (switchOf(value) !== true) return { outcome: "equivalent", note: "`/fcs/ident` is answered 404." };
			const content = element.children.map(writeXml).join("") || element.text;
			return target.putForServer("rtmpt.ident", `<fcs>${content}</fcs>`);
		},
	),
	take("HTTPIdent/**", "rtmpt.ident", "Taken where it is enabled.", () =>
		takenWith("rtmpt.ident", "Where it is enabled."),
	),
	take(
		"HTTPIdent2@enable",
		"rtmpt.ident2",
		"Off: `null`. On: the host in the element, or none.",
		({ value, element }, target) => {
			const on = switchOf(value);
			if (on === undefined) return unset(value, "true or false");
			if (!on) return target.putForServer("rtmpt.ident2", null);
			if (element.text === "") return { outcome: "equivalent", note: "Clients stay with the host that they have." };
			return target.putForServer("rtmpt.ident2", element.text);
		},
	),
	take("HTTPIdent2", "rtmpt.ident2", "Taken where it is enabled.", ({ element, value }) =>
		value === "" ? unset(value, "a host") : withSwitch(isEnabled(element), "rtmpt.ident2"),
	),
	none("HTTPNull/**", "Null requests of HTTP are answered 404."),
	none("HTTPNull@enable", "Null requests of HTTP are answered 404."),
	none("HTTPUserInfo/**", "`/fcs/uInfo` is answered 404."),
	none("HTTPUserInfo@enable", "`/fcs/uInfo` is answered 404."),
	takeSwitch("EnableAltVhost", "virtualHostParameter", "Whether `?_fcs_vhost=` chooses the virtual host.", true),
	takeSwitch("RTMPE@enabled", "rtmp.encryption", "RTMPE and RTMPTE.", true),
	none("RTMFP@enable", RTMFP),
	none("RTMFP/**", RTMFP),
];

function withSwitch(on: boolean | undefined, to: string): Outcome {
	return on === true ? takenWith(to, "With its switch.") : { outcome: "equivalent", note: "It is switched off." };
}

function readHostPort({ value }: OldSetting, { server, place, notice }: ImportTarget): Outcome {
	const ports = parseHostPort(value);
	if (ports === undefined) return { outcome: "not applicable", note: "It is no HostPort such as `:1935,80,-443`." };
	for (const port of ports) {
		const isTaken = server.ports.some(({ port: other }) => other.port === port.port && other.host === port.host);
		if (isTaken) notice(`Port ${port.port} is named twice; the first counts (${place}).`);
		else server.ports.push({ port, comment: place });
	}
	return takenWith("listeners", ports.map(({ port, secure }) => `${port}${secure ? " with TLS" : ""}`).join(", "));
}

/** Networks in CIDR notation: `10.0.0.` and `10.0` stand for what begins so. The rest are names. */
function networksOf(value: string): { readonly networks: string[]; readonly names: string[]; readonly all: boolean } {
	const words = value.split(/[\s,]+/).filter(word => word !== "");
	const networks: string[] = [];
	const names: string[] = [];
	for (const word of words) {
		const parts = word.replace(/\.$/, "").split(".");
		const isBeginning = /^\d{1,3}(\.\d{1,3}){0,3}\.?$/.test(word);
		if (isBeginning) networks.push(`${[...parts, "0", "0", "0"].slice(0, 4).join(".")}/${parts.length * 8}`);
		else if (/^[0-9a-f:]+:[0-9a-f:]*$/i.test(word)) networks.push(word);
		else if (word.toLowerCase() !== "all") names.push(word);
	}
	return { networks, names, all: words.some(word => word.toLowerCase() === "all") };
}

function goesAllowFirst(parent: OldSetting["parent"]): boolean {
	return /^allow/i.test(textOf(parent, "Order") ?? "Allow,Deny");
}

function readAllow({ value, parent }: OldSetting, target: ImportTarget): Outcome {
	const { networks, names, all } = networksOf(value);
	const isAllDenied = networksOf(textOf(parent, "Deny") ?? "").all;
	if (all && !isAllDenied) return { outcome: "equivalent", note: "All may connect." };
	if (networks.length === 0 || all) return { outcome: "not applicable", note: notNames(names) };
	if (!goesAllowFirst(parent) && !isAllDenied) {
		return {
			outcome: "not applicable",
			note: "In the order `Deny,Allow` it lets in whom `Deny` keeps out; here, `addresses.deny` always wins.",
		};
	}
	return target.putForServer("addresses.allow", networks, names.length > 0 ? notNames(names) : undefined);
}

function readDeny({ value, parent }: OldSetting, target: ImportTarget): Outcome {
	const { networks, names, all } = networksOf(value);
	if (value === "") return { outcome: "equivalent", note: "Nobody is denied." };
	if (all) {
		const allowed = networksOf(textOf(parent, "Allow") ?? "").networks;
		if (goesAllowFirst(parent))
			return { outcome: "not applicable", note: "In the order `Allow,Deny` nobody could connect." };
		const note = "All but those in `addresses.allow`.";
		return allowed.length > 0
			? takenWith("addresses.allow", note)
			: { outcome: "not applicable", note: "Nobody could connect." };
	}
	if (networks.length === 0) return { outcome: "not applicable", note: notNames(names) };
	return target.putForServer("addresses.deny", networks, names.length > 0 ? notNames(names) : undefined);
}

function readOrder({ value, parent }: OldSetting): Outcome {
	const saysNothing = textOf(parent, "Deny") === undefined;
	if (saysNothing || goesAllowFirst(parent))
		return { outcome: "equivalent", note: "`addresses.deny` wins over `addresses.allow`." };
	return { outcome: "not applicable", note: `\`${value}\`: \`addresses.deny\` wins over \`addresses.allow\` here.` };
}

function notNames(names: readonly string[]): string {
	return `Names of hosts (${names.join(", ")}) are not looked up: name addresses in \`addresses\`.`;
}

function readRedirect({ value, element }: OldSetting, target: ImportTarget): Outcome {
	if (switchOf(value) !== true) return { outcome: "equivalent", note: "Unknown requests are answered 404." };
	return putUpstream(
		element.children.map(({ text }) => text),
		target,
	);
}

function readProxy(setting: OldSetting, target: ImportTarget): Outcome {
	if (switchOf(setting.value) !== true || !target.server.httpd) return readRedirect(setting, target);
	return {
		outcome: "equivalent",
		note: "It led to the old server's own web server: the server answers itself, from `http.webroot`.",
	};
}

function putUpstream(hosts: readonly string[], target: ImportTarget): Outcome {
	const host = hosts.find(text => text !== "");
	if (host === undefined) return { outcome: "equivalent", note: "It names no host." };
	if (typeof target.get("http.webroot") === "string") {
		return {
			outcome: "not applicable",
			note: "`http.webroot` answers what the server does not; there cannot be an `http.upstream` beside it.",
		};
	}
	const others = new Set(hosts.filter(text => text !== "" && text !== host));
	const note = others.size > 0 ? `One host for all ports; ${[...others].join(", ")} are left out.` : undefined;
	return target.putForServer("http.upstream", `http://${host.startsWith(":") ? "127.0.0.1" : ""}${host}`, note);
}

function hasCertificate(context: OldSetting["parent"]): boolean {
	const isPlain = textOf(context, "SSLPassPhrase") === undefined;
	return (
		isPlain &&
		textOf(context, "SSLCertificateFile") !== undefined &&
		textOf(context, "SSLCertificateKeyFile") !== undefined
	);
}

function readCertificate({ value, parent }: OldSetting, target: ImportTarget): Outcome {
	const key = textOf(parent, "SSLCertificateKeyFile");
	if (value === "") return unset(value, "a file");
	if (!hasCertificate(parent) || key === undefined) {
		target.notice(`The certificate ${value} is not taken: its key is missing or has a password (${target.place}).`);
		return {
			outcome: "not applicable",
			note: "Its key is missing, or has a password: `openssl pkey -in KEY -out NEW` takes it away.",
		};
	}
	return target.append("tls.certificates", { cert: target.pathBeside(value), key: target.pathBeside(key) });
}
