export { INTERVAL_AT_ONCE, INTERVAL_CLOSED, intervalMillis } from "./interval.ts";
export {
	TunnelClient,
	type TunnelClientHandler,
	type TunnelClientOptions,
	type TunnelRequest,
} from "./tunnel-client.ts";
