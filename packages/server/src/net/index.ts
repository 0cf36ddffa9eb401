export { ConnectionRate } from "./connection-rate.ts";
export { closeServer, type ListenAddress, listen, listenTcp, portOf } from "./listener.ts";
export { plainAddress, SocketWire } from "./socket-wire.ts";
export { HttpTunnel, type HttpTunnelOptions, type TunnelOrigin } from "./tunnel/index.ts";
export type { Wire, WireHandler, WireProtocol } from "./wire.ts";
