import { z } from "zod";

/** The ports that listeners take when none is named. */
export const DEFAULT_PORTS = { rtmp: 1935, http: 8080 } as const;

/** What a listener can take. WebSocket, HTTP-FLV and RTMPT are part of `http` and `https`. */
export const PORT_PROTOCOLS = ["rtmp", "rtmps", "http", "https"] as const;

/** One address on which the server listens. */
export const listenerSchema = z
	.strictObject({
		protocol: z
			.enum(["rtmp", "http"])
			.optional()
			.describe(
				"What the listener is there for: it decides the port where none is written, which flag changes it and which address is shown to people. Alone, without `protocols`, it is also all that is spoken there.",
			),
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
		protocols: z
			.preprocess(
				given => (given === "all" ? ["all"] : given),
				z.array(z.enum(["all", ...PORT_PROTOCOLS])).min(1, { error: "must name at least one protocol, or `all`" }),
			)
			.optional()
			.describe(
				"What is taken here, told apart by a connection's first bytes: a list of `rtmp`, `rtmps`, `http` and `https`, or `all`. WebSocket and FLV belong to `http` and `https`; TLS needs a certificate, see `tls`.",
			),
		proxyProtocol: z
			.boolean()
			.default(false)
			.describe(
				"Whether connections from `trustedProxies` must begin with a PROXY header (version 1 or 2), which names the client's address. From other addresses such a header is refused.",
			),
	})
	.transform(({ protocol, protocols, host, port, proxyProtocol }) => {
		const taken = protocols ?? (protocol === undefined ? ["all" as const] : [protocol]);
		const all = taken.includes("all");
		const main = protocol ?? mainProtocolOf(taken);
		return {
			protocol: main,
			host,
			port: port ?? DEFAULT_PORTS[main],
			protocols: PORT_PROTOCOLS.filter(name => all || taken.includes(name)),
			proxyProtocol,
		};
	});

/** What a listener that does not say it is there for: RTMP where it takes that. `protocols` as they were written. */
export function mainProtocolOf(protocols: unknown): "rtmp" | "http" {
	if (!Array.isArray(protocols)) return "rtmp";
	return ["all", "rtmp", "rtmps"].some(name => protocols.includes(name)) ? "rtmp" : "http";
}
