import type { AmfValue } from "@millrace/core/amf";
import type { NetStatus } from "@millrace/core/rtmp";

/**
 * The border between the media process and an application. Everything crosses one port an instance, first in first
 * out both ways: events of clients towards the application, effects of the application back. All of it is plain
 * data, so that the application may live in this process, in a worker or in another process.
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
	/** What stood behind the command object in `connect`. */
	readonly args: readonly AmfValue[];
};

/** A stream that a client wants to publish or play. */
export type StreamFacts = {
	/** Without prefix and query. */
	readonly name: string;
	readonly query: string;
	/** Of a publisher: `live`, `record`, `append` or `appendWithGap`; of a player: `play`. */
	readonly mode: string;
};

/** What happens to clients. `request` and `call` are numbers that effects answer with; 0: no answer is wanted. */
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
	| { readonly kind: "publish"; readonly client: ClientId; readonly request: number; readonly stream: StreamFacts }
	| { readonly kind: "unpublish"; readonly client: ClientId; readonly stream: StreamFacts }
	| { readonly kind: "play"; readonly client: ClientId; readonly request: number; readonly stream: StreamFacts }
	| { readonly kind: "stop"; readonly client: ClientId; readonly stream: StreamFacts };

/** What an application does. */
export type PortEffect =
	| { readonly kind: "accept"; readonly client: ClientId }
	| { readonly kind: "reject"; readonly client: ClientId; readonly status: NetStatus }
	| { readonly kind: "result"; readonly client: ClientId; readonly call: number; readonly value: AmfValue }
	| { readonly kind: "error"; readonly client: ClientId; readonly call: number; readonly status: NetStatus }
	| { readonly kind: "call"; readonly client: ClientId; readonly name: string; readonly args: readonly AmfValue[] }
	| { readonly kind: "allow"; readonly client: ClientId; readonly request: number }
	| { readonly kind: "refuse"; readonly client: ClientId; readonly request: number; readonly status: NetStatus }
	| { readonly kind: "close"; readonly client: ClientId };

/** The application's end of a port. */
export interface ApplicationPort {
	/** Hands over one event. Effects may come back before it returns, or at any time later. */
	send(event: PortEvent): void;
	/** The instance is unloaded: no more events will come, and no effects are taken any more. */
	close(): void;
}

/** Takes the effects of one turn of an application, in order. */
export type EffectHandler = (effects: readonly PortEffect[]) => void;

/** Runs applications: opens the port of an instance, which starts it. */
export interface ApplicationHost {
	open(application: string, instance: string, onEffects: EffectHandler): ApplicationPort;
}
