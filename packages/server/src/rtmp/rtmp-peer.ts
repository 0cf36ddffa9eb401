import type { AmfValue } from "@millrace/core/amf";
import { LimitError, type MillraceError, PeerError, TransportError } from "@millrace/core/fault";
import type { MediaType } from "@millrace/core/flv";
import {
	type Call,
	type ConnectRequest,
	EVENT_STREAM_BEGIN,
	EVENT_STREAM_EOF,
	type NetStatus,
	netStatus,
	type PlayRequest,
	type PublishRequest,
	ServerConnection,
	type ServerConnectionHandler,
	ServerHandshake,
	type ServerStream,
} from "@millrace/core/rtmp";
import { findPublishKey } from "../access/index.ts";
import { type ApplicationInstance, type ClientFacts, type InstanceClient, StreamName } from "../app/index.ts";
import type { PacedInput, PublisherEnd, ViewerEnd } from "../hub/index.ts";
import type { EventLog } from "../log/index.ts";
import type { Wire, WireHandler } from "../net/index.ts";
import type { ApplicationRules, PeerContext } from "./peer-context.ts";
import { PlaySession, type PlayTransport } from "./play-session.ts";
import { type PublishObserver, PublishSession } from "./publish-session.ts";

/** Calls of the client that the application has not answered; more are refused. */
const MAX_OPEN_CALLS = 1024;
/** Answers to what came together leave together, but no more of them wait than this, in bytes. */
const TURN_OUTPUT_BYTES = 16 * 1024;
/** What a viewer and a stream that it is the first to wait for cost, in bytes, about. */
const PLAY_BYTES = 4096;

/**
 * One RTMP client: joins its wire, its protocol connection, its application instance and its streams in the hub. It
 * decides nothing itself: static policy first, then the application, then whether the name is free.
 */
export class RtmpPeer implements ServerConnectionHandler, InstanceClient, WireHandler, PlayTransport, PublishObserver {
	readonly id: string;
	readonly connection: ServerConnection;
	readonly #context: PeerContext;
	readonly #wire: Wire;
	readonly #log: EventLog;
	readonly #onGone: (peer: RtmpPeer) => void;
	readonly #publishing = new Map<ServerStream, PublishSession>();
	readonly #playing = new Map<ServerStream, PlaySession>();
	readonly #calls = new Map<number, Call>();
	#nextCall = 1;
	/** Rests only for a connection that does nothing but publish one stream. */
	readonly #input: PacedInput = {
		hold: () => {
			if (this.#publishing.size === 1 && this.#playing.size === 0) this.#wire.pause();
		},
		release: () => this.#wire.resume(),
	};
	#facts: ClientFacts | undefined;
	#rules: ApplicationRules | undefined;
	#instance: ApplicationInstance | undefined;
	/** The publisher that media came for in this turn: nearly always the only one. */
	#turn: PublishSession | undefined;
	/** A publication of this peer is beginning, which may take over another one of this peer. */
	#isBeginning = false;
	/** What came together is being handled: its answers leave in one write. */
	#isReceiving = false;
	#ended = false;
	#faulted = false;
	#hasPublished = false;

	constructor(
		id: string,
		wire: (handler: WireHandler) => Wire,
		context: PeerContext,
		onGone: (peer: RtmpPeer) => void,
	) {
		this.id = id;
		this.#context = context;
		this.#onGone = onGone;
		this.#wire = wire(this);
		this.#log = context.log.child({ connection: id, from: this.#wire.remoteAddress });
		const handshake = new ServerHandshake({ random: context.random, encryption: context.encryption });
		this.connection = new ServerConnection(handshake, this, { ...context.connection, clientId: id }, context.now());
	}

	/** When `handleTimeout` must be called at the latest. */
	get deadline(): number {
		return this.connection.deadline;
	}

	handleTimeout(now: number): void {
		this.connection.handleTimeout(now);
		this.flush();
	}

	/** The server stops: the client is told, and the connection ends. */
	stop(): void {
		if (this.connection.connected) this.connection.closeGracefully(netStatus("NetConnection.Connect.AppShutdown"));
		else this.connection.link.close();
		this.flush();
	}

	/** Ends at once, for a client that does not read its goodbye. */
	destroy(): void {
		this.#wire.destroy();
	}

	// ── the wire ──

	onWireData(bytes: Uint8Array): void {
		try {
			this.#isReceiving = true;
			this.connection.receive(bytes, this.#context.now());
			this.#isReceiving = false;
			this.#endTurn();
		} catch (error) {
			// A fault of ours: it costs this client its connection, and nobody else anything.
			this.#log.error("fault", { error });
			this.#wire.destroy();
		}
	}

	onWireDrain(): void {
		this.connection.link.outputSent();
		this.flush();
		const now = this.#context.now();
		for (const session of this.#playing.values()) session.viewer.onDrain(now);
	}

	onWireClosed(error: Error | undefined): void {
		this.connection.link.close(
			error === undefined ? undefined : new TransportError("CONNECTION_LOST", error.message, { cause: error }),
		);
		this.#onGone(this);
	}

	offer(block: Uint8Array): boolean {
		const wire = this.#wire;
		if (wire.backlog > 0) {
			wire.notifyDrain();
			return false;
		}
		if (this.connection.link.outputBytes > 0) this.#writeOutput();
		wire.write(this.connection.link.seal(block));
		return true;
	}

	/** Sends what the connection has queued, unless the client has not taken what was sent before. */
	flush(): void {
		if (this.#isReceiving && this.connection.link.outputBytes < TURN_OUTPUT_BYTES) return;
		const isRead = this.#wire.backlog === 0;
		if (this.connection.link.outputBytes > 0) {
			if (isRead || this.#ended) this.#writeOutput();
			else this.#wire.notifyDrain();
		}
		// Who is closed for a fault and does not read gets no goodbye either: what waits for it is let go of at once.
		if (this.#ended && this.#faulted && !isRead) this.#wire.destroy();
		else if (this.#ended) this.#wire.end();
	}

	/** What came together, or was held together, has been given. */
	#endTurn(): void {
		this.#turn?.endTurn();
		this.#turn = undefined;
		this.flush();
	}

	#writeOutput(): void {
		const { link } = this.connection;
		const length = link.outputBytes;
		const slices = link.takeOutput();
		this.#wire.write(slices.length === 1 ? slices[0]! : join(slices, length));
		if (this.#wire.backlog === 0) link.outputSent();
		else this.#wire.notifyDrain();
	}

	// ── connect ──

	onConnect(request: ConnectRequest): void {
		const rules = this.#context.application(request.application);
		if (rules === undefined) {
			const text = `[ Server.Reject ] : (_defaultRoot_, _defaultVHost_) : Application (${request.application}) is not defined.`;
			this.#log.warn("reject", { application: request.application, reason: "unknown application" });
			this.connection.rejectConnect(netStatus("NetConnection.Connect.InvalidApp", text));
			return;
		}
		this.#rules = rules;
		this.#facts = {
			id: this.id,
			remoteAddress: this.#wire.remoteAddress,
			protocol: this.connection.link.encrypted ? "rtmpe" : "rtmp",
			tcUrl: request.tcUrl,
			pageUrl: request.pageUrl,
			swfUrl: request.swfUrl,
			flashVer: request.flashVer,
			query: request.query,
			objectEncoding: request.objectEncoding,
			args: request.args,
		};
		this.#instance = this.#context.instances.open(request.application, request.instance);
		this.#instance.connect(this);
	}

	get facts(): ClientFacts {
		if (this.#facts === undefined) throw new Error("The client has not connected.");
		return this.#facts;
	}

	accept(): void {
		const { request } = this.connection;
		this.#log.debug("connect", { application: request?.app, flashVer: request?.flashVer });
		this.connection.acceptConnect();
		this.#endTurn();
	}

	reject(status: NetStatus): void {
		this.#log.warn("reject", { application: this.connection.request?.app, reason: status.description });
		this.connection.rejectConnect(status);
		this.flush();
	}

	close(): void {
		this.connection.closeGracefully();
		this.flush();
	}

	// ── calls ──

	onCall(call: Call): void {
		let id = 0;
		if (call.transactionId !== 0) {
			if (this.#calls.size >= MAX_OPEN_CALLS) {
				this.connection.sendError(call, netStatus("NetConnection.Call.Failed", "Too many calls are open."));
				return;
			}
			id = this.#nextCall++;
			this.#calls.set(id, call);
		}
		this.#instance?.call(this, id, call.name, call.args);
	}

	callMethod(name: string, args: readonly AmfValue[]): void {
		this.connection.call(name, args);
		this.flush();
	}

	sendResult(id: number, value: AmfValue): void {
		const call = this.#takeCall(id);
		if (call !== undefined) this.connection.sendResult(call, value);
		this.flush();
	}

	sendError(id: number, status: NetStatus): void {
		const call = this.#takeCall(id);
		if (call !== undefined) this.connection.sendError(call, status);
		this.flush();
	}

	#takeCall(id: number): Call | undefined {
		const call = this.#calls.get(id);
		this.#calls.delete(id);
		return call;
	}

	// ── publish ──

	onPublish(stream: ServerStream, request: PublishRequest): void {
		const decision = this.#rules!.mayPublish(this.#wire.remoteAddress, this.#publishKey(request));
		const name = this.#streamName(stream);
		if (!decision.allowed) {
			this.#log.warn("refuse-publish", { stream: String(name), reason: decision.reason });
			stream.refuse(netStatus("NetStream.Publish.Denied", decision.description));
			return;
		}
		const facts = { name: request.name, query: request.query, mode: request.mode };
		this.#instance!.ask("publish", this, facts, refusal => {
			if (refusal === undefined) this.#beginPublish(stream, name, decision.identity ?? "");
			else stream.refuse(refusal);
			this.#endTurn();
		});
	}

	onUnpublish(stream: ServerStream): void {
		const session = this.#publishing.get(stream);
		if (session === undefined) return;
		this.#setPublishing(stream, undefined);
		// A connection that ends without a word may come back; a command is meant.
		const reason = this.connection.link.closed ? "dropped" : "stopped";
		session.end(reason);
		this.#publishEnded(stream, session, reason);
	}

	onPublicationEnded(stream: ServerStream, reason: PublisherEnd): void {
		const session = this.#publishing.get(stream);
		if (session === undefined) return;
		this.#setPublishing(stream, undefined);
		stream.state = "idle";
		const status = PUBLICATION_END_STATUS[reason];
		if (status !== undefined) stream.sendStatus(stream.status(...status));
		this.#publishEnded(stream, session, reason);
		// An encoder that goes on sending to nobody would never find out: its connection ends.
		if (reason === "taken-over" && !this.#isBeginning) this.connection.closeGracefully();
		else if (reason === "idle") this.connection.link.close(new PeerError("PUBLISHER_IDLE"));
		this.flush();
	}

	onMediaStarted(stream: ServerStream): void {
		const name = this.#streamName(stream);
		this.#log.info("publish", { stream: String(name), media: this.#context.describe(name) });
	}

	onMedia(stream: ServerStream, type: MediaType, timestamp: number, payload: Uint8Array): void {
		const session = this.#publishing.get(stream);
		if (session === undefined) return;
		if (this.#turn !== session) {
			this.#turn?.endTurn();
			this.#turn = session;
		}
		session.receive(type, timestamp, payload, this.connection.link.now);
	}

	#beginPublish(stream: ServerStream, name: StreamName, identity: string): void {
		if (stream.state !== "publish-pending") return;
		const session = new PublishSession(stream, this, this.#input, this.#context.now());
		const live = this.#context.hub.open(name.key, this.#rules!.live);
		this.#isBeginning = true;
		const hasBegun = session.begin(live, identity);
		this.#isBeginning = false;
		if (!hasBegun) {
			this.#log.warn("refuse-publish", { stream: String(name), reason: "already published" });
			stream.refuse(netStatus("NetStream.Publish.BadName", `${name.name} is already being published.`));
			return;
		}
		this.#setPublishing(stream, session);
		stream.acceptPublish();
	}

	/** Whoever publishes was let in by policy: what it holds is not counted with what strangers hold. */
	#setPublishing(stream: ServerStream, session: PublishSession | undefined): void {
		if (session === undefined) this.#publishing.delete(stream);
		else this.#publishing.set(stream, session);
		this.#hasPublished ||= session !== undefined;
		this.connection.link.account.setTrusted(this.#publishing.size > 0);
	}

	#publishEnded(stream: ServerStream, session: PublishSession, reason: PublisherEnd): void {
		const seconds = Math.round((this.#context.now() - session.startedAt) / 1000);
		this.#log.info("unpublish", { stream: String(this.#streamName(stream)), reason, seconds, bytes: session.bytes });
		this.#instance?.tell("unpublish", this, { name: stream.name, query: "", mode: "live" });
	}

	/** In the stream's query, or in that of the application. */
	#publishKey(request: PublishRequest): string | undefined {
		return findPublishKey(`${request.name}?${request.query}`, this.connection.request?.app ?? "");
	}

	// ── play ──

	onPlay(stream: ServerStream, request: PlayRequest): void {
		const name = this.#streamName(stream);
		const facts = { name: request.name, query: request.query, mode: "play" };
		this.#instance!.ask("play", this, facts, refusal => {
			if (refusal !== undefined) stream.refuse(refusal);
			else this.#beginPlay(stream, name, request);
			this.#endTurn();
		});
	}

	onStop(stream: ServerStream): void {
		const session = this.#playing.get(stream);
		if (session === undefined) return;
		this.#stopPlaying(stream);
		session.viewer.detach();
		this.#log.info("stop", { stream: String(this.#streamName(stream)), skips: session.viewer.skips || undefined });
		this.#instance?.tell("stop", this, { name: stream.name, query: "", mode: "play" });
		this.connection.link.toleratesSilence = this.#playing.size > 0;
	}

	onPause(stream: ServerStream, paused: boolean, _positionMillis: number): void {
		// Held commands come before the session, which then begins paused.
		const session = this.#playing.get(stream);
		if (paused) {
			session?.viewer.setPaused(true);
			stream.sendStatus(stream.status("NetStream.Pause.Notify", `Pausing ${stream.name}.`));
			stream.sendEvent(EVENT_STREAM_EOF);
			return;
		}
		stream.sendEvent(EVENT_STREAM_BEGIN);
		stream.sendStatus(stream.status("NetStream.Unpause.Notify", `Unpausing ${stream.name}.`));
		session?.viewer.setPaused(false);
	}

	onSeek(stream: ServerStream, _positionMillis: number): void {
		stream.sendStatus(stream.status("NetStream.Seek.Failed", "A live stream cannot be sought."));
	}

	onReceiveChange(stream: ServerStream): void {
		this.#playing.get(stream)?.viewer.setFilter(stream.wantsAudio, stream.wantsVideo);
	}

	onViewerEnded(stream: ServerStream, reason: ViewerEnd): void {
		if (reason === "too-slow") this.connection.link.close(new PeerError("VIEWER_TOO_SLOW"));
		else stream.state = "idle";
		this.#stopPlaying(stream);
		this.flush();
	}

	#stopPlaying(stream: ServerStream): void {
		if (this.#playing.delete(stream)) this.connection.link.account.remove(PLAY_BYTES);
	}

	#beginPlay(stream: ServerStream, name: StreamName, request: PlayRequest): void {
		if (stream.state !== "play-pending") return;
		const { hub } = this.#context;
		// From a time on means a recording. Players that always send 0 still get what is live.
		if (request.startMillis >= 0 && hub.find(name.key)?.isLive !== true) {
			stream.refuse(netStatus("NetStream.Play.StreamNotFound", `${name.name} was not found.`));
			return;
		}
		if (!this.connection.link.account.add(PLAY_BYTES)) {
			this.connection.link.close(new LimitError("SHARED_BYTES_SPENT", `It plays ${this.#playing.size} streams.`));
			return;
		}
		stream.acceptPlay(request.reset);
		// What was held while the permission was pending has been done by now: it may have ended the stream again, or
		// begun another play.
		if (!isPlaying(stream) || this.#playing.has(stream)) return;
		const live = hub.open(name.key, this.#rules!.live);
		const session = new PlaySession(stream, live, this, this.#context.connection.slab);
		this.#playing.set(stream, session);
		if (stream.paused) session.viewer.setPaused(true);
		// A viewer that takes what it is sent is alive, whether it answers pings (some never do) or not.
		this.connection.link.toleratesSilence = true;
		this.#log.info("play", { stream: String(name), waiting: live.isLive ? undefined : true });
	}

	#streamName(stream: ServerStream): StreamName {
		return new StreamName(this.connection.request!.application, stream.instance, stream.name);
	}

	// ── the end ──

	onClosed(reason: MillraceError | undefined): void {
		this.#ended = true;
		this.#faulted = reason !== undefined;
		if (this.#instance !== undefined) this.#context.instances.leave(this.#instance, this);
		const { link } = this.connection;
		const fields = { reason: reason?.code, bytesIn: link.bytesReceived, bytesOut: this.#wire.bytesWritten };
		// Most players end with a reset while media is on its way to them: nothing that anybody must know.
		const isPlayerLeaving = reason?.code === "CONNECTION_LOST" && !this.#hasPublished;
		if (reason === undefined || isPlayerLeaving) this.#log.debug("disconnect", fields);
		else this.#log.warn("disconnect", { ...fields, detail: reason.message });
	}
}

function isPlaying({ state }: ServerStream): boolean {
	return state === "playing";
}

function join(slices: readonly Uint8Array[], length: number): Uint8Array {
	const joined = new Uint8Array(length);
	let offset = 0;
	for (const slice of slices) {
		joined.set(slice, offset);
		offset += slice.length;
	}
	return joined;
}

const PUBLICATION_END_STATUS: Partial<
	Record<PublisherEnd, [code: "NetStream.Publish.Idle" | "NetStream.Unpublish.Success", text: string]>
> = {
	idle: ["NetStream.Publish.Idle", "The publisher has been idle for too long."],
	"taken-over": ["NetStream.Unpublish.Success", "Another publisher has taken the name over."],
	"server-stopping": ["NetStream.Unpublish.Success", "The server stops."],
};
