import { z } from "zod";
import { section } from "./section.ts";
import { duration, size } from "./unit.ts";

/** The gateway of Flash Remoting. */
export const remotingSchema = section("Flash Remoting: the methods of applications, called by AMF over HTTP.", {
	enabled: z
		.boolean()
		.default(true)
		.describe(
			"Whether applications can be called through the gateway. One of them may say otherwise (`applications.NAME.remoting.enabled`).",
		),
	path: z
		.string()
		.regex(/^(?:\/[A-Za-z0-9._~-]+)+$/, { error: "must be a path such as /gateway" })
		.default("/gateway")
		.describe("Where the gateway is. Behind it may stand an application and an instance: `/gateway/app/room`."),
	application: z
		.string()
		.min(1)
		.nullable()
		.default(null)
		.describe("The application of calls that name none, such as `service.method`. With `null` they fail."),
	timeoutMillis: duration(100, 3_600_000)
		.prefault("30s")
		.describe("How long the calls of one request may take together; those without an answer then fail."),
	bodyBytes: size(1024, 1024 ** 3)
		.prefault("1MiB")
		.describe("The longest request."),
	callsPerRequest: z.int().min(1).max(65_535).default(256).describe("Calls of one request; with more it is refused."),
	requestsPerAddress: z
		.int()
		.min(1)
		.max(1_000_000)
		.default(64)
		.describe("Requests of one address that are answered at once; more are refused with the status 429."),
});

/** What an application may say of it. */
export const applicationRemotingSchema = z
	.strictObject({
		enabled: z.boolean().optional().describe("`remoting.enabled` for this application, where it differs."),
	})
	.optional()
	.describe("Whether the gateway of Flash Remoting reaches it: `enabled` goes before `remoting.enabled`.");
