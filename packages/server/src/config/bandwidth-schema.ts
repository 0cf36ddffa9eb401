import { z } from "zod";
import { section } from "./section.ts";
import { duration, size } from "./unit.ts";

const MAX_RATE_BYTES = 1024 ** 4;

/** What a client may send and is sent, and how that is measured. */
export const bandwidthSchema = section("What each client may send and is sent, and how its bandwidth is measured.", {
	serverToClient: size(0, MAX_RATE_BYTES)
		.prefault(0)
		.describe(
			"What a client is sent at most, in bytes a second; `0` means as much as its network takes. Above it, frames are dropped up to the next keyframe; answers to commands never wait.",
		),
	clientToServer: size(0, MAX_RATE_BYTES)
		.prefault(0)
		.describe("What is taken from a client at most, in bytes a second; `0` means as much as it sends."),
	cap: size(0, MAX_RATE_BYTES)
		.prefault(0)
		.describe("What an application may raise either limit of a client to, in bytes a second; `0` means without bound."),
	detection: section("The measuring of a client's bandwidth, by `checkBandwidth` from either side.", {
		enabled: z
			.boolean()
			.default(true)
			.describe(
				"Whether the server itself answers `checkBandwidth` and `checkBandwidthUp`, and measures for `_checkbw` and for clients that give `connect` the argument `true`. Otherwise the former two are calls to the application. An application that has methods of these names gets the calls in any case.",
			),
		dataBytes: size(1024, 256 * 1024)
			.prefault("16KiB")
			.describe("The first payload that is sent, and by how much each next one is longer."),
		maxBytes: size(1024, 1024 ** 3)
			.prefault("4MiB")
			.describe("All payloads of one check together."),
		maxWaitMillis: duration(100, 60_000).prefault("2s").describe("How long one check goes on sending."),
		maxRateKbps: z
			.int()
			.min(0)
			.max(100_000_000)
			.default(0)
			.describe("A check is no faster than this, in kilobits a second; `0` means as fast as the network."),
		answerTimeoutMillis: duration(100, 600_000)
			.prefault("10s")
			.describe("A client that has answered nothing by then is not measured."),
		restMillis: duration(0, 3_600_000)
			.prefault("5s")
			.describe("A client that asks again within this time is told what the last check found."),
	}),
});
