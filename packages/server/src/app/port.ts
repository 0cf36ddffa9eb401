import type { AmfValue } from "@millrace/core/amf";
import type { NetStatus } from "@millrace/core/rtmp";

/**
 * The border between the media process and an application. Everything crosses one port an instance, first in first
 * out both ways: events of clients towards the application, effects of the application back. All of it is plain
 * data, so that the application may live in this process, in a worker or in another process (`port-codec.ts`).
 *
 * The media side never waits for an application. An application may ask for what only the media side knows: the effect
 * `ask`, whose answer comes as the event `reply`, in its turn among the others. Where the application stands still until
 * it has the answer (`isAwaited`), that overtakes the events.
 */

/** A connection's name, `c12`. Effects address clients by it, never by reference. */
export type ClientId = string;

/** What an application learns of a client. */
export type ClientFacts = {
	readonly id: ClientId;
	readonly remoteAddress: string;
	/** `rtmp`, `rtmps`, `ws`, `wss`, … */
	readonly protocol: string;
	/** Whether it came over TLS. */
	readonly secure: boolean;
	readonly tcUrl: string;
	readonly pageUrl: string;
	readonly swfUrl: string;
	readonly flashVer: string;
	/** The query of the address, without the question mark. */
	readonly query: string;
	readonly objectEncoding: 0 | 3;
	/** The byte with which its handshake began: 6, 8 or 9 of RTMPE; absent: 3. */
	readonly protocolVersion?: number;
	/** What stood behind the command object in `connect`. */
	readonly args: readonly AmfValue[];
	/** Which of the folders that are for some clients only are for it; absent: none. */
	readonly virtualKey?: string;
};

/** A stream that a client wants to publish or play. */
export type StreamFacts = {
	/** Without prefix and query. */
	readonly name: string;
	readonly query: string;
	/** Of a publisher: `live`, `record`, `append` or `appendWithGap`; of a player: `play`. */
	readonly mode: string;
	/** `mp4`, `flv`, … as it stood in front of the name; absent where nothing did. */
	readonly prefix?: string;
};

/** A file that a recording has finished. */
export type RecordedFacts = {
	/** The stream's name in its instance. */
	readonly name: string;
	/** The file. */
	readonly path: string;
	readonly seconds: number;
	readonly bytes: number;
};

/** Message types of shared objects: with AMF0 values, and with AMF3 values behind a format selector. */
export type SharedObjectType = 16 | 19;

/** What happens. `request`, `call` and `ask` are numbers that answers carry; 0: no answer is wanted. */
export type PortEvent =
	| { readonly kind: "connect"; readonly client: ClientFacts }
	| { readonly kind: "disconnect"; readonly client: ClientId }
	| {
			readonly kind: "call";
			readonly client: ClientId;
			readonly call: number;
			readonly name: string;
			readonly args: readonly AmfValue[];
	  }
	/** What a client answered to the effect `call`; `failed`: `value` is its error. */
	| {
			readonly kind: "answer";
			readonly client: ClientId;
			readonly call: number;
			readonly failed: boolean;
			readonly value: AmfValue;
	  }
	| { readonly kind: "publish"; readonly client: ClientId; readonly request: number; readonly stream: StreamFacts }
	| { readonly kind: "unpublish"; readonly client: ClientId; readonly stream: StreamFacts }
	| { readonly kind: "play"; readonly client: ClientId; readonly request: number; readonly stream: StreamFacts }
	| { readonly kind: "stop"; readonly client: ClientId; readonly stream: StreamFacts }
	/** The body of a shared-object message, as it came. */
	| {
			readonly kind: "shared-object";
			readonly client: ClientId;
			readonly type: SharedObjectType;
			readonly body: Uint8Array;
	  }
	| { readonly kind: "recorded"; readonly file: RecordedFacts }
	/**
	 * What a stream of the application itself has to tell, or one of its instance that a client publishes; with `push`, of
	 * its publication on another server.
	 */
	| { readonly kind: "stream-status"; readonly stream: string; readonly push?: number; readonly status: NetStatus }
	| { readonly kind: "reply"; readonly ask: number; readonly failed: boolean; readonly value: AmfValue }
	/** The last client left long ago: the effect `unload` ends the instance; without it, this comes again after as long. */
	| { readonly kind: "idle" };

/** What an application may ask the media side (`PortEffect` of kind `ask`), with what stands in `args`. */
export const PORT_QUESTIONS = [
	/** `[client]`: the figures of a client. */
	"client-stats",
	/** `[client]`: the round trip of a ping in milliseconds; fails when none comes in time. */
	"ping",
	/** `[client]`: bytes a second in each direction, infinite where there is no limit. */
	"bandwidth-limit",
	/** `[client]`: whether a client has shown that it is there, or does within a second. */
	"alive",
	/** `[]`: the figures of all clients of the instance, those among them that have gone. */
	"instance-stats",
	/** `[client]`: measures the bandwidth to the client. */
	"check-bandwidth",
	/** `[]`: the live streams of the instance. */
	"streams",
	/** `[]`: the recordings and files of the instance. */
	"files",
	/** `[name, virtualKey]`: the length of a recording or file in seconds, 0 when there is none. */
	"stream-length",
	/** `[name, virtualKey]`: its size in bytes, 0 when there is none. */
	"stream-size",
	/** `[name]`: the figures of a live stream. */
	"stream-stats",
	/**
	 * `[prefix, folder, virtualKey]`: has names that begin so looked up in a folder of the application's too, for clients
	 * with that key only unless it is empty; whether it is one.
	 */
	"add-directory",
	/** `[name]`: the newest time of a live stream in milliseconds, 0 when it is not live. */
	"stream-time",
	/** `[name, virtualKey]`: the metadata of a recording or file, `undefined` when there is none. */
	"stream-metadata",
] as const;

export type PortQuestion = (typeof PORT_QUESTIONS)[number];

/** What an application may do with a stream of its instance (`PortEffect` of kind `stream`), and what `args` hold. */
export const STREAM_ACTIONS = [
	/** `[name, options]`: options as `NetStream.play` has them, and where it is; `[false]` ends it. */
	"play",
	/** `[push, address, name, options]`: it is published on another server too; `push` is a number of the application's. */
	"push",
	/** `[push]`: it is no longer published there. */
	"end-push",
	/** `[push, handler, …arguments]`: a data message to those who play it there. */
	"push-send",
	/** `[push, seconds]`: how much may wait for the other server. */
	"push-buffer",
	/** `[mode, limits]`: `record`, `append` or `appendWithGap`, `{maxSeconds, maxKilobytes, syncWrite}`; `[false]` ends it. */
	"record",
	/** `[handler, …arguments]`: a data message to everyone who plays it. */
	"send",
	/** `[]`: its recording is deleted. */
	"clear",
	/** `[]`: what waits to be recorded is written. */
	"flush",
	/** `[seconds]`: how much is sent ahead. */
	"buffer-time",
	/** `[{maxMillis, maxBytes}]`: how it is gathered before it is sent to those who play it; `[{}]`: as configured. */
	"gather",
	/** `[audio, video]`: which media of what it plays get into it. */
	"receive",
	/** `[]`: the application lets go of it: what it plays ends. */
	"close",
] as const;

export type StreamAction = (typeof STREAM_ACTIONS)[number];

/** How a client is let in. */
export type Admission = {
	/** Its bandwidth is measured at once, where the settings allow that. Default: it is told that it was not. */
	readonly isMeasured?: boolean;
};

/** What an application does. */
export type PortEffect =
	| ({ readonly kind: "accept"; readonly client: ClientId } & Admission)
	| { readonly kind: "reject"; readonly client: ClientId; readonly status: NetStatus }
	| { readonly kind: "result"; readonly client: ClientId; readonly call: number; readonly value: AmfValue }
	| { readonly kind: "error"; readonly client: ClientId; readonly call: number; readonly status: NetStatus }
	| {
			readonly kind: "call";
			readonly client: ClientId;
			/** 0: no answer is wanted. */
			readonly call: number;
			readonly name: string;
			readonly args: readonly AmfValue[];
	  }
	/** A call without an answer, to every client that is let in. */
	| { readonly kind: "broadcast"; readonly name: string; readonly args: readonly AmfValue[] }
	| { readonly kind: "allow"; readonly client: ClientId; readonly request: number }
	| { readonly kind: "refuse"; readonly client: ClientId; readonly request: number; readonly status: NetStatus }
	/** Which streams a client may play and publish: paths, as `access-list.ts` reads them. */
	| { readonly kind: "access"; readonly client: ClientId; readonly read: string; readonly write: string }
	/** Bytes a second in each direction; 0 leaves it as it is, `Infinity` lifts its limit. */
	| {
			readonly kind: "bandwidth";
			readonly client: ClientId;
			readonly toClient: number;
			readonly fromClient: number;
	  }
	/** The body of a shared-object message, for several clients at once. */
	| {
			readonly kind: "shared-object";
			readonly clients: readonly ClientId[];
			readonly type: SharedObjectType;
			readonly body: Uint8Array;
	  }
	| {
			readonly kind: "stream";
			readonly stream: string;
			readonly action: StreamAction;
			readonly args: readonly AmfValue[];
	  }
	| {
			readonly kind: "ask";
			readonly ask: number;
			readonly question: PortQuestion;
			readonly args: readonly AmfValue[];
			/** The application stands still until it has the answer. */
			readonly isAwaited: boolean;
	  }
	/** Calls that the application wants to see although the server has an answer of its own (`SERVER_CALLS`). */
	| { readonly kind: "handles"; readonly names: readonly string[] }
	/** One of those calls that the application does not answer: the server does. */
	| { readonly kind: "decline"; readonly client: ClientId; readonly call: number }
	/** Of which streams a client may use the samples (`|RtmpSampleAccess`): paths, as in `access`. */
	| { readonly kind: "sample-access"; readonly client: ClientId; readonly audio: string; readonly video: string }
	/** The virtual key of a client from now on, in place of the one in its facts; empty: it has none. */
	| { readonly kind: "virtual-key"; readonly client: ClientId; readonly key: string }
	| { readonly kind: "close"; readonly client: ClientId }
	| { readonly kind: "log"; readonly level: "debug" | "info" | "warn" | "error"; readonly text: string }
	/** The instance may end for want of clients. Nothing comes of it where there is one by now. */
	| { readonly kind: "unload" }
	/** The instance ends: its clients are told, and it is unloaded. */
	| { readonly kind: "shutdown" };

/** The application's end of a port. */
export interface ApplicationPort {
	/** Hands over one event. Effects may come back before it returns, or at any time later. */
	send(event: PortEvent): void;
	/** Answers a question for which the application stands still, which may be at any time in between. */
	answer(reply: PortReply): void;
	/** The instance is unloaded: no more events will come, and no effects are taken any more. */
	close(reason?: PortEnd): void;
}

/** The answer to a question of the application. */
export type PortReply = Extract<PortEvent, { kind: "reply" }>;

/** Why an instance is unloaded: its clients have left long ago, or whatever else. */
export type PortEnd = "idle" | "ended";

/** Calls that the server answers itself unless an application handles them (`PortEffect` of kind `handles`). */
export const SERVER_CALLS: readonly string[] = [
	"releaseStream",
	"FCPublish",
	"FCUnpublish",
	"FCSubscribe",
	"FCUnsubscribe",
	"getStreamLength",
	"checkBandwidth",
	"_checkbw",
	"checkBandwidthUp",
	"onClientBWCheck",
];

/** The media side's end of a port. */
export interface PortListener {
	/**
	 * Takes the effects of one turn of the application, in order, as one batch; those of a turn that did a great deal
	 * (64 KiB) may come as several, so that nothing else has to wait for them.
	 *
	 * @param handled how many of the port's events the application has begun to handle by the end of that turn; 0 where
	 * more effects of the turn follow
	 */
	onEffects(effects: readonly PortEffect[], handled: number): void;
	/** Whether effects wait that were given: more would only wait behind them. */
	isBusy?(): boolean;
	/** The application has ended by itself: crashed, reloaded, or never started. No more effects will come. */
	onLost(reason: string): void;
}

/** Runs applications: opens the port of an instance, which starts it. */
export interface ApplicationHost {
	open(application: string, instance: string, listener: PortListener): ApplicationPort;
}
