import type { AmfValue } from "@millrace/core/amf";
import type { Application } from "./application.ts";
import type { Client } from "./client.ts";

/** A stream that a client publishes or plays. */
export type StreamUse = {
	/** Without prefix and query. */
	readonly name: string;
	/** What stood behind `?` in the name, as in `cam?key=…`. */
	readonly query: string;
	/** `live`, `record`, `append` or `appendWithGap` of a publisher; `play` of a player. */
	readonly mode: string;
	/** `mp4`, `flv`, … as it stood in front of the name; absent where nothing did. */
	readonly prefix?: string;
};

/** A file that a recording has finished. */
export type RecordedFile = {
	/** The stream's. */
	readonly name: string;
	/** Where it lies. */
	readonly path: string;
	readonly seconds: number;
	readonly bytes: number;
};

/** What `onConnect`, `onPublish` and `onPlay` answer; a promise of it is as good. `undefined` and `true` allow. */
export type Decision = boolean | undefined | Refusal;

/** What a handler that decides may return: one that returns nothing at all allows. */
// biome-ignore lint/suspicious/noConfusingVoidType: functions without a return statement are of type void
export type MaybeDecision = Decision | void | Promise<Decision | void>;

/** A refusal with a reason; `reject` and `redirect` make one. It may be returned or thrown. */
export class Refusal {
	/** The text at `info.description`. */
	readonly description: string;
	/** What the client finds at `info.application`. */
	readonly application: AmfValue;
	/** Where the client is sent: at `info.ex.redirect`, with the code 302. */
	readonly address: string | undefined;

	constructor(description: string, application: AmfValue, address: string | undefined) {
		this.description = description;
		this.application = application;
		this.address = address;
	}
}

/**
 * Refuses a client, a publisher, a player or a call.
 *
 * @param description the text at `info.description`
 * @param application any value; a rejected client or caller finds it at `info.application`
 * (`Application.rejectConnection`)
 */
export function reject(description = "Connection failed.", application?: AmfValue): Refusal {
	return new Refusal(description, application, undefined);
}

/** Sends a connecting client elsewhere (`Application.redirectConnection`): a rejection with `info.ex = {code: 302, redirect: address}`. */
export function redirect(address: string, description = "Connect elsewhere.", application?: AmfValue): Refusal {
	return new Refusal(description, application, address);
}

/**
 * A method that clients may call. Its arguments are what the client sent, of whatever type that is; a result or a
 * promise of one is the answer. An error that it throws is the client's `NetConnection.Call.Failed` and stands in the
 * log; what `reject` makes is that too, thrown or returned, and is not logged.
 */
export type Method<State, ClientState, Remote extends object = object> = (
	client: Client<State, ClientState, Remote>,
	...args: never[]
) => unknown;

/** Methods by name. Those of an inner object are called as `inner/name` or `inner.name`. */
export type Methods<State, ClientState, Remote extends object = object> = {
	readonly [name: string]: Method<State, ClientState, Remote> | Methods<State, ClientState, Remote>;
};

/** How much memory an application uses of what it may: of its heap, or with buffers and the like of all. */
export type MemoryUse = { readonly usedBytes: number; readonly limitBytes: number };

/** Why an instance ends: its clients have left long ago, or whatever else. */
export type InstanceEnd = "idle" | "ended";

/** The answer of `onCall` to a call that it does not know. */
export const UNKNOWN_CALL: unique symbol = Symbol("unknown call");

/** What `onCall` returns for a call that it does not know: the server answers it, or it fails with `Method not found`. */
export function unknownCall(): symbol {
	return UNKNOWN_CALL;
}

/**
 * An application. Every member may be left out: then clients are let in, streams are allowed, and calls fail. Handlers
 * may be asynchronous; what a client sends behind a call waits only until the call's handler first waits itself.
 *
 * Handlers of one instance run one at a time, each until it waits. What they throw is logged with its place; of
 * `onConnect`, `onPublish` and `onPlay` it is also a refusal.
 */
export type ApplicationDefinition<
	State,
	ClientState,
	M extends Methods<State, ClientState, Remote>,
	Remote extends object = object,
> = {
	/** Makes what an instance remembers: `app.state`. The module's own variables are shared by all its instances. */
	readonly state?: () => State;
	/** Makes what is remembered of a client: `client.state`. */
	readonly clientState?: () => ClientState;
	/** What methods clients have, made by `clientMethods`: it types `client.remote`, and does nothing else. */
	readonly clientMethods?: ClientMethods<Remote>;
	/** An instance starts: its first client waits until this is done. */
	readonly onStart?: (app: Application<State, ClientState, Remote>) => void | Promise<void>;
	/**
	 * Nobody has used the instance for `code.idleMillis` (where that is more than 0): `false` keeps it for as long again.
	 * Default: it ends.
	 */
	readonly onIdle?: (
		app: Application<State, ClientState, Remote>,
	) => boolean | undefined | Promise<boolean | undefined>;
	/**
	 * The memory of the application, of which all its instances have a part, is nearly used up: 80 per cent of the limit
	 * past which it is ended (`code.memory`). It comes once, and again only after there was enough in between. Nobody is
	 * told who uses it all up within one turn, and where `code.isolation` is `none`.
	 */
	readonly onLowMemory?: (app: Application<State, ClientState, Remote>, memory: MemoryUse) => void | Promise<void>;
	/** An instance ends, for want of clients or otherwise: they have gone. There are five seconds for what must be finished. */
	readonly onShutdown?: (app: Application<State, ClientState, Remote>, reason: InstanceEnd) => void | Promise<void>;
	/** A client wants in. `args` are what it gave `connect` behind the address. */
	readonly onConnect?: (client: Client<State, ClientState, Remote>, ...args: AmfValue[]) => MaybeDecision;
	/** A client has been let in: it is among `app.clients`, and what it is sent from here on follows its `Success`. */
	readonly onConnected?: (client: Client<State, ClientState, Remote>) => void | Promise<void>;
	/** A client that had been let in has gone. */
	readonly onDisconnect?: (client: Client<State, ClientState, Remote>) => void | Promise<void>;
	/**
	 * A client wants to publish. The server's own rules (`publish.from`, `publish.key`) have let it, and its
	 * `writeAccess`. Somebody else may still have the name, so that nothing comes of it.
	 */
	readonly onPublish?: (client: Client<State, ClientState, Remote>, stream: StreamUse) => MaybeDecision;
	/** A stream that a client had begun to publish is no longer published; `stream` is what `onPublish` got. */
	readonly onUnpublish?: (client: Client<State, ClientState, Remote>, stream: StreamUse) => void | Promise<void>;
	/** A client wants to play something, live or recorded, and its `readAccess` lets it. */
	readonly onPlay?: (client: Client<State, ClientState, Remote>, stream: StreamUse) => MaybeDecision;
	/** A client no longer plays a stream. */
	readonly onStop?: (client: Client<State, ClientState, Remote>, stream: StreamUse) => void | Promise<void>;
	/** A recording in this instance is finished. */
	readonly onRecord?: (app: Application<State, ClientState, Remote>, file: RecordedFile) => void | Promise<void>;
	/** What clients may call. */
	readonly methods?: M;
	/**
	 * How long the application may keep its event loop from turning, in milliseconds, where that is less than the server
	 * allows (`code.turnMillis`). Default: what the server allows.
	 */
	readonly turnMillis?: number;
	/**
	 * Calls that the server answers itself and that are handed to `onCall` first (`FCPublish`, `getStreamLength`,
	 * `checkBandwidth`, …): it may return `unknownCall()`. Default: those for which there are methods.
	 */
	readonly serverCalls?: readonly string[];
	/**
	 * A call for which there is no method. Without it such calls fail with `Method not found`, and so do those for which
	 * it returns `unknownCall()`.
	 */
	readonly onCall?: (client: Client<State, ClientState, Remote>, name: string, ...args: AmfValue[]) => unknown;
};

/**
 * Gives an application its types. The default export of an application's `main.ts` (or `main.js`) is what this
 * returns, which is `definition` itself.
 */
export function defineApplication<
	State = undefined,
	ClientState = undefined,
	Remote extends object = object,
	M extends Methods<State, ClientState, Remote> = Methods<State, ClientState, Remote>,
>(
	definition: ApplicationDefinition<State, ClientState, M, Remote>,
): ApplicationDefinition<State, ClientState, M, Remote> {
	return definition;
}

/** The types of the methods that clients of an application have; `clientMethods` makes one. */
export type ClientMethods<Remote extends object> = { readonly [METHODS]?: Remote };

declare const METHODS: unique symbol;

/**
 * Tells which methods clients have, so that `client.remote` has them with their types:
 * `clientMethods: clientMethods<{ said(from: string, text: string): void }>()`. It is for the types alone: a client may
 * lack a method, or answer with something else.
 */
export function clientMethods<Remote extends object>(): ClientMethods<Remote> {
	return {};
}

/** The methods that a client needs, for `connection.client = {…} satisfies ClientMethodsOf<typeof app>`. */
export type ClientMethodsOf<T> =
	T extends ApplicationDefinition<infer _State, infer _ClientState, infer _M, infer Remote> ? Remote : never;

/**
 * The methods of an application as a client calls them: without the client, and with a promise of the result. Give it
 * `typeof` the default export, and the result to `NetConnection.remote` of the client library.
 */
export type RemoteMethods<T> =
	T extends ApplicationDefinition<infer _State, infer _ClientState, infer M, infer _Remote>
		? RemoteNamespace<M>
		: never;

type RemoteNamespace<M> = {
	readonly [Name in keyof M]: M[Name] extends (client: infer _Client, ...args: infer Args) => infer Result
		? (...args: Args) => Promise<Awaited<Result>>
		: RemoteNamespace<M[Name]>;
};
