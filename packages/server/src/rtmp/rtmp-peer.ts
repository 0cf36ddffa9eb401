import type { AmfValue } from "@millrace/core/amf";
import { MillraceError, TransportError } from "@millrace/core/fault";
import type { MediaType } from "@millrace/core/flv";
import {
	type Call,
	type ConnectRequest,
	type NetStatus,
	netStatus,
	type PlayRequest,
	type PublishRequest,
	type Responder,
	ServerConnection,
	type ServerConnectionHandler,
	ServerHandshake,
	type ServerStream,
	type StreamAddress,
} from "@millrace/core/rtmp";
import {
	type Admission,
	type ClientFacts,
	type PermissionHandler,
	type PublishStats,
	type SharedObjectType,
	type StreamFacts,
	StreamName,
} from "../app/index.ts";
import type { PacedInput } from "../hub/index.ts";
import type { EventLog } from "../log/index.ts";
import type { Wire, WireHandler } from "../net/index.ts";
import type { BandwidthRules } from "./bandwidth-rules.ts";
import { CallDesk, type CallHost } from "./call-desk.ts";
import { ConnectDesk, type ConnectHost, type PeerInstance } from "./connect-desk.ts";
import { EdgePlayDesk } from "./edge/index.ts";
import type { ApplicationRules, ClientTransport, PeerContext } from "./peer-context.ts";
import { type LineHost, PeerLine } from "./peer-line.ts";
import { PeerOutput } from "./peer-output.ts";
import { PlayDesk, type PlayDeskStats, type PlayHost } from "./play-desk.ts";
import { PublishDesk, type PublishHost, publishFacts } from "./publish-desk.ts";

/** However little happens, a client's deadlines are looked at so often, in milliseconds. */
const MAX_QUIET_MILLIS = 1000;

/**
 * One RTMP client: joins its wire, its protocol connection, its application instance and its streams in the hub. It
 * decides nothing itself: static policy first, then the application, then whether the name is free.
 */
export class RtmpPeer
	implements ServerConnectionHandler, WireHandler, LineHost, ConnectHost, CallHost, PublishHost, PlayHost
{
	readonly id: string;
	readonly connection: ServerConnection;
	/** What is carried to and from the client: measures, limits and checks. */
	readonly line: PeerLine;
	readonly output: PeerOutput;
	readonly #context: PeerContext;
	readonly #wire: Wire;
	readonly #log: EventLog;
	readonly #connect: ConnectDesk;
	readonly #onGone: (peer: RtmpPeer) => void;
	/** Each is made when the client first calls, publishes or plays: many only connect. */
	#callDesk: CallDesk | undefined;
	#publishDesk: PublishDesk | undefined;
	#playDesk: PlayDesk | EdgePlayDesk | undefined;
	/** When the client last did something; infinite where that does not matter. */
	#activeAt = Number.POSITIVE_INFINITY;
	/** Nothing is due before then, unless something happens: input, or output of the connection. */
	#quietUntil = 0;

	constructor(
		id: string,
		wire: (handler: WireHandler) => Wire,
		transport: ClientTransport,
		context: PeerContext,
		onGone: (peer: RtmpPeer) => void,
	) {
		this.id = id;
		this.#context = context;
		this.#onGone = onGone;
		this.#wire = wire(this);
		this.line = new PeerLine(this, this.#wire, context);
		const via = transport.protocol === "rtmp" ? undefined : transport.protocol;
		this.#log = context.log.child({ connection: id, from: this.#wire.remoteAddress, via });
		this.#connect = new ConnectDesk(context, this, transport, this.#log);
		const handshake = new ServerHandshake({ random: context.random, encryption: context.encryption });
		this.connection = new ServerConnection(handshake, this, { ...context.connection, clientId: id }, context.now());
		this.output = new PeerOutput(this.#wire, this.connection.link, this.line, context.blocks);
	}

	get #instance(): PeerInstance | undefined {
		return this.#connect.instance;
	}

	get #play(): PlayDesk | EdgePlayDesk {
		this.#playDesk ??= this.#makePlayDesk();
		return this.#playDesk;
	}

	#makePlayDesk(): PlayDesk | EdgePlayDesk {
		const { edge } = this.#connect;
		if (edge === undefined) return new PlayDesk(this.#context, this, this.#log);
		const { catalog: _ownFiles, ...context } = this.#context;
		return new EdgePlayDesk(edge, this, new PlayDesk(context, this, this.#log));
	}

	/**
	 * Does what is due. To be called some times a second; most clients have nothing due most of the time, and to find that
	 * out for hundreds, each with a dozen objects, costs as much as to send a batch to some of them.
	 */
	checkTimeouts(now: number): void {
		if (now < this.#quietUntil) return;
		if (now >= this.#deadline) this.#handleTimeout(now);
		this.#quietUntil = Math.min(this.#deadline, now + MAX_QUIET_MILLIS);
	}

	get #deadline(): number {
		return Math.min(this.connection.deadline, this.#connect.deadline, this.line.deadline, this.#idleAt);
	}

	#handleTimeout(now: number): void {
		this.#connect.handleTimeout(now);
		if (now >= this.#idleAt) this.#endIdle(now);
		this.line.handleTimeout(now);
		this.connection.handleTimeout(now);
		this.flush();
	}

	get #idleAt(): number {
		return this.#activeAt + (this.#context.idleClientMillis ?? 0);
	}

	#endIdle(now: number): void {
		// Media and files that are on their way are no idleness; looked at only when the time is over, they cost nothing.
		if ((this.#publishDesk?.size ?? 0) + (this.#playDesk?.size ?? 0) > 0) this.#activeAt = now;
		else {
			this.#log.info("idle-client", {});
			this.connection.closeGracefully(netStatus("NetConnection.Connect.IdleTimeout"));
		}
	}

	/** The client has done something. */
	#act(): void {
		if (this.#activeAt !== Number.POSITIVE_INFINITY) this.#activeAt = this.#context.now();
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
		this.#quietUntil = 0;
		try {
			this.output.hold();
			this.connection.receive(bytes, this.#context.now());
			this.line.received(bytes.length);
			this.#publishDesk?.endTurn();
			this.output.release();
		} catch (error) {
			// A fault of ours: it costs this client its connection, and nobody else anything.
			this.#log.error("fault", { error });
			this.#wire.destroy();
		}
	}

	onWireHeld(bytes: number): void {
		// Its goodbye would have to wait until the message is complete.
		if (!this.connection.link.heldByCarrier(bytes)) this.#wire.destroy();
	}

	onWireDrain(): void {
		this.output.onDrain();
		this.#playDesk?.onDrain(this.#context.now());
	}

	onWireClosed(error: Error | undefined): void {
		this.connection.link.close(
			error === undefined || error instanceof MillraceError
				? error
				: new TransportError("CONNECTION_LOST", error.message, { cause: error }),
		);
		this.#onGone(this);
	}

	writeOutput(): boolean {
		return this.output.writeNow();
	}

	holdOutput(): void {
		this.output.hold();
	}

	releaseOutput(): void {
		this.output.release();
	}

	flush(): void {
		this.#quietUntil = 0;
		this.output.flush();
	}

	/** What came together, or was held together, has been given. */
	endTurn(): void {
		this.#publishDesk?.endTurn();
		this.flush();
	}

	// ── connect ──

	onConnect(request: ConnectRequest): void {
		this.#connect.onConnect(request);
	}

	onSwfAnswer(payload: Uint8Array): void {
		this.#connect.onSwfAnswer(payload);
	}

	get rules(): ApplicationRules {
		return this.#connect.rules;
	}

	get facts(): ClientFacts {
		return this.#connect.facts;
	}

	accept({ isMeasured = false }: Admission): void {
		const { request } = this.connection;
		const { protocol } = this.facts;
		this.#log.debug("connect", { application: request?.app, flashVer: request?.flashVer, protocol });
		this.line.begin();
		const measures = isMeasured && this.line.isMeasuring;
		this.connection.acceptConnect(undefined, measures);
		if (measures) this.line.checkBandwidth();
		if ((this.#context.idleClientMillis ?? 0) > 0) this.#activeAt = this.#context.now();
		this.endTurn();
	}

	reject(status: NetStatus): void {
		this.#connect.reject(status);
	}

	close(status?: NetStatus): void {
		this.connection.closeGracefully(status);
		this.flush();
	}

	// ── calls ──

	onCall(call: Call): void {
		this.#act();
		this.#callDesk ??= new CallDesk(this);
		this.#callDesk.onCall(call);
	}

	handlesCall(name: string): boolean {
		return this.#connect.own?.handles(name) ?? false;
	}

	passCall(id: number, { name, args }: Call): void {
		this.#instance?.call(this, id, name, args);
	}

	answerCall(id: number): void {
		this.#callDesk?.decline(id);
	}

	sendResult(id: number, value: AmfValue): void {
		this.#callDesk?.sendResult(id, value);
	}

	sendError(id: number, status: NetStatus): void {
		this.#callDesk?.sendError(id, status);
	}

	sampleAccess(stream: ServerStream): { readonly audio: boolean; readonly video: boolean } {
		return this.#connect.own?.sampleAccess(this, stream.name) ?? { audio: true, video: true };
	}

	awaitCalls(proceed: () => void): boolean {
		const settle = () => {
			proceed();
			this.endTurn();
		};
		return this.#instance?.whenCallsAreHandled(this, settle) ?? false;
	}

	onSharedObject(type: SharedObjectType, body: Uint8Array): void {
		this.#act();
		this.#instance?.sharedObject(this, type, body);
	}

	sendSharedObject(type: SharedObjectType, body: Uint8Array): void {
		this.#act();
		this.connection.sendSharedObject(type, body);
		this.flush();
	}

	/**
	 * Calls a method of the client. A responder gets its answer, or an error: where the client takes longer than
	 * `callTimeoutMillis`, has gone (`undefined`), or too many calls wait. False: the call was not sent.
	 *
	 * @throws UsageError AMF_UNENCODABLE
	 */
	callMethod(name: string, args: readonly AmfValue[], responder?: Responder): boolean {
		this.#act();
		const isSent = this.connection.call(name, args, responder, this.#context.now());
		this.flush();
		return isSent;
	}

	// ── the line ──

	get bandwidthRules(): BandwidthRules | undefined {
		return this.rules.bandwidth;
	}

	mayRest(): boolean {
		return this.#publishDesk?.size === 1 && (this.#playDesk?.size ?? 0) === 0;
	}

	onLimited(): void {
		this.output.leaveGroup();
	}

	onUnthrottled(now: number): void {
		this.#playDesk?.onDrain(now);
	}

	playStats(now: number): PlayDeskStats | undefined {
		return this.#playDesk?.stats(now);
	}

	publishStats(now: number): PublishStats[] {
		return this.#publishDesk?.stats(now) ?? [];
	}

	// ── publish ──

	onPublish(stream: ServerStream, request: PublishRequest): void {
		this.#publishDesk ??= new PublishDesk(this.#context, this, this.#log);
		this.#publishDesk.onPublish(stream, request);
	}

	onUnpublish(stream: ServerStream): void {
		this.#publishDesk?.onUnpublish(stream);
	}

	onMedia(stream: ServerStream, type: MediaType, timestamp: number, payload: Uint8Array): void {
		this.#publishDesk?.onMedia(stream, type, timestamp, payload);
	}

	get remoteAddress(): string {
		return this.#wire.remoteAddress;
	}

	get input(): PacedInput {
		return this.line.input;
	}

	get isEdge(): boolean {
		return this.#connect.edge !== undefined;
	}

	askToPublish(name: StreamName, request: PublishRequest, onAnswer: PermissionHandler): void {
		const { edge } = this.#connect;
		if (edge === undefined) this.#instance!.ask("publish", this, publishFacts(request), onAnswer);
		else edge.askToPublish(this.#context.hub.open(name.key, this.rules.live), request, onAnswer);
	}

	tellUnpublished(facts: StreamFacts): void {
		this.#instance?.tell("unpublish", this, facts);
	}

	/** What happens to a stream is told to the code of its instance, whoever publishes it. */
	tellInstance({ name, instance }: StreamName, status: NetStatus): void {
		if (instance === this.#connect.own?.instance) this.#connect.own.tellStream(name, { ...status, details: name });
	}

	streamName(stream: ServerStream): StreamName {
		return new StreamName(this.application, stream.instance, stream.name);
	}

	// ── play ──

	onPlay(stream: ServerStream, request: PlayRequest): void {
		this.#play.onPlay(stream, request);
	}

	onStop(stream: ServerStream): void {
		this.#play.onStop(stream);
	}

	onPause(stream: ServerStream, paused: boolean, positionMillis: number, keepsBuffer: boolean): void {
		this.#play.onPause(stream, paused, positionMillis, keepsBuffer);
	}

	onSeek(stream: ServerStream, positionMillis: number): void {
		this.#play.onSeek(stream, positionMillis);
	}

	onReceiveChange(stream: ServerStream): void {
		this.#play.onReceiveChange(stream);
	}

	onBufferLength(stream: ServerStream): void {
		this.#play.onBufferLength(stream);
	}

	onStreamLength(call: Call, address: StreamAddress & { readonly instance: string }): void {
		this.#play.onStreamLength(call, address);
	}

	get virtualKey(): string {
		return this.#connect.own?.virtualKey(this) ?? "";
	}

	askToPlay(facts: StreamFacts, onAnswer: PermissionHandler): void {
		this.#instance!.ask("play", this, facts, onAnswer);
	}

	tellStopped(facts: StreamFacts): void {
		this.#instance?.tell("stop", this, facts);
	}

	get application(): string {
		return this.#connect.application;
	}

	// ── the end ──

	onClosed(reason: MillraceError | undefined): void {
		this.output.end(reason !== undefined);
		this.line.stop();
		this.#connect.leave();
		const { link } = this.connection;
		const fields = { reason: reason?.code, bytesIn: link.bytesReceived, bytesOut: this.#wire.bytesWritten };
		// Most players end with a reset while media is on its way to them: nothing that anybody must know.
		const isPlayerLeaving = reason?.code === "CONNECTION_LOST" && !(this.#publishDesk?.hasPublished ?? false);
		if (reason === undefined || isPlayerLeaving) this.#log.debug("disconnect", fields);
		else this.#log.warn("disconnect", { ...fields, detail: reason.message });
	}
}
