export {
	type AddressOptions,
	bracketed,
	type ConnectAddress,
	parseConnectAddress,
	ROAD_PROTOCOLS,
	type RoadProtocol,
	type StreamUrl,
	splitStreamUrl,
	tcUrlOf,
} from "./address.ts";
export {
	type Attempt,
	type AttemptOptions,
	type AttemptPlan,
	isLoopback,
	type ProxyType,
	planAttempts,
	type UsedProxy,
} from "./attempt-list.ts";
export type { AttemptOutcome, AttemptRecord } from "./attempt-record.ts";
export { ConnectionDriver, type DriverHandler, type DriverOptions } from "./connection-driver.ts";
export {
	ConnectionSession,
	callFailed,
	type SessionCourse,
	type SessionHandler,
	type SessionOptions,
} from "./connection-session.ts";
export { Connector, type ConnectorHandler } from "./connector.ts";
export { FALLBACK_RULES, type FallbackName, type FallbackRule, type Road } from "./fallback-rule.ts";
export type { ClientPlatform } from "./platform.ts";
export { type PortTestOptions, type RoadReport, testRoads } from "./port-test.ts";
export type { GatewayTarget, Poster, PostOutcome, PostRequest } from "./poster.ts";
export {
	basicAuthorization,
	type HttpProxy,
	type ProxySettings,
	parseProxy,
	proxiesOfEnvironment,
	proxyFor,
} from "./proxy.ts";
export { type ReconnectOptions, reconnectWaitMillis } from "./reconnect.ts";
export { RememberedRoads, type RoadMemory, roadKey, type WonRoad } from "./remembered-road.ts";
export type { SmartOptions } from "./smart-roads.ts";
export type { Transport, TransportHandler, TransportOpener, TransportTarget } from "./transport.ts";
export {
	type TunnelClock,
	type TunnelPoster,
	TunnelTransport,
} from "./tunnel-transport.ts";
export { type WebSocketMaker, WebSocketTransport } from "./web-socket-transport.ts";
