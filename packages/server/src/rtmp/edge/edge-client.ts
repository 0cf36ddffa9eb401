import { NetConnection, type NetStatusEvent, NetStream } from "@millrace/client";
import type { AmfValue } from "@millrace/core/amf";
import { UsageError } from "@millrace/core/fault";
import { type ConnectRequest, type NetStatus, netStatus, type PublishRequest } from "@millrace/core/rtmp";
import type { InstanceClient, PermissionHandler, SharedObjectType, StreamFacts } from "../../app/index.ts";
import type { LiveStream } from "../../hub/index.ts";
import type { EventLog } from "../../log/index.ts";
import { StreamCarrier } from "../../stream/index.ts";
import { type EdgeTarget, streamTitle } from "./edge-address.ts";
import type { EdgeContext } from "./edge-context.ts";
import { EdgeObjects } from "./edge-objects.ts";

/** Members of `connect`'s command object that the connection to the origin has of its own. */
const OWN_MEMBERS: ReadonlySet<string> = new Set(["app", "tcUrl", "objectEncoding", "fpad"]);

/**
 * A client that came to reach another server through this one: a connection of its own goes there, with what it gave
 * `connect`, and calls, shared objects and requests for streams go to and fro. It stands in the place of an instance.
 */
export class EdgeClient {
	readonly connection: NetConnection;
	readonly #context: EdgeContext;
	readonly #target: EdgeTarget;
	readonly #request: ConnectRequest;
	readonly #client: InstanceClient;
	readonly #objects: EdgeObjects;
	/** What the client publishes, by its facts' name. */
	readonly #published = new Map<string, { readonly stream: NetStream; readonly carrier: StreamCarrier }>();
	/** The live streams that it plays. */
	readonly #played: { readonly name: string; readonly key: string; readonly stream: NetStream }[] = [];
	#isAccepted = false;
	#isClosed = false;

	constructor(
		context: EdgeContext,
		target: EdgeTarget,
		request: ConnectRequest,
		client: InstanceClient,
		log: EventLog,
	) {
		this.#context = context;
		this.#target = target;
		this.#request = request;
		this.#client = client;
		const properties = Object.fromEntries(Object.entries(request.properties).filter(([key]) => !OWN_MEMBERS.has(key)));
		const warn = (text: string) => log.warn("fault", { origin: target.host, text });
		this.connection = new NetConnection({ properties, proxy: false, warn });
		this.#objects = new EdgeObjects(this.connection);
		this.connection.objectEncoding = request.objectEncoding;
		this.connection.client = callbacks((name, args) => this.#callClient(name, args));
		this.connection.addEventListener("netStatus", (event: NetStatusEvent) => this.#onStatus(event.info));
	}

	/** The application of the origin, without the client's query: those who share it share its live streams. */
	get application(): string {
		const { address } = this.#target;
		return address.includes("/?") ? address : address.replace(/\?.*$/s, "");
	}

	get isClosed(): boolean {
		return this.#isClosed;
	}

	/** Goes to the origin, whose answer is the client's. */
	connect(): void {
		this.connection.connect(this.#target.address, ...this.#request.args);
	}

	/** The client has gone. */
	disconnect(): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		for (const { key, stream } of this.#played.splice(0)) this.#context.feeds.leave(key, stream);
		for (const { carrier } of this.#published.values()) carrier.close();
		this.#published.clear();
		this.#objects.close();
		this.connection.close();
	}

	call(client: InstanceClient, call: number, name: string, args: readonly AmfValue[]): void {
		try {
			this.#forward(client, call, name, args);
		} catch (error) {
			// A value that the origin's encoding cannot hold.
			if (!(error instanceof UsageError)) throw error;
			if (call !== 0) client.sendError(call, netStatus("NetConnection.Call.Failed", error.message));
		}
	}

	#forward(client: InstanceClient, call: number, name: string, args: readonly AmfValue[]): void {
		if (call === 0) {
			this.connection.call(name, null, ...args);
			return;
		}
		const responder = {
			onResult: (value: AmfValue) => client.sendResult(call, value),
			onStatus: (info: AmfValue) => client.sendError(call, info as unknown as NetStatus),
		};
		this.connection.call(name, responder, ...args);
	}

	/** The origin keeps the order of what it gets. */
	whenCallsAreHandled(): boolean {
		return false;
	}

	/** Throws the faults of messages that are none. */
	sharedObject(client: InstanceClient, type: SharedObjectType, body: Uint8Array): void {
		this.#objects.receive(client, type, body);
	}

	/** What is played has been asked for at the origin already. */
	ask(_kind: "publish" | "play", _client: InstanceClient, _stream: StreamFacts, onAnswer: PermissionHandler): void {
		onAnswer(undefined);
	}

	/** Publishes at the origin what is about to be published here. */
	askToPublish(live: LiveStream, request: PublishRequest, onAnswer: PermissionHandler): void {
		const { name, mode } = request;
		this.#context.feeds.yield(live.key);
		if (live.isPublishing || this.#published.has(name)) {
			onAnswer(netStatus("NetStream.Publish.BadName", `${name} is already being published.`));
			return;
		}
		const stream = new NetStream(this.connection);
		let isAnswered = false;
		stream.addEventListener("netStatus", ({ info }: NetStatusEvent) => {
			if (this.#isClosed) return;
			if (isAnswered) {
				// The origin has ended it.
				if (info.level === "error" && this.#published.get(name)?.stream === stream) this.#client.close();
				return;
			}
			if (info.code === "NetStream.Publish.Start") {
				isAnswered = true;
				// It may have begun to come from the origin again meanwhile.
				this.#context.feeds.yield(live.key);
				this.#published.set(name, { stream, carrier: new StreamCarrier(live, this.#context.schedule, stream) });
				onAnswer(undefined);
			} else if (info.level === "error") {
				isAnswered = true;
				stream.close();
				onAnswer(info);
			}
		});
		stream.publish(streamTitle(request), mode);
	}

	tell(kind: "unpublish" | "stop", _client: InstanceClient, { name }: StreamFacts): void {
		if (kind === "unpublish") {
			const published = this.#published.get(name);
			this.#published.delete(name);
			published?.carrier.close();
			published?.stream.close();
			return;
		}
		const at = this.#played.findIndex(each => each.name === name);
		const [played] = at < 0 ? [] : this.#played.splice(at, 1);
		if (played === undefined) return;
		this.#context.feeds.leave(played.key, played.stream);
		played.stream.close();
	}

	/** A stream of the connection plays something live, which it brings or leaves to others. */
	joinFeed(name: string, key: string, stream: NetStream): void {
		const { feeds, rules } = this.#context;
		this.#played.push({ name, key, stream });
		stream.onMedia = message => feeds.take(key, stream, message);
		stream.addEventListener("netStatus", ({ info }: NetStatusEvent) => {
			const hasEnded = info.code === "NetStream.Play.UnpublishNotify" || info.code === "NetStream.Play.Stop";
			if (hasEnded) feeds.unpublished(key, stream);
		});
		feeds.join(key, rules.live, stream);
	}

	#onStatus(info: NetStatus): void {
		if (this.#isClosed) return;
		const { code } = info;
		if (code === "NetConnection.Connect.Success") {
			this.#isAccepted = true;
			this.#client.accept({});
		} else if (!this.#isAccepted) {
			// `Closed` follows a refusal: the first is the answer.
			if (info.level === "error") {
				this.#isClosed = true;
				this.#client.reject(info);
				this.connection.close();
			}
		} else if (code === "NetConnection.Connect.AppShutdown") {
			this.#client.close(info);
		} else if (code === "NetConnection.Connect.Closed") {
			this.#client.close();
		}
	}

	#callClient(name: string, args: readonly AmfValue[]): Promise<AmfValue> {
		return new Promise((resolve, reject) => {
			const { description } = netStatus("NetConnection.Call.Failed");
			const onError = () => reject(new Error(description));
			this.#client.callMethod(name, args, { onResult: resolve, onError });
		});
	}
}

/** An object that has every method that the origin calls. */
function callbacks(call: (name: string, args: readonly AmfValue[]) => Promise<AmfValue>): object {
	return new Proxy(
		{},
		{
			getOwnPropertyDescriptor: (_target, name) => ({
				value: (...args: AmfValue[]) => call(String(name), args),
				configurable: true,
				enumerable: true,
				writable: true,
			}),
		},
	);
}
