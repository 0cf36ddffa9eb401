import { createHash, randomBytes } from "node:crypto";
import { basicAuthorization, type HttpProxy } from "../connect/index.ts";

/** What a proxy wants hashed (RFC 7616 §3.3). */
type DigestChallenge = {
	readonly hash: "md5" | "sha256";
	readonly realm: string;
	readonly nonce: string;
	readonly opaque: string | undefined;
	readonly hasQuality: boolean;
};

/**
 * Says to a proxy who is there. The first request carries the password as it is (`Basic`), as browsers do with a proxy
 * that they know; a proxy that asks for `Digest` gets that from then on.
 */
export class ProxyAuthorization {
	readonly #proxy: HttpProxy;
	#digest: DigestChallenge | undefined;
	#count = 0;

	constructor(proxy: HttpProxy) {
		this.#proxy = proxy;
	}

	/** The header `Proxy-Authorization` of a request; `undefined` without credentials. `target` as in the request line. */
	header(method: string, target: string): string | undefined {
		const { credentials } = this.#proxy;
		const digest = this.#digest;
		if (credentials === undefined) return undefined;
		if (digest === undefined) return basicAuthorization(credentials);
		const { hash, realm, nonce, opaque, hasQuality } = digest;
		const hashed = (...parts: string[]): string => createHash(hash).update(parts.join(":")).digest("hex");
		const count = (++this.#count).toString(16).padStart(8, "0");
		const own = randomBytes(8).toString("hex");
		const secret = hashed(credentials.user, realm, credentials.password);
		const request = hashed(method, target);
		const response = hasQuality ? hashed(secret, nonce, count, own, "auth", request) : hashed(secret, nonce, request);
		const fields = [
			...[`username=${quoted(credentials.user)}`, `realm=${quoted(realm)}`, `nonce=${quoted(nonce)}`],
			...[`uri=${quoted(target)}`, `algorithm=${hash === "md5" ? "MD5" : "SHA-256"}`, `response="${response}"`],
			...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
			...(hasQuality ? ["qop=auth", `nc=${count}`, `cnonce="${own}"`] : []),
		];
		return `Digest ${fields.join(", ")}`;
	}

	/**
	 * Takes the headers `Proxy-Authenticate` of an answer 407, joined by commas.
	 *
	 * @param sent the header that the request carried
	 * @returns whether the same request may be answered better now
	 */
	mayTryAgain(challenges: string | undefined, sent: string | undefined): boolean {
		if (sent === undefined) return false;
		const fields = digestFields(challenges ?? "");
		const digest = fields && digestChallenge(fields);
		if (digest === undefined) return false;
		// Another request, which ran at the same time, may have brought another nonce; and nonces grow old.
		const { nonce } = this.#digest ?? digest;
		const isNew =
			!sent.startsWith("Digest ") || !sent.includes(quoted(nonce)) || fields?.["stale"]?.toLowerCase() === "true";
		if (this.#digest?.nonce !== digest.nonce) this.#count = 0;
		this.#digest = digest;
		return isNew;
	}

	/** Why an answer 407 is the last. */
	get refusal(): string {
		const { host, port, credentials } = this.#proxy;
		const what =
			credentials === undefined ? "asks for a user and a password" : "does not take the user or the password";
		return `The proxy ${host}:${port} ${what}.`;
	}
}

const known = new WeakMap<HttpProxy, ProxyAuthorization>();

/** What all connections through a proxy share, so that it has to ask once. */
export function authorizationOf(proxy: HttpProxy): ProxyAuthorization {
	const authorization = known.get(proxy) ?? new ProxyAuthorization(proxy);
	known.set(proxy, authorization);
	return authorization;
}

/** The fields of the first challenge of that scheme. */
function digestFields(challenges: string): Readonly<Record<string, string>> | undefined {
	const start = /(?:^|,)\s*Digest\s+/i.exec(challenges);
	if (start === null) return undefined;
	const fields: Record<string, string> = {};
	const rest = challenges.slice(start.index + start[0].length);
	for (const [, name, text, word] of rest.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)) {
		// Where a name comes again another challenge has begun.
		if (Object.hasOwn(fields, name!.toLowerCase())) break;
		fields[name!.toLowerCase()] = word ?? text!.replace(/\\(.)/g, "$1");
	}
	return fields;
}

function digestChallenge(fields: Readonly<Record<string, string>>): DigestChallenge | undefined {
	const { realm, nonce, opaque, qop, algorithm = "MD5" } = fields;
	const hash = { MD5: "md5", "SHA-256": "sha256" }[algorithm.toUpperCase()];
	const qualities = qop?.split(/\s*,\s*/);
	if (realm === undefined || nonce === undefined || (hash !== "md5" && hash !== "sha256")) return undefined;
	if (qualities !== undefined && !qualities.includes("auth")) return undefined;
	return { hash, realm, nonce, opaque, hasQuality: qualities !== undefined };
}

function quoted(text: string): string {
	return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
