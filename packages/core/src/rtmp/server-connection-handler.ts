import type { AmfValue } from "../amf/index.ts";
import type { MillraceError } from "../fault/index.ts";
import type { MediaType } from "../flv/index.ts";
import type { ConnectRequest } from "./connect-request.ts";
import type { LinkOptions } from "./link.ts";
import type { PlayRequest, PublishRequest, ServerStream } from "./server-stream.ts";

/** A remote procedure call that the protocol itself does not own. */
export type Call = {
	readonly name: string;
	/** 0: no reply is wanted. */
	readonly transactionId: number;
	readonly args: readonly AmfValue[];
};

/**
 * What a server's connection reports. Methods may send, accept, refuse or close; they must not call `receive`,
 * `handleTimeout` or `takeOutput`. `onConnect`, `onPublish` and `onPlay` may be answered later: what the client sends
 * meanwhile is held, in order.
 */
export interface ServerConnectionHandler {
	onConnect(request: ConnectRequest): void;
	onPublish(stream: ServerStream, request: PublishRequest): void;
	/** The publisher stopped, or its connection ended. */
	onUnpublish(stream: ServerStream): void;
	onPlay(stream: ServerStream, request: PlayRequest): void;
	/** The player stopped, or its connection ended. */
	onStop(stream: ServerStream): void;
	onPause(stream: ServerStream, paused: boolean, positionMillis: number): void;
	onSeek(stream: ServerStream, positionMillis: number): void;
	/** `wantsAudio` or `wantsVideo` of a playing stream changed. */
	onReceiveChange(stream: ServerStream): void;
	/** `timestamp` in milliseconds modulo 2^32, as the client sent it. */
	onMedia(stream: ServerStream, type: MediaType, timestamp: number, payload: Uint8Array): void;
	onCall(call: Call): void;
	/** The client says which SWF file opened it (`decodeSwfAnswer`). It may come while `connect` is pending, or unasked. */
	onSwfAnswer?(payload: Uint8Array): void;
	onClosed(reason: MillraceError | undefined): void;
}

export type ServerConnectionOptions = LinkOptions & {
	/** Longest wait for `connect` after the handshake, in milliseconds. */
	readonly connectTimeoutMillis: number;
	/** Our chunk size in bytes, at most 32,767: a widespread analyser misreads larger ones. */
	readonly chunkSize: number;
	/** The acknowledgement window that is announced, in bytes. */
	readonly windowAckBytes: number;
	/** As in `FMS/5,0,15,5004` and `data.version`. */
	readonly fmsVersion: string;
	/** The connection's name in `clientid`. */
	readonly clientId: string;
};
