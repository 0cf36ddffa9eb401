export { ConnectionRate } from "./connection-rate.ts";
export { closeServer, type ListenAddress, listen, listenTcp, portOf } from "./listener.ts";
export { plainAddress, SocketWire } from "./socket-wire.ts";
export type { Wire, WireHandler } from "./wire.ts";
