import { z } from "zod";
import { isNetwork } from "../net/index.ts";
import { addressSchema } from "./address-schema.ts";
import { bandwidthSchema } from "./bandwidth-schema.ts";
import { codeSchema } from "./code-schema.ts";
import { drainSchema } from "./drain-schema.ts";
import { httpSchema } from "./http-schema.ts";
import { limitsSchema } from "./limits-schema.ts";
import { listenerSchema } from "./listener-schema.ts";
import { liveSchema } from "./live-schema.ts";
import { applicationMediaSchema, mediaSchema } from "./media-schema.ts";
import { publishSchema } from "./publish-schema.ts";
import { recordSchema } from "./record-schema.ts";
import { applicationRemotingSchema, remotingSchema } from "./remoting-schema.ts";
import { rtmpSchema } from "./rtmp-schema.ts";
import { rtmptSchema } from "./rtmpt-schema.ts";
import { overrideOf, section } from "./section.ts";
import { swfVerificationSchema } from "./swf-verification-schema.ts";
import { tlsSchema } from "./tls-schema.ts";
import { hostNameSchema, virtualHostFaults, virtualHostFields } from "./virtual-host-schema.ts";

/** What an application, an instance or a stream may be called where the configuration names one. */
export const APPLICATION_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** How a client of an application may have connected, as the port tells it. */
const RTMP_PROTOCOLS = ["rtmp", "rtmps", "rtmpe", "rtmpt", "rtmpts", "rtmpte", "ws", "wss"] as const;
const CLIENT_PROTOCOLS = [...RTMP_PROTOCOLS, "http", "https"] as const;

/** What YAML and JSON can hold. */
type ConfigValue = string | number | boolean | null | ConfigValue[] | { [key: string]: ConfigValue };

const valueSchema: z.ZodType<ConfigValue> = z.lazy(() =>
	z.union(
		[z.string(), z.number(), z.boolean(), z.null(), z.array(valueSchema), z.record(z.string(), valueSchema)],
		"must be text, a number, `true`, `false`, `null`, or a list or mapping of such values",
	),
);
const clientProtocols = z
	.array(z.enum(CLIENT_PROTOCOLS))
	.min(1, { error: "must name at least one protocol" })
	.optional();

const applicationSchema = z
	.strictObject({
		type: z
			.enum(["live", "vod"])
			.default("live")
			.describe(
				"What the application does. `live` passes streams from publishers to viewers, and plays recordings and files as well; `vod` plays files only, and nobody publishes to it.",
			),
		protocols: clientProtocols.describe(
			"The protocols by which clients may connect to it; others are rejected. `http` and `https` are calls of Flash Remoting. Absent: those of its host.",
		),
		publish: overrideOf(publishSchema, "Keys of `publish` that differ for this application."),
		live: overrideOf(liveSchema, "Keys of `live` that differ for this application."),
		record: overrideOf(recordSchema, "Keys of `record` that differ for this application."),
		media: applicationMediaSchema,
		bandwidth: overrideOf(bandwidthSchema, "Keys of `bandwidth` that differ for this application."),
		swfVerification: overrideOf(swfVerificationSchema, "Keys of `swfVerification` that differ for this application."),
		code: overrideOf(codeSchema, "Keys of `code` that differ for this application."),
		remoting: applicationRemotingSchema,
		config: z
			.record(
				z.string(),
				valueSchema.describe("Text, a number, `true`, `false`, `null`, or a list or mapping of such values."),
			)
			.optional()
			.describe("Values for the application's code, which finds them at `app.config`."),
	})
	.describe("One application; its name is the first part of an address, `rtmp://host/name/stream`.");

const applicationName = z.string().regex(APPLICATION_NAME, {
	error: "must be letters, digits, `.`, `_` or `-`, begin with a letter or digit, and have at most 64 characters",
});

const virtualHostSchema = z
	.strictObject({
		...virtualHostFields,
		allowUnknownApplications: z
			.boolean()
			.optional()
			.describe("`allowUnknownApplications` for this host, where it differs."),
		protocols: clientProtocols.describe(
			"The protocols by which clients may connect to its applications, where they do not say so themselves. Absent: those of the server.",
		),
		publish: overrideOf(publishSchema, "Keys of `publish` that differ for this host."),
		live: overrideOf(liveSchema, "Keys of `live` that differ for this host."),
		record: overrideOf(recordSchema, "Keys of `record` that differ for this host."),
		media: applicationMediaSchema,
		bandwidth: overrideOf(bandwidthSchema, "Keys of `bandwidth` that differ for this host."),
		swfVerification: overrideOf(swfVerificationSchema, "Keys of `swfVerification` that differ for this host."),
		code: overrideOf(codeSchema, "Keys of `code` that differ for this host."),
		applications: z
			.record(applicationName, applicationSchema)
			.default({})
			.describe("Its applications by their names, as `applications` for the others; beside them, its folders count."),
	})
	.describe("One virtual host; its name is that of the host in the address of its clients, `rtmp://NAME/live`.");

/**
 * Every setting of the server, with its default, bounds and description. The configuration file, the environment, the
 * command line, the printed configuration, the JSON Schema and `docs/reference/configuration.md` all come from it.
 */
export const configSchema = z
	.strictObject({
		listeners: z
			.array(listenerSchema)
			.min(1, { error: "must name at least one listener" })
			.prefault([
				{ protocol: "rtmp", protocols: ["all"] },
				{ protocol: "http", protocols: ["all"] },
			])
			.describe("Where the server listens. Each port takes every protocol unless it says otherwise."),
		publish: publishSchema,
		live: liveSchema,
		record: recordSchema,
		media: mediaSchema,
		bandwidth: bandwidthSchema,
		swfVerification: swfVerificationSchema,
		code: codeSchema,
		applications: z
			.record(applicationName, applicationSchema)
			.prefault({ live: { type: "live" }, vod: { type: "vod" } })
			.describe("The applications by their names. Where this is written, it replaces the default ones."),
		protocols: z
			.array(z.enum(CLIENT_PROTOCOLS))
			.default([])
			.describe(
				"The protocols by which clients may connect to applications that do not say so themselves; none means all that listeners take.",
			),
		allowUnknownApplications: z
			.boolean()
			.default(false)
			.describe(
				"Whether a client may connect to an application that is neither listed nor has a folder in `media.applications`; it behaves as `live` does.",
			),
		virtualHosts: z
			.record(hostNameSchema, virtualHostSchema)
			.default({})
			.describe(
				"Hosts with applications of their own, apart from all others, by the names in their clients' addresses. Who names another host, or none of them, has the applications above.",
			),
		virtualHostParameter: z
			.boolean()
			.default(false)
			.describe(
				"Whether clients may choose a virtual host by `?_fcs_vhost=NAME` behind the application, instead of by the host of their address.",
			),
		rtmp: rtmpSchema,
		rtmpt: rtmptSchema,
		remoting: remotingSchema,
		limits: limitsSchema,
		addresses: addressSchema,
		tls: tlsSchema,
		http: httpSchema,
		trustedProxies: z
			.array(z.string().refine(isNetwork, { error: "must be an address or a network such as 10.0.0.0/8" }))
			.default([])
			.describe(
				"Addresses and networks (`127.0.0.1`, `10.0.0.0/8`) of reverse proxies that are believed when they name the client's address: by `X-Forwarded-For`, and by the PROXY protocol where a listener has it on.",
			),
		drain: drainSchema,
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
		demo: z
			.boolean()
			.default(false)
			.describe(
				"Whether the server publishes a test stream of its own, and offers a file on demand in the application `vod`.",
			),
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
		if (config.tls.minVersion > config.tls.maxVersion) {
			complain(["tls", "maxVersion"], "must not be older than tls.minVersion");
		}
		if (config.http.webroot !== null && config.http.upstream !== null) {
			complain(["http", "upstream"], "cannot stand beside http.webroot: one of them answers what the server does not");
		}
		for (const { path, message } of virtualHostFaults(config.virtualHosts, config.media.applications)) {
			complain(["virtualHosts", ...path], message);
		}
		const seen = new Set<string>();
		config.listeners.forEach(({ host, port, proxyProtocol }, index) => {
			if (proxyProtocol && config.trustedProxies.length === 0) {
				complain(["listeners", index, "proxyProtocol"], "needs the proxies' addresses in trustedProxies");
			}
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
