import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";

/** A certificate and its key, both as PEM. */
export type SelfSigned = { readonly certificate: string; readonly key: string };

const DAY_MILLIS = 86_400_000;
/** Clocks of clients may be behind. */
const BACKDATED_MILLIS = DAY_MILLIS;
/** Browsers refuse certificates that hold for longer than 398 days. */
const VALID_DAYS = 397;

/**
 * Makes a certificate that nobody vouches for (X.509 version 3, ECDSA with P-256), good for encryption and for clients
 * that are told to trust it.
 *
 * @param names host names and addresses that it is for; the first one is also its common name
 * @param now milliseconds since 1970; it holds from a day before for 397 days
 */
export function makeSelfSigned(names: readonly string[], now: number): SelfSigned {
	const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const publicInfo = publicKey.export({ type: "spki", format: "der" });
	const name = sequence(set(sequence(objectId(OID.commonName), tagged(UTF8_STRING, text(names[0] ?? "localhost")))));
	const body = sequence(
		tagged(CONTEXT | 0, integer(Uint8Array.of(2))),
		integer(positive(randomBytes(16))),
		sequence(objectId(OID.ecdsaWithSha256)),
		name,
		sequence(time(now - BACKDATED_MILLIS), time(now + VALID_DAYS * DAY_MILLIS)),
		name,
		publicInfo,
		tagged(
			CONTEXT | 3,
			sequence(
				extension(OID.subjectAltName, sequence(...names.map(generalName))),
				// Its own authority and nothing else's, so that a client can be told to trust this very one.
				extension(OID.basicConstraints, sequence(tagged(BOOLEAN, Uint8Array.of(0xff))), true),
				extension(OID.extendedKeyUsage, sequence(objectId(OID.serverAuth))),
				extension(OID.subjectKeyId, tagged(OCTET_STRING, createHash("sha1").update(publicInfo).digest())),
			),
		),
	);
	const signature = sign("sha256", body, privateKey);
	const certificate = sequence(
		body,
		sequence(objectId(OID.ecdsaWithSha256)),
		tagged(BIT_STRING, Uint8Array.of(0), signature),
	);
	const base64 = certificate.toString("base64").replace(/.{1,64}/g, "$&\n");
	return {
		certificate: `-----BEGIN CERTIFICATE-----\n${base64}-----END CERTIFICATE-----\n`,
		key: String(privateKey.export({ type: "pkcs8", format: "pem" })),
	};
}

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const CONTEXT = 0xa0;
/** Members of GeneralName (RFC 5280 §4.2.1.6). */
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

/** Object identifiers as DER content. */
const OID = {
	commonName: [0x55, 4, 3],
	subjectAltName: [0x55, 0x1d, 17],
	basicConstraints: [0x55, 0x1d, 19],
	subjectKeyId: [0x55, 0x1d, 14],
	extendedKeyUsage: [0x55, 0x1d, 37],
	serverAuth: [0x2b, 6, 1, 5, 5, 7, 3, 1],
	ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
} as const;

/** One value of DER: tag, length, content. */
function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
	const content = Buffer.concat(parts);
	const { length } = content;
	const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 255];
	return Buffer.concat([Uint8Array.of(tag, ...head), content]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
	return tagged(SEQUENCE, ...parts);
}

function set(...parts: readonly Uint8Array[]): Buffer {
	return tagged(SET, ...parts);
}

function integer(content: Uint8Array): Buffer {
	return tagged(INTEGER, content);
}

function objectId(content: readonly number[]): Buffer {
	return tagged(OBJECT_ID, Uint8Array.from(content));
}

function extension(id: readonly number[], value: Uint8Array, isCritical = false): Buffer {
	const critical = isCritical ? [tagged(BOOLEAN, Uint8Array.of(0xff))] : [];
	return sequence(objectId(id), ...critical, tagged(OCTET_STRING, value));
}

function generalName(name: string): Buffer {
	const family = isIP(name);
	if (family === 0) return tagged(DNS_NAME, text(name));
	if (family === 4) return tagged(IP_ADDRESS, Uint8Array.from(name.split("."), Number));
	return tagged(IP_ADDRESS, ipv6Bytes(name));
}

function ipv6Bytes(address: string): Uint8Array {
	const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
	const groups = (half: string | undefined): number[] =>
		half ? half.split(":").map(group => Number.parseInt(group, 16)) : [];
	const front = groups(head);
	const back = groups(tail);
	const all = [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
	return Uint8Array.from(all.flatMap(group => [group >> 8, group & 255]));
}

/** Two digits for the year up to 2049, four from then on (RFC 5280 §4.1.2.5). */
function time(millis: number): Buffer {
	const digits = `${new Date(millis).toISOString().replace(/\.\d+Z$|[-:T]/g, "")}Z`;
	return Number(digits.slice(0, 4)) < 2050
		? tagged(UTC_TIME, text(digits.slice(2)))
		: tagged(GENERALIZED_TIME, text(digits));
}

/** A number without a sign, with neither a leading zero byte nor the sign's bit set. */
function positive(bytes: Uint8Array): Uint8Array {
	const copy = Uint8Array.from(bytes);
	copy[0] = (copy[0]! & 0x7f) | 0x40;
	return copy;
}

function text(value: string): Uint8Array {
	return new TextEncoder().encode(value);
}
