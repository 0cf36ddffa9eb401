/** Ceilings on what one peer may make us hold or do. Each is checked before memory is given, never after. */
export type RtmpLimits = {
	/** Largest message before `connect` is accepted, in bytes. Default 64 KiB. */
	readonly messageBytesBeforeConnect: number;
	/** Largest sum of what came of unfinished messages before `connect` is accepted, in bytes. Default 256 KiB. */
	readonly partialBytesBeforeConnect: number;
	/** Largest message afterwards, in bytes; RTMP itself ends at 16,777,215. Default 16 MiB − 1. */
	readonly messageBytes: number;
	/** Largest sum of what came of unfinished messages afterwards, in bytes. Default 32 MiB. */
	readonly partialBytes: number;
	/** Chunk streams that may have state at once. Default 64. */
	readonly chunkStreams: number;
	/** Message streams (`createStream`) that may exist at once. Default 256. */
	readonly messageStreams: number;
	/** Nesting of AMF values in one message; 32 before `connect`. Default 64. */
	readonly amfDepth: number;
	/** Answers that the peer has not read yet, in bytes. Default 4 MiB. */
	readonly outputBytes: number;
	/** Messages that wait for a pending permission, in bytes. Default 1 MiB. */
	readonly heldBytes: number;
	/** Length of an application's or a stream's name, in characters, without its query. Default 255. */
	readonly nameLength: number;
	/** Our calls that the peer has not answered; more are not sent. Default 1024. */
	readonly pendingCalls: number;
};

export const DEFAULT_RTMP_LIMITS: RtmpLimits = {
	messageBytesBeforeConnect: 64 * 1024,
	partialBytesBeforeConnect: 256 * 1024,
	messageBytes: 0xffffff,
	partialBytes: 32 * 1024 * 1024,
	chunkStreams: 64,
	messageStreams: 256,
	amfDepth: 64,
	outputBytes: 4 * 1024 * 1024,
	heldBytes: 1024 * 1024,
	nameLength: 255,
	pendingCalls: 1024,
};
