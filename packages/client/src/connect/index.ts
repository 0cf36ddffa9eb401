export { type ConnectAddress, parseConnectAddress, type StreamUrl, splitStreamUrl } from "./address.ts";
export { ConnectionDriver, type DriverHandler, type DriverOptions } from "./connection-driver.ts";
export { ConnectionSession, callFailed, type SessionHandler } from "./connection-session.ts";
export type { ClientPlatform } from "./platform.ts";
export type { Transport, TransportHandler, TransportOpener, TransportTarget } from "./transport.ts";
