import { isIP } from "node:net";
import { PeerError } from "@millrace/core/fault";

/** What a PROXY header says, and how many bytes it takes. */
export type ProxyHeader = {
	readonly length: number;
	/** The client's address; undefined where the proxy speaks for itself (`UNKNOWN`, `LOCAL`: health checks). */
	readonly address: string | undefined;
};

/** The longest line of version 1, with its end (PROXY protocol §2.1). */
const MAX_LINE_BYTES = 107;
/** Addresses and additional fields of version 2: far more than any proxy sends, far below what the length could say. */
const MAX_FIELDS_BYTES = 2048;
const SIGNATURE_1 = new TextEncoder().encode("PROXY ");
const SIGNATURE_2 = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
const HEAD_BYTES = 16;
const COMMAND_LOCAL = 0x20;
const COMMAND_PROXY = 0x21;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;

/**
 * Reads the PROXY header, version 1 or 2, with which a connection must begin; `undefined` while it is not complete.
 * Throws `PeerError` `PROXY_HEADER_INVALID` where what came cannot become one, or is longer than any has to be.
 */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader | undefined {
	if (beginsAlike(bytes, SIGNATURE_2)) return readVersion2(bytes);
	if (beginsAlike(bytes, SIGNATURE_1)) return readVersion1(bytes);
	throw new PeerError("PROXY_HEADER_INVALID", "The proxy does not begin with a PROXY header.");
}

function readVersion1(bytes: Uint8Array): ProxyHeader | undefined {
	const end = bytes.indexOf(0x0a);
	if (end < 0 ? bytes.length >= MAX_LINE_BYTES : end >= MAX_LINE_BYTES) throw invalid("The line does not end.");
	if (end < 0) return undefined;
	const line = String.fromCharCode(...bytes.subarray(0, end + 1));
	if (/^PROXY UNKNOWN[^\n]*\r\n$/.test(line)) return { length: end + 1, address: undefined };
	const [, family, source = "", target = "", from = "", to = ""] =
		/^PROXY (TCP[46]) ([0-9a-fA-F.:]+) ([0-9a-fA-F.:]+) (\d{1,5}) (\d{1,5})\r\n$/.exec(line) ?? [];
	const wanted = family === "TCP4" ? 4 : 6;
	if (isIP(source) !== wanted || isIP(target) !== wanted || Number(from) > 65_535 || Number(to) > 65_535) {
		throw invalid("The line is malformed.");
	}
	return { length: end + 1, address: source };
}

function readVersion2(bytes: Uint8Array): ProxyHeader | undefined {
	if (bytes.length < HEAD_BYTES) return undefined;
	const command = bytes[12]!;
	const family = bytes[13]!;
	const fields = (bytes[14]! << 8) | bytes[15]!;
	if (command !== COMMAND_LOCAL && command !== COMMAND_PROXY) throw invalid("The version or command is unknown.");
	if (fields > MAX_FIELDS_BYTES) throw invalid(`It announces ${fields} bytes.`);
	const length = HEAD_BYTES + fields;
	const needed = family === TCP_OVER_IPV4 ? 12 : family === TCP_OVER_IPV6 ? 36 : 0;
	if (command === COMMAND_PROXY && fields < needed) throw invalid("It is too short for its addresses.");
	if (bytes.length < length) return undefined;
	// A receiver takes the connection's own address for families that it does not know (§2.2).
	if (command === COMMAND_LOCAL || needed === 0) return { length, address: undefined };
	const source = bytes.subarray(HEAD_BYTES, HEAD_BYTES + (needed === 12 ? 4 : 16));
	return { length, address: needed === 12 ? source.join(".") : ipv6Text(source) };
}

/** Whether what there is of the two is the same. */
function beginsAlike(bytes: Uint8Array, signature: Uint8Array): boolean {
	const common = Math.min(bytes.length, signature.length);
	for (let at = 0; at < common; at++) if (bytes[at] !== signature[at]) return false;
	return true;
}

/** In the usual short form, so that it compares with addresses that the system gives. */
function ipv6Text(bytes: Uint8Array): string {
	const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
	const groups = Array.from({ length: 8 }, (_, at) => view.getUint16(at * 2).toString(16));
	const mapped = groups.slice(0, 5).every(group => group === "0") && groups[5] === "ffff";
	if (mapped) return bytes.subarray(12).join(".");
	return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

function invalid(detail: string): PeerError {
	return new PeerError("PROXY_HEADER_INVALID", detail);
}
