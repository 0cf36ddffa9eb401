import { z } from "zod";
import { limitsSchema } from "./limits-schema.ts";
import { liveSchema } from "./live-schema.ts";
import { applicationMediaSchema, mediaSchema } from "./media-schema.ts";
import { publishSchema } from "./publish-schema.ts";
import { recordSchema } from "./record-schema.ts";
import { rtmpSchema } from "./rtmp-schema.ts";
import { rtmptSchema } from "./rtmpt-schema.ts";
import { overrideOf, section } from "./section.ts";

/** The ports that listeners take when none is named. */
export const DEFAULT_PORTS = { rtmp: 1935, http: 8080 } as const;

/** What an application, an instance or a stream may be called where the configuration names one. */
const APPLICATION_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const listenerSchema = z
	.strictObject({
		protocol: z.enum(["rtmp", "http"]).describe("What is spoken here: `rtmp`, or `http` for pages, FLV and WebSocket."),
		host: z
			.string()
			.min(1)
			.default("::")
			.describe(
				"The address to listen on. `::` takes IPv6 and IPv4 (IPv4 alone where the machine has no IPv6), `127.0.0.1` this machine only.",
			),
		port: z
			.int()
			.min(0)
			.max(65_535)
			.optional()
			.describe("The port; 1935 for `rtmp` and 8080 for `http` where none is written. 0 takes any free one."),
	})
	.transform(listener => ({ ...listener, port: listener.port ?? DEFAULT_PORTS[listener.protocol] }));

const applicationSchema = z
	.strictObject({
		type: z
			.literal("live")
			.default("live")
			.describe("What the application does. `live` passes streams from publishers to viewers."),
		publish: overrideOf(publishSchema, "Keys of `publish` that differ for this application."),
		live: overrideOf(liveSchema, "Keys of `live` that differ for this application."),
		record: overrideOf(recordSchema, "Keys of `record` that differ for this application."),
		media: applicationMediaSchema,
	})
	.describe("One application; its name is the first part of an address, `rtmp://host/name/stream`.");

/**
 * Every setting of the server, with its default, bounds and description. The configuration file, the environment, the
 * command line, the printed configuration, the JSON Schema and `docs/reference/configuration.md` all come from it.
 */
export const configSchema = z
	.strictObject({
		listeners: z
			.array(listenerSchema)
			.min(1, { error: "must name at least one listener" })
			.prefault([{ protocol: "rtmp" }, { protocol: "http" }])
			.describe("Where the server listens."),
		publish: publishSchema,
		live: liveSchema,
		record: recordSchema,
		media: mediaSchema,
		applications: z
			.record(
				z.string().regex(APPLICATION_NAME, {
					error:
						"must be letters, digits, `.`, `_` or `-`, begin with a letter or digit, and have at most 64 characters",
				}),
				applicationSchema,
			)
			.prefault({ live: { type: "live" } })
			.describe("The applications by their names. Where this is written, it replaces the default one."),
		allowUnknownApplications: z
			.boolean()
			.default(false)
			.describe("Whether a client may connect to an application that is not listed; it behaves as `live` does."),
		rtmp: rtmpSchema,
		rtmpt: rtmptSchema,
		limits: limitsSchema,
		http: section("Pages, FLV and WebSocket.", {
			cors: z
				.array(z.string().min(1))
				.default(["*"])
				.describe(
					"Web origins (`https://example.org`) whose pages may play streams from here; `*` stands for all, an empty list for none but the server's own.",
				),
		}),
		log: section("What is logged, and how.", {
			level: z
				.enum(["debug", "info", "warn", "error", "silent"])
				.default("info")
				.describe("The least important level that is written."),
			format: z
				.enum(["auto", "text", "json"])
				.default("auto")
				.describe(
					"`text` for people, `json` (one object a line) for programs, `auto` by whether a terminal reads along.",
				),
		}),
		dataDir: z
			.string()
			.min(1)
			.default("./millrace-data")
			.describe("The folder for what the server keeps, such as its publish key. Relative to where it is started."),
		demo: z.boolean().default(false).describe("Whether the server publishes a test stream of its own."),
	})
	.superRefine((config, context) => {
		const complain = (path: (string | number)[], message: string): void =>
			context.addIssue({ code: "custom", path, message });
		const { limits, rtmp } = config;
		if (limits.partialBytes < limits.messageBytes) {
			complain(
				["limits", "partialBytes"],
				"must not be below limits.messageBytes, or no message of that length arrives",
			);
		}
		if (limits.partialBytesBeforeConnect < limits.messageBytesBeforeConnect) {
			complain(["limits", "partialBytesBeforeConnect"], "must not be below limits.messageBytesBeforeConnect");
		}
		if (rtmp.handshakeDeadlineMillis < rtmp.handshakeTimeoutMillis) {
			complain(["rtmp", "handshakeDeadlineMillis"], "must not be below rtmp.handshakeTimeoutMillis");
		}
		if (rtmp.readTimeoutMillis <= rtmp.pingIntervalMillis) {
			complain(
				["rtmp", "readTimeoutMillis"],
				"must be above rtmp.pingIntervalMillis, or no answer to a ping comes in time",
			);
		}
		const seen = new Set<string>();
		config.listeners.forEach(({ host, port }, index) => {
			const address = `${host} ${port}`;
			if (port !== 0 && seen.has(address)) {
				complain(["listeners", index, "port"], `is taken twice: another listener above has ${host} port ${port} too`);
			}
			seen.add(address);
		});
	});

/** Every setting, resolved: durations in milliseconds, sizes in bytes, nothing absent. */
export type ServerOptions = z.output<typeof configSchema>;

/** What a person writes: every key may be absent, durations and sizes may be text. */
export type ServerOptionsInput = z.input<typeof configSchema>;

/** One of `ServerOptions["listeners"]`. */
export type ListenerOptions = ServerOptions["listeners"][number];
