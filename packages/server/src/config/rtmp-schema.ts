import { z } from "zod";
import { section } from "./section.ts";
import { duration, size } from "./unit.ts";

/** How RTMP itself is spoken. */
export const rtmpSchema = section("How RTMP itself is spoken. The defaults suit every known encoder and player.", {
	chunkSize: z
		.int()
		.min(4096)
		.max(32_767)
		.default(32_000)
		.describe(
			"The chunk size that the server announces, in bytes: larger means fewer headers. At most 32767, because a widespread analyser misreads larger ones.",
		),
	windowAckBytes: size(1024, 1024 ** 3)
		.prefault(2_500_000)
		.describe("After how many bytes the peer is asked to acknowledge what it received."),
	handshakeTimeoutMillis: duration(100, 600_000)
		.prefault("10s")
		.describe(
			"A peer that sends nothing for this long during the handshake is closed; so is a connection that has not said by then what it speaks, a TLS handshake or a request's head that takes longer.",
		),
	handshakeDeadlineMillis: duration(100, 600_000)
		.prefault("15s")
		.describe("The whole handshake must be finished in this time, however busily it drips in."),
	connectTimeoutMillis: duration(100, 600_000)
		.prefault("10s")
		.describe("After the handshake, the `connect` command must come in this time."),
	pingIntervalMillis: duration(100, 600_000)
		.prefault("10s")
		.describe(
			"How often a peer is sent a ping: it measures the round trip, and asks a silent peer whether it is there.",
		),
	pingTimeoutMillis: duration(100, 600_000)
		.prefault("5s")
		.describe("How long the answer to a ping is waited for that an application asked for."),
	callTimeoutMillis: duration(100, 3_600_000)
		.prefault("60s")
		.describe("How long a client's answer to a call of one of its methods is waited for."),
	readTimeoutMillis: duration(100, 3_600_000)
		.prefault("30s")
		.describe("A peer from which nothing comes for this long, no answer to a ping either, is closed."),
	idleClientMillis: duration(0, 7 * 86_400_000)
		.default(0)
		.describe(
			"A client that neither publishes, plays nor calls anything for this long is closed, however alive its connection is; 0 means never.",
		),
	encryption: z
		.boolean()
		.default(true)
		.describe(
			"Whether RTMPE is offered, the encryption of old players. It keeps a stream from being read in passing and is no security: use TLS for that.",
		),
	fmsVersion: z
		.string()
		.regex(/^\d{1,3},\d{1,3},\d{1,5},\d{1,5}$/, { error: "must be four numbers with commas, such as `5,0,15,5004`" })
		.default("5,0,15,5004")
		.describe("The server version that clients are told; some choose what they do by it."),
});
