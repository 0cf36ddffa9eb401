import type { AmfClassRegistry, AmfValue } from "../amf/index.ts";
import type { MillraceError } from "../fault/index.ts";
import type { MediaType } from "../flv/index.ts";
import type { ConnectRequest } from "./connect-request.ts";
import type { LinkOptions } from "./link.ts";
import type { PlayRequest, PublishRequest, ServerStream } from "./server-stream.ts";
import type { StreamAddress } from "./url.ts";

/** A remote procedure call that the protocol itself does not own. */
export type Call = {
	readonly name: string;
	/** 0: no reply is wanted. */
	readonly transactionId: number;
	readonly args: readonly AmfValue[];
};

/**
 * What a server's connection reports. Methods may send, accept, refuse or close; they must not call `receive`,
 * `handleTimeout` or `takeOutput`. `onConnect`, `onPublish`, `onPlay` and `onStreamLength` may be answered later: what the client sends
 * meanwhile is held, in order.
 */
export interface ServerConnectionHandler {
	onConnect(request: ConnectRequest): void;
	onPublish(stream: ServerStream, request: PublishRequest): void;
	/** The publisher stopped, or its connection ended. */
	onUnpublish(stream: ServerStream): void;
	/**
	 * `play` or `play2`. A stream that is playing already goes on: the request is about its playlist (`request.reset` is
	 * false then), and `acceptPlay` or `refuse` only lets go on what the client sent behind it.
	 */
	onPlay(stream: ServerStream, request: PlayRequest): void;
	/** The player stopped, or its connection ended. */
	onStop(stream: ServerStream): void;
	/** `keepsBuffer`: it was `pauseRaw`, so that the client has kept what was sent past the position. */
	onPause(stream: ServerStream, paused: boolean, positionMillis: number, keepsBuffer: boolean): void;
	onSeek(stream: ServerStream, positionMillis: number): void;
	/** `wantsAudio` or `wantsVideo` of a playing stream changed. */
	onReceiveChange(stream: ServerStream): void;
	/** `bufferMillis` of a playing stream changed. */
	onBufferLength?(stream: ServerStream): void;
	/**
	 * How long a recording is; answered with `sendResult` in seconds, then `settle`. Without this method 0 is answered.
	 */
	onStreamLength?(call: Call, address: StreamAddress & { readonly instance: string }): void;
	/** `timestamp` in milliseconds modulo 2^32, as the client sent it. */
	onMedia(stream: ServerStream, type: MediaType, timestamp: number, payload: Uint8Array): void;
	/** Among them `_checkbw`, which librtmp and ffmpeg call when they hear `onBWDone`. */
	onCall(call: Call): void;
	/**
	 * Whether a call that the connection would answer itself (`releaseStream`, `FCPublish`, `FCUnpublish`, `FCSubscribe`,
	 * `FCUnsubscribe`, `getStreamLength`) goes to `onCall` instead; `answerCall` answers it all the same. Default: none.
	 */
	handlesCall?(name: string): boolean;
	/** Whether the client may use the samples of what it plays (`|RtmpSampleAccess`). Default: it may. */
	sampleAccess?(stream: ServerStream): { readonly audio: boolean; readonly video: boolean };
	/**
	 * A message about a shared object, of type 19 or 16 (`@millrace/core/shared-object` reads it). What it throws as a
	 * `PeerError` ends the connection. Without this method such messages are left out.
	 */
	onSharedObject?(type: 16 | 19, body: Uint8Array): void;
	/**
	 * Whether calls of the client have yet to take effect that must before its next `createStream`, `publish` or `play`.
	 * If so, `proceed` is called once as soon as they have, after this has returned.
	 */
	awaitCalls?(proceed: () => void): boolean;
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
	/** Longest wait for the answer to a call of the client's methods, in milliseconds. Default 60 s. */
	readonly callTimeoutMillis?: number;
	/** The classes that typed objects become, and whose instances are sent under their names. Default: none. */
	readonly classes?: AmfClassRegistry;
};
