export {
	BandwidthCheck,
	type BandwidthCheckOptions,
	type BandwidthResult,
	bandwidthPayload,
	DEFAULT_BANDWIDTH_CHECK,
} from "./bandwidth-check.ts";
export { framedLength, frameInto } from "./chunk-frame.ts";
export { type ChunkHandler, ChunkReader, type ChunkReaderLimits, DEFAULT_CHUNK_SIZE } from "./chunk-reader.ts";
export { ChunkWriter } from "./chunk-writer.ts";
export {
	ClientConnection,
	type ClientConnectionHandler,
	type ClientConnectionOptions,
	type ConnectParameters,
} from "./client-connection.ts";
export { ClientHandshake, type ClientHandshakeOptions } from "./client-handshake.ts";
export { ClientStream, type ClientStreamHandler, type PublishMode } from "./client-stream.ts";
export type { ConnectRequest } from "./connect-request.ts";
export type { EncryptedVersion, HandshakeKind } from "./handshake-plain.ts";
export { DEFAULT_RTMP_LIMITS, type RtmpLimits } from "./limits.ts";
export { type Handshake, type LinkHandler, type LinkOptions, RtmpLink } from "./link.ts";
export { LinkCipher } from "./link-cipher.ts";
export { splitAggregate } from "./message/aggregate.ts";
export {
	type Command,
	decodeCommand,
	encodeCommand,
	encodeData,
} from "./message/command.ts";
export * from "./message/message-type.ts";
export * from "./message/protocol-control.ts";
export * from "./message/user-control.ts";
export { NET_STATUS, type NetStatus, netStatus, type StatusCode, type StatusLevel } from "./net-status.ts";
export type { PlayTransition } from "./play-transition.ts";
export { remoteMethods } from "./remote-methods.ts";
export {
	type Call,
	ServerConnection,
	type ServerConnectionHandler,
	type ServerConnectionOptions,
} from "./server-connection.ts";
export { ServerHandshake, type ServerHandshakeOptions } from "./server-handshake.ts";
export {
	type PlayRequest,
	type PlayStart,
	type PublishRequest,
	ServerStream,
	type StreamState,
} from "./server-stream.ts";
export { SharedBudget } from "./shared-budget.ts";
export { type Inflate, type SwfIdentity, swfIdentity } from "./swf-file.ts";
export {
	decodeSwfAnswer,
	encodeSwfAnswer,
	encodeSwfRequest,
	isKnownSwfRequest,
	provesSwf,
	type SwfAnswer,
} from "./swf-verification.ts";
export { type Responder, TransactionTable } from "./transaction-table.ts";
export {
	type ApplicationAddress,
	DEFAULT_INSTANCE,
	parseApplication,
	parseStreamName,
	type StreamAddress,
} from "./url.ts";
