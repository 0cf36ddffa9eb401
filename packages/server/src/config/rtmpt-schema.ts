import { z } from "zod";
import { section } from "./section.ts";
import { duration, size } from "./unit.ts";

/** RTMP tunnelled in HTTP. */
export const rtmptSchema = section("RTMP in HTTP requests (RTMPT), for clients behind firewalls and proxies.", {
	enabled: z.boolean().default(true).describe("Whether `http` listeners take it."),
	ident2: z
		.string()
		.regex(/^[A-Za-z0-9._:[\]-]{0,255}$/, { error: "must be a host without port, or empty" })
		.nullable()
		.default("")
		.describe(
			"The host that clients are told to use for a session's requests, for balancers that would spread them over several servers. Empty: the one that they have; null: they are answered 404, which means the same.",
		),
	ident: z
		.string()
		.max(4096)
		.nullable()
		.default(null)
		.describe("What `/fcs/ident` answers, such as `<fcs><Name>origin</Name></fcs>`; null: 404."),
	holdMillis: duration(0, 4000)
		.prefault("500ms")
		.describe("How long a client's poll waits for something to say; 0 answers at once and lets the client wait."),
	sessionTimeoutMillis: duration(1000, 3_600_000)
		.prefault("60s")
		.describe("A session in which nothing is asked for this long is closed."),
	unusedTimeoutMillis: duration(1000, 600_000)
		.prefault("10s")
		.describe("A session that is opened and in which nothing is asked at all is forgotten after this time."),
	gapTimeoutMillis: duration(100, 60_000)
		.prefault("5s")
		.describe("How long requests that overtook another one wait for it, before the session is closed."),
	firstTimeoutMillis: duration(0, 10_000)
		.prefault("100ms")
		.describe(
			"Clients count their requests from 0 or from 1. Where 1 comes first, how long 0 is waited for, which may be on its way on another connection.",
		),
	endTimeoutMillis: duration(0, 60_000)
		.prefault("5s")
		.describe("How long a client may take to fetch the last bytes of a session that the server ends."),
	unusedSessions: z
		.int()
		.min(1)
		.max(1_000_000)
		.default(1000)
		.describe("Sessions that are opened and not used; above this, the oldest are forgotten."),
	queuedBytes: size(64 * 1024, 1024 ** 3)
		.prefault("4MiB")
		.describe("What may wait for a client's next request, before its session is closed."),
	answerBytes: size(1024, 16 * 1024 ** 2)
		.prefault("128KiB")
		.describe("The longest answer; what is left comes with the next."),
	bodyBytes: size(64 * 1024, 1024 ** 3)
		.prefault("17MiB")
		.describe("The longest request. Some encoders send a whole frame in one."),
	earlyRequests: z
		.int()
		.min(0)
		.max(1000)
		.default(8)
		.describe("How many requests may overtake one that is missing; those further ahead are answered 404."),
	earlyBytes: size(1024, 16 * 1024 ** 2)
		.prefault("64KiB")
		.describe("What is kept of requests that overtook another one; beyond it they are not read on."),
	fullRequests: z
		.int()
		.min(1)
		.max(10_000)
		.default(256)
		.describe("How many requests may wait in place of `earlyRequests` while the server does not read the session."),
});
