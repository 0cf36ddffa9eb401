import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { parseProxy } from "../connect/index.ts";
import { ProxyAuthorization } from "./proxy-authorization.ts";

/** The example of RFC 2069 and RFC 2617 §3.5. */
const MUFASA = parseProxy("http://Mufasa:Circle%20Of%20Life@proxy.test:3128");
const REALM = 'realm="testrealm@host.com"';
const NONCE = 'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"';
const GET = ["GET", "/dir/index.html"] as const;

function challenged(challenge: string): ProxyAuthorization {
	const authorization = new ProxyAuthorization(MUFASA);
	expect(authorization.mayTryAgain(challenge, authorization.header(...GET))).toBe(true);
	return authorization;
}

/** A field of a header, without quotes. */
function field(header: string | undefined, name: string): string {
	return new RegExp(`[ ,]${name}="?([^",]*)`).exec(header ?? "")?.[1] ?? "";
}

test("before it is asked for anything, the password goes as it is", () => {
	const authorization = new ProxyAuthorization(MUFASA);
	expect(authorization.header(...GET)).toBe(`Basic ${btoa("Mufasa:Circle Of Life")}`);
	expect(authorization.refusal).toBe("The proxy proxy.test:3128 does not take the user or the password.");
});

test("a challenge without quality of protection is answered as in RFC 2069", () => {
	const authorization = challenged(`Digest ${REALM}, ${NONCE}, opaque="5ccc069c403ebaf9f0171e9517f40e41"`);
	const header = authorization.header(...GET);
	expect(field(header, "response")).toBe("670fd8c2df070c60b045671b8b24ff02");
	expect(field(header, "opaque")).toBe("5ccc069c403ebaf9f0171e9517f40e41");
	expect(field(header, "qop")).toBe("");
});

test.each([
	["md5", ""],
	["md5", ", algorithm=MD5"],
	["sha256", ", algorithm=SHA-256"],
])("a challenge for %s%s is answered with a count and a nonce of one's own", (hash, algorithm) => {
	const authorization = challenged(`Basic realm="old", Digest ${REALM}, ${NONCE}, qop="auth,auth-int"${algorithm}`);
	const md = (text: string): string => createHash(hash).update(text).digest("hex");
	for (const count of ["00000001", "00000002"]) {
		const header = authorization.header(...GET);
		expect(field(header, "nc")).toBe(count);
		const [ha1, ha2] = [md("Mufasa:testrealm@host.com:Circle Of Life"), md("GET:/dir/index.html")];
		const nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
		const response = md(`${ha1}:${nonce}:${count}:${field(header, "cnonce")}:auth:${ha2}`);
		expect(field(header, "response")).toBe(response);
	}
});

test("who was refused with the digest of the same nonce is refused for good, unless that is called stale", () => {
	const challenge = `Digest ${REALM}, ${NONCE}, qop="auth"`;
	const authorization = challenged(challenge);
	const sent = authorization.header(...GET);
	expect(authorization.mayTryAgain(`Digest ${REALM}, nonce="another", qop="auth"`, sent)).toBe(false);
	// The answer to a request that was on its way with the old nonce.
	expect(authorization.mayTryAgain(challenge, sent)).toBe(true);
	expect(authorization.mayTryAgain(`${challenge}, stale=true`, authorization.header(...GET))).toBe(true);
});

test.each([
	["none", ""],
	["Basic alone, which was sent already", 'Basic realm="x"'],
	["a scheme that is not offered", "NTLM, Negotiate"],
	["a digest without a nonce", `Digest ${REALM}`],
	["a hash that is not offered", `Digest ${REALM}, ${NONCE}, algorithm=MD5-sess`],
	["a quality that is not offered", `Digest ${REALM}, ${NONCE}, qop="auth-int"`],
])("%s is no reason to try again", (_what, challenge) => {
	const authorization = new ProxyAuthorization(MUFASA);
	expect(authorization.mayTryAgain(challenge, authorization.header(...GET))).toBe(false);
});

test("without a user there is nothing to say", () => {
	const authorization = new ProxyAuthorization(parseProxy("proxy.test:3128"));
	expect(authorization.header(...GET)).toBeUndefined();
	expect(authorization.mayTryAgain(`Digest ${REALM}, ${NONCE}`, undefined)).toBe(false);
	expect(authorization.refusal).toBe("The proxy proxy.test:3128 asks for a user and a password.");
});
