export { backOffInterval, INTERVAL_AT_ONCE, INTERVAL_CLOSED, intervalMillis } from "./interval.ts";
export {
	TunnelClient,
	type TunnelClientHandler,
	type TunnelClientOptions,
	type TunnelRequest,
} from "./tunnel-client.ts";
export type { TunnelAnswer, TunnelCarrier, TunnelCommand } from "./tunnel-exchange.ts";
export {
	DEFAULT_TUNNEL_LIMITS,
	DEFAULT_TUNNEL_TIMES,
	type TunnelLimits,
	type TunnelTimes,
} from "./tunnel-limits.ts";
export { parseTunnelPath, type TunnelPath } from "./tunnel-path.ts";
export { TunnelServer, type TunnelServerOptions } from "./tunnel-server.ts";
export {
	TunnelSession,
	type TunnelSessionHandler,
	type TunnelSessionOptions,
	type TunnelUpload,
} from "./tunnel-session.ts";
