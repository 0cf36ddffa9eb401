import { createHash, timingSafeEqual } from "node:crypto";
import { BlockList, isIP } from "node:net";

/** Who asks to publish. */
export interface PublishAttempt {
	/** The peer's address; undefined where the socket is gone already, which counts as not local. */
	readonly remoteAddress: string | undefined;
	/** The key that the peer named, see `findPublishKey`. */
	readonly key: string | undefined;
}

/** What decides: `publish.from` of the configuration, and the key in force; null when there is none. */
export interface PublishPolicyOptions {
	readonly from: "loopback" | "anywhere" | "nowhere";
	readonly key: string | null;
}

/** The decision, with words for the log and for the publisher. */
export interface PublishDecision {
	readonly allowed: boolean;
	/** What decided. */
	readonly reason: "key" | "loopback" | "anywhere" | "key-missing" | "key-wrong" | "on-demand";
	/** As whom the publisher is let in; undefined when refused. */
	readonly identity: "key" | "loopback" | "anyone" | undefined;
	/** One sentence for the peer: it names what is missing and reveals nothing about the key. */
	readonly description: string;
}

const REFUSED_MISSING = "Publishing from here needs the stream key: add ?key=… to the stream's name.";
/** The decision of an application that plays files only. */
export const ON_DEMAND_ONLY: PublishDecision = {
	allowed: false,
	reason: "on-demand",
	identity: undefined,
	description: "This application plays files; nothing can be published to it.",
};

const REFUSED_WRONG = "The stream key is wrong.";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/**
 * Whether a peer may publish. The right key opens from everywhere; without it the address decides. A wrong key closes
 * nothing that is open without one.
 */
export function mayPublish(attempt: PublishAttempt, options: PublishPolicyOptions): PublishDecision {
	const keyIsRight = attempt.key !== undefined && options.key !== null && sameSecret(attempt.key, options.key);
	if (keyIsRight) return admitted("key", "key");
	if (options.from === "anywhere") return admitted("anywhere", "anyone");
	if (options.from === "loopback" && isLoopback(attempt.remoteAddress)) return admitted("loopback", "loopback");
	return attempt.key === undefined ? refused("key-missing", REFUSED_MISSING) : refused("key-wrong", REFUSED_WRONG);
}

/** Whether an address is this machine's own: 127.0.0.0/8, ::1, and the IPv4 ones written as IPv6. */
export function isLoopback(address: string | undefined): boolean {
	if (address === undefined) return false;
	const family = isIP(address);
	return family !== 0 && loopback.check(address, family === 4 ? "ipv4" : "ipv6");
}

/**
 * The key in the query of the stream's name (`demo?key=…`, what OBS and FFmpeg send), else in that of the application
 * (`live?key=…`); undefined where neither has one. Both are taken as the peer sent them.
 */
export function findPublishKey(streamName: string, application: string): string | undefined {
	return keyInQuery(streamName) ?? keyInQuery(application);
}

function keyInQuery(text: string): string | undefined {
	const start = text.indexOf("?");
	if (start < 0) return undefined;
	const key = new URLSearchParams(text.slice(start + 1)).get("key");
	// `live?key=…/` is what is left of an address that ended in a slash; no key holds one.
	return key?.replace(/\/+$/, "") || undefined;
}

/** Compares digests, so that the time tells neither the length nor the first difference. */
function sameSecret(given: string, wanted: string): boolean {
	const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();
	return timingSafeEqual(digest(given), digest(wanted));
}

function admitted(reason: "key" | "loopback" | "anywhere", identity: "key" | "loopback" | "anyone"): PublishDecision {
	return { allowed: true, reason, identity, description: "Publishing is allowed." };
}

function refused(reason: "key-missing" | "key-wrong", description: string): PublishDecision {
	return { allowed: false, reason, identity: undefined, description };
}
