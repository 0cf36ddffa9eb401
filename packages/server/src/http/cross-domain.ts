import { readFileSync } from "node:fs";

/**
 * The policy that Flash Player asks for at `/crossdomain.xml`: what may be read by pages of other origins. Without a
 * file it allows the origins of `cors`, with which it then agrees; plain HTTP origins count for secure servers too.
 */
export function crossDomainPolicy(cors: readonly string[], file: string | null): Uint8Array {
	if (file !== null) return readFileSync(file);
	const domains = cors.includes("*") ? ["*"] : cors.flatMap(hostOf);
	const allowed = domains.map(domain => `\t<allow-access-from domain="${domain}" secure="false"/>\n`).join("");
	return new TextEncoder().encode(
		`<?xml version="1.0"?>\n<!DOCTYPE cross-domain-policy SYSTEM "http://www.adobe.com/xml/dtds/cross-domain-policy.dtd">\n<cross-domain-policy>\n\t<site-control permitted-cross-domain-policies="master-only"/>\n${allowed}</cross-domain-policy>\n`,
	);
}

/** Flash Player knows hosts, not origins: a port in a policy for HTTP has no meaning. */
function hostOf(origin: string): string[] {
	return URL.canParse(origin) ? [new URL(origin).hostname.replace(/[<>&"]/g, "")] : [];
}
