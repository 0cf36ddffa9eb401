export type {
	ClientPlatform,
	StreamUrl,
	Transport,
	TransportHandler,
	TransportOpener,
	TransportTarget,
} from "./connect/index.ts";
export { splitStreamUrl } from "./connect/index.ts";
export { ArgumentError, NetStatusError } from "./errors.ts";
export {
	AsyncErrorEvent,
	FlashEvent,
	IOErrorEvent,
	type NetEvents,
	NetStatusEvent,
	SecurityErrorEvent,
} from "./events.ts";
export type { NetConnectionOptions } from "./net-connection.ts";
export { type MediaOptions, NetStream } from "./net-stream.ts";
export type { NetStreamInfo } from "./net-stream-info.ts";
export { NetConnection } from "./node/net-connection.ts";
export { ObjectEncoding, Responder, type ResponderObject } from "./responder.ts";
